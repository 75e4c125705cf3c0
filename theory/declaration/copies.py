"""Copies of what is observed with a part of its disorder drawn anew. A name is a draw; a primed name is another draw of its law."""

from __future__ import annotations

from collections.abc import Iterable

from theory.declaration.checks import refuse, scalar
from theory.declaration.ensembles import Gaussian
from theory.declaration.matrix import Mat
from theory.declaration.sites import RANDOM, Leaf, Site
from theory.declaration.vectors import Vec
from theory.declaration.walks import leaves, substitute


def redrawn(v, *what, copy: int = 1):
    """``v`` with the random matrices, noises and signs ``what`` drawn anew, and all else the same draw as in ``v``.

    A state is found anew for the new draw. ``sum_over(M, f * redrawn(f, W))`` multiplies two predictors that were trained on the
    same data with features of their own: what the members of an ensemble share, and <f | data>² in an analysis of variance.
    ``copy=2``, 3, ... are further draws, independent of each other. ``v`` is a vector, matrix or scalar. DeclarationError for what
    is not drawn.
    """
    if isinstance(copy, bool) or not isinstance(copy, int) or copy < 1:
        refuse("copy of what is redrawn", repr(copy), "pass 1, 2, ...")
    if not what:
        refuse("redrawn", "nothing", "list the Gaussian matrices and noises that are drawn anew")
    drawn = [getattr(part, "leaf", None) for part in what]
    for part, leaf in zip(what, drawn, strict=True):
        if not isinstance(leaf, Leaf) or leaf.kind not in RANDOM - {"label", "state", "tensor"}:
            refuse("redrawn", part, "list what Gaussian, Noise, Signs and Drawn returned")
    for leaf in leaves(v) if isinstance(v, (Vec, Mat)) else ():
        if {leaf, leaf.how.get("partner")} & set(drawn) and "partner" in leaf.how:
            refuse("redrawn", leaf, f"it correlates with {leaf.how['partner']}; only independent draws have copies")
    value = v if isinstance(v, (Vec, Mat)) else scalar(v, "what is redrawn")
    names = {leaf.name: leaf.name + "'" * copy for leaf in drawn if leaf is not None}
    return renamed(value, names)


def renamed(value, names: dict[str, str]):
    """What is drawn under other names, and every state the copy that belongs to them; a state keeps what it has already redrawn."""
    rule = {}
    for leaf in leaves(value):
        if leaf.kind == "state":
            new = copied(leaf, names)
            rule[leaf] = Vec(leaf.dim, Site(new))
        elif leaf.kind in RANDOM and leaf.name in names:
            new = Leaf(leaf.kind, names[leaf.name], leaf.dims, **leaf.how)
            rule[leaf] = Gaussian._of(new, False) if leaf.kind == "gaussian" else Vec(leaf.dim, Site(new))
    return substitute(value, rule)


def copied(state: Leaf, names: dict[str, str]) -> Leaf:
    """The state for a draw in which some names are replaced; ``how["of"]`` is the original, ``how["redrawn"]`` tells the names."""
    base, known = original(state), replaced(state)
    known = {**names, **known}
    text = ",".join(sorted(known.values()))
    return Leaf("state", f"{base.name}[{text}]", base.dims, **{**base.how, "of": base, "redrawn": text})


def original(leaf: Leaf) -> Leaf:
    """What a leaf is a copy of; itself if it is none."""
    return leaf.how.get("of", leaf)


def replaced(state: Leaf) -> dict[str, str]:
    """The names that a copy of a state replaces."""
    text = state.how.get("redrawn", "")
    return {name.rstrip("'"): name for name in text.split(",")} if text else {}


def copies_of(states: Iterable[Leaf], part) -> tuple[Leaf, ...]:
    """The copies of states that stand in a part of a declaration."""
    known = set(states)
    return tuple(leaf for leaf in leaves(part) if leaf.kind == "state" and leaf not in known and original(leaf) in known)
