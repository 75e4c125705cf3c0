"""One degree of freedom in a potential and a Gaussian: what a sample or a site sees once the rest has become its mean field.

The Gaussian has mean ω and variance v; in it the potential has the effective value F(ω) = log ⟨exp(−β V(ω + √v x))⟩_x. At zero
temperature v = χ/β and F/β is minus the Moreau envelope, min_h V(h) + (h − ω)²/(2χ); where solutions of zero energy fill a volume,
exp(−β V) is their indicator.
"""

from __future__ import annotations

import sympy as sp

from theory.errors import DerivationError
from theory.piecewise import Pieces, pieces
from theory.replica.elimination import factored
from theory.replica.minimum import OMEGA, WIDTH, OneBody, is_quadratic, minimal
from theory.special import H, hazard, log_between, log_cosh, log_H
from theory.symbols import beta
from theory.truncated import average

Weights = list[tuple[sp.Expr, sp.Expr]]
"""Exponents and factors, whose products add up to an average."""
REGIMES = ("warm", "UNSAT", "SAT", "broken")
"""A temperature; its limit zero with one minimum; a volume of states of zero energy; zero temperature where minima cross."""


def one_body(potential: sp.Expr, h: sp.Symbol, regime: str) -> OneBody:
    """The effective one-body functions of a potential; DerivationError where it has none in the regime."""
    if regime in ("UNSAT", "broken"):
        return minimal(potential, h, regime)
    return _thermal(potential, h, regime == "SAT")


# Temperature and volumes of solutions


def _thermal(potential: sp.Expr, h: sp.Symbol, volume: bool) -> OneBody:
    parts = _partition(potential, sp.S.One, h, volume)
    if not parts:
        raise DerivationError(f"potential {potential}: it is nowhere 0, so that no state has zero energy; declare phase='UNSAT'")
    value = log_total(parts)

    def expectation(observable: sp.Expr) -> Pieces:
        above = sp.Add(*[sp.exp(e) * w for e, w in _partition(potential, observable, h, volume)])
        if len(parts) == 1 and isinstance(parts[0][1], H):
            return smooth(_over_tail(above * sp.exp(-parts[0][0]), parts[0][1].args[0]))
        return smooth(above / sp.Add(*[sp.exp(e) * w for e, w in parts]))

    slope = value.diff(OMEGA)
    if has_quadrature(potential, h):
        # By parts, which leaves the potential's derivatives alone.
        first, second = (expectation((h - OMEGA) ** k).bodies[0] for k in (1, 2))
        slope, curvature = first / WIDTH, (second - first**2) / WIDTH**2 - 1 / WIDTH
    else:
        curvature = slope.diff(OMEGA)
    return OneBody(smooth(value), smooth(slope), smooth(curvature), expectation)


def log_total(parts: Weights) -> sp.Expr:
    """Logarithm of the sum of exp(exponent) * factor."""
    logs = [exponent + log_factor(weight) for exponent, weight in parts]
    if len(parts) == 2:
        # In this form neither overflows.
        return (logs[0] + logs[1]) / 2 + log_cosh((logs[0] - logs[1]) / 2) + sp.log(2)
    return logs[0] if len(parts) == 1 else sp.log(sp.Add(*[sp.exp(exponent) * weight for exponent, weight in parts]))


def smooth(body: sp.Expr) -> Pieces:
    """A function of ``OMEGA`` that is one piece."""
    return Pieces(OMEGA, (-sp.oo, sp.oo), (body,))


def log_factor(weight: sp.Expr) -> sp.Expr:
    if isinstance(weight, H):
        return log_H(weight.args[0])
    # Between two points, of which the lower one has the larger tail.
    tails = sorted(sp.Add.make_args(weight), key=lambda t: t.could_extract_minus_sign())
    if len(tails) == 2 and isinstance(tails[0], H) and isinstance(-tails[1], H):
        return log_between(tails[0].args[0], (-tails[1]).args[0])
    return sp.log(weight)


def _over_tail(above: sp.Expr, x: sp.Expr) -> sp.Expr:
    """Moments of part of a Gaussian over H(x), in hazards and logarithms of tails: the tails themselves underflow."""
    tail = sp.Dummy("tail")
    edges = sorted({x, *(f.args[0] for f in above.atoms(H))}, key=sp.default_sort_key)
    over = {y: tail * (sp.exp(log_H(y) - log_H(x)) if y != x else 1) for y in edges}
    rule = {sp.exp(-(y**2) / 2): sp.sqrt(2 * sp.pi) * hazard(y) * over[y] for y in edges}
    written = sp.expand(above.xreplace(rule).xreplace({H(y): over[y] for y in edges}))
    return sp.diff(written, tail) if written.as_poly(tail) is not None and sp.degree(written, tail) == 1 else above / H(x)


def has_quadrature(potential: sp.Expr, h: sp.Symbol) -> bool:
    """Whether the averages of a potential have no closed form."""
    return any(not is_quadratic(body, h) for body in pieces(potential, h).bodies)


def _partition(potential: sp.Expr, observable: sp.Expr, h: sp.Symbol, volume: bool) -> Weights:
    return weights(pieces(sp.Tuple(potential, observable), h), volume)


def weights(cut: Pieces, volume: bool = False) -> Weights:
    """⟨g(h) exp(−βV(h))⟩ of (V, g) in pieces, as a list of (exponent, factor), one for every smooth piece."""
    out, h = [], cut.variable
    for lower, upper, (v, g) in cut:
        if v is sp.oo:
            continue
        v = sp.expand(v)
        if volume:
            if v != 0:
                continue
            a = b = c = sp.S.Zero
        elif is_quadratic(v, h):
            a, b, c = (beta * factored(v.coeff(h, k)) * (2 if k == 2 else 1) for k in (2, 1, 0))
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
