"""From Dyson equations in named traces to effective ridges and degrees of freedom.

The unknowns are solved strongly connected component by component: a nonlinear one defines an effective ridge κ for each pole of its
sums and is eliminated down to it, the others are linear. Unknowns that were dropped or merged on the evidence of their expansions
are verified symbolically in the end.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import sympy as sp
from sympy.utilities.iterables import strongly_connected_components

from theory.declaration.dimensions import Dim
from theory.declaration.sites import varies
from theory.errors import DerivationError
from theory.resolvent.dyson import Block, Dyson, Unknown, traced
from theory.resolvent.elimination import eliminated, factored, numerator, positive_ratio
from theory.resolvent.names import NamedTrace
from theory.resolvent.sums import Pole, Sums, linear_poles
from theory.saddle import opaque, solve_linear
from theory.symbols import kappa, size

Rule = dict[sp.Symbol, sp.Expr]
INSTEAD = "derive(reduce=False), and solve the Dyson equation with solvers.solve_dyson"
"""What to do where there is no reduction."""


@dataclass
class Core:
    """A nonlinear component of the unknowns.

    ``kappas`` says what its effective ridges stand for, ``unknowns`` what is left beside them; ``equations`` for both are
    numerators that vanish. ``bare`` are the site expressions that the members are sums of, ``eliminated`` forms of those that are
    eliminated, ``ridges`` the parameters solved for. In a ``grown`` core nothing is eliminated: ``maps`` give its traces anew.
    """

    unknowns: list[NamedTrace]
    kappas: dict[sp.Symbol, sp.Expr]
    equations: list[sp.Expr]
    bare: dict[NamedTrace, sp.Expr]
    eliminated: dict[NamedTrace, tuple[sp.Expr, ...]] = field(default_factory=dict)
    ridges: Rule = field(default_factory=dict)
    grown: bool = False
    maps: Rule = field(default_factory=dict)


class Signed(DerivationError):
    """Equations with terms of both signs: a positive solution need not be the one that is meant."""


class Reduction:
    """The reduction of the Dyson equations of one declaration.

    ``rule`` gives every unknown in effective ridges, sums' names and parameters; ``ridges`` the parameters that the cores
    express in turn; ``cores`` and ``sums`` what these are. With ``grown``, nonlinear components keep their traces, for equations
    whose solution is told from others only by where it comes from; Signed is raised where that is needed.
    """

    def __init__(self, equations: Sequence[Dyson], coincidences: Mapping[NamedTrace, sp.Expr], grown: bool = False) -> None:
        self.dysons, self.grown = list(equations), grown
        self.coincidences = dict(coincidences)
        self.sums, self.cores = Sums(), []
        self.rule: Rule = {t: v for t, v in coincidences.items() if v == 0}
        self.home: dict[NamedTrace, tuple[Dyson, Unknown]] = {}
        for dyson in sorted(self.dysons, key=len):
            for t, unknown in dyson.unknowns.items():
                self.home.setdefault(t, (dyson, unknown))
        self.kept = [t for t in self.home if t not in coincidences]
        self._cache: dict[int, dict[Block, sp.Expr]] = {}
        self._run()

    @property
    def ridges(self) -> Rule:
        return {ridge: value for core in reversed(self.cores) for ridge, value in core.ridges.items()}

    def blocks(self, dyson: Dyson) -> dict[Block, sp.Expr]:
        """Blocks of G in the unknowns, those that vanish or coincide replaced."""
        if id(dyson) not in self._cache:
            self._cache[id(dyson)] = dyson.blocks(self.coincidences)
        return self._cache[id(dyson)]

    def inserted(self, expression: sp.Expr) -> sp.Expr:
        """An expression in the unknowns with everything known so far."""
        return sp.cancel(self._ridgeless(expression.xreplace(self.known())))

    def known(self) -> Rule:
        merged = {t: v.xreplace(self.rule) for t, v in self.coincidences.items()}
        return {**self.rule, **merged}

    def site(self, t: NamedTrace) -> tuple[Dim, sp.Expr]:
        """The dimension of a trace, and what is summed over it."""
        dim, expression = self.bare[t]
        return dim, self.inserted(expression)

    def _bare(self, t: NamedTrace) -> tuple[Dim, sp.Expr]:
        dyson, unknown = self.home[t]
        return unknown.dim, unknown.weight * self.blocks(dyson).get(unknown.block, sp.S.Zero)

    def _run(self) -> None:
        self.bare = {t: self._bare(t) for t in self.home}
        while self.grown and (doubtful := [t for t, v in self.coincidences.items() if not self._evident(t, v)]):
            self.coincidences = {t: v for t, v in self.coincidences.items() if t not in doubtful}
            self.rule = {t: v for t, v in self.coincidences.items() if v == 0}
            self.kept = [t for t in self.home if t not in self.coincidences]
            self._cache.clear()
            self.bare = {t: self._bare(t) for t in self.home}
        edges = [(t, u) for t in self.kept for u in self.kept if u in self.bare[t][1].free_symbols]
        for component in strongly_connected_components((self.kept, edges)):
            members = [t for t in self.kept if t in set(component)]
            sites = {t: self._solved(self.site(t)[1]) for t in members}
            if self._linear(members, sites):
                self._solve_linear(members, sites)
            else:
                self._solve_core(members)

    def _solved(self, expression: sp.Expr) -> sp.Expr:
        return expression.xreplace(self.rule)

    @staticmethod
    def _linear(members: list[NamedTrace], sites: Mapping[NamedTrace, sp.Expr]) -> bool:
        for expression in sites.values():
            inside = [t for t in members if t in expression.free_symbols]
            above, below = sp.fraction(sp.together(expression))
            if below.free_symbols & set(members) or (inside and sp.Poly(above, *inside).total_degree() > 1):
                return False
        return True

    def _solve_linear(self, members: list[NamedTrace], sites: Mapping[NamedTrace, sp.Expr]) -> None:
        rows = []
        for t in members:
            above, below = sp.fraction(self._ridgeless(self.sums.named(self.home[t][1].dim, sites[t])))
            rows.append(above - t * below)
        matrix, right = sp.linear_eq_to_matrix(rows, members)
        a, b = matrix.to_DM().to_field().unify(right.to_DM().to_field())
        for t, value in zip(members, a.lu_solve(b).to_Matrix(), strict=True):
            self.rule[t] = factored(value)

    def _ridgeless(self, expression: sp.Expr) -> sp.Expr:
        """Ridges through effective ones: of the last core that the expression depends on, where several share a ridge."""
        for _ in self.cores:
            for core in reversed(self.cores):
                if core.ridges and self._names(core) & expression.free_symbols:
                    expression = expression.xreplace(core.ridges)
        return expression

    def _names(self, core: Core) -> set[sp.Symbol]:
        """Effective ridges of a core and the names of sums that hold one."""
        named = {s for s, value in self.sums.meaning.items() if value.free_symbols & set(core.kappas)}
        return set(core.kappas) | named

    def _solve_core(self, members: list[NamedTrace]) -> None:
        core = Core(list(members), {}, [], {t: self.bare[t][1] for t in members}, grown=self.grown)
        for t, site in core.bare.items():
            if not self.grown and not positive_ratio(site):
                raise Signed(f"reduction: {t} sums {site}, with terms of both signs; it may have several values; {INSTEAD}")
        remaining = list(members)
        while (pole := self._pole(remaining)) is not None:
            spectrum, dim, constant, slope = pole
            name = kappa if not self.sums.poles else sp.Symbol(f"kappa_{len(self.sums.poles) + 1}", positive=True)
            shared = self._sizes(slope / constant)
            definition = sp.cancel(constant * shared / slope)
            old = next((t for t in remaining if solve_linear(name - definition, t) is not None), None)
            if old is None:
                break
            inverse = solve_linear(name - definition, old)
            self.rule = {t: v.xreplace({old: inverse}) for t, v in self.rule.items()} | {old: inverse}
            remaining.remove(old)
            core.kappas[name] = definition
            self.sums.poles.append(Pole(name, shared, spectrum, dim))
        if self.grown:
            self.sums.known.update(members)
            core.maps = {t: traced(self.home[t][1].dim, self._solved(self.site(t)[1])) for t in members}
        else:
            self._eliminate(core, members, remaining)
        self.cores.append(core)

    def _pole(self, remaining: list[NamedTrace]) -> tuple | None:
        done = {p.kappa for p in self.sums.poles}
        for t in remaining:
            dim, expression = self.site(t)
            expression = sp.factor(self._solved(expression))
            for spectrum, constant, slope in linear_poles([expression], set(remaining)):
                if self.grown and slope.xreplace(dict.fromkeys(self.home, sp.S.Zero)) == 0:
                    continue  # there is no such ridge where the traces grow from
                if not varies(constant) and not varies(slope) and not done & (constant / slope).free_symbols:
                    return spectrum, dim, constant, slope
        return None

    def _sizes(self, slope: sp.Expr) -> sp.Expr:
        """The sizes that a slope is proportional to, each plain trace over a dimension counting as its size."""
        sizes = {size(d.name) for dyson in self.dysons for d in dyson.dimensions}
        dims = {t: self.home[t][1] for t in slope.free_symbols if t in self.home}
        counted = slope.xreplace({t: t * size(u.dim.name) for t, u in dims.items() if not varies(u.weight)})
        above, _ = sp.fraction(sp.factor(counted))
        return sp.Mul(*[f for f in sp.Mul.make_args(above) if f.as_base_exp()[0] in sizes])

    def _eliminate(self, core: Core, members: list[NamedTrace], remaining: list[NamedTrace]) -> None:
        equations, values = [], {}
        for t in members:
            dim, expression = self.site(t)
            values[t] = self._ridgeless(self.sums.named(dim, self._solved(expression)))
            equations.append(numerator(self.rule.get(t, t) - values[t]))
        left, solved = eliminated(equations, remaining, self._parameters(equations))
        core.unknowns = [t for t in remaining if t not in solved]
        count = len(core.kappas) + len(core.unknowns)
        if len(left) != count:
            raise DerivationError(f"reduction: {len(left)} equations for {count} unknowns; {INSTEAD}")
        core.equations = left
        rule = {t: v.xreplace(solved) for t, v in self.rule.items()} | solved
        core.eliminated = {t: (rule[t], values[t].xreplace(solved)) for t in members if t in rule}
        for ridge in self._parameters(left[:1]):
            value = solve_linear(left[0], ridge)
            if value is not None:
                core.ridges[ridge] = factored(value)
                break
        self.rule = {t: factored(v.xreplace(core.ridges) if t in members else self._ridgeless(v)) for t, v in rule.items()}

    def _parameters(self, equations: Iterable[sp.Expr]) -> list[sp.Symbol]:
        """Parameters in equations that may be solved for: neither sizes nor what is unknown or already solved for."""
        sizes = {size(d.name) for dyson in self.dysons for d in dyson.dimensions}
        known = set(self.home) | {p.kappa for p in self.sums.poles} | set(self.sums.meaning) | sizes
        inside = {s for e in equations for s in opaque(e)[0].free_symbols - known if not isinstance(s, sp.Dummy)}
        return sorted(inside, key=str)

    def output(self, dyson: Dyson) -> sp.Expr:
        """The diagonal of an expression in effective ridges, at the generic site."""
        return factored(self._ridgeless(dyson.output(self.blocks(dyson)).xreplace(self.known())))

    def _evident(self, t: NamedTrace, value: sp.Expr) -> bool:
        """Whether the equation of a dropped or merged unknown is that of the one which it equals."""
        dim, expression = self.bare[t]
        sign, other = value.as_coeff_Mul()
        home, equal = (dim, sp.S.Zero) if value == 0 else self.bare[other]
        return home == dim and sp.cancel(expression - sign * equal) == 0

    def verify(self) -> None:
        """Every dropped or merged unknown satisfies its own equation; DerivationError otherwise."""
        for t, value in self.coincidences.items():
            if self._evident(t, value):
                continue
            dim, expression = self.site(t)
            named = self._ridgeless(self.sums.named(dim, self._solved(expression)))
            rest = factored(self._ridgeless(named - value.xreplace(self.rule)))
            if rest != 0 and factored(self.sums.separated(rest)) != 0:
                raise DerivationError(f"reduction: {t} is not {value}, as its expansion suggests; {INSTEAD}")

