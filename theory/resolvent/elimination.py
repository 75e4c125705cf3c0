"""Elimination in a nonlinear component: linear where it can be, by a resultant where two equations share an unknown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import sympy as sp

from theory.averages import Average
from theory.errors import DerivationError
from theory.factors import factored_ratio
from theory.ratios import Ratios
from theory.saddle import eliminate, opaque, solve_linear

Rule = dict[sp.Symbol, sp.Expr]
LONGEST = 500
"""Operations of the longest solution that is inserted, and equation that is left: longer ones have no readable end."""


class LongError(DerivationError):
    """An elimination that grows too long."""


def factored(expression: sp.Expr) -> sp.Expr:
    """Factored, with sums over modes as symbols."""
    plain, back = opaque(expression)
    return factored_ratio(plain).xreplace(back)


def numerator(expression: sp.Expr) -> sp.Expr:
    """The numerator over a common denominator, factored, with sums over modes as symbols."""
    return sp.fraction(factored(expression))[0]


def positive(expression: sp.Expr) -> bool:
    """Whether a product of powers of sums has no term with a minus sign."""
    return all(not t.could_extract_minus_sign() for f in sp.Mul.make_args(expression) for t in sp.Add.make_args(f.as_base_exp()[0]))


def positive_ratio(expression: sp.Expr) -> bool:
    """Whether an expression is a ratio of polynomials with positive coefficients."""
    above, below = sp.fraction(factored(expression))
    return (positive(above) and positive(below)) or (positive(sp.factor(-above)) and positive(sp.factor(-below)))


def eliminated(
    equations: Iterable[sp.Expr], unknowns: Sequence[sp.Symbol], ridges: Sequence[sp.Symbol]
) -> tuple[list[sp.Expr], Rule]:
    """The equations that are left, as numerators, and the eliminated unknowns; ``ridges`` are parameters to be solved for."""
    left, solved = eliminate(equations, unknowns, longest=LONGEST)
    if (length := max((e.count_ops() for e in left), default=0)) > LONGEST:
        raise LongError(f"reduction: elimination leaves an equation of {length} operations")
    left = [e for e in map(numerator, left) if e != 0]
    stuck = [x for x in unknowns if x not in solved]
    if len(left) == 2 and len(stuck) == 1 and not any(e.atoms(Average) for e in left):
        found = _common_root(left, stuck[0], ridges)
        if found is not None:
            equation, value = found
            solved = {x: v.xreplace({stuck[0]: value}) for x, v in solved.items()} | {stuck[0]: value}
            left = [equation]
    return left, solved


def _common_root(pair: Sequence[sp.Expr], x: sp.Symbol, ridges: Sequence[sp.Symbol]) -> tuple[sp.Expr, sp.Expr] | None:
    """A factor of the resultant by x that gives a ridge, and the x that both equations then share; None unless just one does."""
    found = []
    for factor in Ratios().of(sp.resultant(*pair, x)).numerators():
        for ridge in ridges:
            if ridge not in factor.free_symbols or not (value := solve_linear(factor, ridge)):
                continue  # neither a ridge that the factor does not give, nor one that it sets to zero
            ratios = Ratios()
            first, second = (ratios.of(e, {ridge: ratios.of(value)}) for e in pair)
            roots = [f for f in ratios.shared(first, second).numerators() if sp.degree(f, x) == 1]
            values = [solve_linear(root, x) for root in roots]
            found += [(factor, v) for v in values if not v.is_nonpositive]
    return found[0] if len(found) == 1 else None
