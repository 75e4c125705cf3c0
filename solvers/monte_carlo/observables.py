"""What one trial contributes to each observable."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import sympy as sp
from numpy.typing import NDArray

from solvers.monte_carlo.realisation import Realisation
from solvers.monte_carlo.statistics import Moments
from theory.declaration.scalars import Average, Over
from theory.declaration.sites import tops
from theory.declaration.vectors import Vec
from theory.declaration.walks import linear_coefficients, replace_tops
from theory.errors import DeclarationError

COLUMNS = 256
"""Variants of the data that are solved for at once."""


@dataclass(frozen=True)
class Monomials:
    """A site expression as a polynomial in averages: sum_m coefficient_m prod_a <argument_a>^p_ma."""

    dim: sp.Symbol | None
    averages: tuple[sp.Expr, ...]
    powers: tuple[tuple[int, ...], ...]
    coefficients: tuple[sp.Expr, ...]

    @classmethod
    def read(cls, expression: sp.Expr, dim: sp.Symbol | None) -> Monomials:
        """DeclarationError where an average stands in anything but a polynomial."""
        averages = sorted((t for t in tops(expression) if isinstance(t, Average)), key=str)
        if not averages:
            return cls(dim, (), ((),), (expression,))
        names = {top: sp.Dummy() for top in tops(expression)}
        opened = sp.expand(replace_tops(expression, names))
        try:
            polynomial = sp.Poly(opened, *[names[a] for a in averages])
        except sp.PolynomialError:
            raise DeclarationError(f"observable: {expression} is not a polynomial in its averages; make it one") from None
        if polynomial.free_symbols_in_domain & {names[a] for a in averages}:
            raise DeclarationError(f"observable: {expression} is not a polynomial in its averages; make it one")
        back = {dummy: top for top, dummy in names.items()}
        powers, coefficients = zip(*polynomial.terms(), strict=True)
        return cls(dim, tuple(a.expr for a in averages), powers, tuple(c.xreplace(back) for c in coefficients))

    def moments(self, draw: Realisation, copies: int, scale: float = 1.0) -> Moments:
        """Its part of one trial; sums run over ``copies`` neighbouring sites, or over all where it is 0."""

        def values(expressions: Sequence[sp.Expr]) -> NDArray:
            if self.dim is None:
                return np.array([draw.scalar(e) for e in expressions]).reshape(len(expressions), 1)
            vectors = [draw.vector(Vec(self.dim, e))[:, 0] for e in expressions]
            return np.array(vectors).reshape(len(expressions), draw.size(self.dim))

        return Moments(self.powers, scale * values(self.coefficients), values(self.averages), copies)


def holds_average(observable: Any) -> bool:
    """Whether an observable is a function of averages over disorder."""
    expression = observable.expr if isinstance(observable, Vec) else observable
    return isinstance(expression, sp.Expr) and any(
        isinstance(top, Average) or (isinstance(top, Over) and holds_average(top.expr)) for top in tops(expression)
    )


def value(observable: Any, draw: Realisation, copies: int) -> NDArray:
    """A plain observable: a scalar (), or one number per mode, summed over the copies of the mode."""
    if isinstance(observable, Vec):
        return draw.vector(observable)[:, 0].reshape(-1, copies).sum(axis=1)
    return draw.scalar(observable)[0]


def averaged(observable: Any) -> Callable[[Realisation, int], tuple[Moments, ...]]:
    """How one trial contributes to an observable with averages."""
    if isinstance(observable, Vec):
        monomials = Monomials.read(observable.expr, observable.dim)
        return lambda draw, copies: (monomials.moments(draw, copies),)
    sums = [top for top in tops(observable) if isinstance(top, Over) and holds_average(top.expr)]
    slopes, rest = linear_coefficients(observable, sums)
    if any(holds_average(slope) for slope in slopes.values()):
        raise DeclarationError(f"observable: {observable} multiplies sums with averages; only sums of such are simulated")
    parts = [(slope, Monomials.read(top.expr, top.dim)) for top, slope in slopes.items()]
    last = Monomials.read(rest, None)

    def contribution(draw: Realisation, copies: int) -> tuple[Moments, ...]:
        found = [monomials.moments(draw, 0, float(draw.scalar(slope)[0])) for slope, monomials in parts]
        return (*found, last.moments(draw, 0))

    return contribution


def contributions(
    observable: sp.Expr, source: sp.Symbol, draw: Realisation, copies: int, minimise: Callable[[Realisation], Realisation]
) -> NDArray:
    """a_k dE/da_k for the per-mode data a = ``source`` of an observable E, one number per mode.

    E is quadratic in sqrt(a_k), so that (E(4 a_k) - E(0))/4, the central difference in sqrt(a_k) with a step of its own size, is
    exact. ``minimise`` gives the variants of the data (columns) their state.
    """
    data = draw.symbols[source]
    modes = len(data) // copies
    result = np.empty(modes)
    for start in range(0, modes, COLUMNS // 2):
        chosen = np.arange(start, min(modes, start + COLUMNS // 2))
        count = len(chosen)
        variants = np.repeat(data, 2 * count, axis=1).reshape(modes, copies, 2 * count)
        variants[chosen, :, np.arange(count)] *= 4.0
        variants[chosen, :, count + np.arange(count)] = 0.0
        varied = minimise(draw.with_symbols({source: variants.reshape(len(data), 2 * count)}))
        values = np.broadcast_to(varied.scalar(observable), (2 * count,))
        result[chosen] = (values[:count] - values[count:]) / 4
    return result
