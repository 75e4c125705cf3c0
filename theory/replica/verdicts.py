"""What a replica solution is held to: stability, a non-negative entropy of discrete states, Nishimori's identity, convexity."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import sympy as sp

from theory.conditions import Condition
from theory.declaration.scalars import mean
from theory.declaration.vectors import Vec
from theory.replica.convexity import is_convex
from theory.replica.data import plain

SELF, OTHER = "self_overlap", "target_overlap"


def free_name(name: str, taken: Collection[str]) -> str:
    """The name, or a longer one where a declaration has given it away."""
    while name in taken:
        name += "_"
    return name


def taken_by(energy) -> set[str]:
    """Names of observables and parameters, and of their symbols."""
    return {*energy.observe, *(p.name for p in energy.parameters), *(p.symbol.name for p in energy.parameters)}


def is_discrete(energy) -> bool:
    """Whether all states are signs, of which there are finitely many: their entropy cannot be negative."""
    return all(leaf.how.get("prior") == "ising" for leaf in energy.states)


def exchanged(energy) -> dict[str, sp.Expr]:
    """By state: the overlap of a draw with the target, as an observable of the declaration."""
    return {leaf.name: mean(leaf.dim, Vec(leaf.dim, leaf.symbol) * target) for leaf, target in energy.nishimori.items()}


def overlaps(energy, sides: Mapping[str, tuple[sp.Expr, sp.Expr]]) -> dict[sp.Symbol, sp.Expr]:
    """Definitions of the two sides of Nishimori's identity, by state: overlap of two draws, and of a draw with the target."""
    names = _names(energy)
    return {sp.Symbol(n, real=True): side for leaf, pair in sides.items() for n, side in zip(names[leaf], pair, strict=True)}


def conditions(energy, replicon: str = "", entropy: str = "") -> tuple[Condition, ...]:
    """Conditions on solutions, with the names of the quantities in the theory."""
    found = []
    if replicon:
        further = "declare ansatz='{}RSB', whose derivation names what it cannot break"
        steps = 0 if energy.ansatz == "RS" else int(energy.ansatz.removesuffix("RSB"))
        what = "replica symmetry" if not steps else f"{energy.ansatz}"
        found.append(
            Condition("stability", ">=", f"{what} is stable against one more step of breaking (de Almeida and Thouless)", replicon,
                      failure=f"{what} unstable",
                      repair=further.format(steps + 1) if steps < 3 else "breaking goes on beyond three steps")
        )  # fmt: skip
    if entropy and is_discrete(energy):
        # With the target drawn as the states are, replicas do not break.
        repair = (
            "Bayes-optimal inference does not break replicas: this solution is metastable, beyond a first-order transition to "
            "perfect recovery of the target; take fewer samples"
            if energy.nishimori
            else "replicas break; the free energy lies below the true one"
        )
        found.append(
            Condition("entropy", ">=", "discrete states have a non-negative entropy", entropy,
                      failure="negative entropy", repair=repair)
        )  # fmt: skip
    where = tuple((plain(a), plain(b)) for a, b in energy.matched)
    for leaf, (one, other) in _names(energy).items():
        name = "nishimori" if len(energy.nishimori) == 1 else f"nishimori_{leaf}"
        found.append(
            Condition(name, "==", f"two draws of {leaf} overlap as one does with the target (Nishimori)", one, other,
                      failure="Nishimori's identity violated", repair="another branch; give start=", where=where)
        )  # fmt: skip
    if is_convex(energy):
        found.append(Condition("convexity", "always", "the energy is convex: replica symmetry is exact"))
    return tuple(found)


def _names(energy) -> dict[str, tuple[str, str]]:
    taken, single = taken_by(energy), len(energy.nishimori) == 1
    both = {leaf.name: [n if single else f"{n}_{leaf.name}" for n in (SELF, OTHER)] for leaf in energy.nishimori}
    return {leaf: (free_name(one, taken), free_name(other, taken)) for leaf, (one, other) in both.items()}
