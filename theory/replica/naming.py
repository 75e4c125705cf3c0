"""The order parameters of the forms of a model: what they are called, and which replicas of them fluctuate together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sympy as sp

from theory.replica.ansatz import mixed, overlaps
from theory.replica.forms import Entry
from theory.replica.joint import Model, Samples
from theory.replica.sample_law import separate
from theory.replica.verdicts import free_name, taken_by

State = Mapping[str, Any]


def named(state: State, energy) -> dict[str, Any]:
    """Order parameters of every form, and multipliers of spherical states."""
    model, cold = state["model"], state["regime"] == "UNSAT"
    taken = taken_by(energy)
    together = _together(model)
    pairs, singles = [], []
    for r, label in enumerate(_labels(model, True)):
        itself = any(_number(s.covariance[i, i]) == r for s in model.samples for i in range(len(s.active)))
        pairs.append(_free(lambda t, r=r, i=itself: overlaps(t, cold, together[r], i), label, taken))
    for label in _labels(model, False):
        singles.append(_free(mixed, label, taken))
    spherical = [leaf.name for p in model.populations for leaf in p.states if leaf.how.get("prior") == "spherical"]
    tails = {name: f"_{name}" if len(spherical) > 1 else "" for name in spherical}
    return {
        "overlaps": tuple(pairs),
        "mixed": tuple(singles),
        "multipliers": {name: sp.Symbol(free_name(f"mu{tail}", taken), real=True) for name, tail in tails.items()},
        "entries": {sp.Symbol(f"Q_{r + 1}"): sp.Tuple(p.width, p.overlap) for r, p in enumerate(pairs)},
    }


def _free(make, label: str, taken: set[str]):
    """Order parameters whose names no parameter or observable has."""
    made = make(label)
    while {s.name for s in made.symbols if isinstance(s, sp.Symbol)} & taken:
        label += "r"
        made = make(label)
    return made


def _number(entry: Entry) -> int | None:
    return entry.factors[0][1] if entry.factors else None


def _labels(model: Model, two: bool) -> list[str]:
    """A name for every form: by its samples where there are several sets, by its fields where these are several."""
    count = len(model.bilinear if two else model.linear)
    found: dict[int, str] = {}
    for s in model.samples:
        several = "" if len({other.dim for other in model.samples}) == 1 else s.dim.name
        n = len(s.active)
        for (i, j), entry in s.covariance.items():
            if (j < n) == two:
                inside = f"{i + 1}{j + 1 if j < n else j - n + 1}" if max(n, len(s.passive) if not two else 1) > 1 else ""
                for k, (_, r) in enumerate(entry.factors):
                    found.setdefault(r, several + inside + "abcdefgh"[k] * (len(entry.factors) > 1))
        if not two:
            for i, entry in enumerate(s.means):
                for _, r in entry.factors:
                    found.setdefault(r, several + (str(i + 1) if n > 1 else "") + ("0" if len(found) else ""))
    names = [found[r] for r in range(count)]
    if count == 1:
        return [""]
    return [name if names.count(name) == 1 else f"{name}{r + 1}" for r, name in enumerate(names)]


def _together(model: Model) -> list[bool]:
    """Whether the two sides of each bilinear form fluctuate together: states are linked by fields, potentials and penalties."""
    nodes = [w for p in model.populations for w in p.variables]
    groups = [{w} for w in nodes]

    def link(edge: set) -> None:
        touched = [g for g in groups if g & edge]
        if touched:
            groups[:] = [g for g in groups if not g & edge] + [set().union(*touched)]

    sides: list[list[set]] = []
    for s in model.samples:
        held = [_held(s, i, model) for i in range(len(s.active))]
        sides.append(held)
        for group in separate(s.potential, s.active, lambda i, j: False):
            link(set().union(*(held[i] for i in group)))
    for p in model.populations:
        for group in separate(p.penalty, p.variables, lambda i, j: False):
            link({p.variables[i] for i in group})
    answer = [False] * len(model.bilinear)
    for s, held in zip(model.samples, sides, strict=True):
        for (i, j), entry in s.covariance.items():
            if j < len(s.active):
                for _, r in entry.factors:
                    answer[r] |= any(g & held[i] and g & held[j] for g in groups)
    return answer


def _held(samples: Samples, i: int, model: Model) -> set[sp.Symbol]:
    """The states that a field holds."""
    found: set[sp.Symbol] = set()
    for _, r in samples.covariance[i, i].factors:
        for part in model.bilinear[r].parts:
            found |= part.as_expr().free_symbols
    return found & {w for p in model.populations for w in p.variables}
