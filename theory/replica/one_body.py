"""One degree of freedom in a potential and a Gaussian: what a sample or a site sees once the rest has become its mean field.

The Gaussian has mean ω and variance v; in it the potential has the effective value F(ω) = log ⟨exp(−β V(ω + √v x))⟩_x. At zero
temperature v = χ/β and F/β is minus the Moreau envelope, min_h V(h) + (h − ω)²/(2χ); where solutions of zero energy fill a volume,
exp(−β V) is their indicator.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from random import Random

import sympy as sp

from theory.errors import DerivationError
from theory.piecewise import Pieces, pieces
from theory.proximal import Proximal, X
from theory.special import H, hazard, log_cosh, log_H
from theory.symbols import beta
from theory.truncated import average

OMEGA = sp.Symbol("omega", real=True)
"""Mean of the Gaussian."""
WIDTH = sp.Symbol("v", positive=True)
"""Its variance, in units of the temperature where that is zero (then it is χ)."""
REGIMES = ("warm", "UNSAT", "SAT")


@dataclass(frozen=True)
class OneBody:
    """Functions of ``OMEGA`` and ``WIDTH``, in pieces: F and its two derivatives by ω (of F/β at zero temperature), and the
    expectation of a function of h."""

    value: Pieces
    slope: Pieces
    curvature: Pieces
    expectation: Callable[[sp.Expr], Pieces]


def one_body(potential: sp.Expr, h: sp.Symbol, regime: str) -> OneBody:
    """The effective one-body functions of a potential; DerivationError where it has none in the regime."""
    return {"warm": _thermal, "SAT": _thermal, "UNSAT": _minimal}[regime](potential, h, regime == "SAT")


# Temperature and volumes of solutions


def _thermal(potential: sp.Expr, h: sp.Symbol, volume: bool) -> OneBody:
    parts = _partition(potential, sp.S.One, h, volume)
    if not parts:
        raise DerivationError(f"potential {potential}: it is nowhere 0, so that no state has zero energy; declare phase='UNSAT'")
    logs = [exponent + _log(weight) for exponent, weight in parts]
    if len(parts) == 2:
        # In this form neither overflows.
        value = (logs[0] + logs[1]) / 2 + log_cosh((logs[0] - logs[1]) / 2) + sp.log(2)
    else:
        value = logs[0] if len(parts) == 1 else sp.log(sp.Add(*[sp.exp(exponent) * weight for exponent, weight in parts]))

    def expectation(observable: sp.Expr) -> Pieces:
        above = sp.Add(*[sp.exp(e) * w for e, w in _partition(potential, observable, h, volume)])
        if len(parts) == 1 and isinstance(parts[0][1], H):
            return _smooth(_over_tail(above * sp.exp(-parts[0][0]), parts[0][1].args[0]))
        return _smooth(above / sp.Add(*[sp.exp(e) * w for e, w in parts]))

    slope = value.diff(OMEGA)
    if _quadrature(potential, h):
        # By parts, which leaves the potential's derivatives alone.
        first, second = (expectation((h - OMEGA) ** k).bodies[0] for k in (1, 2))
        slope, curvature = first / WIDTH, (second - first**2) / WIDTH**2 - 1 / WIDTH
    else:
        curvature = slope.diff(OMEGA)
    return OneBody(_smooth(value), _smooth(slope), _smooth(curvature), expectation)


def _smooth(body: sp.Expr) -> Pieces:
    return Pieces(OMEGA, (-sp.oo, sp.oo), (body,))


def _log(weight: sp.Expr) -> sp.Expr:
    return log_H(weight.args[0]) if isinstance(weight, H) else sp.log(weight)


def _over_tail(above: sp.Expr, x: sp.Expr) -> sp.Expr:
    """Moments of part of a Gaussian over H(x), in hazards and logarithms of tails: the tails themselves underflow."""
    tail = sp.Dummy("tail")
    edges = sorted({x, *(f.args[0] for f in above.atoms(H))}, key=sp.default_sort_key)
    over = {y: tail * (sp.exp(log_H(y) - log_H(x)) if y != x else 1) for y in edges}
    rule = {sp.exp(-(y**2) / 2): sp.sqrt(2 * sp.pi) * hazard(y) * over[y] for y in edges}
    written = sp.expand(above.xreplace(rule).xreplace({H(y): over[y] for y in edges}))
    return sp.diff(written, tail) if written.as_poly(tail) is not None and sp.degree(written, tail) == 1 else above / H(x)


def _quadrature(potential: sp.Expr, h: sp.Symbol) -> bool:
    return any(not _is_quadratic(body, h) for body in pieces(potential, h).bodies)


def _is_quadratic(body: sp.Expr, h: sp.Symbol) -> bool:
    return body.is_polynomial(h) and sp.degree(body, h) <= 2


def _partition(potential: sp.Expr, observable: sp.Expr, h: sp.Symbol, volume: bool) -> list[tuple[sp.Expr, sp.Expr]]:
    """⟨g(h) exp(−βV(h))⟩ as a list of (exponent, factor), one for every smooth piece."""
    out = []
    for lower, upper, (v, g) in pieces(sp.Tuple(potential, observable), h):
        if v is sp.oo:
            continue
        v = sp.expand(v)
        if volume:
            if v != 0:
                continue
            a = b = c = sp.S.Zero
        elif _is_quadratic(v, h):
            a, b, c = (beta * v.coeff(h, k) * (2 if k == 2 else 1) for k in (2, 1, 0))
        else:
            a = b = c = sp.S.Zero
            g = g * sp.exp(-beta * v)
        shrink = 1 + WIDTH * a
        mean, deviation = (OMEGA - WIDTH * b) / shrink, sp.sqrt(WIDTH / shrink)
        exponent = -sp.log(shrink) / 2 - (a * OMEGA**2 / 2 + b * OMEGA - WIDTH * b**2 / 2) / shrink - c
        ends = [e if e.is_infinite else (e - mean) / deviation for e in (lower, upper)]
        factor = average(lambda x, g=g, m=mean, d=deviation: sp.sympify(g).xreplace({h: m + d * x}), *ends)
        if factor != 0:
            out.append((exponent, factor))
    return out


# Zero temperature: the minimum


def _minimal(potential: sp.Expr, h: sp.Symbol, _: bool) -> OneBody:
    cut = [piece for piece in pieces(potential, h) if piece[2] is not sp.oo]
    if not cut or any(one[1] != two[0] for one, two in pairwise(cut)):
        raise DerivationError(f"potential {potential}: infinite between finite pieces, or everywhere; walls stand at its ends")
    edges, minima = [-sp.oo], []
    (begin, _, first), (_, end, last) = cut[0], cut[-1]
    if begin.is_finite:
        minima.append((begin, first))
        edges.append(begin + WIDTH * first.diff(h).xreplace({h: begin}))
    for i, (_, upper, body) in enumerate(cut):
        _convex(body.diff(h, 2), potential, h)
        minima.append((_stationary(body, h), body))
        if i == len(cut) - 1:
            break
        following = cut[i + 1][2]
        if sp.simplify((following - body).xreplace({h: upper})) != 0:
            raise DerivationError(
                f"potential {potential}: it jumps at {h} = {upper}, where a minimum at zero temperature breaks "
                "replica symmetry; declare phase='SAT', a temperature or a convex potential"
            )
        left, right = (b.diff(h).xreplace({h: upper}) for b in (body, following))
        jump = sp.simplify(right - left)
        _convex(jump, potential, h)
        edges.append(upper + WIDTH * left)
        if jump != 0:
            minima.append((upper, body))
            edges.append(upper + WIDTH * right)
    if end.is_finite:
        edges.append(end + WIDTH * last.diff(h).xreplace({h: end}))
        minima.append((end, last))
    edges.append(sp.oo)
    point = Pieces(OMEGA, tuple(edges), tuple(sp.sympify(m) for m, _ in minima))
    energies = [b.xreplace({h: m}) + (m - OMEGA) ** 2 / (2 * WIDTH) for m, b in minima]
    value = Pieces(OMEGA, point.edges, tuple(-e for e in energies))
    slope = point.map(lambda m: sp.factor(m - OMEGA) / WIDTH if not m.has(Proximal) else (m - OMEGA) / WIDTH)
    curvature = point.map(lambda m: _curvature(m, h))

    def expectation(observable: sp.Expr) -> Pieces:
        out_edges, bodies, seen = [-sp.oo], [], pieces(observable, h)
        for (lower, upper, minimum), (_, body) in zip(point, minima, strict=True):
            if OMEGA not in minimum.free_symbols:
                # At a kink the observable has its value there, whatever it is on either side.
                bodies.append(observable.xreplace({h: minimum}))
                out_edges.append(upper)
                continue
            for low, high, g in seen:
                start, end = _shifted(low, body, h), _shifted(high, body, h)
                if not (_ahead(lower, end) and _ahead(start, upper)):
                    continue
                end = upper if end == sp.oo or not _ahead(end, upper) else end
                bodies.append(g.xreplace({h: minimum}))
                out_edges.append(end)
                if end == upper:
                    break
        return Pieces(OMEGA, tuple(out_edges), tuple(bodies))

    return OneBody(value, slope, curvature, expectation)


def _shifted(edge: sp.Expr, body: sp.Expr, h: sp.Symbol) -> sp.Expr:
    """The ω at which the minimum is at an edge, on a smooth piece."""
    return edge if edge.is_infinite else edge + WIDTH * body.diff(h).xreplace({h: edge})


def _ahead(a: sp.Expr, b: sp.Expr) -> bool:
    """Whether a < b for certain."""
    return a == -sp.oo != b or b == sp.oo != a or bool(a.is_finite and b.is_finite and sp.simplify(b - a).is_positive)


def _curvature(minimum: sp.Expr, h: sp.Symbol) -> sp.Expr:
    if not isinstance(minimum, Proximal):
        return sp.factor(minimum.diff(OMEGA) - 1) / WIDTH
    bend = minimum.potential.diff(X, 2).xreplace({X: minimum})
    return -bend / (1 + WIDTH * bend)


def _stationary(body: sp.Expr, h: sp.Symbol) -> sp.Expr:
    """The minimum over h of a smooth body plus (h − ω)²/(2χ)."""
    if _is_quadratic(body, h):
        body = sp.expand(body)
        return sp.factor((OMEGA - WIDTH * body.coeff(h, 1)) / (1 + 2 * WIDTH * body.coeff(h, 2)))
    return Proximal(body.xreplace({h: X}), OMEGA, WIDTH)


def _convex(curvature: sp.Expr, potential: sp.Expr, h: sp.Symbol) -> None:
    """Refuse a curvature that is negative somewhere: by its assumptions, else at random points."""
    curvature = sp.sympify(curvature)
    if curvature.is_nonnegative:
        return
    random, convex = Random(1), curvature.is_nonnegative is not False
    for _ in range(60 if convex else 0):
        point = {
            s: sp.Float(random.uniform(0.05, 4) * (1 if s.is_nonnegative else random.choice([-1, 1])))
            for s in curvature.free_symbols
        }
        convex = convex and not curvature.xreplace(point).evalf() < -1e-12
    if not convex:
        raise DerivationError(
            f"potential: {potential} is not quadratic in {h}, nor convex; at zero temperature replica symmetry "
            "holds for convex potentials, declare a temperature"
        )
