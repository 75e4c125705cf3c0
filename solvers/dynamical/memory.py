"""What a local field is made of at a time: new Gaussian noise, the memory of its own past through the others, what was learnt."""

from __future__ import annotations

from typing import Any

import numpy as np
import sympy as sp
from numpy.typing import NDArray
from sympy.core.function import AppliedUndef

from solvers.dynamical.noises import Group
from theory.dmft.fields import weights
from theory.dmft.notation import past
from theory.symbols import time


class Memory:
    """The past of a run: values and pushes of fields that are remembered, noises drawn so far, kernels of couplings that learn."""

    def __init__(self, run: Any):
        self.run, self.fields, self.site = run, run.fields, run.site
        self.times = run.plan.steps + 1
        self.own = {h: weights(u.leaf)[1 if u.transposed else 0] for h, u in run.uses.items()}
        self.groups = self._groups()
        self.shares: dict[tuple[sp.Symbol, sp.Symbol], float] = {}
        self.bare = {term: _bare(term[0]) for t in (self.site.memory, self.site.learning) for terms in t.values() for term in terms}
        self.noises: dict[sp.Symbol, NDArray] = {}
        self.felt = {h: [t for t in terms if self.site.parameters[t[1].func(time, past)].y in run.sources and run.share(h, t[0])]
                     for h, terms in self.site.memory.items()}  # fmt: skip
        self.kernels = {leaf: self._kernel(law) for leaf, law in self.fields.learnt.items()}
        self.wanted = self._wanted()
        self.past = {(x, s): np.zeros((self.times, *s, run.samples(x))) for x, shapes in self.wanted.items() for s in shapes}
        self.pushed: dict[tuple[sp.Symbol, sp.Symbol, tuple[int, ...]], NDArray] = {}
        self.responses: dict[str, NDArray] = {}

    # ---- noise
    def _groups(self) -> dict[sp.Symbol, Group]:
        joined = {h: {h} for h in self.run.uses}
        for h, g in self.site.noise:
            both = joined[h] | joined[g]
            for x in both:
                joined[x] = both
        made: dict[frozenset, Group] = {}
        return {h: made.setdefault(frozenset(of), Group(self, sorted(of, key=str))) for h, of in joined.items()}

    def coefficient(self, h: sp.Symbol, g: sp.Symbol) -> float:
        """Of the correlation in <u_h u_g>, without the weights of the site itself and without a(t)."""
        if (h, g) not in self.shares:
            self.shares[h, g] = self.run.share(h, self.site.noise.get((h, g), sp.S.Zero))
        return self.shares[h, g]

    def _number(self, expression: sp.Expr) -> float:
        (value,) = self.run.functions([expression], lambda a: self.run._value(a, None, None, {}))
        return float(value)

    def local(self, h: sp.Symbol, k: int) -> NDArray:
        """A local field at step k, with its pushes."""
        run, use = self.run, self.run.uses[h]
        sites = run.sites[self.fields.dims[h]]
        if "fresh" in use.leaf.how or not run.noise_is_still(h) or k == 0:
            self.noises[h] = self.groups[h].draw(h, use, k)
        (own,) = run.evaluate([sp.sqrt(self.own[h])], sites)
        value = self._left(use.leaf, k) * own * self.noises[h]
        for g in run.sources if run.plan.ridge is None else ():
            if g in self.site.reach[h] and self.fields.dims[g] == self.fields.dims[h]:
                run.chi[h, g] = np.zeros((run.pushes(g), *run.shape(h), len(run.kept[self.fields.dims[h]])))
                if g == h:
                    first = 0 if g in run.still else k * run.rows(h)
                    flat = run.chi[h, g].reshape(run.pushes(g), run.rows(h), -1)
                    for p in range(run.rows(h)):
                        flat[first + p, p] = 1.0
        for term in self.felt.get(h, ()):
            matrix, shape = self._response(use, term[1], k), run.shape(term[2])
            if use.leaf.kind == "tensor":
                matrix = matrix * self._correlated(term[0], matrix, k)
            value = value + self._remembered(h, matrix, term[2], shape, sites, self.bare[term])
        for term in self.site.learning.get(h, ()):
            shape, matrix = self._learnt(use, term[1], term[2], k)
            value = value + self._remembered(h, matrix, term[2], shape, sites, self.bare[term])
        return value

    def _remembered(self, h, matrix: NDArray, y, shape, sites, coefficient: sp.Expr) -> NDArray:
        """kernel times field, summed over the past; pushes of the field do the same to those of h."""
        run = self.run
        (factor,) = run.evaluate([coefficient], sites)
        rows = matrix.shape[1]
        value = factor * (matrix @ self.past[y, shape].reshape(-1, run.samples(y))[:rows]).reshape(*run.shape(h), -1)
        kept = run.kept[self.fields.dims[h]]
        for g in run.sources:
            if (y, g, shape) in self.pushed:
                flat = self.pushed[y, g, shape].reshape(-1, run.pushes(g) * len(kept))[:rows]
                added = (matrix @ flat).reshape(-1, run.pushes(g), len(kept)).swapaxes(0, 1)
                share = factor[..., kept] if factor.ndim and factor.shape[-1] > 1 else factor
                run.chi[h, g] += share * added.reshape(run.chi[h, g].shape)
        return value

    def _response(self, use: Any, kernel: sp.Expr, k: int) -> NDArray:
        """R(k, s) by rows of h and by time and row of what is remembered, with a(t) a(s): of the coupling that remembers at t, of
        the pushed one at s."""
        run, parameter = self.run, self.site.parameters[kernel.func(time, past)]
        x, g = parameter.x, parameter.y
        dim = self.fields.dims[x]
        kept, sites = run.kept[dim], run.sites[dim]
        (weight,) = run.evaluate([parameter.weight], sites)
        if run.plan.ridge is None:
            share = (np.broadcast_to(weight, sites.weight.shape) * sites.weight)[kept] / np.sum(sites.weight[kept])
            matrix = sites.size * (run.chi[x, g].reshape(run.pushes(g), run.rows(x), len(kept)) @ share).T
        else:
            (own,) = run.evaluate([sp.sqrt(self.own[g])], sites)
            drawn = run.values[x].reshape(run.rows(x), -1) * (sites.size * weight * sites.weight / own)
            matrix = self.groups[g].responses(drawn, g, run.pushes(g), run.plan.ridge)
            steps = np.repeat([self._left(run.uses[g].leaf, j) for j in range(self.times)], run.rows(g))[: matrix.shape[1]]
            matrix = matrix / np.where(steps == 0, 1.0, steps)
        self._record(parameter.name, matrix, k)
        if g in run.still:
            return self._left(use.leaf, k) * self._left(run.uses[g].leaf, 0) * matrix
        matrix = matrix[:, : (k + 1) * run.rows(g)]
        if "fresh" in use.leaf.how:
            matrix = matrix.copy()
            matrix[:, : k * run.rows(g)] = 0
        left = np.array([self._left(run.uses[g].leaf, j) for j in range(k + 1)])
        return self._left(use.leaf, k) * matrix * np.repeat(left, run.rows(g))

    def _correlated(self, coefficient: sp.Expr, matrix: NDArray, k: int) -> NDArray:
        """What the kernel of a tensor holds of correlations C(k, s), of the shape of the response."""
        run, found = self.run, {}
        for f in coefficient.atoms(AppliedUndef):
            p = self.site.parameters[f.func(time, past)]
            x, y = (p.x, p.y) if f.args[0] == time else (p.y, p.x)
            now = self.past[x, run.shape(x)][k].reshape(run.rows(x), -1)
            sites = run.sites[p.dim]
            before = self.past[y, run.shape(y)].reshape(-1, run.samples(y))[: matrix.shape[1]]
            found[f] = sp.Symbol(p.name, real=True), sites.size * ((now * sites.weight) @ before.T)
        whole = (coefficient / _bare(coefficient)).xreplace({f: s for f, (s, _) in found.items()})
        values = {s: v for s, v in found.values()}
        (value,) = run.functions([whole], lambda a: values[a] if a in values else run._value(a, None, None, {}))
        return np.broadcast_to(value, matrix.shape)

    def _record(self, name: str, matrix: NDArray, k: int) -> None:
        kept = self.responses.setdefault(name, np.zeros((self.times, *matrix.shape)))
        kept[k] = matrix

    def _learnt(self, use: Any, kernel: sp.Expr, y: sp.Symbol, k: int) -> tuple[tuple[int, ...], NDArray]:
        """k(t, s) C(t, s) by rows of h and by time and sample of what was learnt."""
        run, parameter = self.run, self.site.parameters[kernel.func(time, past)]
        into = use.into
        other = parameter.y if kernel.args[0] == time else parameter.x
        shape = tuple(np.broadcast_shapes(run.shape(other), run.shape(y)))
        x = run.values[into].reshape(run.rows(into), -1)
        sites = run.sites[self.fields.dims[into]]
        before = self.past[other, shape].reshape(-1, run.samples(other))[: k * int(np.prod(shape))]
        times = np.repeat(self.kernels[use.leaf][1][k - np.arange(k)] if k else np.zeros(0), int(np.prod(shape)))
        return shape, sites.size * ((x * sites.weight) @ before.T) * times

    # ---- couplings that learn
    def _kernel(self, law: Any) -> tuple[NDArray, NDArray]:
        """a by number of steps, and k by their difference, from the law of the coupling."""
        decay, momentum, length = self._number(law.decay), self._number(law.momentum), self.run.plan.length

        def follow(value: float, velocity: float) -> NDArray:
            found = np.empty(self.times + 1)
            for n in range(self.times + 1):
                found[n] = value
                velocity = momentum * velocity - decay * value if n or not velocity else velocity
                value += length * velocity
            return found

        return follow(1.0, 0.0), follow(0.0, 1.0)

    def _left(self, leaf: Any, k: int) -> float:
        return float(self.kernels[leaf][0][k]) if leaf in self.kernels else 1.0

    # ---- the past
    def _wanted(self) -> dict[sp.Symbol, set[tuple[int, ...]]]:
        run, found = self.run, {}
        for terms in self.felt.values():
            for _, _, y in terms:
                found.setdefault(y, set()).add(run.shape(y))
        for terms in self.site.learning.values():
            for _, kernel, y in terms:
                parameter = self.site.parameters[kernel.func(time, past)]
                other = parameter.y if kernel.args[0] == time else parameter.x
                shape = tuple(np.broadcast_shapes(run.shape(other), run.shape(y)))
                found.setdefault(y, set()).add(shape)
                found.setdefault(other, set()).add(shape)
        for p in self.site.parameters.values():
            for x in (p.x, p.y) if p.kind == "C" else ():
                found.setdefault(x, set()).add(run.shape(x))
        return found

    def keep(self, x: sp.Symbol, k: int) -> None:
        """Remember a field at step k."""
        run = self.run
        for shape in self.wanted.get(x, ()):
            self.past[x, shape][k] = run.values[x]
            for g in run.sources:
                if (x, g) in run.chi:
                    key, rows = (x, g, shape), int(np.prod(shape))
                    if key not in self.pushed:
                        self.pushed[key] = np.zeros((self.times, rows, run.pushes(g), len(run.kept[self.fields.dims[x]])))
                    full = np.broadcast_to(run.chi[x, g], (run.pushes(g), *shape, run.chi[x, g].shape[-1]))
                    self.pushed[key][k] = full.reshape(run.pushes(g), rows, -1).swapaxes(0, 1)


    def order_parameters(self) -> dict[str, NDArray]:
        """Correlations and responses by name, (steps, samples, steps, samples) without axes of length one."""
        run, found = self.run, {}
        for p in self.site.parameters.values():
            if p.kind == "C":
                sites = run.sites[p.dim]
                (weight,) = run.evaluate([p.weight], sites)
                x, y = (self.past[f, run.shape(f)].reshape(-1, run.samples(f)) for f in (p.x, p.y))
                matrix = sites.size * ((x * (sites.weight * weight)) @ y.T)
                found[p.name] = matrix.reshape(self.times, run.rows(p.x), self.times, run.rows(p.y)).squeeze()
            elif p.name in self.responses:
                found[p.name] = self.responses[p.name].reshape(self.times, run.rows(p.x), -1, run.rows(p.y)).squeeze()
        return found


def _bare(coefficient: sp.Expr) -> sp.Expr:
    """Without functions of time: correlations, a(t), k(t, s) and what picks equal times."""
    return coefficient.replace(lambda e: isinstance(e, AppliedUndef | sp.KroneckerDelta), lambda e: sp.S.One)
