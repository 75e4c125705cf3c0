"""What every law has in common: leaves, states, parameters, observables, replication and a signature."""

from __future__ import annotations

from collections.abc import Iterable
from copy import copy
from typing import Any

import sympy as sp

from theory.declaration.checks import refuse
from theory.declaration.dimensions import Dim, Spectrum
from theory.declaration.keys import canonical, digest
from theory.declaration.observables import checked
from theory.declaration.parameters import GIVEN, Parameter, inferred, placed
from theory.declaration.sites import Leaf
from theory.declaration.walks import leaves, symbols
from theory.errors import DeclarationError, did_you_mean

_theories: dict[tuple, object] = {}


class Model:
    """Dimensions, disorder, state, law and observables, and nothing derived. Treat it as immutable.

    A law is a subclass: it passes its ``states`` and the ``body`` (every part of the law in which symbols and leaves may stand).

    * ``leaves``: everything given, drawn or solved for; ``states``: those that the law acts on; ``dimensions``.
    * ``observe``: observables by name; ``parameters``: what a solver must be given, named ones first.
    * ``factor``: the replication of the finite model, see :meth:`replicate`.
    """

    law = "Model"
    factor = 1

    def __init__(self, states: Iterable[Leaf], body: Iterable, observe, parameters, name: str | None, reference) -> None:
        self.name = type(self).__name__ if name is None else name
        if not isinstance(self.name, str) or not self.name.strip():
            refuse("model name", repr(name), "pass a text that is not empty")
        references = () if reference is None else (reference,) if isinstance(reference, str) else reference
        if not isinstance(references, (tuple, list)) or not all(isinstance(r, str) for r in references):
            refuse(f"reference of {self.name}", repr(reference), "pass identifiers of papers as text")
        self.references, self.states, self._body = tuple(references), tuple(states), tuple(body)
        dims = tuple(s for s in symbols(self._body) if isinstance(s, Dim))
        self.observe = checked({} if observe is None else observe, self.states, dims)
        parts = (*self._body, *(value for value in self.observe.values()))
        self.leaves, self._symbols = leaves(parts), symbols(parts)
        self._one_meaning_per_name()
        self.dimensions = tuple(s for s in self._symbols if isinstance(s, Dim))
        loose = [leaf for leaf in self.leaves if leaf.kind == "state" and leaf not in (*self.states, *self.copies)]
        if loose:
            refuse("state without a law", loose[0], "add it to over=")
        self.parameters = self._named(parameters)

    def _one_meaning_per_name(self) -> None:
        seen: dict[str, object] = {}
        homes: dict[Spectrum, Dim] = {}
        for part in (*self._symbols, *self.leaves):
            if isinstance(part, sp.Dummy):
                refuse("dummy symbol", part, "use Symbol, a dummy differs from process to process")
            if part.name in seen and canonical(seen[part.name]) != canonical(part):
                both = " and ".join(sorted((_told(seen[part.name]), _told(part))))
                refuse("two declarations of one name", f"{part.name}: {both}", "the same name is the same object, rename one")
            seen[part.name] = part
            for spectrum in part.spectra if isinstance(part, Dim) else ():
                if homes.setdefault(spectrum, part) != part:
                    both = f"{spectrum} on {homes[spectrum]} and {part}"
                    refuse("spectrum of two dimensions", both, "give each its own Spectrum")

    def _named(self, given) -> tuple[Parameter, ...]:
        named = list(given) if isinstance(given, (tuple, list)) else [given]
        for p in named:
            if not isinstance(p, Parameter):
                refuse(f"parameter of {self.name}", repr(p), "pass Parameter(name, symbol, ...)")
        wanted = self._wanted()
        for p in named:
            if isinstance(p.symbol, Dim) and p.symbol in self.dimensions and p.symbol not in wanted:
                why = f"it follows from the values of {p.symbol.spectra[0]}" if p.symbol.spectra else "a finite size is not swept"
                refuse(f"parameter {p.name}", f"the size {p.symbol}", why)
            if p.symbol not in wanted:
                hint = did_you_mean(p.symbol.name, map(str, wanted))
                refuse(f"parameter {p.name}", f"symbol {p.symbol} does not stand in the declaration", hint)
        taken = {p.symbol for p in named}
        if len(taken) < len(named):
            refuse(f"parameters of {self.name}", "one symbol given twice", "name each symbol once")
        found = [placed(p, self.dimensions) for p in named]
        found += [inferred(s, self.dimensions) for s in wanted if s not in taken]
        names = [p.name for p in found] + list(self.observe)
        double = next((n for n in names if names.count(n) > 1), None)
        if double:
            refuse(f"parameters of {self.name}", f"two parameters or observables named {double!r}", "rename one")
        return tuple(found)

    def _wanted(self) -> list[sp.Symbol]:
        """Symbols that need a value: sizes that no data fixes, scalars, per-mode data, given values; each group by name."""
        groups: tuple[list, ...] = ([], [], [])
        for s in self._symbols:
            if isinstance(s, Dim):
                if not s.spectra and not s.finite:
                    groups[0].append(s)
            else:
                groups[2 if isinstance(s, Spectrum) else 1].append(s)
        return [*groups[0], *groups[1], *groups[2], *(leaf.symbol for leaf in self.leaves if leaf.kind in GIVEN)]

    @property
    def copies(self) -> tuple[Leaf, ...]:
        """Copies of its states for other draws, which observables may hold; only a law that finds states has them."""
        return ()

    def parameter(self, name: str) -> Parameter:
        """The parameter of that public name; DeclarationError with the nearest name otherwise."""
        for p in self.parameters:
            if p.name == name:
                return p
        raise DeclarationError(f"no parameter {name!r} of {self.name}; {did_you_mean(name, [p.name for p in self.parameters])}")

    def replicate(self, r: int) -> Model:
        """A copy whose finite model is r times larger: every mode r-fold with its data divided by r, every size times r.

        The theory is the same, and so is the ``signature``; a simulation's bias must fall as r grows. Factors compose.
        """
        if isinstance(r, bool) or not isinstance(r, int) or r < 1:
            refuse(f"replication of {self.name}", repr(r), "pass a positive integer")
        new = copy(self)
        new.factor = self.factor * r
        return new

    def _options(self) -> tuple:
        """What distinguishes the law besides its body."""
        return ()

    @property
    def signature(self) -> str:
        """SHA-256 of the declaration's canonical text: mathematics, options, observables and parameters, as hex.

        Equal in every process and for every order of declaration. Name, reference and ``factor`` are not part of it.
        """
        observed = [f"{name}={canonical(value)}" for name, value in sorted(self.observe.items())]
        return digest(self.law, *self._body, *map(str, self._options()), *observed, *sorted(p.key for p in self.parameters))

    def __eq__(self, other) -> bool:
        return isinstance(other, Model) and self._identity() == other._identity()

    def __hash__(self) -> int:
        return hash(self._identity())

    def _identity(self) -> tuple:
        return type(self).__name__, self.signature, self.name, self.references, self.factor

    def __repr__(self) -> str:
        times = f", replicated {self.factor} times" if self.factor != 1 else ""
        return f"<{self.law} {self.name}: {', '.join(p.name for p in self.parameters)}{times}>"

    def derive(self) -> Any:
        """The derivation of the model's mean-field theory, every step of it."""
        raise DeclarationError(f"law {self.law} of {self.name}: no engine derives it; declare an Energy")

    def theory(self):
        """The closed theory that :meth:`derive` ends in; derived once for equal declarations."""
        key = (self.signature, self.name, self.references)
        if key not in _theories:
            _theories[key] = self.derive().theory
        return _theories[key]

    def describe(self) -> str:
        """The declaration as Markdown with LaTeX: dimensions, disorder, state, law, observables, parameters."""
        from theory.declaration.description import markdown

        return markdown(self)

    _repr_markdown_ = describe


def _told(part) -> str:
    if isinstance(part, Dim):
        return part.declaration
    if isinstance(part, Leaf):
        law = ", ".join(f"{k}={v}" for k, v in part.how.items())
        return f"{part.kind} over {' x '.join(map(str, part.dims))}{f' ({law})' if law else ''}"
    if isinstance(part, Spectrum):
        return f"spectrum (scaling {part.scaling})"
    assumed = ", ".join(k for k, v in sorted(part._assumptions_orig.items()) if v)
    return f"symbol{f' ({assumed})' if assumed else ''}"
