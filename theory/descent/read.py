"""A declared descent as a linear recursion: Hessian and force of the loss, weight decay, and its observables at two states."""

from __future__ import annotations

from dataclasses import dataclass

import sympy as sp

from theory.declaration.descent import Descent
from theory.declaration.gradients import affine, gradient
from theory.declaration.matrices import Diag
from theory.declaration.matrix import Mat
from theory.declaration.scalars import Tr
from theory.declaration.sites import Leaf
from theory.declaration.vectors import Vec
from theory.declaration.walks import leaves
from theory.descent.polarised import polarised
from theory.descent.population import population, residual_of
from theory.errors import DerivationError

LOSS = "loss"
"""Name of twice the mean loss of a sample: the strength of the noise of a batch."""


@dataclass(frozen=True)
class Linear:
    """The mean step w' = w - rate ((D/P + decay) w - q): ``hessian`` is D, a sum over P samples, ``force`` P q.

    ``observables`` are those declared and, where none of them is it, twice the mean loss of a sample; ``loss`` is its name.
    """

    model: Descent
    hessian: Mat
    force: Vec
    decay: sp.Expr
    observables: dict[str, sp.Expr]
    loss: str

    state = property(lambda self: self.model.state.leaf)

    def resolvent(self, ridge: sp.Expr) -> Mat:
        return (self.hessian / self.model.samples + ridge).inv

    def minimum(self, ridge: sp.Expr) -> Vec:
        """The state at the minimum of the mean loss plus ridge |w|²/2."""
        return self.resolvent(ridge) @ (self.force / self.model.samples)

    def pair(self, name: str, first: sp.Expr, second: sp.Expr) -> sp.Expr:
        """An observable at two minima, an affine function of each."""
        return polarised(self.observables[name], self.state, self.minimum(first), self.minimum(second))

    def from_start(self, ridge: sp.Expr) -> sp.Expr:
        """The loss at a minimum and at the origin, w = 0, an affine function of each: c - qᵀR(ridge)q."""
        return polarised(self.observables[self.loss], self.state, self.minimum(ridge), Vec(self.state.dims[0], 0))

    def kernel(self, name: str, ridge: sp.Expr) -> sp.Expr:
        """Tr[A (D/P) R(ridge)], with A half the Hessian of the observable."""
        curvature, _ = affine(gradient(self.observables[name], self.model.state), self.state)
        if curvature is None:
            raise DerivationError(f"observable {name}: it does not depend on {self.state.name}")
        return Tr(curvature @ self.hessian @ self.resolvent(ridge)) / (2 * self.model.samples)


def read(model: Descent) -> Linear:
    """The mean step of a descent; DerivationError where it is not linear, or where the penalty is no weight decay."""
    state = model.state.leaf
    residual_of(model.loss, state)
    loss = population(model.loss, state, model.samples) if model.fresh else model.loss
    hessian, force = affine(gradient(loss, model.state), state)
    if hessian is None:
        raise DerivationError(f"loss: {loss} does not depend on {state.name}")
    observables: dict[str, sp.Expr] = dict(model.observe)
    strength = 2 * loss / model.samples
    name = next((n for n, value in observables.items() if value == strength), LOSS)
    if name == LOSS and LOSS in observables:
        raise DerivationError(f"observable {LOSS}: the name of twice the loss of a sample; rename it")
    observables[name] = strength
    return Linear(model, hessian, -force, _decay(model, state), observables, name)


def _decay(model: Descent, state: Leaf) -> sp.Expr:
    """The multiple of the state by which the penalty pulls it back, divided by the number of samples."""
    if state not in leaves(model.penalty):
        return sp.S.Zero
    matrix, constant = affine(gradient(model.penalty, model.state), state)
    if not isinstance(matrix, Diag) or not matrix.is_scalar or constant.expr != 0:
        raise DerivationError(f"penalty: {model.penalty} is no multiple of the square of {state.name}; "
                              "a spectrum in it goes into the learned function")
    return sp.cancel(matrix.vector.expr / model.samples)
