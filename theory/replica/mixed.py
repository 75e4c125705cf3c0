"""A state whose prior is a mixture: each part is a one-body problem, and the parts have weights that depend on the field B."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import combinations
from typing import Any

import sympy as sp

from theory.declaration.elementwise import Wall
from theory.declaration.mixtures import Atom, Density, Mixture, Normal, Part
from theory.errors import DerivationError
from theory.piecewise import Pieces, pieces
from theory.replica.blocks import Block, single
from theory.replica.products import Product, of
from theory.special import LogSum, share
from theory.symbols import Internal, beta


def mixed(
    members, penalty: sp.Expr, w: Sequence[sp.Symbol], at: Sequence[sp.Symbol], curvature: sp.Matrix, priors, regime: str
) -> Block:
    """The block of one state under a mixture; DerivationError for several states that fluctuate together."""
    if len(w) > 1:
        names = ", ".join(map(str, w))
        raise DerivationError(f"states {names}: no mixture as prior is derived where they couple at a site; use samples")
    law: Mixture = priors[0]
    x, stiff = at[0], curvature[0, 0]
    cut = _edges(law, stiff)
    found = [_part(part, penalty, w[0], x, stiff, regime) for part in law.parts]
    levels = [sp.log(weight) + level for weight, (level, _, _, _) in zip(law.weights, found, strict=True)]
    # What grows with B stands apart: its averages are closed forms.
    lead = next((i for i, part in enumerate(law.parts) if not isinstance(part, Atom)), 0)
    growing = sp.Add(*[e for e in sp.Add.make_args(sp.expand(levels[lead])) if e.is_polynomial(x)])
    rest = LogSum(*[level - levels[lead] for level in levels]) + sp.expand(levels[lead] - growing) if len(levels) > 1 else sp.S.Zero
    shares = [share(levels, i) if len(levels) > 1 else sp.S.One for i in range(len(levels))]

    def placed(body: sp.Expr) -> Product:
        return of(Pieces(x, cut, (body,) * (len(cut) - 1)))

    def mean(values: Sequence[sp.Expr]) -> sp.Expr:
        return sp.Add(*[share * value for share, value in zip(shares, values, strict=True)])

    means = [one for _, one, _, _ in found]
    between = [shares[i] * shares[j] * (means[i] - means[j]) ** 2 for i, j in combinations(range(len(found)), 2)]
    variance = mean([width for _, _, width, _ in found]) + sp.Add(*between)
    # Of moments there is no more than mean and variance to know.
    rule = {w[0]: mean(means), w[0] ** 2: mean(means) ** 2 + variance}

    def expectation(observable: sp.Expr) -> Product:
        return placed(rule[observable] if observable in rule else mean([inside(observable) for *_, inside in found]))

    return Block(members, (Product(growing), placed(rest)), (placed(mean(means)),), ((placed(variance),),), expectation)


Body = tuple[sp.Expr, sp.Expr, sp.Expr, Callable[[sp.Expr], sp.Expr]]


def _part(part: Part, penalty: sp.Expr, w: sp.Symbol, x: sp.Symbol, stiff: sp.Expr, regime: str) -> Body:
    """Logarithm of the integral, mean, variance and expectations under one part."""
    if isinstance(part, Atom):
        a = part.position
        level = -stiff * a**2 / 2 + x * a - beta * penalty.xreplace({w: a})
        return level, a, sp.S.Zero, lambda g: g.xreplace({w: a})
    extra = sp.S.Zero
    if isinstance(part, Normal):
        mean, variance = part.mean, part.variance
        field, stiff = x + mean / variance, stiff + 1 / variance
        extra = -(mean**2) / (2 * variance) - sp.log(2 * sp.pi * variance) / 2
    elif isinstance(part, Density):
        field = x
        # The inverse temperature that multiplies a penalty is taken out.
        penalty = penalty + _cost(part, w) / beta
        regime = "warm"
    else:
        raise DerivationError(f"prior: {part} is no part of a mixture; use Atom, Normal or Density")
    own = Internal("B", real=True)
    body = single((0,), penalty, w, own, stiff, regime)

    def plain(product: Any) -> sp.Expr:
        """One piece, whatever the temperature."""
        value = product.factor
        for _, cut in product.parts:
            (inner,) = cut.bodies
            value *= inner
        return value.xreplace({own: field})

    level = plain(body.value) + extra
    return level, plain(body.mean[0]), plain(body.covariance[0][0]), lambda g: plain(body.expectation(g))


def _cost(part: Density, w: sp.Symbol) -> sp.Expr:
    """Minus the logarithm of a density, with walls where it ends."""
    cut = list(pieces(part.at(w), w))
    inside = [i for i, (_, _, body) in enumerate(cut) if body != 0]
    if not inside or inside[-1] - inside[0] + 1 != len(inside):
        raise DerivationError(f"prior: the density {part} is zero between its parts, or everywhere; mix densities that are not")
    kept = cut[inside[0] : inside[-1] + 1]
    bodies = [-sp.expand_log(sp.log(body), force=True) for _, _, body in kept]
    cost = bodies[0] if len(kept) == 1 else sp.Piecewise(*[(b, w < end) for b, (_, end, _) in zip(bodies, kept, strict=True)])
    (low, *_), (_, high, _) = kept[0], kept[-1]
    return cost + (0 if low == -sp.oo else Wall(low - w)) + (0 if high == sp.oo else Wall(w - high))


def _edges(law: Mixture, stiff: sp.Expr) -> tuple[sp.Expr, ...]:
    """Where a density meets the one atom, its share changes fast: integrals are cut there."""
    atoms = [part for part in law.parts if isinstance(part, Atom)]
    if len(atoms) != 1 or len(law.parts) == 1:
        return (-sp.oo, sp.oo)
    return (-sp.oo, stiff * atoms[0].position, sp.oo)
