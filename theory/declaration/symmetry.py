"""Units of a model that may be exchanged: classes, members of a committee. What is declared is checked on the energy itself.

``symmetry=[(w1, t1), (w2, t2)]`` says that nothing changes where (w1, t1) and (w2, t2) change places, the disorder among them, and
that the *symmetric* solution is meant: order parameters that an exchange turns into each other are one. Solutions that break the
symmetry, such as students that specialise on one hidden unit of a teacher each, are those of the same energy without it, or with
units that hold less.
"""

from __future__ import annotations

from itertools import pairwise

import sympy as sp

from theory.declaration.checks import refuse
from theory.declaration.classes import classes
from theory.declaration.ensembles import Gaussian
from theory.declaration.sites import Leaf, Site
from theory.declaration.vectors import Vec
from theory.declaration.walks import expand, leaves, substitute

EXCHANGED = ("state", "noise", "drawn", "signs", "gaussian")
Exchange = dict[Leaf, Leaf]


def exchanges(given, energy: sp.Expr, states) -> tuple[Exchange, ...]:
    """The exchange of every two neighbouring units, of labels too, each of which leaves the energy as it is; they generate all
    permutations. DeclarationError where one does not."""
    if given is None:
        return ()
    units = [tuple(unit) if isinstance(unit, (tuple, list)) else (unit,) for unit in given] if _listed(given) else []
    if len(units) < 2 or len({len(unit) for unit in units}) > 1:
        refuse("symmetry", repr(given), "pass units of one length that may be exchanged, such as [(w1, t1), (w2, t2)]")
    found = [tuple(map(_leaf, unit)) for unit in units]
    every = [leaf for unit in found for leaf in unit]
    if len(set(every)) < len(every):
        refuse("symmetry", ", ".join(map(str, every)), "name everything once")
    for one, two in pairwise(found):
        for a, b in zip(one, two, strict=True):
            if (a.kind, a.dims, a.how) != (b.kind, b.dims, b.how):
                refuse("symmetry", f"{a} and {b} have different laws", "exchange what is drawn alike, over one dimension")
        if not set(one) & set(states):
            refuse("symmetry", f"the unit {', '.join(map(str, one))}", "name the State that is exchanged")
    return tuple(_exchange(one, two, energy) for one, two in pairwise(found))


def _listed(given) -> bool:
    return isinstance(given, (tuple, list))


def _leaf(value) -> Leaf:
    leaf = value.leaf if isinstance(value, Vec) or getattr(value, "transposed", None) is False else None
    if leaf is None or leaf.kind not in EXCHANGED:
        refuse("symmetry", value, f"exchange what State, Noise, Drawn, Signs or Gaussian returned, none of {', '.join(EXCHANGED)}")
    return leaf


def _exchange(one, two, energy: sp.Expr) -> Exchange:
    rule = {a: b for pair in zip(one, two, strict=True) for a, b in (pair, pair[::-1])}
    moved = {a: _declared(b) for a, b in rule.items()}
    labels = {leaf.how["of"]: leaf for leaf in leaves(energy) if leaf.kind == "label"}
    for leaf in labels.values():
        law, indicators = list(leaf.how["law"]), classes(leaf)
        after = [substitute(p, moved) for p in law]
        if sorted(after, key=str) != sorted(law, key=str):
            refuse("symmetry", f"exchanging {one[0]} and {two[0]} changes the law of {leaf.how['of']}", _REPAIR)
        # The class whose probability the exchange has turned into that of this one.
        rule |= {site.node: indicators[law.index(p)].node for site, p in zip(indicators, after, strict=True)}
    moved = {a: _declared(b) for a, b in rule.items()}
    after = substitute(energy, moved)
    if after != energy and expand(after - energy) != 0:
        refuse("symmetry", f"exchanging {', '.join(map(str, one))} and {', '.join(map(str, two))} changes the energy", _REPAIR)
    return rule


_REPAIR = "put what belongs to them into the units too, or leave the symmetry out"


def _declared(leaf: Leaf):
    return Gaussian._of(leaf, False) if leaf.kind == "gaussian" else Vec(leaf.dim, Site(leaf))
