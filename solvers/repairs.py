"""Simple corrections that make a wrong formula right: a factor, a sign, an exponent, a symbol taken for another."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import combinations
from typing import Any

import mpmath
import sympy as sp

from solvers.judges.numeric import GUARD, Evaluator, agreement
from theory.averages import Average
from theory.equations import Theory
from theory.errors import QuenchedError
from theory.modes import ModeArray, ModeValue
from theory.symbols import size
from theory.vocabulary import Vocabulary, rebuilt

DIGITS, AGREED = 25, 18
LARGEST_EXPONENT = 2


Points = Sequence[tuple[Mapping[str, Any], Mapping[Any, Any]]]


def hint(
    theory: Theory, left: Any, right: Any, put: Callable[[Any], Any], points: Sequence[Mapping[str, Any]], vocabulary: Vocabulary
) -> str:
    """The first correction after which both sides agree at every point, in words; empty where none is found.

    ``right`` is as typed, in the names of the theory; ``put`` writes it out in unknowns and parameters, as ``left`` already is.
    """
    plain = put(right)
    solver = Evaluator(theory, [])
    solved = [(values, solver.solution(values, DIGITS + GUARD)) for values in points]
    factor = _factor(theory, left, plain, solved, vocabulary)
    if factor:
        return f"agrees when the right side is multiplied by {factor}"
    for parameter in theory.parameters:
        if not parameter.ndim and not parameter.limit_at_lower and not parameter.lower_open and parameter.lower == 0:
            at_zero = [{**values, parameter.name: 0.0} for values in points]
            if _agree(theory, left, plain, [(values, solver.solution(values, DIGITS + GUARD)) for values in at_zero]):
                return f"agrees where {parameter.name} = 0: what {parameter.name} contributes is missing or wrong"
    for words, corrected in _corrections(theory, right, vocabulary):
        if _agree(theory, left, put(corrected), solved):
            return f"agrees when {words}"
    return ""


def _agree(theory: Theory, left: Any, right: Any, solved: Points) -> bool:
    if right.has(sp.zoo, sp.nan, sp.oo, -sp.oo):
        return False
    sides = Evaluator(theory, [left, right])
    try:
        return all(agreement(a, b) > AGREED for point in solved for a, b in sides.at(*point, DIGITS))
    except (QuenchedError, ArithmeticError, ValueError):
        return False


def _factor(theory: Theory, left: Any, right: Any, solved: Points, vocabulary: Vocabulary) -> str:
    """The monomial that the sides differ by, in parameters, unknowns, definitions and 1 minus definitions, if they do."""
    bases: dict[str, Any] = {p.name: p.symbol for p in theory.parameters if not p.ndim}
    bases |= {u.name: u.symbol for u in theory.unknowns}
    bases |= {f"(1 - {s.name})": 1 - value for s, value in theory.definitions.items()}
    bases |= {s.name: value for s, value in theory.definitions.items()}
    if any(p.ndim for p in theory.parameters):
        bases["M"] = size(vocabulary.dimension)
    evaluator = Evaluator(theory, [left, right, *bases.values()])
    rows: list[tuple[Any, list[Any]]] = []
    try:
        with mpmath.workdps(DIGITS):
            for point in solved:
                rows += [(a / b, factors) for a, b, *factors in evaluator.at(*point, DIGITS) if a and b]
    except (QuenchedError, ArithmeticError, ValueError):
        return ""
    signs = {mpmath.sign(ratio) for ratio, _ in rows}
    if len(signs) != 1:
        return ""
    sign = int(signs.pop())
    with mpmath.workdps(DIGITS):
        return _monomial([(sign * ratio, factors) for ratio, factors in rows[:12]], list(bases), sign)


def _monomial(rows: list[tuple[Any, list[Any]]], names: list[str], sign: int) -> str:
    """Half-integer exponents and a rational constant that give every ratio, those with the fewest factors first."""
    usable = [i for i in range(len(names)) if all(factors[i] > 0 for _, factors in rows)]
    for number in range(min(4, len(rows) - 2)):
        for chosen in combinations(usable, number):
            found = _solved(rows, chosen)
            if found is not None:
                return _words(found, [names[i] for i in chosen], sign)
    return ""


def _solved(rows: list[tuple[Any, list[Any]]], chosen: Sequence[int]) -> tuple[Any, list[Any]] | None:
    count = len(chosen) + 1
    matrix = mpmath.matrix([[1, *(mpmath.log(factors[i]) for i in chosen)] for _, factors in rows[:count]])
    logs = mpmath.matrix([mpmath.log(ratio) for ratio, _ in rows[:count]])
    try:
        solution = mpmath.lu_solve(matrix, logs)
    except (ZeroDivisionError, ValueError):
        return None
    exponents = [mpmath.nint(2 * x) / 2 for x in solution[1:]]
    if any(e == 0 or abs(e) > LARGEST_EXPONENT for e in exponents):
        return None
    value = _rational(mpmath.exp(solution[0]))
    if value is None:
        return None
    for ratio, factors in rows:
        product = mpmath.mpf(value.p) / value.q
        for i, exponent in zip(chosen, exponents, strict=True):
            product *= factors[i] ** exponent
        if abs(ratio / product - 1) > mpmath.mpf(10) ** -AGREED:
            return None
    return value, exponents


def _rational(number: Any) -> sp.Rational | None:
    """The fraction with a small denominator that a number is, if it is one."""
    for below in range(1, 61):
        above = mpmath.nint(number * below)
        if 0 < above <= 100 and abs(number * below - above) < mpmath.mpf(10) ** -10:
            return sp.Rational(int(above), below)
    return None


def _words(found: tuple[Any, list[Any]], names: list[str], sign: int) -> str:
    constant: Any = found[0]
    exponents = found[1]
    above = [_power(n, e) for n, e in zip(names, exponents, strict=True) if e > 0]
    below = [_power(n, -e) for n, e in zip(names, exponents, strict=True) if e < 0]
    if constant != 1 or sign < 0 or not above:
        number = "-" * (sign < 0) + str(constant)
        above.insert(0, number if "/" not in number else f"({number})")
    text = "*".join(above)
    return text + "".join(f"/{factor}" for factor in below)


def _power(name: str, exponent: Any) -> str:
    if exponent == 1:
        return name
    return f"sqrt({name})" if exponent == mpmath.mpf(1) / 2 else f"{name}**{mpmath.nstr(exponent, 3).removesuffix('.0')}"


def _corrections(theory: Theory, right: Any, vocabulary: Vocabulary) -> Iterator[tuple[str, Any]]:
    """Corrected right sides, likeliest first."""
    named = {p.symbol: p.name for p in theory.parameters if not p.ndim} | {u.symbol: u.name for u in theory.unknowns}
    named |= {s: s.name for s in theory.definitions}
    present = [s for s in named if s in right.free_symbols]
    for symbol in named:
        yield f"{named[symbol]} is added to the right side", right + symbol
        yield f"{named[symbol]} is subtracted from the right side", right - symbol
        if symbol in present:
            yield f"{named[symbol]} is left out (set to 0)", right.xreplace({symbol: sp.S.Zero})
    yield from _changed_parts(right)
    for symbol in present:
        for other in named:
            if other != symbol:
                yield f"{named[symbol]} is replaced by {named[other]}", right.xreplace({symbol: other})
                yield f"{named[symbol]} and {named[other]} are exchanged", right.xreplace({symbol: other, other: symbol})
                yield f"{named[symbol]} is multiplied by {named[other]}", right.xreplace({symbol: symbol * other})
                yield f"{named[symbol]} is divided by {named[other]}", right.xreplace({symbol: symbol / other})
    for array in sorted((s for s in right.free_symbols if isinstance(s, ModeArray)), key=str):
        yield f"{array} is squared", _entries(right, array, lambda entry: entry**2)
        yield f"the root of {array} is taken", _entries(right, array, sp.sqrt)
        for other in named:
            yield f"{array} is multiplied by {named[other]}", _entries(right, array, lambda entry, other=other: entry * other)
            yield f"{array} is divided by {named[other]}", _entries(right, array, lambda entry, other=other: entry / other)
    for total in _sums_of_terms(right):
        for term in total.args:
            for symbol, name in named.items():
                yield f"{term} is multiplied by {name}", _swapped(right, total, total + term * (symbol - 1))
                yield f"{term} is divided by {name}", _swapped(right, total, total + term * (1 / symbol - 1))


def _entries(expression: Any, array: ModeArray, change: Any) -> Any:
    return rebuilt(expression, lambda node: change(node) if isinstance(node, ModeValue) and node.array == array else None)


def _changed_parts(right: Any) -> Iterator[tuple[str, Any]]:
    """One term's sign or one exponent changed, one term left out, anywhere outside and inside the sums."""
    powers = sorted({p for p in _inside(right) if isinstance(p, sp.Pow) and p.exp.is_Rational}, key=sp.default_sort_key)
    for power in powers:
        for exponent in (power.exp + 1, power.exp - 1, -power.exp):
            words = f"the exponent of {power.base} is {exponent} in place of {power.exp}"
            yield words, _swapped(right, power, power.base**exponent)
    for total in _sums_of_terms(right):
        for term in total.args:
            yield f"the sign of {term} is changed", _swapped(right, total, total - 2 * term)
            yield f"{term} is left out", _swapped(right, total, total - term)


def _sums_of_terms(right: Any) -> list[Any]:
    return sorted({t for t in _inside(right) if isinstance(t, sp.Add)}, key=sp.default_sort_key)


def _inside(expression: Any) -> Iterator[Any]:
    yield expression
    for argument in expression.args:
        yield from _inside(argument)


def _swapped(expression: Any, old: Any, new: Any) -> Any:
    def leaf(node: Any) -> Any:
        if node == old:
            return new
        if isinstance(node, Average):  # the part was read with the bound variable in place
            return node.func(rebuilt(node.body, leaf), node.bound)
        return None

    return rebuilt(expression, leaf)
