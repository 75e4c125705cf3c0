"""The losses of a declared descent in time, step by step: mean step, noise of batches, Volterra equation, resolvents."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sympy as sp

from theory.declaration.descent import Descent
from theory.declaration.expression import Expression
from theory.declaration.matrices import Diag
from theory.declaration.mixtures import refuse_drawn
from theory.derivation import Derivation, Step
from theory.descent.modes import assembled_modes, moments, one_step
from theory.descent.noise import covariance, memory, propagator
from theory.descent.read import Linear, read
from theory.descent.results import assembled

State = Mapping[str, Any]
RIDGES = sp.symbols("lambda_1 lambda_2", positive=True)
"""Minus the points of the two contours."""


def derive(model: Descent) -> Derivation:
    """Derivation of a Descent; ``.theory`` is a :class:`~theory.descent.results.DescentDynamics`.

    DerivationError where the loss is no mean square of a linear residual, or a penalty no weight decay.
    """
    refuse_drawn(model.leaves, "a descent")
    linear = read(model)
    diagonal = isinstance(linear.hessian, Diag)
    if diagonal and not model.fresh:
        raise _no_data(model)
    steps = [
        Step("mean step", "The step is averaged over the batch: it is linear in the state, and its powers are functions of the "
             "Hessian of the loss.", lambda s: _mean_step(linear)),
    ]
    if diagonal:
        steps += [
            Step("one step of a mode", "The learned function less the target, mode by mode; modes are coupled by the residuals "
                 "of the batch alone.", lambda s: one_step(linear)),
            Step("moments", "Gaussian samples are averaged by Wick's theorem: the second moments of the modes obey a closed "
                 "recursion, exact at every batch size.", lambda s: moments(s, linear)),
            Step("theory", "Recursion, observables, parameters; beside it the recursion without what vanishes when many modes "
                 "matter.", lambda s: assembled_modes(s, linear)),
        ]
        return Derivation(_title(model), steps).run()
    if model.method in ("minibatch", "one-pass"):
        steps += [
            Step("noise of a batch", "Covariance of the mean gradient of a batch. Residuals are decorrelated from their own "
                 "features, and the square of the mean gradient is dropped: both are smaller by 1/(number of modes that matter), "
                 "not by the batch.", lambda s: covariance(linear)),
            Step("second moment", "The noise of every past step is carried on by the mean step; its strength is twice the mean "
                 "loss, which obeys a Volterra equation.", lambda s: memory(s, linear)),
        ]
    steps += [
        Step("resolvents", "A function of the Hessian is a contour integral of its resolvent round the spectrum and minus the "
             "decay: losses at two ridges, and one trace for each kernel.", lambda s: _resolvents(s, linear)),
        Step("deterministic equivalents", "Both are derived by the resolvent engine.", lambda s: _equivalents(s)),
        Step("theory", "Contour integrals, Volterra equation, observables, parameters.", lambda s: assembled(s, linear)),
    ]
    return Derivation(_title(model), steps).run()


def _title(model: Descent) -> str:
    return f"{model.name}: {model.method} descent"


def _no_data(model: Descent):
    from theory.errors import DerivationError

    return DerivationError(f"loss of {model.name}: its Hessian holds nothing random; declare the samples as a Gaussian matrix")


def _mean_step(linear: Linear) -> dict[str, Any]:
    x, t = sp.Symbol("x", nonnegative=True), sp.Symbol("t", nonnegative=True)
    step, power = propagator(linear, x, t)
    w, hessian, force = (sp.Symbol(n, commutative=False) for n in (linear.state.name, "D", "q"))
    rate, decay, size = linear.model.rate, linear.decay, sp.Symbol(linear.model.samples.name, positive=True)
    f, pole = sp.Symbol("f"), sp.Dummy(positive=True)
    loss_weight = _of_powers(x * ((1 - f) / pole) ** 2 - 2 * (1 - f) / pole, f)
    change = -rate * (hessian * w / size + decay * w - force)
    return {
        "change": change,
        "hessian": {hessian: sp.Symbol(str(linear.hessian), commutative=False)},
        "force": {force: sp.Symbol(f"({linear.force})/{size}", commutative=False)},
        "factor": step,
        "after": power,
        "weight": power / (x + decay),
        "loss_weight": loss_weight.xreplace({f: power, pole: x + decay}),
        "eigenvalue": x,
        "time": t,
    }


def _of_powers(expression: sp.Expr, f: sp.Symbol) -> sp.Expr:
    """What holds f: the rest is rational and decays, so that its integral against a resolvent round all poles vanishes."""
    return sp.expand(expression) - sp.expand(expression).xreplace({f: sp.S.Zero})


def _resolvents(state: State, linear: Linear) -> dict[str, Any]:
    first, second = RIDGES
    noisy = linear.model.method in ("minibatch", "one-pass")
    names = list(linear.observables if noisy else linear.model.observe)
    # The loss is that of the steps themselves, wᵀ(D/P)w - 2 wᵀq + c with w a function of D applied to q: one ridge is enough.
    pairs = {n: linear.from_start(first) if n == linear.loss else linear.pair(n, first, second) for n in names}
    kernels = {name: linear.kernel(name, first) for name in names} if noisy else {}
    return {
        "sources": {sp.Function(n)(*((first,) if n == linear.loss else (first, second))): v for n, v in pairs.items()},
        "kernels": {sp.Function(f"A_{n}")(first): v for n, v in kernels.items()},
        "expressions": tuple((n, Expression({n: v}, name=f"{linear.model.name}: {n}")) for n, v in pairs.items()),
        "ridges": RIDGES,
        "traces": (Expression(kernels, name=f"{linear.model.name}: kernels"),) if kernels else (),
    }


def _equivalents(state: State) -> dict[str, Any]:
    # Apart, so that the pencil of each is small.
    derived = {name: expression.derive() for name, expression in state["expressions"]}
    kernels = [expression.derive() for expression in state["traces"]]
    return {
        "source_theories": tuple((name, d.theory) for name, d in derived.items()),
        "kernel_theory": kernels[0].theory if kernels else None,
        "derivations": (*derived.values(), *kernels),
        "equations": list(dict.fromkeys(e for d in derived.values() for e in d.theory.equations)),
    }
