"""A derivation: named, explained, timed steps that hold live SymPy objects, and in which a user can intervene.

Each step is a function of the state left by the steps before it. Replacing what a step produced, or the step itself, reruns all
that follows, so that a user's own ansatz goes on to its own saddle point.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import sympy as sp

from theory.errors import DerivationError, did_you_mean
from theory.labels import label


@dataclass(frozen=True)
class Step:
    """One step: what it is called, why it is taken, and the function that takes it (state -> what is new in the state)."""

    name: str
    why: str
    take: Callable[[Mapping[str, Any]], Mapping[str, Any]]


@dataclass
class Result:
    """What a step produced: ``values`` by name, the names that a reader is shown, and its time in seconds."""

    name: str
    why: str
    values: dict[str, Any]
    seconds: float
    replaced: bool = False

    def __getitem__(self, key: str) -> Any:
        if key not in self.values:
            raise DerivationError(f"step {self.name!r}: nothing called {key!r}; {did_you_mean(key, self.values)}")
        return self.values[key]

    def shown(self) -> dict[str, Any]:
        """The values that print as mathematics: expressions, lists and mappings of them."""
        return {k: v for k, v in self.values.items() if _is_mathematics(v)}

    def latex(self) -> list[str]:
        """Display lines, one per equation."""
        return [line for name, value in self.shown().items() for line in _lines(name, value)]

    def _repr_markdown_(self) -> str:
        return "\n\n".join([f"**{self.name}**  {self.why}", *(f"$$ {line} $$" for line in self.latex())])

    def __str__(self) -> str:
        return "\n".join([f"{self.name}: {self.why}", *(t for n, v in self.shown().items() for t in _texts(n, v))])


@dataclass
class Derivation:
    """The steps of one derivation and their results; ``d["saddle point"]`` is a result, ``d.theory`` the end."""

    title: str
    steps: list[Step]
    results: list[Result] = field(default_factory=list)
    start: dict[str, Any] = field(default_factory=dict)

    def run(self, start: Mapping[str, Any] | None = None) -> Derivation:
        """Take every step from the state ``start``; returns self."""
        self.results, self.start = [], dict(start or {})
        self._continue(dict(self.start), 0, {})
        return self

    def _continue(self, state: dict[str, Any], first: int, given: Mapping[int, Mapping[str, Any]]) -> None:
        for position in range(first, len(self.steps)):
            step, begin = self.steps[position], time.perf_counter()
            new = dict(step.take(state))
            new.update(given.get(position, {}))
            seconds = time.perf_counter() - begin
            state.update(new)
            self.results.append(Result(step.name, step.why, new, seconds, position in given))

    def state(self, before: str | None = None) -> dict[str, Any]:
        """All values, up to and without the step called ``before``."""
        merged: dict[str, Any] = dict(self.start)
        for result in self.results:
            if result.name == before:
                break
            merged.update(result.values)
        return merged

    def __getitem__(self, name: str) -> Result:
        return self.results[self._position(name)]

    def _position(self, name: str) -> int:
        names = [step.name for step in self.steps]
        if name not in names:
            raise DerivationError(f"derivation {self.title!r}: no step {name!r}; {did_you_mean(name, names)}")
        return names.index(name)

    def replace(self, name: str, **values: Any) -> Derivation:
        """A new derivation in which the step's named values are the given ones; every later step is taken again.

        Raises DerivationError where the step produces nothing of that name.
        """
        position = self._position(name)
        for key in values:
            self.results[position][key]
        new = Derivation(self.title, list(self.steps), self.results[:position], self.start)
        new._continue(new.state(), position, {position: values})
        return new

    def replace_step(self, name: str, take: Callable[[Mapping[str, Any]], Mapping[str, Any]], why: str = "") -> Derivation:
        """A new derivation with another function in the place of a step."""
        position = self._position(name)
        steps = list(self.steps)
        steps[position] = Step(name, why or "replaced by the user", take)
        new = Derivation(self.title, steps, self.results[:position], self.start)
        new._continue(new.state(), position, {position: {}})
        return new

    def substitute(self, name: str, rule: Mapping[Any, Any]) -> Derivation:
        """A new derivation in which a substitution is made in everything that the step produced."""
        values = self[name].shown()
        return self.replace(name, **{key: _substituted(value, rule) for key, value in values.items()})

    @property
    def theory(self) -> Any:
        """The theory at the end of the derivation."""
        return self.state()["theory"]

    @property
    def seconds(self) -> float:
        """Time of all steps."""
        return sum(result.seconds for result in self.results)

    def latex(self) -> str:
        """The whole derivation as a LaTeX text."""
        parts = [rf"\section*{{{self.title}}}"]
        for number, result in enumerate(self.results, 1):
            parts.append(rf"\paragraph{{{number}. {result.name}}} {result.why}")
            parts += [rf"\begin{{equation*}} {line} \end{{equation*}}" for line in result.latex()]
        return "\n".join(parts)

    def _repr_markdown_(self) -> str:
        parts = [f"### {self.title}"]
        for number, result in enumerate(self.results, 1):
            note = " *(replaced)*" if result.replaced else ""
            parts.append(f"**{number}. {result.name}**{note}  {result.why}")
            parts += [f"$$ {line} $$" for line in result.latex()]
        return "\n\n".join(parts)

    def __str__(self) -> str:
        parts = [self.title]
        for number, result in enumerate(self.results, 1):
            parts.append(f"{number}. {result.name} ({result.seconds:.3f} s): {result.why}")
            for name, value in result.shown().items():
                parts += [f"     {line}" for line in _texts(name, value)]
        return "\n".join(parts)


def _is_mathematics(value: Any) -> bool:
    if isinstance(value, Mapping):
        return all(_is_mathematics(v) for v in value.values())
    if isinstance(value, list):
        return all(_is_mathematics(v) for v in value)
    return isinstance(value, sp.Basic)


def _substituted(value: Any, rule: Mapping[Any, Any]) -> Any:
    if isinstance(value, Mapping):
        return {k: _substituted(v, rule) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(_substituted(v, rule) for v in value)
    return value.xreplace(dict(rule))


def _lines(name: str, value: Any) -> Iterable[str]:
    if isinstance(value, Mapping):
        for key, entry in value.items():
            left = sp.latex(key) if isinstance(key, sp.Basic) else label(str(key))
            yield from (f"{left} = {line}" for line in _lines(name, entry))
    elif isinstance(value, (list, tuple)):
        for entry in value:
            yield from _lines(name, entry)
    else:
        yield sp.latex(value) + ("" if isinstance(value, sp.core.relational.Relational) or name != "equations" else " = 0")


def _texts(name: str, value: Any) -> Iterable[str]:
    if isinstance(value, Mapping):
        for key, entry in value.items():
            yield from (f"{key} = {line}" for line in _texts(name, entry))
    elif isinstance(value, (list, tuple)):
        for entry in value:
            yield from _texts(name, entry)
    else:
        yield f"{value}"
