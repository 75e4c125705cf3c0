"""Observables of a replica theory, as derivatives of the replicated free energy by declared sources."""

from __future__ import annotations

from dataclasses import dataclass

import sympy as sp

from theory.averages import ModeSum
from theory.declaration.scalars import Average, Over, QuadraticForm
from theory.declaration.sites import tops
from theory.errors import DerivationError
from theory.modes import ModeArray, ModeIndex
from theory.replica.data import moments, plain, total
from theory.replica.fields import Channel, Fields, W
from theory.symbols import Internal

SOURCE = Internal("J", real=True)
"""Source that multiplies a function of every replica."""


@dataclass(frozen=True)
class SiteLaw:
    """What replicas say of the state at one site: its mean over training sets and its variance; one replica is Gaussian."""

    mean: sp.Expr
    variance: sp.Expr

    def expectation(self, polynomial: sp.Expr) -> sp.Expr:
        """Expectation of a polynomial in the state."""
        total = sp.S.Zero
        for (power,), coefficient in sp.Poly(sp.expand(polynomial), W).terms():
            for pairs in range(power // 2 + 1):
                ways = sp.binomial(power, 2 * pairs) * sp.factorial2(2 * pairs - 1)
                total += coefficient * ways * self.mean ** (power - 2 * pairs) * self.variance**pairs
        return total


def site_observable(expression: sp.Expr, fields: Fields, law: SiteLaw) -> sp.Expr:
    """Expectation of a site expression; ``average(...)`` in it stands for an expectation of its own."""
    inner = {}
    for top in tops(expression):
        if isinstance(top, Average):
            inner[top] = sp.Dummy("average", real=True)
        elif isinstance(top, (Over, QuadraticForm)):
            raise DerivationError(f"observable: the sum {top} inside another one; write it as an observable of its own")
    polynomial = fields.at_site(expression.xreplace(inner))
    if not polynomial.is_polynomial(W):
        raise DerivationError(f"observable: {expression} is not polynomial in {fields.state.name}; only polynomials are derived")
    values = {stand_in: site_observable(top.expr, fields, law) for top, stand_in in inner.items()}
    return moments(law.expectation(polynomial).xreplace(values), fields.site_noise)


def scalar_observable(expression: sp.Expr, fields: Fields, law: SiteLaw, sample) -> sp.Expr:
    """Expectation of a scalar built from sums over sites and samples; ``sample(channel, g)`` is the expectation of g(h)."""
    rule = {}
    for top in tops(expression):
        if isinstance(top, Over) and top.dim == fields.dim:
            rule[top] = total(fields.dim, site_observable(top.expr, fields, law), fields.index)
        elif isinstance(top, Over):
            rule[top] = sample(_channel(fields, top), _channel(fields, top).in_field(top.expr))
        elif isinstance(top, QuadraticForm):
            rule[top] = _quadratic_form(top, fields, law)
        else:
            raise DerivationError(f"observable: {top} is no sum over a dimension; wrap it in sum_over or mean")
    return plain(expression.xreplace(rule))


def _channel(fields: Fields, top: Over) -> Channel:
    for channel in fields.channels:
        if channel.dim == top.dim:
            return channel
    raise DerivationError(f"observable over {top.dim}: the energy has no samples there; sum over {fields.dim} or its samples")


def _quadratic_form(form: QuadraticForm, fields: Fields, law: SiteLaw) -> sp.Expr:
    """v^T O v: sites are independent given the order parameters, so that off the diagonal means multiply."""
    matrix, other = ModeArray(form.matrix.leaf.name, rank=2, real=True), ModeIndex(fields.index.dimension, "l")
    mean = site_observable(form.expr, fields, law)
    square = site_observable(sp.expand(form.expr**2), fields, law)
    pairs = ModeSum(mean * ModeSum(matrix[fields.index, other] * mean.xreplace({fields.index: other}), other), fields.index)
    return pairs + ModeSum(matrix[fields.index, fields.index] * (square - mean**2), fields.index)
