"""Directions along which the energy of a sample is flat: the fields that it depends on are fewer than those it is written in.

A cross-entropy of several fields depends on their differences alone. Without the common part no field is a combination of others,
and there is one average less to take.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from random import Random

import mpmath as mp
import sympy as sp

from theory.declaration.sites import sites, tops
from theory.declaration.walks import replace_tops
from theory.piecewise import KINKED
from theory.replica.rows import arguments, echelon

DIGITS, SMALL = 40, mp.mpf(10) ** -25
LARGEST = 60
"""Denominator of a direction's entries."""
Rows = list[tuple[sp.Expr, ...]]


def without_flat(combinations: Rows, every: Sequence[sp.Expr], expressions: Sequence[sp.Expr]) -> Rows:
    """Fewer combinations of ``every`` on which the expressions depend, where there are, in reduced echelon form."""
    if len(combinations) < 2:
        return combinations
    leads = [every[next(i for i, c in enumerate(row) if c != 0)] for row in combinations]
    slopes = [[sp.diff(e, s) for s in leads] for e in (*expressions, *_kinks(expressions))]
    random, gradients = Random(2), []
    with mp.workdps(DIGITS):
        for row in slopes:
            for _ in range(len(leads) + 1):
                found = _values(row, random)
                if found is None:
                    return combinations
                gradients.append(found)
        flat = _kernel(gradients, len(leads))
        elsewhere = [g for row in slopes if (g := _values(row, random)) is not None]
        if not flat or any(abs(mp.fdot(g, f)) > SMALL * mp.norm(g) for g in elsewhere for f in flat):
            return combinations
    # Forms of the combinations that vanish along every flat direction.
    kept = sp.Matrix([[sp.Rational(x.numerator, x.denominator) for x in f] for f in map(_rational, flat)]).nullspace()
    if not kept:
        return combinations
    return echelon([list(c.T * sp.Matrix(combinations)) for c in kept])


def settled(expression: sp.Expr, fields: Sequence[sp.Expr]) -> sp.Expr:
    """The expression with the fields that it does not depend on, though they are in it, at zero."""
    held = tops(expression) | expression.free_symbols
    for field in fields:
        if field in held:
            stand_in = sp.Dummy("field", real=True)
            written = replace_tops(expression, {field: stand_in}).xreplace({field: stand_in})
            if is_flat(written, stand_in):
                expression = written.xreplace({stand_in: sp.S.Zero})
    return expression


def is_flat(expression: sp.Expr, symbol: sp.Expr) -> bool:
    """Whether an expression does not depend on what it is written in, at random points."""
    slope, random = [sp.diff(expression, symbol)], Random(3)
    blocked = any(symbol in sites(a) or symbol in a.free_symbols for a in _kinks([expression]) if sp.diff(a, symbol) != 0)
    with mp.workdps(DIGITS):
        values = [_values(slope, random) for _ in range(3)]
    return not blocked and all(v is not None and abs(v[0]) < SMALL for v in values)


def _kinks(expressions: Sequence[sp.Expr]) -> list[sp.Expr]:
    return sorted(set().union(*(arguments(e, KINKED) for e in expressions)), key=sp.default_sort_key)


def _values(expressions: Sequence[sp.Expr], random: Random) -> list | None:
    """Values at a random point; None where there is one that is no number."""
    whole = sp.Tuple(*expressions)
    places = {*whole.free_symbols, *(s for e in expressions for s in sites(e))}
    point = {s: sp.Rational(random.randint(3, 90), 47) for s in sorted(places, key=str)}
    found = [e.xreplace(point).replace(sp.DiracDelta, lambda *a: sp.S.Zero).evalf(DIGITS) for e in expressions]
    return [mp.mpmathify(v) for v in found] if all(v.is_Float or v.is_Rational for v in found) else None


def _kernel(gradients: list, count: int) -> list:
    """Vectors that all gradients are orthogonal to, in reduced echelon form, where their entries are simple fractions."""
    scale = max((abs(x) for row in gradients for x in row), default=mp.mpf(0))
    matrix = sp.Matrix(len(gradients), count, [sp.Float(x, DIGITS) for row in gradients for x in row])
    kernel = matrix.nullspace(simplify=False, iszerofunc=lambda x: abs(x) <= float(SMALL * scale))
    flat = [list(map(mp.mpmathify, vector)) for vector in kernel]
    for vector in flat:
        if any(abs(mp.mpf(r.numerator) / r.denominator - x) > SMALL for r, x in zip(_rational(vector), vector, strict=True)):
            return []
    return flat


def _rational(vector: Sequence) -> list[Fraction]:
    return [Fraction(str(mp.nstr(x, 30))).limit_denominator(LARGEST) for x in vector]
