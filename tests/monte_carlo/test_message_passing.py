"""Message passing against replica theories, against samplers on the same draws, and against minimisers."""

import numpy as np
import pytest
import sympy as sp

from solvers import check, simulate, solve
from theory import (
    Deterministic,
    Dim,
    Energy,
    Gaussian,
    Noise,
    Signs,
    State,
    exp,
    heaviside,
    log,
    mean,
    models,
    quadratic_form,
    sign,
    sum_over,
)  # fmt: skip

SPARSE = np.where(np.arange(60) % 4 == 0, 3.0, 0.0)
MINIMA = {
    "lasso": (models.Lasso, dict(P=40, penalty=0.1, noise=0.1, target_power=SPARSE)),
    "elastic net": (models.ElasticNet, dict(N=60, P=40, penalty=0.1, noise=0.1, ridge=0.05)),
    "logistic": (models.LogisticRegression, dict(N=60, P=120, ridge=0.2, noise=0.1)),
    "hinge": (models.SupportVector, dict(N=60, P=120, ridge=0.5)),
    "ridge": (lambda: models.ElasticNet().with_algorithm("argmin"), dict(N=40, P=30, penalty=1e-9, noise=0.1, ridge=0.3)),
}


def passes(model, **values):
    found = check(model.with_algorithm("amp"), **values)
    assert found.passed, found


@pytest.mark.parametrize("name", MINIMA)
def test_the_fixed_point_at_temperature_zero_is_the_minimum(name):
    """Draw by draw, at any size: two algorithms that share nothing but the declaration."""
    model, values = MINIMA[name]
    model = model()
    one, two = (simulate(model, trials=2, seed=1, algorithm=algorithm, **values) for algorithm in ("amp", "argmin"))
    for observable in one.observables:
        assert one[observable].mean == pytest.approx(two[observable].mean, rel=2e-7, abs=1e-9), observable
        assert one[observable].stderr == pytest.approx(two[observable].stderr, rel=1e-5), observable


def test_means_of_a_gaussian_posterior_are_exact():
    """Ridge regression in each draw; the error of the mean is below that of a draw."""
    N, P = Dim("N"), Dim("P")
    X, w0, w = Gaussian("X", P, N, variance=1 / N), Noise("w0", N), State("w", N)
    model = Energy((X @ (w - w0) - Noise("e", P)).square() / 2 + w.square() / 2, over=w, temperature=1.0, algorithm="amp",
                   observe={"state": 1 * w, "square": mean(N, w**2)})  # fmt: skip
    cold = Energy(model.energy, over=w, observe={"state": 1 * w})
    warm = simulate(model, trials=1, seed=3, N=50, P=70)
    assert np.allclose(warm["state"].mean, simulate(cold, trials=1, seed=3, N=50, P=70)["state"].mean, atol=1e-8)
    assert warm["square"].mean > np.mean(warm["state"].mean ** 2) + 0.1


def test_two_states_that_share_a_field():
    """The field is X@w + Z@v: one combination of two matrices. Means of the Gaussian posterior are exact, v has a prior."""
    N, M, P = Dim("N"), Dim("M"), Dim("P")
    X, Z = Gaussian("X", P, N, variance=1 / N), Gaussian("Z", P, M, variance=1 / M)
    w, v, y = State("w", N), State("v", M, prior="gaussian"), Noise("y", P)
    u = State("u", M)

    def loss(v):
        return (X @ w - 2 * (Z @ v) - y).square() / 2

    observe = {"w": 1 * w, "v": 1 * v, "loss": loss(v)}
    warm = Energy(loss(v) + w.square() / 2, over=(w, v), temperature=1.0, algorithm="amp", observe=observe)
    cold = Energy(loss(u) + w.square() / 2 + u.square() / 2, over=(w, u), observe={"w": 1 * w, "v": 1 * u})
    one, two = (simulate(model, trials=1, seed=5, N=30, M=20, P=40) for model in (warm, cold))
    assert all(np.allclose(one[name].mean, two[name].mean, atol=1e-7) for name in ("w", "v"))
    drawn = {name: simulate(warm, trials=30, seed=5, algorithm=name, N=8, M=5, P=12)["loss"] for name in ("amp", "hmc")}
    assert abs(drawn["amp"].mean - drawn["hmc"].mean) < 4 * np.hypot(drawn["amp"].stderr, drawn["hmc"].stderr)


def test_a_quadratic_form_holds_variances():
    N, P = Dim("N"), Dim("P")
    X, w, O = Gaussian("X", P, N, variance=1 / N), State("w", N), Deterministic("O", N)
    observe = {"form": quadratic_form(O, w), "square": w.square(), "curved": quadratic_form(O, 2 * w + 1)}
    model = Energy((X @ w - Noise("y", P)).square() / 2 + w.square() / 2, over=w, temperature=1.0, algorithm="amp", observe=observe)
    found = simulate(model, trials=2, N=20, P=30, O=np.eye(20))
    assert found["form"].mean == pytest.approx(found["square"].mean, rel=1e-10)
    assert found["curved"].mean > 4 * found["square"].mean - 50


@pytest.mark.slow
def test_bayesian_regression():
    passes(models.BayesLinearRegression(), trials=100, P=60, N=40, noise=0.3, assumed_noise=0.2, prior_variance=2.0)


@pytest.mark.slow
def test_a_posterior_that_favours_sparse_weights():
    passes(models.BayesSparseRegression(), trials=100, P=70, decay=1.5, noise=0.2, assumed_noise=0.3, target_power=SPARSE)


@pytest.mark.slow
def test_spikes_and_slabs():
    passes(models.SpikeAndSlabRegression(), trials=120, P=48, N=60, density=0.3, noise=0.1, assumed_noise=0.15)


@pytest.mark.slow
def test_the_perceptron_that_knows_the_rule():
    passes(models.BayesPerceptron(), trials=60, P=80, N=40)


@pytest.mark.slow
def test_the_volume_of_stored_patterns():
    passes(models.Gardner("gibbs"), trials=60, P=30, N=40, margin=0.2)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("model", "values", "trials"),
    [
        (models.BayesPerceptron(), dict(P=60, N=30), 40),
        (models.BayesSparseRegression(), dict(P=70, decay=1.5, noise=0.2, assumed_noise=0.3, target_power=SPARSE), 40),
        (models.SherringtonKirkpatrick(), dict(N=60, temperature=1.2, field=0.5), 40),
    ],
    ids=["perceptron", "sparse regression", "spin glass"],
)
def test_thermal_means_are_those_of_a_sampler_in_the_same_draws(model, values, trials):
    """The disorder of a trial is the same for both: what differs is the thermal noise of the sampler, and 1/N."""
    one, two = (simulate(model, trials=trials, seed=7, algorithm=a, **values) for a in ("amp", None))
    size = values.get("N", 60)
    for name in one.observables:
        scale = np.hypot(one[name].stderr, two[name].stderr)
        assert abs(one[name].mean - two[name].mean) < 4 * scale + 1 / size, (name, one[name], two[name])


@pytest.mark.slow
def test_bayesian_logistic_regression():
    """A channel without a closed form."""
    N, P = Dim("N"), Dim("P")
    X, w0, w = Gaussian("X", P, N, variance=1 / N), Noise("w0", N), State("w", N, prior="gaussian")
    loss = log(1 + exp(-sign(X @ w0) * (X @ w)))
    model = Energy(sum_over(P, loss), over=w, temperature=sp.Rational(1, 2), name="posterior",
                   observe={"norm": mean(N, w**2), "overlap": mean(N, w * w0), "loss": mean(P, loss)})  # fmt: skip
    passes(model, trials=60, P=40, N=20)


@pytest.mark.slow
def test_a_student_of_ising_weights_and_its_teacher():
    N, P, T = Dim("N"), Dim("P"), sp.Symbol("T", positive=True)
    X, w0, w = Gaussian("X", P, N, variance=1 / N), Signs("w0", N), State("w", N, prior="ising")
    wrong = heaviside(-sign(X @ w0) * (X @ w))
    model = Energy(sum_over(P, wrong), over=w, temperature=T, name="ising-perceptron",
                   observe={"overlap": mean(N, w * w0), "errors": mean(P, wrong)})  # fmt: skip
    passes(model, trials=80, P=40, N=40, T=0.8)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("values", "trials"), [(dict(temperature=1.6), 40), (dict(temperature=1.0, field=0.5, ferromagnetic=0.3), 100)]
)
def test_the_sherrington_kirkpatrick_glass_above_its_instability(values, trials):
    found = check(models.SherringtonKirkpatrick().with_algorithm("tap"), trials=trials, seed=2, N=100, **values)
    assert found.passed, found


@pytest.mark.slow
def test_retrieval_of_a_stored_pattern():
    found = check(models.Hopfield().with_algorithm("tap"), trials=60, seed=3, N=200, P=10, temperature=0.35)
    assert found.passed, found


def test_overlap_of_a_loaded_memory():
    """Far beyond what a sampler can do: at T = 0.1 and load 0.08 the theory says 0.99876."""
    theory = solve(models.Hopfield().theory(), N=1.0, P=0.08, temperature=0.1, tolerance=1e-6)["overlap"]
    found = simulate(models.Hopfield(), trials=6, seed=4, N=500, P=40, temperature=0.1, algorithm="tap")["overlap"]
    assert abs(found.mean - theory) < 4 * found.stderr + 1 / 500
