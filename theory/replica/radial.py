"""Penalties of the length of several states, such as a group penalty, at zero temperature: one-body problems in the length."""

from __future__ import annotations

from collections.abc import Sequence

import sympy as sp

from theory.errors import DerivationError
from theory.piecewise import Pieces
from theory.replica.one_body import OMEGA, WIDTH, one_body
from theory.replica.products import Gaussians, Product
from theory.symbols import Internal
from theory.truncated import average

RHO = Internal("rho", positive=True)
"""Length of the field B."""


def profile(penalty: sp.Expr, w: Sequence[sp.Symbol]) -> sp.Expr | None:
    """The penalty as a function of the length ``RHO`` of the states; None where it depends on more."""
    rest = sp.Add(*[x**2 for x in w[1:]])
    found = sp.powdenest(penalty.xreplace({w[0]: sp.sqrt(RHO**2 - rest)}))
    found = found.replace(lambda e: e.is_Add, sp.expand)
    return None if found.free_symbols & set(w) else found


def is_radial(penalty: sp.Expr, w: Sequence[sp.Symbol]) -> bool:
    """Whether a penalty depends on the length of the states alone."""
    return profile(penalty, w) is not None


def radial(members, penalty: sp.Expr, w: Sequence[sp.Symbol], at: Sequence[sp.Symbol], curvature: sp.Matrix):
    """The block of states whose penalty depends on their length, in an isotropic curvature."""
    from theory.replica.blocks import Block

    stiff, count = curvature[0, 0], len(w)
    length = Internal("r", real=True)
    body = one_body(sp.sympify(profile(penalty, w)).xreplace({RHO: sp.Abs(length)}), length, "UNSAT")
    rule = {WIDTH: 1 / stiff, OMEGA: RHO / stiff}
    point = body.slope.map(lambda s: _short(OMEGA + WIDTH * s))

    def placed(cut: Pieces) -> Pieces:
        """The pieces at positive lengths."""
        edges, bodies = [-sp.oo], []
        for _, upper, inner in cut:
            end = upper if upper.is_infinite else sp.expand(upper.xreplace(rule) * stiff)
            if end.is_infinite or end.is_positive:
                edges.append(end)
                bodies.append(inner.xreplace(rule))
        return Pieces(RHO, tuple(edges), tuple(bodies))

    along = placed(body.curvature.map(lambda s: _short(WIDTH + WIDTH**2 * s)))
    across = placed(point).map(lambda e: e / RHO)
    direction = [x / RHO for x in at]

    def put(cut: Pieces, factor: sp.Expr) -> Product:
        return Product(factor, ((RHO, cut),))

    def expectation(observable: sp.Expr) -> Product:
        whole = profile(observable, w)
        if whole is not None and RHO in whole.free_symbols:
            return put(placed(point).map(lambda e: sp.expand(whole.xreplace({RHO: e}))), sp.S.One)
        poly = sp.Poly(observable, *w)
        degrees = {sum(m) for m in poly.monoms()}
        if not observable.is_polynomial(*w) or len(degrees) > 1:
            raise DerivationError(f"observable {observable}: of states under a penalty of their length, monomials are derived")
        (degree,) = degrees
        return put(placed(point).map(lambda e: e**degree), observable.xreplace(dict(zip(w, direction, strict=True))))

    mean = tuple(put(placed(point), n) for n in direction)

    def response(i: int, j: int) -> Product:
        both, pairs = direction[i] * direction[j], zip(along.bodies, across.bodies, strict=True)
        return put(Pieces(RHO, along.edges, tuple(a * both + c * (int(i == j) - both) for a, c in pairs)), sp.S.One)

    rows = [tuple(response(i, j) for j in range(count)) for i in range(count)]
    value = put(placed(body.value.map(lambda v: v + OMEGA**2 / (2 * WIDTH))), sp.S.One)

    def radius(product: Product, gaussian: Gaussians, fields: Sequence[sp.Symbol], inner: Sequence[sp.Symbol]) -> sp.Expr:
        return _average(product, gaussian, fields, inner, at, curvature)

    return Block(members, value, mean, tuple(rows), expectation, radius)


def _short(expression: sp.Expr) -> sp.Expr:
    return sp.cancel(expression) if expression.is_rational_function() else sp.expand(expression)


def _average(product: Product, gaussian: Gaussians, fields, inner, at, curvature: sp.Matrix) -> sp.Expr:
    """Average over a centred isotropic B: of monomials over its direction, of the rest over its length."""
    variance = gaussian.between(at[0], at[0])
    other = [x for x in fields if x not in at]
    for i, x in enumerate(at):
        alike = gaussian.between(x, x) == variance and curvature[i, i] == curvature[0, 0]
        apart = all(gaussian.between(x, y) == 0 and curvature[i, j] == 0 for j, y in enumerate(at) if j != i)
        if gaussian.means.get(x, 0) != 0 or not alike or not apart or other:
            raise DerivationError(
                f"penalty of the length of {len(at)} states: their fields {x} differ; it is derived where the states have the same "
                "covariance, no overlap, and targets that are random and alike"
            )
    parts = dict(product.parts)
    cut = parts.pop(RHO, Pieces(RHO, (-sp.oo, sp.oo), (sp.S.One,)))
    total, scale, half = sp.S.Zero, sp.sqrt(variance), sp.Rational(len(at), 2)
    # Beside the Gaussian density, with which averages are taken.
    density = 2 ** (1 - half) * sp.sqrt(2 * sp.pi) / sp.gamma(half)
    for lower, upper, body in cut:
        whole = gaussian_given(Product(product.factor * body, tuple(parts.items())), gaussian, at, inner)
        whole = _over_directions(whole, at)
        if whole == 0:
            continue
        start = sp.S.Zero if lower == -sp.oo else lower / scale
        end = sp.oo if upper == sp.oo else upper / scale
        total += average(lambda z, e=whole: density * z ** (len(at) - 1) * e.xreplace({RHO: scale * z}), start, end)
    return total


def gaussian_given(product: Product, gaussian: Gaussians, at, inner) -> sp.Expr:
    """The average over what is correlated with B, at given B."""
    chain = gaussian.chain([*at, *inner])[len(at) :]
    expression = product.factor
    for t, mean, deviation in reversed(chain):
        if t in expression.free_symbols:
            expression = average(lambda z, t=t, m=mean, d=deviation, e=expression: e.xreplace({t: m + d * z}))
    return expression


def _over_directions(expression: sp.Expr, at: Sequence[sp.Symbol]) -> sp.Expr:
    """Monomials of B averaged over the directions of a vector of length ``RHO``."""
    count, total = len(at), sp.S.Zero
    poly = sp.Poly(expression, *at)
    for powers, c in poly.terms():
        if any(p % 2 for p in powers):
            continue
        below = sp.Mul(*[count + 2 * k for k in range(sum(powers) // 2)])
        total += c * RHO ** sum(powers) * sp.Mul(*[sp.factorial2(p - 1) for p in powers if p]) / below
    return total

