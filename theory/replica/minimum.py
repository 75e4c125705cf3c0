"""The minimum of a potential and a parabola, min_h V(h) + (h − ω)²/(2χ), for every ω: the Moreau envelope, piece by piece."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from random import Random

import sympy as sp

from theory.errors import DerivationError
from theory.piecewise import Pieces, before, pieces
from theory.proximal import Proximal, X
from theory.replica.crossings import (
    OMEGA,
    WIDTH,
    Minimum,
    around_hole,
    around_jump,
    crossing_point,
    is_quadratic,
    stationary_point,
)
from theory.saturating import levelled
from theory.special import Clipped, Exceeds


class CrossingError(DerivationError):
    """A potential that has two minima at some fields; replicas split there at any temperature, however low."""


@dataclass(frozen=True)
class OneBody:
    """Functions of ``OMEGA`` and ``WIDTH``, in pieces: F and its two derivatives by ω (of F/β at zero temperature), and the
    expectation of a function of h."""

    value: Pieces
    slope: Pieces
    curvature: Pieces
    expectation: Callable[[sp.Expr], Pieces]


def minimal(potential: sp.Expr, h: sp.Symbol, regime: str) -> OneBody:
    """The one-body functions at temperature zero: minus the minimum, its slope, its curvature beside kinks, observables there.

    ``regime`` "UNSAT" takes potentials without jumps, "broken" those whose minima cross; DerivationError for others.
    """
    found = _minima(potential, h, regime)
    edges = (-sp.oo, *(m.edge for m in found))
    point = Pieces(OMEGA, edges, tuple(sp.sympify(m.point) for m in found))
    slope = point.map(_slope)
    value = Pieces(OMEGA, edges, tuple(_least(m, s, h) for m, s in zip(found, slope.bodies, strict=True)))
    curvature = point.map(lambda m: _curvature(m, h))

    def expectation(observable: sp.Expr) -> Pieces:
        out_edges, bodies, seen, lower = [-sp.oo], [], pieces(observable, h), -sp.oo
        for m in found:
            if OMEGA not in m.point.free_symbols:
                # At a kink the observable has its value there, whatever it is on either side; else that of the lower side.
                bodies.append(_beside(seen, m).xreplace({h: m.point}) if m.side else observable.xreplace({h: m.point}))
                out_edges.append(m.edge)
                lower = m.edge
                continue
            for low, high, g in seen:
                start, end = _shifted(low, m.body, h), _shifted(high, m.body, h)
                if not (_ahead(lower, end) and _ahead(start, m.edge)):
                    continue
                end = m.edge if end == sp.oo or not _ahead(end, m.edge) else end
                bodies.append(levelled(g).xreplace({h: m.point}))
                out_edges.append(end)
                if end == m.edge:
                    break
            lower = m.edge
        return Pieces(OMEGA, tuple(out_edges), tuple(bodies))

    return OneBody(value, slope, curvature, expectation)


def _least(m: Minimum, slope: sp.Expr, h: sp.Symbol) -> sp.Expr:
    """Minus the minimum."""
    if is_quadratic(m.body, h):
        return sp.factor(-m.body.xreplace({h: m.point}) - (m.point - OMEGA) ** 2 / (2 * WIDTH))
    return -levelled(m.body).xreplace({h: m.point}) - WIDTH * slope**2 / 2


def _minima(potential: sp.Expr, h: sp.Symbol, regime: str) -> list[Minimum]:
    """The minimum in every interval of ω, with increasing ω."""
    cut = [piece for piece in pieces(potential, h) if piece[2] is not sp.oo]
    holes = [(one[1], two[0]) for one, two in pairwise(cut) if one[1] != two[0]]
    if not cut or (holes and regime == "UNSAT"):
        where = f"from {holes[0][0]} to {holes[0][1]}, between finite pieces; declare ansatz='1RSB'" if cut else "everywhere"
        raise (CrossingError if cut else DerivationError)(f"potential {potential}: it is infinite {where}")
    cut = [(lower, upper, _bent_upwards(body, potential, h, lower, upper)) for lower, upper, body in cut]
    found: list[Minimum] = []
    (begin, _, first), (_, end, last) = cut[0], cut[-1]
    if begin.is_finite:
        found.append(Minimum(begin, first, begin + WIDTH * first.diff(h).xreplace({h: begin}), 1 if regime == "broken" else 0))
    for i, (_, upper, body) in enumerate(cut):
        stationary = stationary_point(body, h)
        if i == len(cut) - 1:
            found.append(Minimum(stationary, body, sp.oo))
            break
        far, _, following = cut[i + 1]
        if far != upper:
            found += around_hole(stationary, (upper, far), (body, following), h)
            continue
        step = sp.simplify((following - body).xreplace({h: upper}))
        left, right = (upper + WIDTH * b.diff(h).xreplace({h: upper}) for b in (body, following))
        if step != 0:
            if regime == "UNSAT":
                raise CrossingError(
                    f"potential {potential}: it jumps at {h} = {upper}, where minima cross and replica symmetry breaks at zero "
                    "temperature; declare ansatz='1RSB', phase='SAT', a temperature or a convex potential"
                )
            found += around_jump(stationary, upper, body, following, step, left, right, h, potential)
            continue
        if regime == "broken" and (right - left).is_negative:
            found.append(Minimum(stationary, body, crossing_point(body, following, h, potential)))
            continue
        _convex(sp.cancel((right - left) / WIDTH), potential, h)
        found.append(Minimum(stationary, body, left))
        if sp.simplify(right - left) != 0:
            found.append(Minimum(upper, body, right))
    if end.is_finite:
        found[-1] = Minimum(found[-1].point, last, end + WIDTH * last.diff(h).xreplace({h: end}))
        found.append(Minimum(end, last, sp.oo, -1 if regime == "broken" else 0))
    if regime == "broken" and not all(_ahead(a.edge, b.edge) for a, b in pairwise(found)):
        raise DerivationError(f"potential {potential}: minima of its pieces cross in an order that is not known; write it smoothly")
    return found


def _beside(seen: Pieces, m: Minimum) -> sp.Expr:
    """An observable next to a jump."""
    for low, high, g in seen:
        inside = (before(low, m.point), m.point == high or before(m.point, high))
        if all(inside if m.side < 0 else (low == m.point or inside[0], before(m.point, high))):
            return g
    raise DerivationError(f"observable: it is not defined at {m.point}")


def _shifted(edge: sp.Expr, body: sp.Expr, h: sp.Symbol) -> sp.Expr:
    """The ω at which the minimum is at an edge, on a smooth piece."""
    return edge if edge.is_infinite else edge + WIDTH * body.diff(h).xreplace({h: edge})


def _ahead(a: sp.Expr, b: sp.Expr) -> bool:
    """Whether a < b for certain."""
    return a == -sp.oo != b or b == sp.oo != a or bool(a.is_finite and b.is_finite and sp.simplify(b - a).is_positive)


def _slope(minimum: sp.Expr) -> sp.Expr:
    """Of minus the envelope; at a proximal point not as a difference of places, which may be far smaller than they are."""
    if isinstance(minimum, Proximal) and not minimum.potential.has(Clipped):
        return -minimum.potential.diff(X).xreplace({X: minimum})
    return (minimum - OMEGA) / WIDTH if minimum.has(Proximal) else sp.factor(minimum - OMEGA) / WIDTH


def _curvature(minimum: sp.Expr, h: sp.Symbol) -> sp.Expr:
    if not isinstance(minimum, Proximal):
        return sp.factor(minimum.diff(OMEGA) - 1) / WIDTH
    bend = minimum.potential.diff(X, 2).xreplace({X: minimum})
    if bend.has(Clipped):
        # Minima lie within their piece. A curvature that grows without bound at its end stands in no denominator of its own.
        bend = bend.replace(Exceeds, lambda *_: sp.S.One)
        return sp.together(-bend / (1 + WIDTH * bend))
    return -bend / (1 + WIDTH * bend)


def _bent_upwards(body: sp.Expr, potential: sp.Expr, h: sp.Symbol, lower: sp.Expr, upper: sp.Expr) -> sp.Expr:
    """A body of one piece that is convex everywhere: itself, a parabola, or continued by straight lines beyond the piece."""
    curvature = sp.sympify(body).diff(h, 2)
    if potential == body and is_quadratic(body, h):
        return body  # alone, its minimum is that of a parabola, or there is none
    if _nonnegative(curvature):
        return body
    inside = sp.Dummy("t", positive=True)
    within = lower + inside if upper == sp.oo else upper - inside if lower == -sp.oo else lower + (upper - lower) / (1 + inside)
    _convex(sp.factor(curvature.xreplace({h: within})) if lower != -sp.oo or upper != sp.oo else curvature, potential, h)
    for end, turn in ((lower, 1), (upper, -1)):
        if not end.is_infinite:
            clipped = turn * Clipped(turn * h, turn * end)
            slope = sp.limit(body.diff(h), h, end, "+" if turn > 0 else "-")
            body = body.xreplace({h: clipped}) + slope * (h - clipped)
    return body


def _nonnegative(curvature: sp.Expr) -> bool:
    """Whether a curvature is negative nowhere: by its assumptions, else at random points."""
    curvature = sp.sympify(curvature)
    if curvature.is_nonnegative is not None:
        return bool(curvature.is_nonnegative)
    random = Random(1)
    for _ in range(60):
        point = {
            s: sp.Float(random.uniform(0.05, 4) * (1 if s.is_nonnegative else random.choice([-1, 1])))
            for s in sorted(curvature.free_symbols, key=str)
        }
        value = curvature.xreplace(point).evalf()
        if not value.is_real or value < -1e-12:
            return False
    return True


def _convex(curvature: sp.Expr, potential: sp.Expr, h: sp.Symbol) -> None:
    """Refuse a curvature, or a change of slope, that may be negative."""
    if not _nonnegative(curvature):
        raise DerivationError(
            f"potential: {potential} is not convex in {h}, as {curvature} may be negative; at zero temperature replica symmetry "
            "holds for convex potentials: declare a temperature, or positive symbols that show the sign"
        )
