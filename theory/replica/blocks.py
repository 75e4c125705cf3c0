"""States at one site that fluctuate together, in −½ w·A w + B·w, a penalty and priors: means, covariances, integrals."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import sympy as sp

from theory.declaration.mixtures import Mixture
from theory.errors import DerivationError
from theory.piecewise import Pieces
from theory.replica.coupled import alone, coupled
from theory.replica.one_body import OMEGA, WIDTH
from theory.replica.products import Product, of
from theory.replica.radial import is_radial, radial
from theory.replica.signs import signs
from theory.small_matrices import determinant, symbolic_inverse
from theory.small_matrices import inverse as inverse_of
from theory.symbols import beta


@dataclass(frozen=True)
class Block:
    """Functions of the fields B on the ``members``: the logarithm of the integral (over β at zero temperature), mean, covariance
    (over the temperature there), expectations; ``radius`` averages where only the length of B matters. ``names`` stand for long
    expressions in all of them."""

    members: tuple[int, ...]
    value: Product | tuple[Product, ...]
    mean: tuple[Product, ...]
    covariance: tuple[tuple[Product, ...], ...]
    expectation: Callable[[sp.Expr], Product]
    radius: Any = None
    names: dict[sp.Symbol, sp.Expr] = field(default_factory=dict)


def block(
    members: tuple[int, ...],
    penalty: sp.Expr,
    w: Sequence[sp.Symbol],
    at: Sequence[sp.Symbol],
    curvature: sp.Matrix,
    priors: Sequence[str | Mixture | None],
    regime: str,
) -> Block:
    """The block of some states; DerivationError where it is not derived."""
    from theory.replica.mixed import mixed

    if "ising" in priors:
        if any(prior != "ising" for prior in priors):
            names = ", ".join(map(str, w))
            raise DerivationError(f"states {names}: Ising states coupled to others at a site are not derived; couple by samples")
        return signs(members, penalty, w, at, curvature)
    if any(isinstance(prior, Mixture) for prior in priors):
        return mixed(members, penalty, w, at, curvature, priors, regime)
    if len(w) == 1:
        return single(members, penalty, w[0], at[0], curvature[0, 0], regime)
    if is_quadratic(penalty, w):
        return _gaussian(members, penalty, w, at, curvature, regime)
    if regime == "UNSAT" and is_radial(penalty, w):
        return radial(members, penalty, w, at, curvature)
    return _coupled(members, penalty, w, at, curvature, regime)


def is_quadratic(penalty: sp.Expr, w: Sequence[sp.Symbol]) -> bool:
    """Whether a penalty is a quadratic polynomial of the states."""
    return penalty.is_polynomial(*w) and sp.Poly(penalty, *w).total_degree() <= 2


def single(members, penalty: sp.Expr, w: sp.Symbol, at: sp.Symbol, curvature: sp.Expr, regime: str) -> Block:
    body = alone(penalty, w, regime if penalty != 0 else "warm")
    rule = {WIDTH: 1 / curvature, OMEGA: at / curvature}

    def placed(cut: Pieces) -> Product:
        edges = tuple(e if e.is_infinite else sp.expand(e.xreplace(rule) * curvature) for e in cut.edges)
        return of(Pieces(at, edges, tuple(_over_none(b.xreplace(rule)) for b in cut.bodies)))

    measure = sp.S.Zero if regime == "UNSAT" else sp.log(2 * sp.pi * WIDTH) / 2
    mean = placed(body.slope.map(lambda s: _short(OMEGA + WIDTH * s)))
    variance = placed(body.curvature.map(lambda s: _short(WIDTH + WIDTH**2 * s)))
    value = placed(body.value.map(lambda e: e + OMEGA**2 / (2 * WIDTH) + measure))
    return Block(members, value, (mean,), ((variance,),), lambda g: placed(body.expectation(g)))


def _over_none(expression: sp.Expr) -> sp.Expr:
    """Not divided by the curvature, which is zero where no sample is felt, if that can be."""
    return sp.cancel(expression) if expression.is_rational_function() and not expression.is_polynomial() else expression


def _short(expression: sp.Expr) -> sp.Expr:
    return sp.cancel(expression) if expression.is_rational_function() else sp.expand(expression)


def _gaussian(members, penalty: sp.Expr, w, at, curvature: sp.Matrix, regime: str) -> Block:
    scale = sp.S.One if regime == "UNSAT" else beta
    zero = dict.fromkeys(w, sp.S.Zero)
    bend = sp.Matrix(len(w), len(w), lambda i, j: curvature[i, j] + scale * penalty.diff(w[i], w[j]))
    drive = sp.Matrix([b - scale * penalty.diff(x).xreplace(zero) for b, x in zip(at, w, strict=True)])
    names: dict[sp.Symbol, sp.Expr] = {}
    inverse = symbolic_inverse(bend).applyfunc(lambda e: _stand_in(e, names))
    means = list(inverse * drive)
    value = (drive.T * inverse * drive)[0] / 2 - scale * penalty.xreplace(zero)
    if regime != "UNSAT":
        value -= sp.log(determinant(bend)) / 2 - len(w) * sp.log(2 * sp.pi) / 2

    def expectation(observable: sp.Expr) -> Product:
        if not observable.is_polynomial(*w):
            raise DerivationError(f"observable {observable}: only polynomials of states that are coupled at a site are derived")
        total = sp.S.Zero
        for powers, c in sp.Poly(observable, *w).terms():
            order = [i for i, p in enumerate(powers) for _ in range(p)]
            total += c * _wick(order, means, sp.zeros(len(w), len(w)) if regime == "UNSAT" else inverse)
        return Product(total)

    rows = tuple(tuple(Product(e) for e in inverse.row(i)) for i in range(len(w)))
    return Block(members, Product(value), tuple(map(Product, means)), rows, expectation, names=names)


def _stand_in(expression: sp.Expr, names: dict[sp.Symbol, sp.Expr]) -> sp.Expr:
    """A name for an entry of a matrix, the same for equal ones."""
    if expression.is_number or expression.is_Symbol:
        return expression
    known = next((s for s, e in names.items() if e == expression), None)
    if known is None:
        known = sp.Dummy("G", real=True)
        names[known] = expression
    return known


def _wick(order: list[int], mean: Sequence[sp.Expr], covariance: sp.Matrix) -> sp.Expr:
    """Moment of a Gaussian vector."""
    if not order:
        return sp.S.One
    first, rest = order[0], order[1:]
    total = mean[first] * _wick(rest, mean, covariance)
    for k, other in enumerate(rest):
        total += covariance[first, other] * _wick(rest[:k] + rest[k + 1 :], mean, covariance)
    return total


def _coupled(members, penalty: sp.Expr, w, at, curvature: sp.Matrix, regime: str) -> Block:
    width = inverse_of(curvature)
    drive = sp.Matrix(at)
    omega = list(width * drive)
    body = coupled(penalty, w, omega, width, regime if penalty != 0 else "warm")
    value = body.value + (drive.T * width * drive)[0] / 2
    if regime != "UNSAT":
        value -= sp.log(determinant(curvature)) / 2 - len(w) * sp.log(2 * sp.pi) / 2
    rows = tuple(tuple(map(Product, row)) for row in body.covariance)
    return Block(members, Product(value), tuple(map(Product, body.mean)), rows, lambda g: Product(body.expectation(g)))
