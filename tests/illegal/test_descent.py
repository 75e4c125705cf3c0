"""What a descent refuses, in declaration, theory and simulation."""

import re

import numpy as np
import pytest
import sympy as sp

from solvers import evaluate, largest_stable_rate, simulate, solve, sweep
from theory import Descent, Dim, Energy, Gaussian, Noise, Parameter, State, models, sum_over, tanh
from theory.errors import DeclarationError, DerivationError, DivergenceError, ParameterError

eta = sp.Symbol("eta", positive=True)
MODES, SAMPLES, BATCH = Dim("M", "s", "a2"), Dim("P"), Dim("B")
s, a2 = MODES.spectra
X, w = Gaussian("X", SAMPLES, MODES), State("w", MODES)
residual = X @ (sp.sqrt(s) * w) - X @ sp.sqrt(a2) - Noise("eps", SAMPLES)
OBSERVE = {"E": sum_over(MODES, (sp.sqrt(s) * w - sp.sqrt(a2)) ** 2)}
ENERGY = Energy(residual.square() / 2, over=w, observe=OBSERVE)
TASK = {"P": 20, "learning_rate": 0.1, "eigenvalues": np.ones(5), "target_power": np.ones(5)}


def refused(kind, message, action, **keywords):
    with pytest.raises(kind, match=re.escape(message)):
        action(**keywords)


@pytest.mark.parametrize(
    ("message", "keywords"),
    [
        ("samples of the descent of Energy: B; pass one of its dimensions M, P", {"samples": BATCH}),
        ("batch of the descent of Energy: P; pass a new Dim('B')", {"batch": SAMPLES}),
        ("fresh samples are the batch, and a flow has none; drop batch=", {"batch": BATCH, "fresh": True}),
        ("fresh samples of the descent of Energy: a flow; a flow sees all samples at once", {"fresh": True, "continuous": True}),
        ("rate of the descent of Energy: -1; pass a positive number or parameter", {"rate": -1}),
        ("descent of: 'x'; pass an Energy", {"energy": "x"}),
        ("fresh of the descent of Energy: 1; pass True or False", {"fresh": 1}),
    ],
)
def test_declaration(message, keywords):
    refused(DeclarationError, message, Descent, **{"energy": ENERGY, "samples": SAMPLES, "rate": eta, **keywords})


def test_fresh_samples_are_not_observed():
    energy = Energy(residual.square() / 2, over=w, observe={"E": residual.square()})
    refused(DeclarationError, "X is drawn anew; observe the state on no sample", Descent, energy=energy, samples=SAMPLES, rate=eta,
            fresh=True)


def test_losses_that_are_not_derived():
    saturating = Energy(sum_over(SAMPLES, tanh(X @ w) ** 2) + w.square() / 2, over=w, observe={"E": w.square()})
    refused(DerivationError, "is not the square of a residual affine in w", Descent(saturating, SAMPLES, eta).derive)
    tilted = Energy(residual.square() / 2 + sum_over(MODES, s * w**2), over=w, observe=OBSERVE)
    refused(DerivationError, "a spectrum in it goes into the learned function", Descent(tilted, SAMPLES, eta).derive)


@pytest.mark.parametrize(
    ("message", "keywords"),
    [
        ("batch: 30 samples out of P = 20; give at most P, or use the one-pass model", {"batch": 30, "t": 3}),
        ("t = -1: number of steps must be a finite whole number in [0, inf)", {"batch": 3, "t": -1}),
        ("t = 2.5: number of steps must be a finite whole number in [0, inf)", {"batch": 3, "t": 2.5}),
        ("learning_rate = 0", {"batch": 3, "t": 2, "learning_rate": 0}),
        ("t: 200000 steps; at most 100000 are followed, raise the learning rate or use the flow", {"batch": 3, "t": 200_000}),
        ("eigenvalues", {"batch": 3, "t": 2, "eigenvalues": [1.0, -1.0, 1, 1, 1]}),
    ],
)
def test_values(message, keywords):
    theory = models.load("sgd-linear-regression")().theory()
    refused(ParameterError, message, solve, theory=theory, **{**TASK, **keywords})


def test_simulated_values():
    model = models.load("sgd-linear-regression")()
    refused(ParameterError, "batch: 30 samples out of 20; give at most P", simulate, model=model, t=2, batch=30, **TASK)
    refused(ParameterError, "sgd-linear-regression has steps of its own, leave it out", simulate, model=model, t=2, batch=3,
            time_step=0.1, **TASK)


def test_divergence_is_named():
    theory = models.load("sgd-linear-regression")().theory()
    rate = largest_stable_rate(theory, batch=2, **TASK)
    task = {**TASK, "learning_rate": 2 * rate, "batch": 2, "t": [10, 3000]}
    refused(DivergenceError, f"learning_rate = {2 * rate:.12g}", sweep, theory=theory, **task)
    refused(DivergenceError, "beyond the largest stable learning rate; lower it", sweep, theory=theory, **task)
    curve = sweep(theory, on_failure="mask", **task)
    assert curve.status.tolist() == ["converged", "infinite"]
    with pytest.raises(DivergenceError, match="not finite"):
        simulate(models.load("sgd-linear-regression")(), trials=2, **{**task, "t": 3000})


def test_thresholds_of_what_has_none():
    refused(ParameterError, "no steps, hence no largest stable rate", largest_stable_rate,
            theory=models.load("flow-linear-regression")().theory(), **TASK)
    refused(ParameterError, "several values; the threshold is found at one point", largest_stable_rate,
            theory=models.load("gd-linear-regression")().theory(), **{**TASK, "P": [10, 20]})


def test_gradients_are_refused():
    curve = sweep(models.load("gd-linear-regression")().theory(), t=[1, 2], **TASK)
    refused(ParameterError, "gradients of a descent are not available", curve.gradient, parameter="learning_rate")


def test_a_parameter_of_ones_own():
    model = Descent(ENERGY, SAMPLES, eta, batch=BATCH, parameters=[Parameter("rate", eta)])
    assert [p.name for p in model.parameters] == ["t", "rate", "B", "P", "a2", "s"]


def test_steps_out_of_all_bounds():
    for method in ("sgd", "gd"):
        theory = models.load(f"{method}-linear-regression")().theory()
        batch = {"batch": 4} if method == "sgd" else {}
        refused(ParameterError, "learning_rate = 0.1: a step multiplies errors by", solve, theory=theory, t=5,
                **{**TASK, "eigenvalues": np.full(5, 1e200), **batch})  # fmt: skip
    one_pass = models.load("one-pass-linear-regression")().theory()
    task = {k: v for k, v in TASK.items() if k != "P"}
    refused(ParameterError, "t: 1e+06 steps; at most 100000 are followed", solve, theory=one_pass, t=10**6, batch=2, **task)


@pytest.mark.parametrize(("name", "more"), [("sgd", {"batch": 4, "P": 20}), ("one-pass", {"batch": 4}), ("gd", {"P": 20})])
def test_descents_have_no_more_digits(name, more):
    theory = models.load(f"{name}-linear-regression")().theory()
    task = {k: v for k, v in TASK.items() if k != "P"} | more
    refused(ParameterError, "values of a dynamics are no roots of equations", evaluate, theory=theory, t=3, **task)
