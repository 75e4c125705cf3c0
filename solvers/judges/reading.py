"""A claim in the model's symbols: its statement, and the theory at the place where the claim holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from typing import Any

import sympy as sp

from theory.averages import ModeSum
from theory.declaration import Parameter
from theory.equations import Theory, Unknown
from theory.errors import ClaimError
from theory.modes import ModeArray, ModeValue
from theory.papers.claims import Claim, Limit
from theory.papers.publication import Paper
from theory.symbols import size
from theory.vocabulary import Vocabulary, differentiated, rebuilt, replaced


class Reading:
    """Translates the paper's symbols.

    ``theory`` is the model's theory with everything that the claim fixes put in; what it fixes is no parameter any more, and the
    number of modes and the auxiliary symbols are parameters where they occur. Raises ClaimError for a symbol that is not mapped.
    """

    def __init__(self, paper: Paper, claim: Claim, theory: Theory):
        self.claim, self.vocabulary = claim, Vocabulary(theory)
        free = self.vocabulary.free
        small = (claim.small,) if isinstance(claim, Limit) else ()
        texts = {**paper.symbols, **claim.symbols}
        self.auxiliary = {s.name: s for s in (*claim.at, *small) if s not in texts}
        self.count = size(self.vocabulary.dimension)
        more = self.auxiliary | {self.count.name: self.count}
        self._scalars: dict[sp.Basic, Any] = {}
        self._arrays: dict[ModeArray, Any] = {}
        for symbol, text in texts.items():
            target = self._arrays if isinstance(symbol, ModeArray) else self._scalars
            target[symbol] = self.vocabulary.parse(text, more, isinstance(symbol, ModeArray))
        fixed = {name: self.vocabulary.parse(text, more, True) for name, text in claim.given.items()}
        after = {self._translated(s): self._translated(sp.sympify(value)) for s, value in claim.at.items()}
        parameters = self.vocabulary.parameters
        unknown_names = [name for name in fixed if name not in parameters]
        if unknown_names:
            raise ClaimError(f"claim {claim.name!r}: no parameter {unknown_names[0]!r} of {theory.name} can be given")
        self._fixed = {parameters[name]: value for name, value in fixed.items() if not isinstance(parameters[name], ModeArray)}
        self._entries = {parameters[name]: value for name, value in fixed.items() if isinstance(parameters[name], ModeArray)}
        self._after = after
        self._levels = [self._level(count, values, more) for count, values in getattr(claim, "levels", ())]
        self.free = free
        self._base = theory

    def _level(self, count: str, values: Mapping[str, str], more: Mapping[str, sp.Expr]) -> tuple[Any, dict[ModeArray, Any]]:
        entries = {self.vocabulary.parameters[name]: self.vocabulary.parse(text, more) for name, text in values.items()}
        return self.vocabulary.parse(count, more), entries

    def _translated(self, expression: sp.Basic) -> Any:
        return replaced(expression, self._scalars, self._arrays, self.vocabulary.free)

    def _specialised(self, expression: Any) -> Any:
        """What the claim fixes, put in; sums over modes become sums over levels where it has levels."""
        expression = replaced(expression, self._fixed, self._entries, self.free)
        if not self._levels:
            return expression

        def leaf(node: sp.Basic) -> Any:
            if node == self.count:
                return sp.Add(*[count for count, _ in self._levels])
            if isinstance(node, ModeSum):
                body, fresh = node.opened()
                body = rebuilt(body, leaf)
                return sp.Add(*[count * replaced(body, {}, entries, fresh) for count, entries in self._levels])
            return None

        return rebuilt(expression, leaf)

    @cached_property
    def _structure(self) -> Theory:
        """The theory with the given parameters put in, before auxiliary symbols take their values."""
        th, put = self._base, self._specialised
        gone = {*self._fixed, *self._entries, *(a for _, entries in self._levels for a in entries)}
        gone -= set().union(*(value.free_symbols for value in (*self._fixed.values(), *self._entries.values())))
        return replace(
            th,
            unknowns=tuple(Unknown(u.symbol, u.meaning, put(sp.sympify(u.lower)), put(sp.sympify(u.upper))) for u in th.unknowns),
            equations=tuple(put(equation) for equation in th.equations),
            residuals=tuple(tuple(put(term) for term in terms) for terms in th.residuals),
            definitions={s: put(value) for s, value in th.definitions.items()},
            observables={},
            stable={},
            parameters=tuple(p for p in th.parameters if p.symbol not in gone),
        )

    @cached_property
    def theory(self) -> Theory:
        """The theory at the place of the claim."""
        th, at = self._structure, self._after
        equations = tuple(equation.xreplace(at) for equation in th.equations)
        unknowns = tuple(Unknown(u.symbol, u.meaning, u.lower.xreplace(at), u.upper.xreplace(at)) for u in th.unknowns)
        counted = self._levels or any(p.ndim for p in th.parameters)
        return replace(
            th,
            unknowns=unknowns,
            equations=equations,
            residuals=tuple(tuple(term.xreplace(at) for term in terms) for terms in th.residuals),
            definitions={s: value.xreplace(at) for s, value in th.definitions.items()},
            parameters=(
                *(p for p in th.parameters if p.symbol not in at),
                *(Parameter(s.name, s, "auxiliary", lower=0, lower_open=True) for s in self.auxiliary.values() if s not in at),
                *(() if counted else (Parameter(self.count.name, self.count, "number of modes", lower=1, integer=True),)),
            ),
        )

    def read(self, expression: sp.Basic) -> Any:
        """The expression in the model's unknowns and free parameters; derivatives are carried out."""
        expression = self._specialised(self.vocabulary.unfolded(self._translated(expression)))
        return differentiated(expression, self._structure).xreplace(self._after)

    @property
    def full_theory(self) -> Theory:
        """The model's theory as it was derived."""
        return self._base

    def name_of(self, symbol: sp.Basic) -> str:
        """Public name of the model's quantity that a symbol of the paper stands for; ClaimError where it is not one."""
        quantity = self._translated(symbol)
        public = {s: name for name, s in (*self.vocabulary.observables.items(), *self.vocabulary.parameters.items())}
        public |= {s: s.name for s in self._base.definitions} | {u.symbol: u.name for u in self._base.unknowns}
        key = quantity.array if isinstance(quantity, ModeValue) else quantity
        if key not in public:
            raise ClaimError(f"claim {self.claim.name!r}: {symbol} is no quantity of {self._base.name} by itself")
        return public[key]

    @cached_property
    def statement(self) -> Any:
        """The claim's relation, read."""
        return self.read(self.claim.statement)

    @cached_property
    def condition(self) -> Any:
        """The condition under which the claim holds, read."""
        return self.read(self.claim.condition)
