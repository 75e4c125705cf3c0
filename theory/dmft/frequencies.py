"""A linear dynamics at two real frequencies, z and z': a theory like any other, with observables as double transforms in time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sympy as sp

from theory.declaration.parameters import Parameter
from theory.dmft.notation import step, z, z_other
from theory.equations import Theory, Unknown
from theory.errors import DerivationError
from theory.saddle import tidy
from theory.symbols import kappa, positive, time

if TYPE_CHECKING:
    from theory.dmft.results import LinearDynamics

FAR = 1000
FREQUENCIES = (
    Parameter("z", z, "frequency", lower=0, lower_open=True),
    Parameter("other_z", z_other, "other frequency", lower=0, lower_open=True),
)


def at_frequencies(dynamics: LinearDynamics) -> Theory:
    """The equations of the unknowns at z and z', and the observables' transforms with the correlations eliminated.

    An observable O(t), taken as a product at two times, is Σ of O(t, t') z- and z'-transformed; its name stands for that.
    DerivationError for an observable that is no sum of products of two fields.
    """
    state = dynamics.at_infinity.state
    ahead = {u.symbol: positive(f"{u.symbol.name}_other") for u in dynamics.unknowns}
    turned = {**ahead, z: z_other}
    responses = dict(state["in_unknowns"]) | {u.symbol: u.symbol for u in dynamics.unknowns if u.symbol in dynamics.responses}
    here = {r: value for r, value in responses.items() if r in dynamics.responses}
    there = {dynamics.other[r]: sp.sympify(value).xreplace(turned) for r, value in here.items()}

    def summed(products) -> dict[sp.Expr, sp.Expr]:
        found: dict[sp.Expr, sp.Expr] = {}
        for p in products:
            value = dynamics.linear.summand(p).xreplace({**here, **there}) / z ** p.lasting[0] / z_other ** p.lasting[1]
            found[p.carrier] = found.get(p.carrier, sp.S.Zero) + tidy(value)
        return found

    correlations = _eliminated({c: summed(products) for c, products in dynamics.correlations.items()})
    observables = {}
    for name, value in dynamics.observables.items():
        rule = {}
        for symbol in sorted(value.free_symbols & set(dynamics.moments), key=str):
            moment = dynamics.moments[symbol]
            if moment.order != 2 or moment.source is not None:
                raise DerivationError(f"{dynamics.name}: {name} is no sum of products of two fields; leave it out")
            rule[symbol] = sum(value * correlations.get(c, sp.S.One) for c, value in summed(moment.products).items())
        if rule:
            observables[name] = value.xreplace(rule)
    maps = [_map(u.symbol, e, dynamics, here) for u, e in zip(dynamics.unknowns, dynamics.equations, strict=True)]
    equations = (*maps, *(e.xreplace(turned) for e in maps))
    unknowns = [Unknown(u.symbol, u.meaning, start=_far(u.symbol, z)) for u in dynamics.unknowns]
    unknowns += [Unknown(ahead[u.symbol], f"{u.meaning}'", start=_far(u.symbol, z_other)) for u in dynamics.unknowns]
    return Theory(
        name=f"{dynamics.name} at two frequencies",
        unknowns=tuple(unknowns),
        equations=equations,
        residuals=tuple((e.lhs - e.rhs,) for e in equations),
        definitions={},
        observables=observables,
        stable={},
        parameters=(*(p for p in dynamics.parameters if p.symbol not in (time, step)), *FREQUENCIES),
        validity=dynamics.validity,
        references=dynamics.references,
    )


def _map(symbol: sp.Symbol, equation: sp.Eq, dynamics: LinearDynamics, here: dict[sp.Symbol, Any]) -> sp.Eq:
    """The equation of an unknown as a map, which settles on the solution that is meant: a response is its sum over sites."""
    if symbol not in dynamics.responses:
        return equation
    value = tidy(dynamics.responses[symbol].xreplace({r: e for r, e in here.items() if r != symbol}))
    return equation if tidy(value - symbol) == 0 else sp.Eq(symbol, value, evaluate=False)


def _far(symbol: sp.Symbol, frequency: sp.Symbol) -> sp.Expr:
    """Where to look from: the solution that is meant is the one which at large frequencies grows, κ, or vanishes, a response."""
    far = FAR * (1 + frequency)
    return far if symbol == kappa else 1 / far


def _eliminated(equations: dict[sp.Symbol, dict[sp.Expr, sp.Expr]]) -> dict[sp.Expr, sp.Expr]:
    """Correlations that satisfy C = Σ carrier * coefficient, linear in them."""
    unknowns = list(equations)
    if not unknowns:
        return {}
    names: dict[sp.Expr, sp.Symbol] = {}

    def named(value: sp.Expr) -> sp.Symbol:
        return names.setdefault(value, sp.Symbol(f"_sum{len(names)}"))

    matrix = sp.eye(len(unknowns))
    right = sp.zeros(len(unknowns), 1)
    for i, sides in enumerate(equations.values()):
        for carrier, value in sides.items():
            if carrier in unknowns:
                matrix[i, unknowns.index(carrier)] -= named(value)
            else:
                right[i] += named(carrier * value)
    a, b = matrix.to_DM().to_field().unify(right.to_DM().to_field())
    back = {symbol: value for value, symbol in names.items()}
    return {u: v.xreplace(back) for u, v in zip(unknowns, a.lu_solve(b).to_Matrix(), strict=True)}
