"""Replicated Gaussian integrals with hierarchical matrices, exact in n: one sample's fields, and one site's states."""

from __future__ import annotations

from collections.abc import Sequence

import sympy as sp

from theory.declaration.sites import Dot, Functional, sites, tops
from theory.declaration.vectors import Vec
from theory.declaration.walks import collect, terms
from theory.errors import DerivationError
from theory.replica.data import given
from theory.replica.fields import H, V, W
from theory.replica.hierarchy import Hierarchical
from theory.replica.parts import parts_of
from theory.symbols import replicas as n


def quadratic(expression: sp.Expr, symbol: sp.Symbol, what: str) -> tuple[sp.Expr, sp.Expr, sp.Expr]:
    """Coefficients of symbol**2, symbol and 1; DerivationError where the expression is no quadratic polynomial."""
    expression = sp.expand(expression)
    if not expression.is_polynomial(symbol) or sp.degree(expression, symbol) > 2:
        raise DerivationError(f"{what}: {expression} is not quadratic in {symbol}; only quadratic ones are derived")
    return expression.coeff(symbol, 2), expression.coeff(symbol, 1), expression.coeff(symbol, 0)


def is_exact(energy) -> bool:
    """Whether integrals are exact in the number of replicas: one state without a prior, and every term a quadratic polynomial of it
    and of one centred field for each set of samples."""
    if len(energy.states) != 1 or any(leaf.how.get("prior") for leaf in energy.states):
        return False
    if any(leaf.kind in ("drawn", "label") for leaf in energy.leaves):
        return False
    fields: dict = {}
    for coefficient, expression, over in terms(energy.energy):
        found = collect(Vec(over, expression)).expr if over is not None else expression
        if over is not None and len(parts_of(found, over)) > 1:
            return False
        moving = [s for s in sites(found) if not given(s) and getattr(s.node, "kind", "") != "signs"]
        if any(isinstance(t, Functional) for t in tops(found) | tops(coefficient)):
            return False
        if not found.is_polynomial(*moving) or (moving and sp.Poly(found, *moving).total_degree() > 2):
            return False
        dots = [s.node.matrix for s in moving if isinstance(s.node, Dot)]
        if any(getattr(getattr(m, "leaf", None), "how", {}).get("mean", 0) != 0 for m in dots):
            return False
        if dots:
            bend = sp.hessian(found, moving)
            if bend.rank() > 1:
                return False
            row = next((bend.row(i) for i in range(len(moving)) if any(bend.row(i))), bend.row(0))
            lead = next((x for x in row if x != 0), 1)
            key = (tuple(sp.cancel(x / lead) for x in row), tuple(moving))
            if fields.setdefault(over, key) != key:
                return False
    return True


def sample_average(covariance: Hierarchical, weight: sp.Expr) -> sp.Expr:
    """log ⟨exp(Σ_a weight(h_a))⟩ over fields h_a with the given covariance between replicas, for a quadratic weight."""
    curvature, slope, constant = quadratic(weight, H, "weight of one sample")
    shrunk = covariance.apply(lambda c: 1 - 2 * curvature * c)
    top = covariance.eigenvalues()[-1]
    return -shrunk.log_det() / 2 + n * slope**2 * top / (2 * shrunk.eigenvalues()[-1]) + n * constant


def site_integral(conjugates: Sequence[tuple[Hierarchical, sp.Expr]], weight: sp.Expr) -> sp.Expr:
    """log ∫ Π_a dw_a exp(−½ Σ_ab Q̂_ab form(w_a, w_b) + Σ_a weight(w_a)), summed over the conjugates, for quadratic weights.

    The constant of each Gaussian integral, which no order parameter enters, is left out.
    """
    curvature, slope, constant = quadratic(weight, W, "weight of one site")
    precision = conjugates[0][0].scaled_identity(-2 * curvature)
    drive, offset = slope, constant
    for conjugate, form in conjugates:
        form = sp.Poly(form, W, V)
        if any(max(powers) > 1 for powers in form.monoms()):
            raise DerivationError(f"overlap {form.as_expr()}: it is not bilinear in the two replicas; only such fields are derived")
        precision = precision + form.coeff_monomial(W * V) * conjugate
        top = conjugate.eigenvalues()[-1]
        drive -= top * form.coeff_monomial(W)
        offset -= top * form.coeff_monomial(1) / 2
    return -precision.log_det() / 2 + n * drive**2 / (2 * precision.eigenvalues()[-1]) + n * offset
