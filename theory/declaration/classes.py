"""Labels that are drawn: one class for each sample, with probabilities that fields of the sample say."""

from __future__ import annotations

from random import Random

import sympy as sp

from theory.declaration.checks import identifier, refuse, strict
from theory.declaration.sites import Leaf, Site, tops
from theory.declaration.vectors import Vec
from theory.declaration.walks import leaves, replace_tops


def softmax(*fields) -> tuple[Vec, ...]:
    """Probabilities exp(z_k)/Σ exp(z_j) of classes with the fields z; of one field z, those of the fields z and 0.

    >>> from theory.declaration import Dim, Noise
    >>> softmax(Noise("z", Dim("P")))
    (1/(1 + exp(-z)), 1/(exp(z) + 1))
    """
    for z in fields:
        if not isinstance(z, Vec):
            refuse("field of softmax", repr(z), "pass one vector for each class, such as X @ t")
    if not fields:
        refuse("softmax", "no field", "pass one vector for each class")
    every = (*fields, fields[0] * 0) if len(fields) == 1 else fields
    levels = [z.expr for z in every]
    shares = [1 / (1 + sp.Add(*[sp.exp(b - a) for j, b in enumerate(levels) if j != i])) for i, a in enumerate(levels)]
    return tuple(Vec(every[0].dim, share) for share in shares)


@strict
def Labels(name, *probabilities) -> tuple[Vec, ...]:
    """A label for each sample: for every class the vector that is 1 where a sample has it, and else 0.

    ``probabilities`` are those of the classes, vectors that add up to one and hold no State: a teacher who is not certain
    has ``Labels("y", *softmax(X @ t, X @ v))``. DeclarationError for anything else.
    """
    identifier(name, "Labels")
    if len(probabilities) < 2 or not all(isinstance(p, Vec) for p in probabilities):
        refuse(f"probabilities of {name}", ", ".join(map(repr, probabilities)) or "none", "pass a vector for each of the classes")
    (first, *_), dims = probabilities, {p.dim for p in probabilities}
    if len(dims) > 1 or first.dim is None:
        refuse(f"probabilities of {name}", ", ".join(sorted(map(str, dims))), "give them over one infinite dimension")
    for p in probabilities:
        held = [leaf for leaf in leaves(p) if leaf.kind == "state"]
        if held:
            refuse(f"probability of {name}", f"{p} holds the state {held[0]}", "what is learned does not draw the labels")
    law = sp.Tuple(*[p.expr for p in probabilities])
    _check(name, law)
    return tuple(Vec(first.dim, Site(_indicator(name, first.dim, law, k))) for k in range(len(law)))


def _indicator(name: str, dim, law: sp.Tuple, number: int) -> Leaf:
    return Leaf("label", f"{name}_{number + 1}", (dim,), law=law, number=sp.Integer(number), of=name)


def classes(leaf: Leaf) -> tuple[Site, ...]:
    """The indicators of all classes of the label that a leaf belongs to."""
    law = leaf.how["law"]
    return tuple(Site(_indicator(leaf.how["of"], leaf.dims[0], law, k)) for k in range(len(law)))


def _check(name: str, law: sp.Tuple) -> None:
    """Probabilities at random values of the fields."""
    random, stand_in = Random(5), {t: sp.Dummy(real=True) for t in sorted(tops(law), key=str)}
    opened = sp.Tuple(*[replace_tops(p, stand_in) for p in law])
    for _ in range(4):
        point = {s: sp.Rational(random.randint(1, 60), 23) * (1 if s.is_positive else random.choice((1, -1)))
                 for s in sorted(opened.free_symbols, key=str)}  # fmt: skip
        values = [p.xreplace(point).evalf(30) for p in opened]
        if not all(v.is_real for v in values) or abs(sum(values) - 1) > 1e-20:
            refuse(f"probabilities of {name}", f"they add up to {sp.Add(*law)}", "let them add up to 1")
        if any(v < 0 for v in values):
            refuse(f"probabilities of {name}", f"{law[[v < 0 for v in values].index(True)]} is negative", "lie from 0 to 1")
