"""Linear dynamics that changes with time, marched causally: responses and correlations of two times, row by row, with no iteration.

A field x of one site is a linear form in the noises on local fields, x(n) = Σ_g Σ_s χ_xg(n, s) u_g(s), in what is drawn anew at
each step, and in what is drawn or given once. Row n of every χ follows from the rows before it and from rows n of the responses
that precede it at the same time; the responses and correlations of time n are sums of it over the sites. Cost: T³ times the modes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import sympy as sp
from numpy.typing import NDArray

from solvers.dynamical.multipliers import Multipliers
from solvers.dynamical.site_rows import Coefficients, Row, against, over_past, products
from solvers.modes.mode_data import ModeData
from theory.dmft.closure import parted
from theory.errors import DivergenceError, ParameterError
from theory.symbols import time

BYTES = 2 << 30
"""Of the responses that are kept."""
COLUMNS = 64
"""Times of pushes that are summed over at once: later rows of them alone are not zero."""


class March:
    """One run of a :class:`~theory.dmft.scheduled.LinearProcess` over ``steps`` steps of ``length``.

    ``run`` gives the moments at the wanted steps. ``responses`` and ``correlations`` hold R(n, s) and C(n, s) by order parameter,
    R as what a push on one step does; ``multipliers.values`` those of the constraints by step. Without ``responses`` there is no
    memory, which is a wrong theory wherever there is one.
    """

    def __init__(self, theory: Any, scalars: Mapping[Any, float], data: ModeData, steps: int, length: float,
                 responses: bool = True):  # fmt: skip
        self.theory, self.data, self.length, self.number = theory, data, length, steps + 1
        self.fields, self.site = theory.fields, theory.site
        self.memory = self.site.memory if responses else {}
        self.of = Coefficients(scalars, data, np.arange(self.number) * length, length)
        self.uses = {u.out: u for u in self.fields.uses}
        self.modes = {d: self._modes(d) for d in self.fields.populations}
        self.count = {d: self._count(d) for d in self.fields.populations}
        parameters = self.site.parameters
        shape = (self.number, self.number)
        self.by_response = {p.at(time, sp.Symbol("s")).func: p for p in parameters.values()}
        self.responses = {p: np.zeros(shape) for p in parameters.values() if p.kind == "R"}
        self.correlations = {p: np.zeros(shape) for p in parameters.values() if p.kind == "C"}
        self.multipliers = Multipliers(self)
        self.stored = self._stored()
        self._covariances: dict[tuple[sp.Symbol, sp.Symbol, int], list[tuple[NDArray, NDArray | None]]] = {}
        self.rows: dict[sp.Symbol, Row] = {}
        self.before: dict[sp.Symbol, Row] = {}

    def _modes(self, dim: Any) -> int:
        weights = self.data.weights.get(dim.name)
        sizes = [a.size for s, a in self.data.arrays.items() if np.ndim(a) == 1 and self._home(s) == dim.name]
        return max([1, *sizes, *([np.size(weights)] if weights is not None else [])])

    def _home(self, array: Any) -> str | None:
        return next((p.dimension for p in self.theory.parameters if p.symbol == array), None)

    def _count(self, dim: Any) -> NDArray:
        """Sites that each mode stands for."""
        if self.modes[dim] == 1 and dim.name not in self.data.weights:
            return np.array([float(self.of.scalars[next(s for s in self.of.scalars if s.name == dim.name)])])
        weights = self.data.weights.get(dim.name)
        return np.ones(self.modes[dim]) if weights is None else np.asarray(weights, dtype=float)

    def _stored(self) -> dict[tuple[sp.Symbol, sp.Symbol], NDArray]:
        """χ of the fields whose past is needed, by field and push: (times of the push, modes, times)."""
        past = {y for terms in self.memory.values() for _, _, y in terms}
        past |= {x for p in self.correlations for x in (p.x, p.y)}
        shape = {d: (self.number, self.modes[d], self.number) for d in self.modes}
        laws = {**self.fields.laws, **self.fields.auxiliary}
        felt = {x: {s for y in {x, *self.site.reach.get(x, ())} if y in laws for s in laws[y].free_symbols} for x in past}
        sources = {x: (self.site.reach.get(x, set()) & set(self.uses)) | (felt[x] & self.fields.fresh) for x in past}
        pairs = [(x, g) for x in sorted(past, key=str) for g in sorted(sources[x], key=str)]
        self.once: dict[sp.Symbol, dict[sp.Expr, NDArray]] = {x: {} for x in past}
        size = 8 * sum(int(np.prod(shape[self.fields.dims[x]])) for x, _ in pairs)
        if size > BYTES:
            raise ParameterError(
                f"{self.theory.name}: {self.number - 1} steps need {size / 2**30:.1f} GiB of responses; "
                "take longer steps or fewer modes"
            )
        return {(x, g): np.zeros(shape[self.fields.dims[x]]) for x, g in pairs}

    # ---- the march
    def run(self, wanted: Sequence[int], moments: Sequence[sp.Symbol]) -> dict[int, dict[sp.Symbol, NDArray]]:
        """Moments at the wanted steps; DivergenceError names the step at which something is no longer finite."""
        found = {}
        for n in range(self.number):
            self.before, self.rows = self.rows, {x: self._new(x, n) for x in self.fields.fresh}
            self.multipliers.hold(n)
            for x in self.theory.laws:
                self._settle(x, n, self.state(x, n))
            for x in self.theory.order:
                if x not in self.fields.sums:
                    self._settle(x, n, self._local(x, n) if x in self.uses else self._made_of(x, n))
            if not all(np.isfinite(c[n, : n + 1]).all() for c in (*self.correlations.values(), *self.responses.values())):
                when = f"t = {n * self.length:g}"
                raise DivergenceError(f"{self.theory.name}: not finite at {when}; shorten time_step or lower the rate")
            if n in wanted:
                found[n] = {m: self.moment(self.theory.moments[m], n) for m in moments}
        return found

    def _new(self, source: sp.Symbol, n: int) -> Row:
        """What is drawn anew at a step, as a push on itself."""
        own = np.zeros((n + 1, self.modes[self.fields.dims[source]]))
        own[n] = 1.0
        return Row({source: own})

    def _settle(self, x: sp.Symbol, n: int, row: Row) -> None:
        """Keep a row, and the order parameters that it completes."""
        self.rows[x] = row
        self._covariances.clear()
        if x in self.once:
            for g in [g for (y, g) in self.stored if y == x]:
                if g in row.pushed:
                    self.stored[x, g][: n + 1, :, n] = row.pushed[g]
            for source, value in row.drawn.items():
                self.once[x].setdefault(source, np.zeros((self.number, self.modes[self.fields.dims[x]])))[n] = value
        measure = self.count[self.fields.dims[x]]
        for p, response in self.responses.items():
            if p.x == x and p.y in row.pushed:
                response[n, : n + 1] = row.pushed[p.y] @ np.broadcast_to(measure * self.of(p.weight), measure.shape)
        for p, correlation in self.correlations.items():
            other = p.y if p.x == x else p.x
            if x in (p.x, p.y) and other in self.rows:
                weight = np.broadcast_to(measure * self.of(p.weight), measure.shape)
                correlation[n, : n + 1] = self._correlation(self.rows[p.x], p.y, weight, n)
                if p.x == p.y:
                    correlation[: n + 1, n] = correlation[n, : n + 1]
                else:
                    correlation[: n + 1, n] = self._correlation(self.rows[p.y], p.x, weight, n)

    def _given(self, row: Row, coefficient: sp.Expr, n: int, modes: int, factor: float = 1.0) -> None:
        for term in sp.Add.make_args(sp.expand(coefficient)):
            data, rest = parted(term)
            value = np.broadcast_to(factor * self.of(rest, n), (modes,))
            row.drawn[data] = row.drawn.get(data, 0.0) + value

    def _mixed(self, form: Mapping, n: int, dim: Any, known: Mapping[sp.Symbol, Row], factor: float = 1.0) -> Row:
        """A linear form in rows of one time."""
        made = Row()
        for x, coefficient in form.items():
            if x == 1:
                self._given(made, coefficient, n, self.modes[dim], factor)
            elif x in self.fields.variances and x not in self.fields.fresh:
                value = np.broadcast_to(factor * self.of(coefficient, n), (self.modes[dim],))
                made.drawn[x] = made.drawn.get(x, 0.0) + value
            else:
                made.add(known[x], factor * self.of(coefficient, n))
        return made

    def _made_of(self, x: sp.Symbol, n: int) -> Row:
        return self._mixed(self.theory.auxiliary[x], n, self.fields.dims[x], self.rows)

    def state(self, x: sp.Symbol, n: int) -> Row:
        """A state at step n, from what stands before it."""
        dim = self.fields.dims[x]
        if n == 0:
            return self._mixed(self.theory.starts[x], 0, dim, {})
        moved = self._mixed(self.theory.laws[x], n - 1, dim, self.before, self.length)
        moved.add(self.before[x], 1.0)
        return Row({g: np.concatenate([v, np.zeros((1, v.shape[1]))]) for g, v in moved.pushed.items()}, moved.drawn)

    def _local(self, h: sp.Symbol, n: int) -> Row:
        """Noise of its own, and what it remembers."""
        row = self._new(h, n)
        for coefficient, response, y in self.memory.get(h, ()):
            for rest, correlated in products(coefficient, self._matrix):
                kernel = self.responses[self.by_response[response.func]][n, : n + 1]
                for matrix, power in correlated:
                    kernel = kernel * matrix[n, : n + 1] ** power
                past = Row({g: over_past(chi, kernel, n, COLUMNS) for (x, g), chi in self.stored.items() if x == y})
                past.drawn = {s: kernel @ v[: n + 1] for s, v in self.once[y].items()}
                row.add(past, self.of(rest, n))
        return row

    # ---- two times
    def _noise(self, h: sp.Symbol, g: sp.Symbol, n: int) -> list[tuple[NDArray, NDArray | None]]:
        """Covariance of two noises, of u_h at the first and u_g at the second time: coefficients at the sites, and matrices, None
        for the unit matrix."""
        if h in self.fields.fresh or g in self.fields.fresh:
            return [(self.of(self.fields.variances[h], n), None)] if h == g else []
        expression = self.site.noise.get((h, g))
        if expression is None:
            return []
        if (h, g, n) not in self._covariances:
            made = self._covariances[h, g, n] = []
            for rest, factors in products(expression, self._matrix):
                matrix = np.ones(())
                for one, power in factors:
                    matrix = matrix * (one[: n + 1, : n + 1] if power == 1 else one[: n + 1, : n + 1] ** power)
                made.append((self.of(rest, n), matrix))
        return self._covariances[h, g, n]

    def _matrix(self, correlation: sp.Expr) -> NDArray:
        """Values of a correlation as it is written, C(t, s) or C(s, t)."""
        matrix = self.correlations[self.by_response[correlation.func]]
        return matrix if correlation.args[0] == time else matrix.T

    def _shared(self, one: sp.Expr, two: sp.Expr) -> NDArray | None:
        """Covariance at each site of two sources that are drawn or given once."""
        variances = self.fields.variances
        if one in variances or two in variances:
            return self.of(variances[one]) if one == two else None
        return self.of(one * two)

    def _correlation(self, row: Row, y: sp.Symbol, weight: NDArray, n: int) -> NDArray:
        """Σ over the sites of weight <x(n) y(s)>, s up to n."""
        total = np.zeros(n + 1)
        for source, value in row.drawn.items():
            for other, past in self.once[y].items():
                shared = self._shared(source, other)
                if shared is not None:
                    total += past[: n + 1] @ (weight * shared * value)
        for h, value in row.pushed.items():
            for g in [g for (x, g) in self.stored if x == y]:
                for coefficient, matrix in self._noise(h, g, n):
                    drive = value * (coefficient * weight)
                    total += against(self.stored[y, g], drive if matrix is None else matrix.T @ drive, n, COLUMNS)
        return total

    def moment(self, moment: Any, n: int) -> NDArray:
        """At step n."""
        one = self._mixed(moment.first, n, moment.dim, self.rows)
        total = np.zeros(self.modes[moment.dim])
        if moment.second is None:
            for source, value in one.drawn.items():
                total = total + (0.0 if source in self.fields.variances else self.of(source) * value)
        else:
            two = self._mixed(moment.second, n, moment.dim, self.rows)
            for source, value in one.drawn.items():
                for other, also in two.drawn.items():
                    shared = self._shared(source, other)
                    total = total + (0.0 if shared is None else shared * value * also)
            for h, value in one.pushed.items():
                for g, also in two.pushed.items():
                    for coefficient, matrix in self._noise(h, g, n):
                        total = total + coefficient * np.einsum("sq,sq->q", value, also if matrix is None else matrix @ also)
        total = total * self.of(moment.coefficient, n)
        return (total * self.count[moment.dim]).sum() if moment.summed else total
