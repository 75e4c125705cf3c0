"""Samples with labels that are drawn: a case for each class, with its energy and its probability."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import product

import sympy as sp

from theory.declaration.classes import classes
from theory.declaration.sites import Leaf, Site, sites
from theory.symbols import Internal

Case = tuple[dict[Site, sp.Integer], sp.Expr]
"""Indicators of all classes, and the probability of it."""


def is_label(site: sp.Basic) -> bool:
    """Whether a site says which class a sample has."""
    return isinstance(site, Site) and isinstance(site.node, Leaf) and site.node.kind == "label"


def cases_of(expressions: Iterable[sp.Expr]) -> list[Case]:
    """One class from each of the labels in some site expressions; a single case without indicators where there are none."""
    found = {s.node.how["of"]: s.node for e in expressions for s in sites(e) if is_label(s)}
    out: list[Case] = []
    for chosen in product(*[range(len(found[name].how["law"])) for name in sorted(found)]):
        values, weight = {}, sp.S.One
        for name, k in zip(sorted(found), chosen, strict=True):
            weight *= found[name].how["law"][k]
            values |= {s: sp.Integer(i == k) for i, s in enumerate(classes(found[name]))}
        out.append((values, weight))
    return out


def symbol_of(site: Site) -> sp.Symbol:
    """What stands for an indicator in a potential."""
    return Internal(site.name, real=True)


def by_class(cases: Iterable[Case], write) -> sp.Expr:
    """``write(values)`` of every case times the indicators that are 1 in it: their sum."""
    return sp.Add(*[write(values) * sp.Mul(*[symbol_of(s) for s, v in values.items() if v == 1]) for values, _ in cases])
