"""Formulas typed as text, read by a grammar of our own: nothing typed is ever executed.

    relation    sum (= | == | < | <= | > | >=) sum
    sum         + - * / ** and unary minus, with the usual precedence; numbers are exact (0.1 is 1/10)
    names       those of a mapping, and pi; ``lambda`` is a name like any other
    functions   abs atan atan2 cos cosh erf exp log max min sin sinh sqrt tan tanh
    S(body)     sum over the modes; an array's name stands for its entry at the index of the innermost sum, a matrix's at those of
                the two innermost ones. In S_k(... S_l(a_k*b_l*O_kl)) the indices are named.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

import sympy as sp

from theory.averages import ModeSum
from theory.errors import ClaimError, did_you_mean
from theory.modes import ModeArray, ModeIndex

TOKEN = re.compile(
    r"(?P<number>(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)|(?P<name>[^\W\d]\w*)|(?P<sign>\*\*|[<>=]=|[-+*/()<>=,])"
)
RELATIONS = {"=": sp.Eq, "==": sp.Eq, "<": sp.Lt, "<=": sp.Le, ">": sp.Gt, ">=": sp.Ge}
FUNCTIONS: dict[str, tuple[int | None, Callable]] = {
    "abs": (1, sp.Abs), "atan": (1, sp.atan), "atan2": (2, sp.atan2), "cos": (1, sp.cos), "cosh": (1, sp.cosh),
    "erf": (1, sp.erf), "exp": (1, sp.exp), "log": (1, sp.log), "max": (None, sp.Max), "min": (None, sp.Min),
    "sin": (1, sp.sin), "sinh": (1, sp.sinh), "sqrt": (1, sp.sqrt), "tan": (1, sp.tan), "tanh": (1, sp.tanh),
}  # fmt: skip
LONGEST, DEEPEST, LARGEST_EXPONENT = 4000, 40, 200


def parse(
    text: str,
    names: Mapping[str, sp.Expr],
    dimension: str = "M",
    free: ModeIndex | tuple[ModeIndex, ...] | None = None,
) -> sp.Basic:
    """The expression or relation that a text states, in the symbols of ``names``.

    A :class:`ModeArray` among the names may stand inside ``S(...)``, and outside where ``free`` indices (called l, or k and l) are
    given. Raises ClaimError, with the column, for everything outside the grammar: unknown names, attributes, other calls, huge
    powers, division by zero.

    >>> from theory.symbols import P, kappa
    >>> parse("kappa = 0.1*P**2", {"P": P, "kappa": kappa})
    Eq(kappa, P**2/10)
    """
    return _Reader(text, names, dimension, free).relation()


class _Reader:
    def __init__(self, text: str, names: Mapping[str, sp.Expr], dimension: str, free: ModeIndex | tuple[ModeIndex, ...] | None):
        if not isinstance(text, str) or not text.strip():
            raise ClaimError(f"formula: {text!r} is no formula; type one, for instance \"kappa = lambda + kappa*S(eta)\"")
        if len(text) > LONGEST:
            raise ClaimError(f"formula: {len(text)} characters; at most {LONGEST} are read")
        self.names, self.dimension = names, dimension
        indices = free if isinstance(free, tuple) else () if free is None else (free,)
        self.open: list[tuple[str, ModeIndex]] = list(zip("kl"[2 - len(indices) :], indices, strict=True))
        self.tokens = list(self._tokens(text))
        self.position = self.depth = 0

    def _tokens(self, text: str):
        position = 0
        while position < len(text):
            if text[position].isspace():
                position += 1
                continue
            match = TOKEN.match(text, position)
            if match is None:
                repair = "; a power is written **" if text[position] == "^" else ""
                raise self._error(text[position], position + 1, repair)
            yield match.lastgroup, match.group(), position + 1
            position = match.end()
        yield "end", "end", len(text) + 1

    def _error(self, what: str, column: int, repair: str = "") -> ClaimError:
        return ClaimError(f"formula: unexpected {what!r} at column {column}{repair}")

    def _next(self) -> tuple[str, str, int]:
        self.position += 1
        return self.tokens[self.position - 1]

    def _take(self, *signs: str) -> str | None:
        kind, text, _ = self.tokens[self.position]
        if kind == "sign" and text in signs:
            self.position += 1
            return text
        return None

    def _expect(self, sign: str) -> None:
        if self._take(sign) is None:
            _, text, column = self.tokens[self.position]
            raise self._error(text, column, f"; {sign!r} belongs there")

    def relation(self) -> sp.Basic:
        left = self.sum()
        sign = self._take(*RELATIONS)
        result = left if sign is None else RELATIONS[sign](left, self.sum(), evaluate=False)
        kind, text, column = self.tokens[self.position]
        if kind != "end":
            raise self._error(text, column)
        return result

    def sum(self) -> sp.Expr:
        total = self.product()
        while sign := self._take("+", "-"):
            term = self.product()
            total = total + term if sign == "+" else total - term
        return total

    def product(self) -> sp.Expr:
        total = self.signed()
        while sign := self._take("*", "/"):
            column = self.tokens[self.position][2]
            factor = self.signed()
            if sign == "/" and factor.is_zero:
                raise ClaimError(f"formula: division by zero at column {column}")
            total = self._finite(total * factor if sign == "*" else total / factor, column)
        return total

    def signed(self) -> sp.Expr:
        """Unary signs, counted and not nested, then a power."""
        sign = 1
        while taken := self._take("+", "-"):
            sign = -sign if taken == "-" else sign
        return sign * self.power()

    def power(self) -> sp.Expr:
        base = self.atom()
        column = self.tokens[self.position][2]
        if self._take("**") is None:
            return base
        self._deeper(column)
        exponent = self.signed()
        self.depth -= 1
        if (exponent.is_number and not _small(exponent, LARGEST_EXPONENT)) or (base.is_number and not _moderate(base)):
            raise ClaimError(f"formula: the power at column {column} is huge; exponents up to {LARGEST_EXPONENT} are read")
        if base.is_zero and not exponent.is_positive:
            raise ClaimError(f"formula: division by zero at column {column}")
        return self._finite(base**exponent, column)

    def atom(self) -> sp.Expr:
        kind, text, column = self._next()
        if kind == "number":
            return _number(text, column)
        if kind == "sign" and text == "(":
            return self._closed(column, self.sum)
        if kind == "name":
            called = self.tokens[self.position][1] == "("
            return self._call(text, column) if called else self._name(text, column)
        raise self._error(text, column, "; an expression belongs there")

    def _closed(self, column: int, inside: Callable[[], sp.Expr]) -> sp.Expr:
        self._deeper(column)
        result = inside()
        self._expect(")")
        self.depth -= 1
        return result

    def _deeper(self, column: int) -> None:
        self.depth += 1
        if self.depth > DEEPEST:
            raise ClaimError(f"formula: nested deeper than {DEEPEST} at column {column}; name a part of it")

    def _call(self, name: str, column: int) -> sp.Expr:
        self._expect("(")
        if name == "S" or re.fullmatch(r"S_[^\W_]+", name):
            index = ModeIndex.dummy(self.dimension)
            self.open.append((name[2:], index))
            body = self._closed(column, self.sum)
            self.open.pop()
            return ModeSum(body, index)
        if name not in FUNCTIONS:
            known = f"; functions: S {' '.join(sorted(FUNCTIONS))}"
            raise self._error(f"{name}(", column, known)
        count, function = FUNCTIONS[name]
        arguments = self._closed(column, self._arguments)
        if len(arguments) != count and (count is not None or len(arguments) < 2):
            raise ClaimError(f"formula: {name} at column {column} has {len(arguments)} arguments; give {count or '2 or more'}")
        if any(argument.is_number and not _moderate(argument) for argument in arguments):
            raise ClaimError(f"formula: the argument of {name} at column {column} is huge; use numbers below 1e4")
        return self._finite(function(*arguments), column)

    def _arguments(self) -> list[sp.Expr]:
        found = [self.sum()]
        while self._take(","):
            found.append(self.sum())
        return found

    def _name(self, name: str, column: int) -> sp.Expr:
        array, _, letter = name.rpartition("_")
        value = self.names.get(name)
        if value is None and isinstance(self.names.get(array), ModeArray):
            known = {name: index for name, index in self.open if name}
            rank = self.names[array].rank
            letters = (letter,) if rank == 1 else tuple(letter)
            if len(letters) == rank and all(name in known for name in letters):
                return self.names[array][tuple(known[name] for name in letters)]
        if value is None and name == "pi":
            return sp.pi
        if value is None:
            raise ClaimError(f"formula: unexpected {name!r} at column {column}; {did_you_mean(name, [*self.names, 'pi'])}")
        if not isinstance(value, ModeArray):
            return sp.sympify(value)
        if not self.open:
            raise ClaimError(f"formula: {name!r} at column {column} has one value per mode; sum over the modes with S({name})")
        if len(self.open) < value.rank:
            raise ClaimError(f"formula: {name!r} at column {column} has two mode indices; write {name}_kl inside S_k(S_l(...))")
        return value[tuple(index for _, index in self.open[-value.rank :])]

    def _finite(self, value: sp.Expr, column: int) -> sp.Expr:
        if value.has(sp.zoo, sp.nan, sp.oo, -sp.oo):
            raise ClaimError(f"formula: the value at column {column} is not finite; stay inside the domain of the function")
        return value


def _number(text: str, column: int) -> sp.Rational:
    mantissa, _, exponent = text.lower().partition("e")
    if len(mantissa) > 100 or abs(int(exponent or 0)) > 300:
        raise ClaimError(f"formula: the number at column {column} is out of range; use up to 100 digits and 1e300")
    return sp.Rational(text)


def _small(number: sp.Expr, bound: int) -> bool:
    """Whether a constant is below the bound, with a short numerator and denominator where it is rational."""
    if isinstance(number, sp.Rational):
        return abs(number.p) <= bound * number.q and number.q < 10**6
    return bool(abs(sp.N(number, 5)) <= bound)


def _moderate(number: sp.Expr) -> bool:
    """Whether functions and powers of a constant are safe to evaluate."""
    if isinstance(number, sp.Rational):
        return max(number.p.bit_length(), number.q.bit_length()) < 2000 and abs(number) < 10**4
    value = sp.N(number, 5)
    return bool(value.is_comparable) and bool(abs(value) < 10**4)
