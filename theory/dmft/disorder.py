"""What random couplings add to the action: the bilinears that they meet, averages of their exponentials, what has been learnt."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import sympy as sp

from theory.declaration.sites import Leaf
from theory.dmft.fields import Fields, Use
from theory.dmft.notation import Entry, past, step
from theory.replica.data import plain
from theory.symbols import time

ROW, COLUMN = SITES = "i", "j"
LETTERS = "ijklmnop"
"""Sites that a tensor joins."""


def kept(leaf: Leaf, at: sp.Expr) -> sp.Expr:
    """a(t): what is left at a time of the draw of a coupling that learns with a decay."""
    return sp.Function(f"a_{leaf.name}", real=True)(at)


def learnt_since(leaf: Leaf) -> sp.Expr:
    """k(t, s): how much of what a coupling learns at s stands in it at t; nothing unless s is before t."""
    return sp.Function(f"k_{leaf.name}", real=True)(time, past)


def kernels(fields: Fields) -> list[sp.Eq]:
    """The recursions of a and k, from the law of each coupling: its velocity v goes on with the momentum."""
    found = []
    for leaf, law in fields.learnt.items():
        a, k = (lambda at, x=leaf: kept(x, at)), sp.Function(f"k_{leaf.name}", real=True)
        va, vk = (sp.Function(f"v^{kind}_{leaf.name}", real=True) for kind in ("a", "k"))
        on = sp.KroneckerDelta(time, past)
        rows = [(a(time + step), a(time) + step * va(time + step)), (a(0), 1)]
        rows += [(va(time + step), law.momentum * va(time) - law.decay * a(time)), (va(0), 0)] if not law.lasts else []
        rows = [] if law.lasts else rows
        rows += [(k(time + step, past), k(time, past) + step * vk(time + step, past)), (k(0, past), 0)]
        rows += [(vk(time + step, past), law.momentum * vk(time, past) - law.decay * k(time, past) + on), (vk(0, past), 0)]
        found += [sp.Eq(left, right, evaluate=False) for left, right in rows]
    return found


def bilinear(uses: Iterable[Use], at: sp.Expr, row: str, column: str) -> sp.Expr:
    """W_ij(t): a field that J makes conjugates its row, one that J.T makes conjugates its column."""
    total = sp.S.Zero
    for use in uses:
        if use.leaf.kind == "tensor":
            total += multilinear(use, at, LETTERS[: use.order])
            continue
        out, into = (column, row) if use.transposed else (row, column)
        total += Entry(use.out, out, at, conjugate=True) * Entry(use.into, into, at)
    return total


def multilinear(use: Use, at: sp.Expr, sites: str) -> sp.Expr:
    """W of a tensor: its slope conjugates each of the sites in turn, and the vector stands at the others."""
    return sp.Add(*[
        Entry(use.out, out, at, conjugate=True) * sp.Mul(*[Entry(use.into, site, at) for site in sites if site != out])
        for out in sites
    ])  # fmt: skip


def matrix_average(leaf: Leaf, uses: Iterable[Use], fields: Fields) -> sp.Expr:
    """Exponent of the averaged coupling per pair of sites and times, in units of the row and column covariance at i and j.

    A matrix that is drawn anew at every step correlates equal times only; one that decays carries a(t).
    """
    uses = list(uses)
    first, variance = bilinear(uses, time, ROW, COLUMN), plain(leaf.how["variance"])
    exponent = variance * first * bilinear(uses, past, ROW, COLUMN)
    if "symmetry" in leaf.how:
        exponent += leaf.how["symmetry"] * variance * first * bilinear(uses, past, COLUMN, ROW)
    if "fresh" in leaf.how:
        exponent *= sp.KroneckerDelta(time, past)
    return sp.expand(-exponent * left(leaf, time, fields) * left(leaf, past, fields) / 2)


def left(leaf: Leaf, at: sp.Expr, fields: Fields) -> sp.Expr:
    """a(t), 1 for a coupling whose draw stays."""
    return sp.S.One if leaf not in fields.learnt or fields.learnt[leaf].lasts else kept(leaf, at)


def averages(matrices: Mapping[Leaf, list[Use]], fields: Fields) -> dict[Leaf, sp.Expr]:
    """Exponents by coupling; what a matrix shares with those that were averaged before it stands in its own."""
    found: dict[Leaf, sp.Expr] = {}
    for leaf, uses in matrices.items():
        exponent = matrix_average(leaf, uses, fields)
        for other in found:
            exponent += shared_average((leaf, uses), (other, matrices[other]), fields)
        found[leaf] = exponent
    return found


def shared_average(one: tuple[Leaf, list[Use]], two: tuple[Leaf, list[Use]], fields: Fields) -> sp.Expr:
    """Exponent of the correlation of two matrices, in both orders of the times; zero where they are independent."""
    (leaf, uses), (other, others) = one, two
    correlation, turned = correlated(leaf, other)
    if correlation == 0:
        return sp.S.Zero
    strength = plain(correlation * sp.sqrt(leaf.how["variance"] * other.how["variance"]))
    places = (COLUMN, ROW) if turned else (ROW, COLUMN)
    exponent = sp.S.Zero
    for first, second in ((time, past), (past, time)):
        met = bilinear(uses, first, ROW, COLUMN) * bilinear(others, second, *places)
        exponent += met * left(leaf, first, fields) * left(other, second, fields)
    return sp.expand(-strength * exponent / 2)


def correlated(leaf: Leaf, other: Leaf) -> tuple[sp.Expr, bool]:
    """Correlation of the entries of two matrices, and whether of one with the transpose of the other."""
    (root, share, turned), (base, other_share, other_turned) = _root(leaf), _root(other)
    return (share * other_share, turned != other_turned) if root == base else (sp.S.Zero, False)


def _root(leaf: Leaf) -> tuple[Leaf, sp.Expr, bool]:
    """The matrix of whose draw it has a share, the share, and whether of its transpose."""
    partner = leaf.how.get("partner")
    return (leaf, sp.S.One, False) if partner is None else (partner, leaf.how["correlation"], leaf.how["turned"])


def learnt_part(leaf: Leaf, uses: Iterable[Use], fields: Fields) -> sp.Expr:
    """Exponent of what a coupling has learnt, per pair of sites and times: no draw, and so no average."""
    if leaf not in fields.learnt:
        return sp.S.Zero
    pairs = fields.learnt[leaf].pairs
    outer = sp.Add(*[Entry(post, ROW, past) * Entry(pre, COLUMN, past) for post, pre in pairs])
    return sp.expand(-sp.I * learnt_since(leaf) * bilinear(uses, time, ROW, COLUMN) * outer)
