"""From Dyson equations in named traces to effective ridges and degrees of freedom.

The unknowns are solved strongly connected component by component: a nonlinear one defines an effective ridge κ for each pole of its
sums and is eliminated down to it, the others are linear. Unknowns that were dropped or merged on the evidence of their expansions
are verified symbolically in the end.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import sympy as sp
from sympy.utilities.iterables import strongly_connected_components

from theory.declaration.dimensions import Dim
from theory.declaration.sites import varies
from theory.errors import DerivationError
from theory.ratios import Ratio
from theory.resolvent.core import INSTEAD, Core, Rule
from theory.resolvent.dyson import Dyson, traced
from theory.resolvent.elimination import LongError, eliminated, factored, positive_ratio
from theory.resolvent.linear import Row, solved
from theory.resolvent.names import NamedTrace
from theory.resolvent.sums import Pole, Sums, linear_poles
from theory.resolvent.tower import Level, Tower
from theory.saddle import opaque, solve_linear
from theory.symbols import kappa, size

LONGEST, LONGEST_GROWN = 200, 40
"""Terms of the longest linear system that is solved, and of the longest one in traces that grow, where nothing cancels."""


class Signed(DerivationError):
    """Equations with terms of both signs: a positive solution need not be the one that is meant."""


class Reduction:
    """The reduction of the Dyson equations of one declaration.

    ``rule`` gives every unknown in effective ridges, sums' names and parameters; ``ridges`` the parameters that the cores
    express in turn; ``cores`` and ``sums`` what these are. With ``grown``, nonlinear components keep their traces, for equations
    whose solution is told from others only by where it comes from; Signed is raised where that is needed, and LongError where
    solutions inserted in each other become too long. Linear components keep their traces too then.
    """

    def __init__(self, equations: Sequence[Dyson], coincidences: Mapping[NamedTrace, sp.Expr], grown: bool = False) -> None:
        self.dysons, self.grown, self.whole = list(equations), grown, False
        try:
            self._run(coincidences)
        except LongError:
            if not grown:
                raise
            self.whole = True  # values inserted in each other are longer than the equations
            self._run(coincidences)

    @property
    def coincidences(self) -> Rule:
        return self.tower.coincidences

    @property
    def ridges(self) -> Rule:
        return {ridge: value for core in reversed(self.cores) for ridge, value in core.ridges.items()}

    def _dim(self, t: NamedTrace) -> Dim:
        return self.home[t][1].dim

    def _run(self, coincidences: Mapping[NamedTrace, sp.Expr]) -> None:
        self.tower = Tower(self.dysons, coincidences)
        self.home = self.tower.home
        self.sums, self.cores = Sums(self.tower.ratios), []
        self._reach: dict[NamedTrace, set[int]] = {}
        self._begin()
        while self.grown and (doubtful := [t for t, v in self.coincidences.items() if not self._evident(t, v)]):
            self.tower.merge({t: v for t, v in self.coincidences.items() if t not in doubtful})
            self._begin()
        edges = [(t, u) for t in self.kept for u in self.tower.traces(self.bare[t]) if u in self.kept]
        for component in strongly_connected_components((self.kept, edges)):
            members = [t for t in self.kept if t in set(component)]
            reach = set().union(*[self._reach.get(u, set()) for t in members for u in self.tower.traces(self.bare[t])])
            level = self.tower.level(self._parameters_through(reach))
            sites = {t: level.site(t) for t in members}
            linear = self._linear(members, sites)
            if linear is None:
                self._solve_core(members, reach)
                reach = reach | {len(self.cores) - 1}
            elif not self._left(members, sites, linear):
                self._solve_linear(members, linear)
            self._reach |= dict.fromkeys(members, reach)

    def _begin(self) -> None:
        self.rule = {t: v for t, v in self.coincidences.items() if v == 0}
        self.kept = [t for t in self.home if t not in self.coincidences]
        self.bare = {t: self.tower.bare(t) for t in self.home}

    def _parameters_through(self, reach: Iterable[int]) -> dict[sp.Symbol, Ratio]:
        """The ridges through effective ones of the cores in ``reach``: of the last one, where several share a ridge."""
        rule: dict[sp.Symbol, Ratio] = {}
        for number in sorted(reach):
            rule |= {ridge: self.tower.ratios.of(value, rule) for ridge, value in self.cores[number].ridges.items()}
        return rule

    def _linear(self, members: list[NamedTrace], sites: Mapping[NamedTrace, Ratio]) -> dict[NamedTrace, Row] | None:
        """The coefficients of the members in their own equations; None where these are not linear."""
        if any(site.coefficients(members) is None for site in sites.values()):
            return None
        slopes = {t: self.sums.total(self._dim(t), site).coefficients(members) for t, site in sites.items()}
        return {t: row for t, row in slopes.items() if row is not None}

    def _solve_linear(self, members: list[NamedTrace], slopes: Mapping[NamedTrace, Row]) -> None:
        one, matrix, right = self.tower.ratios.one, {}, {}
        for i, t in enumerate(members):
            right[i] = {None: slopes[t].get(None, self.tower.ratios.zero)}
            matrix[i] = {u: -x for u, x in slopes[t].items() if u is not None}
            matrix[i][t] = matrix[i][t] + one if t in matrix[i] else one
        values = solved(self.tower.ratios, matrix, right)
        for t in members:
            self.tower.value[t] = values[t].get(None, self.tower.ratios.zero)
            self.rule[t] = self.tower.value[t].factor()

    def _left(self, members: list[NamedTrace], sites: Mapping[NamedTrace, Ratio], slopes: Mapping[NamedTrace, Row]) -> bool:
        """Whether a linear component is left unsolved; LongError where a solution is too long to go on with."""
        if self.whole:
            self._keep(Core(list(members), {}, [], {}, grown=True), sites)
            return True
        length = sum(len(x.above) for row in slopes.values() for x in row.values())
        if length > (LONGEST_GROWN if self.grown else LONGEST):
            raise LongError(f"reduction: {len(members)} linear equations of {length} terms")
        return False

    def _keep(self, core: Core, sites: Mapping[NamedTrace, Ratio]) -> None:
        """The traces of a component as unknowns of the theory, with the maps that give them anew."""
        self.sums.known.update(sites)
        core.maps = {t: traced(self._dim(t), site.as_expr()) for t, site in sites.items()}
        self.cores.append(core)

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

    def _solve_core(self, members: list[NamedTrace], reach: set[int]) -> None:
        core = Core(list(members), {}, [], {t: self.bare[t].as_expr() for t in members}, grown=self.grown)
        for t, site in core.bare.items():
            if not self.grown and not positive_ratio(site):
                raise Signed(f"reduction: {t} sums {site}, with terms of both signs; it may have several values; {INSTEAD}")
        remaining, earlier = list(members), self._parameters_through(reach)
        while (pole := self._pole(remaining, self.tower.level(earlier))) is not None:
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
            self._insert(members, earlier)
        level = self.tower.level(earlier)
        if self.grown:
            self._keep(core, {t: level.site(t) for t in members})
        else:
            self._eliminate(core, members, remaining, level)
            self.cores.append(core)
        self._insert(members, self._parameters_through(reach | {len(self.cores) - 1}))

    def _insert(self, members: Iterable[NamedTrace], through: Mapping[sp.Symbol, Ratio]) -> None:
        self.tower.value |= {t: self.tower.ratios.of(self.rule[t], through) for t in members if t in self.rule}

    def _pole(self, remaining: list[NamedTrace], level: Level) -> tuple | None:
        done = {p.kappa for p in self.sums.poles}
        for t in remaining:
            for spectrum, constant, slope in linear_poles(level.site(t).denominators(), set(remaining)):
                if self.grown and slope.xreplace(dict.fromkeys(self.home, sp.S.Zero)) == 0:
                    continue  # there is no such ridge where the traces grow from
                if not varies(constant) and not varies(slope) and not done & (constant / slope).free_symbols:
                    return spectrum, self._dim(t), constant, slope
        return None

    def _sizes(self, slope: sp.Expr) -> sp.Expr:
        """The sizes that a slope is proportional to, each plain trace over a dimension counting as its size."""
        sizes = {size(d.name) for dyson in self.dysons for d in dyson.dimensions}
        dims = {t: self.home[t][1] for t in slope.free_symbols if t in self.home}
        counted = slope.xreplace({t: t * size(u.dim.name) for t, u in dims.items() if not varies(u.weight)})
        above, _ = sp.fraction(sp.factor(counted))
        return sp.Mul(*[f for f in sp.Mul.make_args(above) if f.as_base_exp()[0] in sizes])

    def _eliminate(self, core: Core, members: list[NamedTrace], remaining: list[NamedTrace], level: Level) -> None:
        totals = {t: self.sums.total(self._dim(t), level.site(t)) for t in members}
        values = {t: total.factor() for t, total in totals.items()}
        equations = [sp.fraction((self.tower.known(t) - total).factor())[0] for t, total in totals.items()]
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
        self.rule = {t: factored(v.xreplace(core.ridges)) if t in members else v for t, v in rule.items()}

    def _parameters(self, equations: Iterable[sp.Expr]) -> list[sp.Symbol]:
        """Parameters in equations that may be solved for: neither sizes nor what is unknown or already solved for."""
        sizes = {size(d.name) for dyson in self.dysons for d in dyson.dimensions}
        known = set(self.home) | {p.kappa for p in self.sums.poles} | set(self.sums.meaning) | sizes
        inside = {s for e in equations for s in opaque(e)[0].free_symbols - known if not isinstance(s, sp.Dummy)}
        return sorted(inside, key=str)

    def output(self, dyson: Dyson) -> sp.Expr:
        """The diagonal of an expression in effective ridges, at the generic site."""
        reach = set().union(*[self._reach.get(t, set()) for t in self._kept_in(self.tower.output_traces(dyson))])
        return self.tower.level(self._parameters_through(reach)).output(dyson).factor()

    def _kept_in(self, traces: Iterable[NamedTrace]) -> set[NamedTrace]:
        """The traces that others stand for."""
        return {self.coincidences.get(t, t).as_coeff_Mul()[1] for t in traces}

    def _evident(self, t: NamedTrace, value: sp.Expr) -> bool:
        """Whether the equation of a dropped or merged unknown is that of the one which it equals."""
        sign, other = value.as_coeff_Mul()
        if value == 0:
            return not self.bare[t]
        return self._dim(t) == self._dim(other) and not self.bare[t] - self.tower.ratios.of(sign) * self.bare[other]

    def verify(self) -> None:
        """Every dropped or merged unknown satisfies its own equation; DerivationError otherwise."""
        for t, value in self.coincidences.items():
            if self._evident(t, value):
                continue
            reach = set().union(*[self._reach.get(u, set()) for u in self.tower.traces(self.bare[t])])
            site = self.tower.level(self._parameters_through(reach)).site(t)
            rest = self.sums.total(self._dim(t), site) - self.tower.known(t)
            if rest and factored(self._ridgeless(self.sums.separated(self._ridgeless(rest.as_expr())))) != 0:
                raise DerivationError(f"reduction: {t} is not {value}, as its expansion suggests; {INSTEAD}")
