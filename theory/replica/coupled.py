"""Several degrees of freedom that one potential couples, in a Gaussian of mean ω and covariance v: their thermal averages."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import sympy as sp

from theory.effective import Effective, cut_average, is_kinked
from theory.envelope import Envelope
from theory.errors import DerivationError
from theory.replica.one_body import OMEGA, WIDTH, OneBody, has_quadrature, one_body, smooth
from theory.replica.products import Product
from theory.symbols import beta

MOST = 2
"""Fields that a smooth potential may couple at a temperature."""


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


def alone(potential: sp.Expr, h: sp.Symbol, regime: str) -> OneBody:
    """The effective functions of a potential of one variable: in closed form where there is one, else as one symbol each."""
    if regime != "warm" or not has_quadrature(potential, h):
        return one_body(potential, h, regime)
    found = _thermal(potential, [h], [OMEGA], sp.Matrix([[WIDTH]]), False)
    bend = found.curvature[0, 0]
    return OneBody(smooth(found.value), smooth(found.slope[0]), smooth(bend), lambda g: smooth(found.expectation(g)))


def _thermal(potential: sp.Expr, h, omega, width: sp.Matrix, volume: bool) -> Coupled:
    action = potential if volume else beta * potential
    _check_evaluable(potential, h, volume)
    if volume and cut_average(potential, sp.S.One, list(h), list(omega), width, volume) == 0:
        raise DerivationError(f"potential {potential}: it is nowhere 0, so that no state has zero energy; declare phase='UNSAT'")
    count = len(h)
    whole = Effective(action, sp.S.One, h, omega, width, (), (), volume)

    def expectation(observable: sp.Expr) -> sp.Expr:
        return Effective(action, observable, h, omega, width, (), (), volume)

    slope = sp.Matrix([whole.at(i) for i in range(count)])
    bend = sp.Matrix(count, count, lambda i, j: whole.at(i, j))
    mean = tuple(w + shift for w, shift in zip(omega, width * slope, strict=True))
    spread = width + width * bend * width
    rows = tuple(tuple(spread.row(i)) for i in range(count))
    return Coupled(whole, tuple(slope), bend, mean, rows, expectation)


def _minimal(potential: sp.Expr, h, omega, width: sp.Matrix, _: bool) -> Coupled:
    """The joint proximal point of a smooth convex potential."""
    if is_kinked(potential, tuple(h)):
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


def _check_evaluable(potential: sp.Expr, h: Sequence[sp.Symbol], volume: bool) -> None:
    """Refuse a smooth potential of more fields than a quadrature inside another one can do."""
    if not volume and len(h) > MOST and not is_kinked(potential, tuple(h)):
        raise DerivationError(
            f"potential {potential}: it couples {', '.join(map(str, h))} smoothly, and at a temperature {2 * len(h)} averages "
            f"nest; {MOST} fields are done, declare temperature 0 or a potential of fewer of them"
        )


def product(expression: sp.Expr) -> Product:
    """A smooth function of several variables as a product."""
    return Product(expression)
