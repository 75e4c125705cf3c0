"""What the batches of a descent do beyond its mean step: covariance of a batch gradient, and the Volterra equation that follows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sympy as sp

from theory.descent.read import LOSS, Linear
from theory.symbols import size
from theory.symbols import time as t

State = Mapping[str, Any]
past = sp.Symbol("s", integer=True, nonnegative=True)
"""An earlier step."""


def source(name: str) -> sp.Function:
    """What the mean step makes of an observable: F_name(t)."""
    return sp.Function(f"F_{name}")


def kernel(name: str) -> sp.Function:
    """The answer of an observable to noise, u steps later: K_name(u)."""
    return sp.Function(f"K_{name}")


def propagator(linear: Linear, x: sp.Symbol, at: sp.Symbol) -> tuple[sp.Expr, sp.Expr]:
    """The factor of one mean step at the eigenvalue x of the Hessian, and that of t steps; of a flow, rate and exponential."""
    slope = -linear.model.rate * (x + linear.decay)
    if linear.model.continuous:
        return slope, sp.exp(slope * at)
    return 1 + slope, (1 + slope) ** at


def covariance(linear: Linear) -> dict[str, Any]:
    """Covariance of the mean gradient of a batch, from the pairs of its samples; exact, and as it is kept."""
    batch = size(batch_of(linear).name)
    same, mean = sp.symbols("gg^T gbar", commutative=False)
    # Pairs of a batch: each sample with itself, and different ones, which are drawn independently.
    exact = sp.expand((batch * same + batch * (batch - 1) * mean**2) / batch**2 - mean**2)
    loss, hessian = sp.Symbol(LOSS, nonnegative=True), sp.Symbol("D", commutative=False)
    kept = {same: loss * hessian / size(linear.model.samples.name), mean: sp.S.Zero}
    if linear.model.fresh:
        # Wick: <psi psi^T r²> = <r²> <psi psi^T> + 2 gbar gbar^T for Gaussian samples.
        wick = loss * hessian / size(linear.model.samples.name) + 2 * mean**2
        dropped = sp.expand(exact.xreplace({same: wick}) - wick.xreplace({mean: sp.S.Zero}) / batch)
    else:
        dropped = sp.expand(exact - same / batch)
    return {"covariance": exact, "closure": {same: kept[same]}, "kept": sp.expand(exact.xreplace(kept)), "dropped": dropped}


def memory(state: State, linear: Linear) -> dict[str, Any]:
    """Noise of strength ``kept`` at each step, carried on by the mean step: the Volterra equation of the loss, and observables."""
    hessian, loss = sp.Symbol("D", commutative=False), sp.Symbol(LOSS, nonnegative=True)
    rate, x = linear.model.rate, state["eigenvalue"]
    samples = size(linear.model.samples.name)
    # Each step subtracts rate times the gradient: what it adds to the second moment, per unit of loss and of D/P.
    strength = sp.expand(rate**2 * state["kept"]).coeff(loss).coeff(hessian) * samples
    carried = sp.powsimp(state["factor"] ** (2 * sp.Symbol("u", nonnegative=True)))
    lost = sp.Function("L")
    relations = {}
    for name in linear.observables:
        answer = sp.Sum(kernel(name)(t - 1 - past) * lost(past), (past, 0, t - 1))
        relations[name] = source(name)(t) + strength * answer
    return {
        "propagator": carried * x,
        "strength": strength,
        "volterra": sp.Eq(lost(t), relations[linear.loss], evaluate=False),
        "relations": {sp.Symbol(n): relations[n] for n in linear.model.observe},
    }


def batch_of(linear: Linear) -> sp.Symbol:
    """The dimension of a batch."""
    return linear.model.batch if linear.model.batch is not None else linear.model.samples
