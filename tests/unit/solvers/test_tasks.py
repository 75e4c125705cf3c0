"""The generic task, and check() of a declaration without a word about values."""

import numpy as np
import pytest
import sympy as sp

from solvers import check
from solvers.tasks import MODES, sample_values
from theory import Deterministic, Dim, Energy, Gaussian, Noise, Quenched, State, models, quadratic_form, sum_over

lam, s2 = sp.symbols("lambda sigma2", positive=True)


def ridge(factor=1):
    M, P = Dim("M", "eta"), Dim("P")
    (eta,) = M.spectra
    X, w0, w = Gaussian("X", P, M, column_covariance=eta), Quenched("w0", M), State("w", M)
    y = X @ w0 + Noise("eps", P, variance=s2)
    return Energy(
        (X @ w - y).square() / 2 + factor * lam * w.square() / 2,
        over=w,
        observe={"E_g": sum_over(M, eta * (w - w0) ** 2), "E_ood": quadratic_form(Deterministic("O", M, M), w - w0)},
    )


def test_every_parameter_gets_a_value_in_its_domain_and_a_length_that_fits():
    model = ridge()
    values = sample_values(model, {"w0": np.ones(12)})
    assert set(values) == {p.name for p in model.parameters} - {"w0"}
    assert values["eta"].shape == (12,) and values["O"].shape == (12, 12)
    assert all(p.contains(values[p.name]) for p in model.parameters if p.ndim == 0)
    assert len(sample_values(model)["w0"]) == MODES and (sample_values(model)["w0"] < 0).any()


def test_numbers_stay_inside_bounded_domains_and_leave_the_default():
    parameters = {p.name: p for p in models.KernelRegression().parameters}
    values = sample_values(models.KernelRegression())
    assert values["noise"] > 0 == parameters["noise"].default


@pytest.mark.slow
def test_a_model_is_checked_without_values_and_a_wrong_theory_is_seen():
    agreement = check(ridge(), trials=200, seed=2)
    assert agreement.passed and set(agreement.chosen) == {"P", "lambda_", "sigma2", "eta", "w0", "O"}
    assert "generic task" in repr(agreement)
    assert check(ridge(), theory=ridge(factor=2).theory(), trials=200, seed=2).verdict == "disagree"


def test_observables_that_grow_with_the_model_are_compared_with_the_theory_of_the_larger_one():
    """A norm grows with the number of modes; weights of samples that scale make another model at every size."""
    M, P = Dim("M", "eta"), Dim("P", "rho")
    (eta,), (rho,) = M.spectra, P.spectra
    X, w0, w = Gaussian("X", P, M, column_covariance=eta), Quenched("w0", M), State("w", M)
    residual = X @ w - X @ w0 - Noise("eps", P, variance=s2)
    model = Energy(
        sum_over(P, rho * residual**2) / 2 + lam * w.square() / 2,
        over=w,
        observe={"norm": w.square(), "E_g": sum_over(M, eta * (w - w0) ** 2)},
    )
    agreement = check(model, trials=200, seed=3)
    assert agreement.passed
    assert check(model, theory=Energy(
        sum_over(P, rho * residual**2) + lam * w.square() / 2, over=w, observe=model.observe).theory(), trials=200, seed=3,
    ).verdict == "disagree"  # fmt: skip
