"""Solutions of kernel regression against the equations as the literature writes them, at fifty digits and in closed form."""

import math

import mpmath as mp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solvers.modes.power_law import PowerLaw
from solvers.optimisation import optimise
from solvers.precision import evaluate
from solvers.sweeps import solve, sweep
from tests.unit.solvers.example_theories import kernel_regression

PROMISED = 1e-10


def power_law(modes, exponent):
    k = np.arange(1.0, modes + 1)
    return {"eigenvalues": k**-exponent, "target_power": k**-exponent}


def reference(P, ridge, noise, eigenvalues, target_power):
    """kappa, gamma, E_g, E_train and variance of 2002.02561 to 100 digits and more, ridge 0 as 1e-100; without the solver."""
    with mp.workdps(250):
        P, noise = mp.mpf(float(P)), mp.mpf(float(noise))
        eta, a2 = [[mp.mpf(float(v)) for v in values] for values in (eigenvalues, target_power)]
        lam = mp.mpf(float(ridge)) if ridge else mp.mpf(10) ** -100
        low, high = mp.log(lam) - 1, mp.log(lam + mp.fsum(eta)) + 1
        for _ in range(24):
            kappa = mp.exp((low + high) / 2)
            above = lam / kappa - 1 + mp.fsum(e / (kappa + P * e) for e in eta) > 0
            low, high = ((low + high) / 2, high) if above else (low, (low + high) / 2)
        u = (low + high) / 2
        for _ in range(12):
            kappa = mp.exp(u)
            terms = [e / (kappa + P * e) for e in eta]
            u += (lam / kappa - 1 + mp.fsum(terms)) / (
                lam / kappa + kappa * mp.fsum(t / (kappa + P * e) for t, e in zip(terms, eta, strict=True))
            )
        kappa = mp.exp(u)
        gamma = P * mp.fsum(e**2 / (kappa + P * e) ** 2 for e in eta)
        error = (kappa**2 * mp.fsum(a / (kappa + P * e) ** 2 for a, e in zip(a2, eta, strict=True)) + noise * gamma) / (1 - gamma)
        return {
            "kappa": kappa,
            "gamma": gamma,
            "E_g": error,
            "E_train": (lam / kappa) ** 2 * (error + noise),
            "variance": gamma * (error + noise),
        }


def distance(found, exact, ridge):
    """Relative distance; what vanishes with the ridge must be exactly 0 at ridge 0."""
    if ridge == 0 and abs(exact) < mp.mpf("1e-40"):
        return abs(found)
    return float(abs(mp.mpf(found) / exact - 1))


WHITE = {"eigenvalues": np.full(40, 1 / 40), "target_power": np.full(40, 1 / 40)}
GAPPED = {"eigenvalues": [0.0, 1e-3, 2.0, 0.0, 0.5, 1e-6], "target_power": [0.3, 0.2, 1.0, 0.0, 0.1, 0.7]}


@pytest.mark.parametrize(
    "task",
    [power_law(40, 4.0), WHITE, GAPPED, {"eigenvalues": [2.0], "target_power": [0.7]}],
    ids=["power law", "white", "zeros, unsorted", "one mode"],
)
@pytest.mark.parametrize("ridge", [0.0, 1e-30, 1e-3, 1e30])
def test_every_number_is_right_below_at_and_above_interpolation(task, ridge):
    modes = int(np.count_nonzero(task["eigenvalues"]))
    for P in (1e-3, 0.6 * modes, modes, modes + 1, 1e12):
        for noise in (0.0, 0.1):
            found = solve(kernel_regression(), P=P, ridge=ridge, noise=noise, **task, on_failure="mask")
            exact = reference(P, ridge, noise, **task)
            for name, value in exact.items():
                if math.isinf(found[name]):
                    assert ridge == 0 and P == modes and value > 1e40
                else:
                    assert distance(found[name], value, ridge) <= max(found.error, 1e-15) <= PROMISED, (P, noise, name)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("P", "ridge", "task"),
    [
        (500, 1e-10, power_law(1000, 4.0)),
        (1000, 1e-12, power_law(1000, 1.5)),
        (1000, 1e-12, {"eigenvalues": np.full(1000, 1e-3), "target_power": np.full(1000, 1e-3)}),
        (300, 0.0, power_law(1000, 4.0)),
        (1700, 0.0, power_law(1000, 4.0)),
    ],
)
def test_hard_cases_of_published_codes(P, ridge, task):
    found = solve(kernel_regression(), P=P, ridge=ridge, noise=0.1, **task)
    for name, value in reference(P, ridge, 0.1, **task).items():
        assert distance(found[name], value, ridge) <= found.error <= PROMISED, name


@pytest.mark.parametrize(
    ("P", "ridge", "task"),
    [
        (500, 1e-10, power_law(600, 4.0)),
        (400, 1e-12, power_law(400, 1.5)),
        (1000, 1e-12, {"eigenvalues": np.full(1000, 1e-3), "target_power": np.full(1000, 1e-3)}),
    ],
)
def test_many_digits_agree_with_double_precision(P, ridge, task):
    found = solve(kernel_regression(), P=P, ridge=ridge, noise=0.1, **task)
    for name, value in evaluate(kernel_regression(), digits=50, P=P, ridge=ridge, noise=0.1, **task).items():
        assert distance(found[name], value, ridge) <= found.errors[name] <= PROMISED


def test_a_million_modes_at_interpolation_follow_the_white_closed_form():
    modes = 10**6
    white = {"eigenvalues": np.full(modes, 1 / modes), "target_power": np.full(modes, 1 / modes)}
    ridge = 1e-12
    found = solve(kernel_regression(), P=modes, ridge=ridge, noise=0.1, **white)
    with mp.workdps(50):
        eta, P = mp.mpf(float(white["eigenvalues"][0])), mp.mpf(modes)
        b = modes * eta - P * eta + mp.mpf(ridge)
        kappa = (b + mp.sqrt(b**2 + 4 * P * eta * mp.mpf(ridge))) / 2
    assert distance(found["kappa"], kappa, ridge) <= found.error <= PROMISED


def test_compression_changes_nothing_within_the_error():
    task = power_law(1400, 1.5)
    split = {name: np.repeat(values, 3) / 3 for name, values in task.items()}  # the same sums from 4200 modes, P and ridge thrice
    few = sweep(kernel_regression(), P=np.geomspace(1, 1300, 9), ridge=[0.0, 1e-9, 1.0], noise=0.1, **task)
    many = sweep(kernel_regression(), P=3 * np.geomspace(1, 1300, 9), ridge=[0.0, 1e-9, 1.0], noise=0.1, **split)
    for name in ("kappa", "gamma", "E_g", "E_train"):
        np.testing.assert_allclose(many[name], few[name], rtol=float((many.error + few.error).max()), atol=0)


@settings(max_examples=12)
@given(st.floats(-6, 6), st.floats(-20, 4), st.integers(1, 40), st.floats(0.3, 5), st.randoms(use_true_random=False))
def test_scaling_and_order_of_modes_do_not_matter(log_P, log_ridge, modes, exponent, random):
    """E_g is unchanged when the spectrum and the ridge are scaled together, and when the modes are shuffled."""
    task, P, ridge = power_law(modes, exponent), 10.0**log_P, 10.0**log_ridge
    order = random.sample(range(modes), modes)
    moved = {"eigenvalues": 8 * task["eigenvalues"][order], "target_power": task["target_power"][order]}
    one = solve(kernel_regression(), P=P, ridge=ridge, noise=0.2, **task)
    two = solve(kernel_regression(), P=P, ridge=8 * ridge, noise=0.2, **moved)
    assert two["E_g"] == pytest.approx(one["E_g"], rel=one.error + two.error)
    assert two["kappa"] == pytest.approx(8 * one["kappa"], rel=one.error + two.error)


def test_infinite_power_law_without_ridge_has_the_asymptotic_kappa():
    """sum 1/(P + kappa k^b) over all k is its integral minus half the term at 0, up to exponentially small terms for even b."""
    for exponent in (2.0, 4.0):
        law = PowerLaw(exponent)
        found = sweep(kernel_regression(), P=[100.0, 1e4, 1e6], ridge=0, noise=0.1, eigenvalues=law, target_power=law)
        P = found.axes["P"]
        kappa = P * (np.pi / exponent / np.sin(np.pi / exponent) / (P + 0.5)) ** exponent
        np.testing.assert_allclose(found["kappa"], kappa, rtol=1e-11)


def test_limit_at_zero_ridge_is_what_small_ridges_tend_to():
    task = power_law(30, 1.5)
    for P in (10.0, 29.0, 31.0, 100.0):
        limit = solve(kernel_regression(), P=P, ridge=0, noise=0.1, **task)
        near = solve(kernel_regression(), P=P, ridge=1e-13, noise=0.1, **task)
        assert limit.status == "limit" and near.status == "converged"
        assert near["E_g"] == pytest.approx(limit["E_g"], rel=1e-8)
        assert limit["E_train"] == pytest.approx(near["E_train"], rel=1e-8, abs=1e-12)


@pytest.mark.parametrize("noise", [1e-3, 0.3, 20.0])
@pytest.mark.parametrize("P", [3.0, 50.0, 400.0])
def test_optimal_ridge_of_a_matched_prior_is_the_noise_over_the_signal(noise, P):
    """Target power c eta is the Bayes prior of the kernel: the best ridge is noise / c, for white spectra noise / total power."""
    for task in (WHITE, power_law(50, 1.3)):
        task = {**task, "target_power": 3 * task["target_power"]}
        best = optimise(kernel_regression(), "ridge", observable="E_g", P=P, noise=noise, **task)
        assert best.at_bound == ""
        assert best.value == pytest.approx(noise / 3, rel=max(best.error, 1e-14)) and best.error < 1e-6


def test_without_noise_the_best_ridge_of_a_matched_prior_is_none():
    best = optimise(kernel_regression(), "ridge", observable="E_g", P=[3.0, 20.0], **power_law(50, 1.3))
    assert list(best.at_bound) == ["lower", "lower"] and not best.value.any()
