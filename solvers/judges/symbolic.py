"""Is an expression zero on the solutions of a theory's equations? Answered by rational normal forms; sums over modes stay whole."""

from __future__ import annotations

from typing import Any

import sympy as sp

from theory.averages import ModeSum, outermost
from theory.equations import Theory
from theory.modes import ModeArray, ModeValue
from theory.saddle import opaque, solve_linear
from theory.special import Support

LARGEST = 20_000
"""Operations in a numerator beyond which the question is left open."""


def vanishes(expression: Any, theory: Theory, up_to_branch: bool = False) -> bool:
    """True where ``expression`` is shown to be zero; False says only that it was not shown.

    ``up_to_branch``: an explicit formula for the unknown, with a square root, need only satisfy the theory's equation.
    """
    try:
        if _is_zero(expression) or (up_to_branch and any(map(_is_zero, _radical_free(expression, theory)))):
            return True
        reduced = _eliminated(normal_sums(expression), theory)
        return reduced is not None and _is_zero(normal_sums(reduced))
    except (sp.PolynomialError, NotImplementedError, ZeroDivisionError):
        return False


def _eliminated(expression: Any, theory: Theory) -> Any:
    """The expression with one parameter for each equation expressed by the unknowns; None where none is explicit."""
    for equation in theory.equations:
        for parameter in theory.parameters:
            if parameter.ndim:
                continue
            solution = solve_linear(equation.lhs - equation.rhs, parameter.symbol)
            if solution is not None and parameter.symbol not in solution.free_symbols:
                expression = expression.xreplace({parameter.symbol: solution})
                break
        else:
            return None
    return expression


def _radical_free(expression: Any, theory: Theory) -> list[Any]:
    """For ``unknown - formula with one square root``: the theory's equation at that formula, reduced by the square of the root."""
    if len(theory.unknowns) != 1:
        return []
    unknown = theory.unknowns[0].symbol
    formula = sp.expand(unknown - expression)
    roots = [p for p in formula.atoms(sp.Pow) if p.exp == sp.Rational(1, 2)]
    if formula.has(unknown) or len(roots) != 1:
        return []
    root = sp.Dummy("root")
    equation = theory.equations[0]
    plain, _ = opaque((equation.lhs - equation.rhs).xreplace({unknown: formula}).xreplace({roots[0]: root}))
    above, _ = sp.fraction(sp.together(plain))
    return [sp.rem(sp.expand(above), root**2 - roots[0].base, root)]


def _is_zero(expression: Any) -> bool:
    if expression == 0:
        return True
    plain, _ = opaque(expression)
    above, _ = sp.fraction(sp.together(plain))
    if above == 0:
        return True
    return bool(sp.count_ops(above) <= LARGEST and sp.expand(above) == 0)


def normal_sums(expression: Any, supported: frozenset[ModeArray] | None = None) -> Any:
    """Sums over modes in partial fractions, one sum for each power of each pole: equal sums become equal expressions.

    Where the indicator of an array's non-zero entries occurs, every sum is split by it: f = s f + (1 - s) f(0).
    """
    if supported is None:
        entries = [support.args[0] for support in expression.atoms(Support)]
        supported = frozenset(entry.array for entry in entries if isinstance(entry, ModeValue))
    rule = {s: _normal(s, supported) for s in outermost(expression) if isinstance(s, ModeSum)}
    return expression.xreplace(rule)


def _normal(mode_sum: ModeSum, supported: frozenset[ModeArray]) -> Any:
    body, index = mode_sum.opened()
    body = normal_sums(body, supported)
    hidden: dict[Any, sp.Dummy] = {average: sp.Dummy() for average in outermost(body)}
    body = body.xreplace(hidden)
    entries = sorted((e for e in body.atoms(ModeValue) if index in e.indices), key=sp.default_sort_key)
    for entry in (e for e in entries if e.array in supported):
        off = body.xreplace({Support(entry): sp.S.Zero}).xreplace({entry: sp.S.Zero})
        if not off.has(sp.zoo, sp.nan):
            body = Support(entry) * body.xreplace({Support(entry): sp.S.One}) + (1 - Support(entry)) * off
    for atom in (*sorted(body.atoms(Support), key=sp.default_sort_key), *entries):
        hidden[atom] = sp.Dummy()
        body = body.xreplace({atom: hidden[atom]})
    poles = [hidden[entry] for entry in entries]
    terms = [sp.together(term) for term in sp.Add.make_args(sp.expand(body, deep=False))]
    for pole in poles:
        terms = [part for term in terms for part in _apart(term, pole)]
    back = {name: atom for atom, name in hidden.items()}
    return sp.Add(*[ModeSum(term.xreplace(back), index) for term in terms])


def _apart(term: Any, pole: sp.Symbol) -> tuple[Any, ...]:
    if not sp.fraction(sp.together(term))[1].has(pole):
        return sp.Add.make_args(sp.expand(term))
    return sp.Add.make_args(sp.expand(sp.apart(term, pole), deep=False))
