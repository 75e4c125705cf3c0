"""From stationarity conditions to closed equations: linear elimination and canonical variables, with averages kept opaque."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import sympy as sp

from theory.averages import Average, ModeSum, outermost
from theory.factors import factored_ratio
from theory.modes import ModeValue


def opaque(expression: sp.Expr) -> tuple[sp.Expr, dict[sp.Symbol, sp.Expr]]:
    """The expression with its outermost averages replaced by dummies, and the way back: algebra becomes rational and fast."""
    stand_ins = {average: sp.Dummy("s", positive=average.is_positive or None) for average in outermost(expression)}
    return expression.xreplace(stand_ins), {stand_in: average for average, stand_in in stand_ins.items()}


def tidy(expression: sp.Expr) -> sp.Expr:
    """Factored inside every average, then outside; never expands a logarithm.

    >>> from theory.symbols import kappa
    >>> tidy(kappa**2 / (kappa + kappa**2))
    kappa/(kappa + 1)
    """
    return _tidied(sp.sympify(expression))


def _tidied(expression: sp.Expr) -> sp.Expr:
    plain, back = opaque(expression)
    plain = sp.factor(plain)
    inner = {stand_in: average.map(_tidied) for stand_in, average in back.items()}
    return plain.xreplace(inner)


def pulled_out(expression: sp.Expr, unknowns: Sequence[sp.Symbol]) -> sp.Expr:
    """Polynomial dependence on unknowns leaves the averages: <a + b x> becomes <a> + x <b>."""
    averages = outermost(expression)
    if not averages:
        return expression
    return expression.xreplace({average: _pulled_out(average, unknowns) for average in averages})


def _pulled_out(average: Average, unknowns: Sequence[sp.Symbol]) -> sp.Expr:
    body, fresh = average.opened()
    body = pulled_out(body, unknowns)
    above, below = sp.fraction(sp.together(body))
    hidden = {symbol for inner in outermost(above) for symbol in inner.free_symbols}
    hidden |= {symbol for function in above.atoms(sp.Function) for symbol in function.free_symbols}
    global_ = [x for x in unknowns if x in above.free_symbols and x not in below.free_symbols and x not in hidden]
    if global_ and above.is_polynomial(*global_):
        polynomial = sp.Poly(above, *global_)
        return sp.Add(
            *[
                sp.Mul(*[x**power for x, power in zip(global_, powers, strict=True)]) * average.func(sp.factor(c) / below, fresh)
                for powers, c in polynomial.terms()
            ]
        )
    return average.func(body, fresh)


def separated(expression: sp.Expr) -> sp.Expr:
    """Sums over modes split into one sum per monomial of their numerators, global factors in front."""
    rule = {}
    for average in outermost(expression):
        body, fresh = average.opened()
        above, below = sp.fraction(sp.together(separated(body)))
        rule[average] = sp.Add(*[average.func(t / below, fresh) for t in sp.Add.make_args(sp.expand(above))])
    return expression.xreplace(rule)


def solve_linear(equation: sp.Expr, unknown: sp.Symbol) -> sp.Expr | None:
    """The solution of ``equation = 0`` where it is linear in the unknown once denominators are cleared; else None."""
    plain, back = opaque(pulled_out(equation, [unknown]))
    if any(unknown in average.free_symbols for average in back.values()):
        return None
    above, _ = sp.fraction(sp.together(plain))
    if not above.is_polynomial(unknown):
        return None
    polynomial = sp.Poly(above, unknown)
    if polynomial.degree() != 1:
        return None
    slope, constant = polynomial.all_coeffs()
    return factored_ratio(-constant / slope).xreplace(back)


def eliminate(
    equations: Iterable[sp.Expr], unknowns: Sequence[sp.Symbol], keep: Iterable[sp.Symbol] = (), longest: float = float("inf")
) -> tuple[list[sp.Expr], dict[sp.Symbol, sp.Expr]]:
    """Greedy elimination: whichever equation gives an unknown explicitly and most simply is solved and substituted.

    Returns the remaining equations and the eliminated unknowns in terms of those that remain. It ends where the simplest solution
    takes more than ``longest`` operations.
    """
    remaining, solved, solutions = list(equations), {}, {}
    candidates = [x for x in unknowns if x not in set(keep)]
    while True:
        best = None
        for order, unknown in enumerate(candidates):
            for position, equation in enumerate(remaining):
                if unknown not in equation.free_symbols:
                    continue
                if (equation, unknown) not in solutions:
                    solutions[equation, unknown] = solve_linear(equation, unknown)
                solution = solutions[equation, unknown]
                if solution is None or unknown in solution.free_symbols:
                    continue
                rank = (sp.count_ops(solution), order, position)
                if best is None or rank < best[0]:
                    best = (rank, position, unknown, solution)
        if best is None or best[0][0] > longest:
            return remaining, solved
        _, position, unknown, solution = best
        remaining.pop(position)
        candidates.remove(unknown)
        rule = {unknown: solution}
        remaining = [equation.xreplace(rule) for equation in remaining]
        solved = {x: value.xreplace(rule) for x, value in solved.items()} | rule


def feedback(equation: sp.Expr, unknown: sp.Symbol) -> tuple[sp.Expr, sp.Expr] | None:
    """``source, gain`` where the equation reads unknown = source + gain * unknown, with the gain an average; None otherwise."""
    plain, back = opaque(pulled_out(equation, [unknown]))
    if any(unknown in average.free_symbols for average in back.values()):
        return None
    above, _ = sp.fraction(sp.together(plain))
    if not above.is_polynomial(unknown) or sp.Poly(above, unknown).degree() != 1:
        return None
    slope, constant = sp.Poly(above, unknown).all_coeffs()
    bare = slope.xreplace({stand_in: sp.S.Zero for stand_in in back})
    if bare == 0:
        return None
    gain = sp.cancel(1 - slope / bare)
    return tidy(sp.factor(-constant / bare).xreplace(back)), tidy(gain.xreplace(back))


def poles(expressions: Iterable[sp.Expr], unknowns: Iterable[sp.Symbol], sizes: Iterable[sp.Symbol] = ()) -> list[sp.Expr]:
    """Constant terms c of the factors c + b eta that stand in denominators under mode sums, where an unknown is in c.

    The factor is divided by all of b but sizes of dimensions: c is the effective ridge of a resolvent of c + P eta.
    """
    wanted, kept, found = set(unknowns), set(sizes), []
    for expression in expressions:
        for mode_sum in sorted(expression.atoms(ModeSum), key=sp.default_sort_key):
            _, below = sp.fraction(sp.together(mode_sum.body))
            for factor, _ in sp.factor_list(below)[1]:
                entries = list(factor.atoms(ModeValue))
                if len(entries) != 1 or not factor.is_polynomial(entries[0]):
                    continue
                polynomial = sp.Poly(factor, entries[0])
                if polynomial.degree() != 1:
                    continue
                slope, constant = polynomial.all_coeffs()
                shared = sp.Mul(*[f for f in sp.Mul.make_args(sp.factor(slope)) if f not in kept])
                constant = sp.factor(constant / shared)
                if constant.free_symbols & wanted and constant not in found:
                    found.append(constant)
    return sorted(found, key=sp.count_ops)


def change_variable(
    equations: Iterable[sp.Expr], definition: sp.Expr, old: sp.Symbol, new: sp.Symbol
) -> tuple[list[sp.Expr], sp.Expr] | None:
    """Rewrite equations in ``new = definition(old)``; returns them and ``old`` in terms of ``new``, None if it cannot be solved."""
    inverse = solve_linear(new - definition, old)
    if inverse is None:
        return None
    return [tidy(equation.xreplace({old: inverse})) for equation in equations], inverse


def substituted(values: Mapping[sp.Symbol, sp.Expr], rule: Mapping[sp.Symbol, sp.Expr]) -> dict[sp.Symbol, sp.Expr]:
    """The values with a rule applied, tidied."""
    return {x: tidy(value.xreplace(dict(rule))) for x, value in values.items()}
