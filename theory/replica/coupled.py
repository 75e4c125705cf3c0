"""Several degrees of freedom that one potential couples, in a Gaussian of mean ω and covariance v: their thermal averages."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import sympy as sp

from theory.envelope import Envelope
from theory.errors import DerivationError
from theory.piecewise import pieces
from theory.replica.products import Product
from theory.small_matrices import inverse as inverse_of
from theory.symbols import beta
from theory.truncated import average


@dataclass(frozen=True)
class Coupled:
    """Functions of the mean ω: the logarithm of the partition function (over β at zero temperature, without the Gaussian's own
    part) and its first and second derivatives, mean and covariance of the degrees of freedom (over the temperature there), and
    expectations."""

    value: sp.Expr
    slope: tuple[sp.Expr, ...]
    curvature: sp.Matrix
    mean: tuple[sp.Expr, ...]
    covariance: tuple[tuple[sp.Expr, ...], ...]
    expectation: Callable[[sp.Expr], sp.Expr]


def coupled(potential: sp.Expr, h: Sequence[sp.Symbol], omega: Sequence[sp.Expr], width: sp.Matrix, regime: str) -> Coupled:
    """The effective functions of a potential of several variables; DerivationError where they are not derived."""
    return (_minimal if regime == "UNSAT" else _thermal)(potential, h, omega, width, regime == "SAT")


def _thermal(potential: sp.Expr, h, omega, width: sp.Matrix, volume: bool) -> Coupled:
    def weight(observable: sp.Expr) -> sp.Expr:
        return _integral(potential, observable, list(h), list(omega), width, volume)

    total = weight(sp.S.One)
    if total == 0:
        raise DerivationError(f"potential {potential}: it is nowhere 0, so that no state has zero energy; declare phase='UNSAT'")

    def expectation(observable: sp.Expr) -> sp.Expr:
        return weight(observable) / total

    count = len(h)
    mean = tuple(omega[i] + expectation(h[i] - omega[i]) for i in range(count))
    shift = [expectation(h[i] - omega[i]) for i in range(count)]
    covariance = tuple(
        tuple(expectation((h[i] - omega[i]) * (h[j] - omega[j])) - shift[i] * shift[j] for j in range(count)) for i in range(count)
    )
    inverse = inverse_of(width)
    slope = tuple(inverse * sp.Matrix(shift))
    return Coupled(sp.log(total), slope, inverse * sp.Matrix(covariance) * inverse - inverse, mean, covariance, expectation)


def _integral(potential, observable, h: list, omega: list, width: sp.Matrix, volume: bool) -> sp.Expr:
    """⟨g exp(−βV)⟩ over the Gaussian: the first variable is cut and integrated outermost."""
    x, mean, variance = h[0], omega[0], width[0, 0]
    total = sp.S.Zero
    for lower, upper, (v, g) in pieces(sp.Tuple(potential, observable), x):
        if len(h) > 1:
            gains = [width[i, 0] / variance for i in range(1, len(h))]
            means = [m + gain * (x - mean) for m, gain in zip(omega[1:], gains, strict=True)]
            n = len(h) - 1
            rest = sp.Matrix(n, n, lambda i, j, gains=gains: width[i + 1, j + 1] - gains[i] * gains[j] * variance)
            body = _integral(v, g, h[1:], means, rest, volume)
        elif volume:
            body = g if v == 0 else sp.S.Zero
        else:
            body = g * sp.exp(-beta * v)
        ends = [e if e.is_infinite else (e - mean) / sp.sqrt(variance) for e in (lower, upper)]
        if body != 0:
            total += average(lambda z, b=body: b.xreplace({x: mean + sp.sqrt(variance) * z}), *ends)
    return total


def _minimal(potential: sp.Expr, h, omega, width: sp.Matrix, _: bool) -> Coupled:
    """The joint proximal point of a smooth convex potential."""
    if any(_kinked(potential, x) for x in h):
        raise DerivationError(
            f"potential {potential}: it has kinks and couples {', '.join(map(str, h))}; at zero temperature only smooth ones are "
            "minimised together, declare a temperature or a potential of each by itself"
        )
    count, envelope = len(h), Envelope(potential, h, omega, width)
    points = envelope.points
    there = dict(zip(h, points, strict=True))
    bend = sp.Matrix(count, count, lambda i, j: envelope.at(i, j))
    response = width - width * bend * width

    def expectation(observable: sp.Expr) -> sp.Expr:
        return observable.xreplace(there)

    rows = tuple(tuple(response.row(i)) for i in range(count))
    return Coupled(-envelope, tuple(-envelope.at(i) for i in range(count)), -bend, tuple(points), rows, expectation)


def check_evaluable(potential: sp.Expr, h: Sequence[sp.Symbol], regime: str) -> None:
    """Refuse a smooth potential of several fields at a temperature: as many averages nest around its integrals, unsolvably many."""
    if regime == "warm" and not any(_kinked(potential, x) for x in h) and not potential.is_polynomial(*h):
        raise DerivationError(
            f"potential {potential}: it couples {', '.join(map(str, h))} smoothly, and at a temperature {2 * len(h)} averages "
            "nest; declare temperature 0, or a potential of each by itself"
        )


def _kinked(potential: sp.Expr, x: sp.Symbol) -> bool:
    try:
        return pieces(potential, x).bodies != (potential,)
    except DerivationError:
        # Kinks whose order depends on the other variables.
        return True


def product(expression: sp.Expr) -> Product:
    """A smooth function of several variables as a product."""
    return Product(expression)
