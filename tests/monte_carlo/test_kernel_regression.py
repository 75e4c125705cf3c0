"""Kernel regression: theory against simulation of the same declaration, and wrong theories and models that must not pass."""

from dataclasses import replace

import numpy as np
import pytest
import sympy as sp

from solvers.agreement import check
from solvers.monte_carlo import Entries, Rows
from theory.declaration import Dim, Energy, Gaussian, Noise, Parameter, State, mean, sum_over
from theory.errors import ParameterError
from theory.models.kernel_regression import KernelRegression
from theory.symbols import noise, ridge

MODEL = KernelRegression()
K = np.arange(1, 31.0)
TASK = {"P": 20, "ridge": 0.02, "noise": 0.1, "eigenvalues": K**-1.5, "target_power": K**-2.0}


@pytest.mark.parametrize(
    "change",
    [{}, {"ridge": 0.0}, {"ridge": 0.0, "P": 50}, {"ridge": 1e-12, "noise": 0.0}, {"eigenvalues": np.ones(30), "ridge": 5.0}],
    ids=["ridge", "ridge 0, P < M", "ridge 0, P > M", "tiny ridge, no noise", "white"],
)
def test_theory_and_simulation_agree(change):
    found = check(MODEL, **{**TASK, **change}, seed=1)
    assert found.passed, found
    assert "r->inf" in repr(found) and set(found.comparisons) == {"E_g", "E_train", "variance"}


def test_each_mode_agrees():
    few = {**TASK, "P": 8, "eigenvalues": K[:12] ** -1.5, "target_power": K[:12] ** -2.0}
    found = check(MODEL, **few, trials=1200, observables=["mode_errors", "target_mode_contributions"], seed=1)
    assert found.passed, found


def test_other_laws_of_entries_agree():
    assert check(MODEL, **TASK, design={"Phi": Entries("rademacher")}, observables=["E_g"], seed=2).passed


def test_axes_are_checked_at_every_point():
    found = check(MODEL, **{**TASK, "P": [10, 20]}, trials=200, observables=["E_g"], seed=3)
    assert found.passed and found["E_g"].intercept.shape == (2,), found
    assert len({estimate.seed for estimate in found.estimates}) == 3, "sizes are independent experiments"


@pytest.mark.parametrize("name", ["E_g", "E_train", "variance", "mode_errors"])
@pytest.mark.parametrize("factor", [2, sp.Rational(1, 2)])
def test_a_factor_of_two_in_the_theory_is_noticed(name, factor):
    theory = MODEL.theory()
    tables = {key: {**getattr(theory, key)} for key in ("observables", "stable")}
    for table in tables.values():
        if name in table:
            table[name] = factor * table[name]
    found = check(MODEL, **TASK, trials=200, theory=replace(theory, **tables), observables=[name], seed=1)
    assert found.verdict == "disagree", found


def coloured(covariance):
    """Kernel regression in the features X = Phi sqrt(eta), whose declared column covariance is eta in truth."""
    modes, samples = Dim("M", "eta", "a2"), Dim("P")
    eta, a2 = modes.spectra
    data = Gaussian("X", samples, modes, column_covariance=covariance(eta))
    w, target = State("w", modes), sp.sqrt(a2 / eta)
    residual = data @ w - data @ target - Noise("epsilon", samples, variance=noise)
    return Energy(
        residual.square() / 2 + ridge * w.square() / 2,
        over=w,
        observe={"E_g": sum_over(modes, eta * (w - target) ** 2), "E_train": mean(samples, residual**2)},
        parameters=[
            Parameter("P", samples, lower=0, lower_open=True), Parameter("ridge", ridge, lower=0, limit_at_lower=True),
            Parameter("noise", noise, lower=0), Parameter("eigenvalues", eta, lower=0), Parameter("target_power", a2, lower=0),
        ],
    )  # fmt: skip


def test_another_declaration_of_the_same_model_agrees_and_white_data_do_not():
    found = check(coloured(lambda eta: eta), **TASK, theory=MODEL.theory(), seed=1)
    assert found.passed, found
    wrong = check(coloured(lambda eta: 1), **TASK, trials=100, theory=MODEL.theory(), seed=1)
    assert wrong.verdict == "disagree" and np.abs(wrong["E_g"].z[-1]) > 4, wrong


def test_white_data_hide_at_small_size_and_show_at_r_4():
    """Eigenvalues near 1/M make the mistake invisible at r = 1; replication divides them, but not the white covariance."""
    flat = {**TASK, "eigenvalues": np.linspace(0.9, 1.1, 30), "target_power": np.full(30, 1 / 30), "ridge": 3.0}
    found = check(coloured(lambda eta: 1), **flat, theory=MODEL.theory(), observables=["E_g"], seed=1)
    assert abs(found["E_g"].z[0]) < 4 < abs(found["E_g"].z[2]), found
    assert not found.passed


def test_infinite_variance_is_inconclusive():
    found = check(MODEL, **{**TASK, "P": 30, "ridge": 1e-10}, trials=20, observables=["E_g"])
    assert found.verdict == "inconclusive" and "variance" in found["E_g"].reason and not found.passed


def test_too_few_trials_are_inconclusive():
    name = "target_mode_contributions"
    found = check(MODEL, **TASK, trials=30, observables=[name])
    assert found.verdict == "inconclusive" and "more trials" in found[name].reason
    assert all(estimate[name].trials >= 30 for estimate in found.estimates)


def test_data_give_a_universality_gap_and_never_agreement():
    features = np.random.default_rng(0).standard_normal((400, 30))
    found = check(MODEL, **TASK, trials=100, design={"Phi": Rows(features)})
    assert found.verdict == "universality gap" and not found.passed and "+-" in repr(found)
    gap, error = found["E_g"].gap, found["E_g"].gap_error
    assert abs(gap) < 4 * error + 0.1 and 0 < error < 0.2
    # One-dimensional features break Gaussian universality.
    x = np.random.default_rng(0).uniform(0, 2 * np.pi, 400)
    cosines = np.sqrt(2) * np.cos(np.outer(x, K))
    steep = {**TASK, "eigenvalues": K**-4.0, "target_power": K**-4.0, "ridge": 1e-3, "noise": 0.0}
    far = check(MODEL, **steep, trials=100, design={"Phi": Rows(cosines)})
    assert abs(far["E_g"].gap) > 4 * far["E_g"].gap_error, far


@pytest.mark.parametrize("sizes", [(1,), (4,), (1, 2), (1, 1, 1), (2, 2), (2, 4.0), (0, 2, 4)])
def test_a_check_at_one_size_is_refused(sizes):
    with pytest.raises(ParameterError, match="sizes"):
        check(MODEL, sizes=sizes, **TASK)


def test_unknown_observable_is_refused():
    with pytest.raises(ParameterError, match="did you mean 'E_g'"):
        check(MODEL, **TASK, observables=["E_h"])


@pytest.mark.slow
@pytest.mark.parametrize("samples", [5, 30, 80])
@pytest.mark.parametrize("exponent", [1.2, 2.5])
def test_power_laws_agree_at_large_size(samples, exponent):
    k = np.arange(1, 101.0)
    task = {"P": samples, "ridge": 1e-3, "noise": 0.05, "eigenvalues": k**-exponent, "target_power": k**-1.8}
    found = check(MODEL, sizes=(2, 4, 8), **task, trials=1500, seed=1)
    assert found.passed and found["E_g"].error < 0.05 * found["E_g"].theory, found
