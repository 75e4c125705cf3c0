"""Samples of a glass: the field of the state in each replica, and passive fields that all replicas share, those of a teacher and of
noise.

Between replicas the field of the state covaries as their overlap; with passive fields as sums over sites that are linear in the
state.
"""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass
from typing import Any

import sympy as sp

from theory.declaration.dimensions import Dim
from theory.errors import DerivationError
from theory.replica.fields import H, V, W
from theory.replica.forms import Entry, is_local
from theory.replica.joint import Model, Samples, read_model

NONE = sp.ImmutableMatrix(0, 0, [])


@dataclass(frozen=True)
class Field:
    """Samples with the energy ``potential`` each, a function of H and of the ``passive`` fields.

    The covariance of H between replicas is ``gain`` times the sum over sites of w w', plus ``shift``; its mean is ``mean``, its
    covariances with passive fields are ``mixed``. All but the gain are functions of the sums of the glass. ``means`` and
    ``covariance`` are those of the passive fields.
    """

    samples: Samples
    potential: sp.Expr
    gain: sp.Expr
    shift: sp.Expr
    mean: sp.Expr = sp.S.Zero
    mixed: tuple[sp.Expr, ...] = ()
    means: tuple[sp.Expr, ...] = ()
    covariance: sp.ImmutableMatrix = NONE

    @property
    def dim(self) -> Dim:
        return self.samples.dim

    @property
    def passive(self) -> tuple[sp.Symbol, ...]:
        return self.samples.passive

    def total(self, expression: sp.Expr) -> sp.Expr:
        """Sum over these samples of what one of them adds."""
        return self.samples.total(expression)

    def seen(self, expression: sp.Expr) -> sp.Expr:
        """A site expression over the samples in H and the passive fields."""
        return self.samples.in_fields(expression).xreplace({self.samples.active[0]: H})


def sample_fields(energy, total: sp.Expr, glass: Any) -> tuple[Field, ...]:
    """The samples in the ``total`` of their energies, read as at replica symmetry; sums that they need are added to the glass."""
    reduced = copy(energy)
    reduced.energy, reduced.ansatz = total, "RS"
    model = read_model(reduced)
    # A part of the samples that the energy does not see, such as missing ones, is none.
    return tuple(field_of(s, model, glass) for s in model.samples if s.active or s.potential != 0)


def field_of(samples: Samples, forms: Model | Any, glass: Any) -> Field:
    """The fields of samples whose covariances are written in ``forms``."""
    if len(samples.active) != 1:
        fields = ", ".join(map(str, samples.active))
        raise DerivationError(
            f"samples {samples.dim}: they act through the fields {fields} of the state; with couplings or broken replicas one "
            "is derived, declare ansatz='RS'"
        )
    entries, count = samples.covariance, len(samples.passive)
    gain, shift = _overlap(entries[0, 0], samples, forms, glass)
    mixed = tuple(_linear(entries[0, 1 + i], forms, glass) for i in range(count))
    passive = sp.Matrix(count, count, lambda i, j: entries[1 + min(i, j), 1 + max(i, j)].rest)
    mean, *means = (_linear(entry, forms, glass) for entry in samples.means)
    potential = samples.potential.xreplace({samples.active[0]: H})
    return Field(samples, potential, gain, shift, mean, mixed, tuple(means), sp.ImmutableMatrix(passive))


def _overlap(entry: Entry, samples: Samples, forms: Any, glass: Any) -> tuple[sp.Expr, sp.Expr]:
    """Gain and shift of a covariance between replicas."""
    gain, shift = sp.S.Zero, entry.rest
    for factor, number in entry.factors:
        form = forms.bilinear[number].parts[0]
        bend = form.coeff_monomial(W * V)
        if is_local(bend, glass.people):
            raise DerivationError(f"samples {samples.dim}: their overlap {form.as_expr()} makes sites differ; declare them alike")
        gain += factor * bend
        shift += factor * (_summed(form.coeff_monomial(W), glass) + _summed(form.coeff_monomial(V), glass))
        shift += factor * glass.people.total(form.coeff_monomial(1))
    return gain, sp.expand(shift)


def _linear(entry: Entry, forms: Any, glass: Any) -> sp.Expr:
    """A covariance with a passive field, or a mean."""
    total = entry.rest
    for factor, number in entry.factors:
        form = forms.linear[number].parts[0]
        total += factor * (_summed(form.coeff_monomial(W), glass) + glass.people.total(form.coeff_monomial(1)))
    return sp.expand(total)


def _summed(coefficient: sp.Expr, glass: Any) -> sp.Expr:
    """The sum over sites of a coefficient times the state."""
    return glass.size * glass.mean(glass.gauged(coefficient * W)) if coefficient != 0 else sp.S.Zero
