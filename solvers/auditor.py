"""`audit`: is a formula that somebody typed correct? Judged on the derived solution to 30 digits at random points."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

import mpmath
import sympy as sp

from solvers.judges.numeric import Evaluator, agreement
from solvers.judges.samples import described, random_points
from solvers.repairs import hint
from theory.equations import Theory
from theory.errors import ClaimError, QuenchedError, did_you_mean
from theory.modes import ModeArray
from theory.saddle import solve_linear
from theory.symbols import size
from theory.vocabulary import Vocabulary, replaced

DIGITS, AGREED = 30, 25
POINTS = 20
SIMPLE = (1.0, 2.0, 0.5, 3.0)
"""Values from which the first candidates for a counterexample are made."""


@dataclass(frozen=True)
class Verdict:
    """``verdict`` is "correct", "wrong" or "undecided"; ``digits`` the digits of agreement at the worst point, None if undecided.

    ``counterexample`` is a point with both values; ``hint`` says which simple correction repairs the formula, or why it is
    undecided.
    """

    verdict: str
    digits: float | None
    counterexample: dict[str, Any] | None = None
    hint: str = ""

    def to_json(self) -> dict[str, Any]:
        return {"verdict": self.verdict, "digits": self.digits, "counterexample": self.counterexample, "hint": self.hint}

    def __str__(self) -> str:
        parts = [self.verdict]
        if self.digits is not None:
            parts[0] += f" ({self.digits:.0f} digits)"
        if self.counterexample:
            point = {k: v for k, v in self.counterexample.items() if k not in ("left", "right", "mode")}
            where = f", mode {self.counterexample['mode']}" if "mode" in self.counterexample else ""
            sides = f"left {self.counterexample['left']:.6g}, right {self.counterexample['right']:.6g}"
            parts.append(f"at {described(point)}{where}: {sides}")
        return "\n  ".join([*parts, *([self.hint] if self.hint else [])])

    __repr__ = __str__


def audit(theory: Theory, formula: str, /, *, convention: str | Sequence[str] = (), **where: Any) -> Verdict:
    """Judge ``"left = right"`` against a derived theory.

    Names are those of the theory: parameters (by public name or symbol: ``eigenvalues`` or ``eta``), order parameters and
    observables; ``S(...)`` sums over modes. A keyword named like a parameter fixes it (``noise=0``, ``eigenvalues="1/M"``, a list
    for an array); any other keyword defines a name of the formula (``gamma="P*S(eta**2/(P*eta + kappa)**2)"``), over that of the
    theory.
    ``convention="ridge = P*lambda"`` says that the model's ridge equals P times what the formula calls lambda.

    Raises ClaimError for text that cannot be read.
    """
    reading = _Reading(theory, formula, [convention] if isinstance(convention, str) else list(convention), where)
    points = _Points(reading)
    if not points.usable:
        return Verdict("undecided", None, hint=points.reason or "the formula could be evaluated at no point")
    if points.worst >= AGREED:
        notes = []
        if points.refused:
            notes.append(f"not defined at {points.refused} of {points.tried} points, for instance {points.reason}")
        return Verdict("correct", round(min(points.worst, float(DIGITS)), 1), hint="; ".join(notes))
    example = _simplest(reading, points)
    repair = hint(reading.theory, reading.left, reading.typed, reading.put, points.usable[:8], reading.vocabulary)
    return Verdict("wrong", round(max(points.worst, 0.0), 1), example, repair)


class _Reading:
    """Both sides in unknowns and free parameters, and the theory with the given parameters put in."""

    def __init__(self, theory: Theory, formula: str, conventions: list[str], where: Mapping[str, Any]):
        self.vocabulary = vocabulary = Vocabulary(theory)
        names = dict(vocabulary.names) | {vocabulary.dimension: size(vocabulary.dimension)}
        where = {n: v.tolist() if hasattr(v, "tolist") else v for n, v in where.items()}
        self.lists = {n: list(v) for n, v in where.items() if n in vocabulary.parameters and isinstance(v, (list, tuple))}
        fixed = {n: v for n, v in where.items() if n in vocabulary.parameters and n not in self.lists}
        for text in conventions:
            symbol, value = _paper_symbol(vocabulary, names, text)
            names |= {name: value for name in symbol}
        defined = {n: v for n, v in where.items() if n not in vocabulary.parameters}
        names |= {name: sp.Symbol(name, real=True) for name in defined if name not in names}
        given = {name: self._inside(name, self._parsed(value, names, name)) for name, value in fixed.items()}
        for name, entries in self.lists.items():
            for entry in entries:
                self._inside(name, self._parsed(entry, {}, name))
        per_mode = _mentions(formula, [n for n, v in names.items() if isinstance(v, ModeArray) and n in vocabulary.observables])
        meanings = self._defined(defined, names)
        relation = vocabulary.parse(formula, names | meanings, per_mode)
        if not isinstance(relation, sp.Equality):
            raise ClaimError(f"formula: {formula!r} is not of the form left = right; write for instance \"E_g = ...\"")
        scalars = {vocabulary.parameters[n]: v for n, v in given.items() if not isinstance(vocabulary.parameters[n], ModeArray)}
        arrays = {vocabulary.parameters[n]: v for n, v in given.items() if isinstance(vocabulary.parameters[n], ModeArray)}

        def put(expression: Any) -> Any:
            return replaced(vocabulary.unfolded(expression), scalars, arrays, vocabulary.free)

        self.put, self.typed = put, relation.rhs
        self.left, self.right = put(relation.lhs), put(relation.rhs)
        self.theory = specialised(theory, put, {*scalars, *arrays})

    def _parsed(self, value: Any, names: Mapping[str, Any], name: str) -> Any:
        text = value if isinstance(value, str) else repr(value)
        try:
            return self.vocabulary.parse(text, names, per_mode=isinstance(self.vocabulary.parameters.get(name), ModeArray))
        except ClaimError as error:
            raise ClaimError(f"{name}: {str(error).removeprefix('formula: ')}") from None

    def _inside(self, name: str, value: Any) -> Any:
        """The value of a parameter, refused where it is a number outside the domain."""
        parameter = self.vocabulary.theory.parameter(name)
        if value.is_number and not parameter.contains(float(value)):
            raise ClaimError(f"{name}: {float(value):g} is outside {parameter.domain}; give a value inside")
        return value

    def _defined(self, defined: Mapping[str, Any], names: Mapping[str, Any]) -> dict[str, Any]:
        """Definitions, which may use each other in any order but not themselves."""
        meanings: dict[str, Any] = {}
        waiting = dict(defined)
        while waiting:
            ready = [n for n, v in waiting.items() if not _mentions(str(v), [m for m in waiting if m != n])]
            if not ready:
                first, *others = waiting
                raise ClaimError(f"{first}: defined in a circle with {', '.join(others)}; define one without the other")
            for name in ready:
                known = {n: v for n, v in names.items() if n != name or n in self.vocabulary.names} | meanings
                meanings[name] = self._parsed(waiting.pop(name), known, name)
        return meanings


def specialised(theory: Theory, put: Any, gone: set[Any]) -> Theory:
    """The theory with parameters put in; the number of modes is a parameter where no array is left to count them."""
    from theory.declaration import Parameter

    kept = tuple(p for p in theory.parameters if p.symbol not in gone)
    if not any(p.ndim for p in kept):
        dimension = next((p.dimension for p in theory.parameters if p.ndim), None)
        if dimension is not None:
            kept += (Parameter(dimension, size(dimension), "number of modes", lower=1, integer=True),)
    return replace(
        theory,
        unknowns=tuple(replace(u, lower=put(sp.sympify(u.lower)), upper=put(sp.sympify(u.upper))) for u in theory.unknowns),
        equations=tuple(put(e) for e in theory.equations),
        residuals=tuple(tuple(put(term) for term in terms) for terms in theory.residuals),
        definitions={s: put(value) for s, value in theory.definitions.items()},
        observables={},
        stable={},
        parameters=kept,
        derivation=None,
    )


def _mentions(text: str, names: Sequence[str]) -> bool:
    return bool(set(re.findall(r"[^\W\d]\w*", text)) & set(names))


def _paper_symbol(vocabulary: Vocabulary, names: Mapping[str, Any], text: str) -> tuple[set[str], Any]:
    """Names that the paper gives to a quantity, and that quantity in the model's symbols, from ``model's name = formula``."""
    left, equals, right = (part.strip() for part in text.partition("="))
    if not equals or left not in names:
        raise ClaimError(f"convention: {text!r} does not start with a name of the theory; {did_you_mean(left, names)}")
    quantity = names[left]
    aliases = {name for name, value in names.items() if value == quantity}
    found = [n for n in re.findall(r"[^\W\d]\w*", right) if n in aliases or n not in names]
    if len(set(found)) != 1:
        raise ClaimError(f"convention: {text!r} names {len(set(found))} symbols of the paper; name one, as in ridge = P*lambda")
    theirs = sp.Symbol("theirs", positive=True)
    per_mode = isinstance(quantity, ModeArray)
    value = vocabulary.parse(right, {**names, found[0]: theirs}, per_mode)
    solved = solve_linear(value - (quantity[vocabulary.free] if per_mode else quantity), theirs)
    if solved is None:
        raise ClaimError(f"convention: {text!r} cannot be solved for {found[0]}; use a form linear in it")
    if per_mode:
        raise ClaimError(f"convention: {left} has one value per mode; put the factor into the formula")
    return {found[0]}, solved


class _Points:
    """Both sides at random points: usable points, the worst agreement, and why others were refused."""

    def __init__(self, reading: _Reading):
        self.sides = Evaluator(reading.theory, [reading.left, reading.right])
        self.usable: list[dict[str, Any]] = []
        self.worst, self.refused, self.reason, self.tried = float("inf"), 0, "", 0
        for values in islice(self.points(reading), POINTS):
            self.tried += 1
            try:
                digits = min(agreement(left, right) for left, right in self.sides(values, DIGITS))
            except (QuenchedError, ArithmeticError, ValueError) as error:
                self.refused += 1
                self.reason = self.reason or f"{described(values)}: {' '.join(str(error).split()) or type(error).__name__}"
                continue
            self.usable.append(values)
            self.worst = min(self.worst, digits)

    @staticmethod
    def points(reading: _Reading) -> Iterator[dict[str, Any]]:
        lengths = {len(v) for v in reading.lists.values()}
        for values in random_points(reading.theory, modes=tuple(lengths) or (1, 2, 3, 5, 8)):
            yield {**values, **reading.lists}


def _simplest(reading: _Reading, points: _Points) -> dict[str, Any]:
    """The first of a list of plain points at which the sides differ visibly, else a random one."""
    for values in [*_plain(reading), *points.usable]:
        try:
            for mode, (left, right) in enumerate(points.sides(values, DIGITS)):
                if agreement(left, right) < 3:
                    example = {**values, "left": float(left), "right": float(right)}
                    return {**example, "mode": mode + 1} if points.sides.free else example
        except (QuenchedError, ArithmeticError, ValueError):
            continue
    values = min(points.usable, key=lambda v: min(agreement(a, b) for a, b in points.sides(v, DIGITS)))
    left, right = min(points.sides(values, DIGITS), key=lambda pair: agreement(*pair))
    return {**values, "left": float(mpmath.mpf(left)), "right": float(mpmath.mpf(right))}


def _plain(reading: _Reading) -> Iterator[dict[str, Any]]:
    """Points made of small round numbers, with one mode and then two."""
    for count in (1, 2):
        for shift in range(len(SIMPLE)):
            values: dict[str, Any] = {}
            for place, p in enumerate(reading.theory.parameters):
                number = SIMPLE[(shift + place) % len(SIMPLE)] if shift else 1.0
                inside = number if p.contains(number) else p.lower if p.lower is not None else p.upper
                values[p.name] = [inside, *[inside / 2] * (count - 1)] if p.ndim else inside
                if p.symbol == size(reading.vocabulary.dimension):
                    values[p.name] = count
            yield {**values, **reading.lists}
