"""The inverse map of a Green's function: the spectral parameter as an explicit function of the pole of its sums over modes.

Where all sums are over one spectrum and share one pole s, they are functions of s alone. If what is left of the equations can be
solved one unknown after the other, z(s), the unknowns and the Green's function are explicit. For sample covariance matrices s is
-1/m with m the Stieltjes transform of the companion, and z(s) the map of Silverstein and Choi (1995).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

import sympy as sp

from theory.averages import Average, ModeSum
from theory.modes import ModeArray, ModeValue
from theory.spectral.green import GreenFunction

POLE = sp.Symbol("s_pole", real=True)


@dataclass(frozen=True, eq=False)
class InverseMap:
    """``z``, ``unknowns`` and the ``value`` of the Green's function as functions of :data:`POLE`, the position among the values of
    ``array`` over ``dimension`` at which all sums have their pole; ``pole`` is it in the unknowns and the shift."""

    dimension: str
    array: ModeArray
    pole: sp.Expr
    z: sp.Expr
    unknowns: tuple[sp.Expr, ...]
    value: sp.Expr


def poles_of(sums: Iterable[ModeSum]) -> list[sp.Expr] | None:
    """Values of the array at which the bodies of sums over it are infinite, in order; None where they are not known beforehand."""
    found: set[sp.Expr] = set()
    for s in sums:
        entries = [v for v in s.body.atoms(ModeValue) if s.bound in v.indices]
        if len(entries) > 1 or s.body.atoms(Average):
            return None
        eta = sp.Dummy("eta")
        for power in s.body.xreplace({v: eta for v in entries}).atoms(sp.Pow):
            if (power.exp.is_Integer and power.exp.is_nonnegative) or eta not in power.base.free_symbols:
                continue
            slope = power.base.diff(eta)
            pole = -power.base.xreplace({eta: sp.S.Zero}) / slope
            if eta in slope.free_symbols or pole.atoms(ModeValue, ModeArray):
                return None
            if pole:
                found.add(pole)
    return sorted(found, key=str)


@lru_cache(maxsize=64)
def inverse_map(green: GreenFunction) -> InverseMap | None:
    """The inverse map of a Green's function; None where its sums have several poles, or the rest is not solved explicitly."""
    sums = sorted(set().union(*(e.atoms(ModeSum) for e in (*green.maps, green.value))), key=str)
    entries = {v for s in sums for v in s.body.atoms(ModeValue)}
    arrays = {v.array for v in entries}
    if len(arrays) != 1 or len({s.dimension for s in sums}) != 1:
        return None
    poles = {sp.cancel(p) for p in poles_of(sums) or ()}
    if len(poles) != 1:
        return None
    pole = poles.pop()
    symbols = [green.shift, *green.unknowns]
    given, left = _solved(sp.numer(sp.together(pole - POLE)), symbols)
    if given is None:
        return None
    rule = {left: given}
    names: dict[ModeSum, sp.Symbol] = {}

    def named(expression: sp.Expr) -> sp.Expr:
        """Sums, functions of the pole alone once their prefactors are out, become symbols."""
        for s in expression.atoms(ModeSum):
            new = s.map(lambda body: sp.factor(body.xreplace(rule)))
            expression = expression.xreplace({s: new})
        inner = {s: names.setdefault(s, sp.Dummy()) for s in expression.atoms(ModeSum)}
        return expression.xreplace(inner).xreplace(rule)

    equations = [named(t - f) for t, f in zip(green.unknowns, green.maps, strict=True)]
    value = named(green.value)
    if any(s.free_symbols & set(symbols) for s in names):
        return None
    known = _all_solved(equations, [s for s in symbols if s != left])
    if known is None:
        return None
    sums_back = {name: s for s, name in names.items()}
    known[left] = given.xreplace(known)
    # As found, not factored: z = s + ... stays accurate where sums are about to be infinite.
    found = (-known[green.shift], *(known[t] for t in green.unknowns), value.xreplace(known))
    z, *unknowns, value = (e.xreplace(sums_back) for e in found)
    return InverseMap(sums[0].dimension, arrays.pop(), pole, z, tuple(unknowns), value)


def _all_solved(equations: list[sp.Expr], symbols: list[sp.Symbol]) -> dict[sp.Symbol, sp.Expr] | None:
    """The symbols from as many equations, one after the other by equations that are linear in one of them; None where none is."""
    known: dict[sp.Symbol, sp.Expr] = {}
    equations = sorted(equations, key=sp.count_ops)
    while symbols:
        for equation in equations:
            found, symbol = _solved(sp.numer(sp.together(equation)), symbols)
            if found is not None:
                break
        else:
            return None
        equations = [sp.factor(e.xreplace({symbol: found})) for e in equations if e is not equation]
        known = {t: sp.factor(e.xreplace({symbol: found})) for t, e in known.items()} | {symbol: found}
        symbols = [s for s in symbols if s != symbol]
    return known


def _solved(numerator: sp.Expr, symbols: list[sp.Symbol]) -> tuple[sp.Expr | None, sp.Symbol | None]:
    """The first symbol in which an equation is linear, solved for; factors that are a symbol alone are left out."""
    factors = [f for f, _ in sp.factor_list(numerator, *symbols)[1] if f not in symbols]
    if len(factors) != 1:
        return None, None
    for symbol in symbols:
        if symbol in factors[0].free_symbols:
            polynomial = sp.Poly(factors[0], symbol)
            if polynomial.degree() == 1:
                slope, constant = polynomial.all_coeffs()
                return sp.factor(-constant / slope), symbol
    return None, None
