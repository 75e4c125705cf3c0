"""How far rounding can move the value of an expression: a first-order running error analysis, done once on the symbols.

The bound is itself an expression, in units of the machine epsilon. Where all terms have one sign it is a small multiple of the
value; where terms cancel it is what the cancellation leaves of their sizes. Symbols and data count as exact.
"""

from __future__ import annotations

import math
from collections.abc import Collection
from functools import lru_cache

import sympy as sp

from theory.averages import Average, ModeSum
from theory.effective import Effective
from theory.envelope import Envelope
from theory.intervals import INTEGRALS
from theory.joint_average import JointAverage
from theory.modes import ModeValue
from theory.replica.folded import Sensitivity, TreeAverage
from theory.resolvent.matrix_traces import MatrixTrace
from theory.special import Support

OPAQUE = (*INTEGRALS, TreeAverage, Envelope, Effective, JointAverage)
SUMMATION = 4
"""Relative rounding, in units of epsilon, of a pairwise sum of terms of one sign."""
FOLDED = 4
"""Relative rounding, in units of epsilon, of an average over a tree."""
NODES = sp.Symbol("_node_error", nonnegative=True)
"""Relative error, in units of epsilon, of a sum over nodes that stand for modes."""


def is_count(expression: sp.Basic) -> bool:
    """Whether this is the number of non-zero modes, a whole number that is known exactly."""
    return isinstance(expression, ModeSum) and expression.body.func is Support and isinstance(expression.body.args[0], ModeValue)


def _sign(expression: sp.Expr) -> int:
    """1 or -1 for an expression of known sign, else 0."""
    factor, rest = expression.as_coeff_Mul()
    if not (factor.is_real and rest.is_nonnegative):
        return 0
    return 1 if factor >= 0 else -1


def relative_rounding(expression: sp.Basic) -> tuple[int, int] | None:
    """Bound on the relative rounding error in units of epsilon, and the number of sums over nodes whose errors add up, for an
    expression without cancellation; None for others."""
    if not expression.args or isinstance(expression, (ModeValue, Support)) or is_count(expression):
        return 0, 0
    if isinstance(expression, Average):
        inner = relative_rounding(expression.body)
        if inner is None or not _sign(expression.body):
            return None
        return inner[0] + SUMMATION, inner[1] + isinstance(expression, ModeSum)
    if not isinstance(expression, (sp.Add, sp.Mul, sp.Pow)):
        return None
    parts = [p for p in map(relative_rounding, expression.args) if p is not None]
    count = len(expression.args)
    if len(parts) < count:
        return None
    if isinstance(expression, sp.Add):
        exact_pair = count == 2 and not any(map(any, parts))
        one_sign = abs(sum(_sign(a) for a in expression.args)) == count
        return (max(p[0] for p in parts) + count - 1, max(p[1] for p in parts)) if exact_pair or one_sign else None
    if isinstance(expression, sp.Mul):
        steps = count - 1 - (expression.args[0] == -1)
        return sum(p[0] for p in parts) + steps, sum(p[1] for p in parts)
    exponent = expression.exp
    if not exponent.is_Number:
        return None
    return math.ceil(abs(exponent) * parts[0][0]) + _multiplied(exponent), math.ceil(abs(exponent) * parts[0][1])


def _multiplied(exponent: sp.Expr) -> int:
    """Relative rounding, in units of epsilon, of a power: those of an inverse are products."""
    return int(-exponent) if exponent.is_Integer and exponent < -1 else 1


class Size(sp.Function):
    """Absolute value that SymPy leaves as it stands, where it would spend its time on the signs of averages."""

    nargs = 1

    def _eval_is_nonnegative(self):
        return True

    def _numpycode(self, printer):
        return f"abs({printer._print(self.args[0])})"


@lru_cache(maxsize=4096)
def _size(expression: sp.Expr) -> sp.Expr:
    if isinstance(expression, sp.Mul):
        return sp.Mul(*map(_size, expression.args))
    if isinstance(expression, sp.Pow) and expression.exp.is_real:
        return _size(expression.base) ** expression.exp
    if isinstance(expression, sp.Add):
        return expression if expression.is_nonnegative else Size(expression)
    return Size(expression) if expression.has(*OPAQUE, sp.Function) else sp.Abs(expression)


@lru_cache(maxsize=4096)
def rounding(expression: sp.Expr) -> sp.Expr:
    """Bound on the absolute error of evaluating the expression, in units of epsilon, with ``NODES`` for that of sums over nodes."""
    ratio = relative_rounding(expression)
    if ratio is not None:
        return (ratio[0] + ratio[1] * NODES) * _size(expression)
    if isinstance(expression, (TreeAverage, Sensitivity, Envelope, Effective, JointAverage)):
        return FOLDED * Size(expression)
    if isinstance(expression, MatrixTrace):
        total = expression.rounding()
        for i, value in enumerate(expression.args):
            if not isinstance(value, (sp.Symbol, ModeValue)):
                stand_in = sp.Dummy(real=True)
                moved = expression.func(*expression.args[:i], stand_in, *expression.args[i + 1 :]).diff(stand_in)
                total += _size(moved.xreplace({stand_in: value})) * rounding(value)
        return total
    own = _size(expression)
    if isinstance(expression, sp.Add):
        return sp.Add(own, *[rounding(a) for a in expression.args])
    if isinstance(expression, Average):
        body, bound = expression.args
        if not isinstance(expression, INTEGRALS):
            own += NODES * expression.func(_size(body), bound)
        return own + expression.func(rounding(body), bound)
    if isinstance(expression, sp.Mul):
        factors = expression.args
        rest = [sp.Mul(*[_size(f) for f in factors if f is not one]) for one in factors]
        return sp.Add(own, *[rounding(f) * r for f, r in zip(factors, rest, strict=True)])
    if isinstance(expression, sp.Pow) and expression.exp.is_Number:
        base, exponent = expression.args
        return _multiplied(exponent) * own + abs(exponent) * _size(base) ** (exponent - 1) * rounding(base)
    stand_ins = [sp.Dummy(real=True) for _ in expression.args]
    plain, values = expression.func(*stand_ins), dict(zip(stand_ins, expression.args, strict=True))
    slopes = [_size(plain.diff(d)).xreplace(values) * rounding(a) for d, a in values.items()]
    return sp.Add(own, *slopes)


def grouped(expression: sp.Expr, unknowns: Collection[sp.Symbol]) -> sp.Expr:
    """The same sum with its terms free of unknowns over one denominator: P - count is exact where 1 - count/P is not."""
    if isinstance(expression, Average) or not expression.args:
        return expression
    expression = expression.func(*[grouped(a, unknowns) for a in expression.args])
    if not isinstance(expression, sp.Add):
        return expression
    fixed = [a for a in expression.args if not a.free_symbols & set(unknowns) and all(map(is_count, a.atoms(Average)))]
    if len(fixed) < 2 or abs(sum(map(_sign, fixed))) == len(fixed):
        return expression
    counts = {c: sp.Dummy(positive=True) for a in fixed for c in a.atoms(Average)}
    merged = sp.together(sp.Add(*fixed).xreplace(counts)).xreplace({d: c for c, d in counts.items()})
    return sp.Add(*[a for a in expression.args if a not in fixed], merged)
