"""One run of a sampled dynamics: the process of one site followed in time, its order parameters found step by step as it moves.

Nothing is iterated: what a time needs, its past has left. Responses are pathwise: each sample carries how it would have moved had
a local field been pushed earlier, by the derived variational equations; or, on demand, by Stein's lemma.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import sympy as sp
from numpy.typing import NDArray

from solvers.dynamical.memory import Memory
from solvers.dynamical.setting import Plan, Setting
from solvers.dynamical.site_data import SiteData
from solvers.sites import SiteFunctions
from theory.dmft.process import push, tangent
from theory.errors import ConvergenceError, DerivationError, DivergenceError
from theory.symbols import time


class Run(Setting):
    """The march itself, from one time to the next."""

    def __init__(self, theory: Any, data: SiteData, plan: Plan, seed: int, functions: SiteFunctions):
        super().__init__(theory, data, plan, seed, functions)
        self.tangents = {
            (x, g): tangent(law, {y for y, reached in self.site.reach.items() if g in reached})
            for g in (self.sources if plan.ridge is None else ())
            for x, law in {**self.fields.laws, **self.fields.auxiliary}.items()
            if g in self.site.reach[x] and self.fields.dims[x] == self.fields.dims[g]
        }
        if any(e.has(sp.DiracDelta) for e in self.tangents.values()):
            repair = "smooth the nonlinearity, or march with responses='stein'"
            raise DerivationError(f"{theory.name}: a response needs the derivative of a jump; {repair}")
        self.chi: dict[tuple[sp.Symbol, sp.Symbol], NDArray] = {}
        self.memory = Memory(self)
        self.multipliers = dict.fromkeys(self.fields.constraints, 0.0)

    def change(self, x: sp.Symbol, g: sp.Symbol) -> NDArray:
        """First-order change of a law or definition by the pushes on g, shape (pushes, finite dimensions, kept samples)."""
        dim = self.fields.dims[x]
        kept = self.kept[dim]
        pushed = {push(y): self.chi[y, g] for y in self.fields.dims if (y, g) in self.chi}
        (value,) = self.functions([self.tangents[x, g]], lambda a: self._value(a, self.sites[dim], kept, pushed))
        return np.broadcast_to(value, (self.pushes(g), *self.shape(x), len(kept)))

    # ---- the march
    def observe(self, wanted: Sequence[int]) -> dict[str, list[float]]:
        """Observables at the wanted numbers of steps; DivergenceError names the time at which a field stops being finite."""
        found: dict[str, list[float]] = {name: [] for name in self.theory.fields.observables}
        self._begin()
        last = max(wanted)
        for k in range(last + 1):
            self.numbers[time] = k * self.plan.length
            self._draw(k)
            for x in self.values.keys() - set(self.theory.order):
                self.memory.keep(x, k)
            for x in self.theory.order:
                self._find(x, k)
            if k in wanted:
                for name, expression in self.theory.fields.observables.items():
                    (value,) = self.evaluate([expression], None)
                    found[name].append(float(np.ravel(value)[0]))
            if k < last:
                self._move(k)
        return found

    def _begin(self) -> None:
        for s in sorted(self.fields.variances, key=str):
            if s not in self.fields.fresh:
                self.values[s] = self._drawn(s)
        for x, start in self.fields.starts.items():
            sites = self.sites[self.fields.dims[x]]
            (value,) = self.evaluate([start], sites)
            self.values[x] = self._full(value, x)
            for g in self.sources:
                if (x, g) in self.tangents:
                    self.chi[x, g] = np.zeros((self.pushes(g), *self.shape(x), len(self.kept[self.fields.dims[x]])))

    def _drawn(self, s: sp.Symbol) -> NDArray:
        sites = self.sites[self.fields.dims[s]]
        z = sites.take(self.rows(s)).reshape(*self.shape(s), -1)
        (variance,) = self.evaluate([self.fields.variances[s]], sites)
        return np.sqrt(variance) * (np.sign(z) if s in self.fields.signs else z)

    def _draw(self, k: int) -> None:
        for s in sorted(self.fields.fresh, key=str):
            self.values[s] = self._drawn(s)

    def _full(self, value: NDArray, x: sp.Symbol) -> NDArray:
        return np.ascontiguousarray(np.broadcast_to(value, (*self.shape(x), self.samples(x))))

    def _find(self, x: sp.Symbol, k: int) -> None:
        if x in self.still and k > 0 and x not in self.uses:
            self.memory.keep(x, k)
            return
        dim = self.fields.dims[x]
        if x in self.uses:
            self.values[x] = self.memory.local(x, k)
        elif x in self.fields.sums:
            total = self.fields.sums[x]
            (value,) = self.evaluate([total.summand], self.sites[total.dim])
            full = np.broadcast_to(value, (*value.shape[:-1], self.sites[total.dim].weight.size)) if value.ndim else value
            self.values[x] = np.broadcast_to(self.sites[total.dim].total(full), (*self.shape(x), 1))
        else:
            (value,) = self.evaluate([self.fields.auxiliary[x]], self.sites[dim])
            self.values[x] = self._full(value, x)
            for g in self.sources:
                if (x, g) in self.tangents:
                    self.chi[x, g] = self.change(x, g)
        self._check(x, self.values[x], k)
        self.memory.keep(x, k)

    def _check(self, x: sp.Symbol, value: NDArray, k: int) -> None:
        if not np.all(np.isfinite(value)):
            what = self.fields.definitions.get(x, x)
            at = f"t = {k * self.plan.length:g}"
            raise DivergenceError(f"{self.theory.name}: {what} is not finite at {at}; shorten time_step or change the parameters")

    def _move(self, k: int) -> None:
        if self.multipliers:
            self._solve_multipliers(k)
        self.numbers.update(self.multipliers)
        moved = self._advanced()
        changes = {(x, g): self.change(x, g) for (x, g) in self.tangents if x in self.fields.laws}
        for (x, g), change in changes.items():
            self.chi[x, g] = self.chi[x, g] + self.plan.length * change
        for x, value in moved.items():
            self._check(x, value, k + 1)
        self.values.update(moved)

    def _advanced(self) -> dict[sp.Symbol, NDArray]:
        found = {}
        for x, rate in self.fields.laws.items():
            (value,) = self.evaluate([rate], self.sites[self.fields.dims[x]])
            found[x] = self._full(self.values[x] + self.plan.length * value, x)
        return found

    def _solve_multipliers(self, k: int) -> None:
        """The multipliers at which the constraints hold after the step."""
        from scipy.optimize import root

        names, before = list(self.multipliers), dict(self.values)

        def violated(guess: NDArray) -> NDArray:
            self.numbers.update(zip(names, guess, strict=True))
            self.values.update(self._advanced())
            for m in set().union(*(e.free_symbols for e in self.fields.constraints.values())) & set(self.fields.sums):
                total = self.fields.sums[m]
                (value,) = self.evaluate([total.summand], self.sites[total.dim])
                self.values[m] = self.sites[total.dim].total(value)
            left = [float(np.ravel(self.evaluate([self.fields.constraints[n]], None)[0])[0]) for n in names]
            self.values.update(before)
            return np.array(left)

        found = root(violated, np.array([self.multipliers[n] for n in names]), tol=1e-12)
        scale = 1e-8 * max(self.data.sizes.values())
        if not np.all(np.abs(found.fun) <= scale):
            at = f"t = {k * self.plan.length:g}"
            raise ConvergenceError(f"{self.theory.name}: no multiplier {names[0]} holds its constraint at {at}; shorten time_step")
        self.multipliers = dict(zip(names, map(float, found.x), strict=True))
