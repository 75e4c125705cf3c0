"""Copies with a part of the disorder drawn anew."""

import pickle

import numpy as np
import pytest
import sympy as sp

from solvers import simulate
from theory import Dim, Energy, Expression, Gaussian, Noise, Quenched, State, Tr, redrawn, sum_over
from theory.declaration import leaves
from theory.errors import DeclarationError, DerivationError

lam = sp.Symbol("lambda", positive=True)
M, P = Dim("M", "eta"), Dim("P")
(eta,) = M.spectra
X, w0, w, eps = Gaussian("X", P, M, column_covariance=eta), Quenched("w0", M), State("w", M), Noise("eps", P)
R = (X.T @ X + lam).inv


def model(observe):
    return Energy((X @ w - X @ w0 - eps).square() / 2 + lam * w.square() / 2, over=w, observe=observe)


def names(part):
    return {leaf.name for leaf in leaves(part)}


def test_a_primed_name_is_another_draw_of_one_law():
    other = redrawn(R, X)
    assert names(other) == {"X'"} and other.T == other and redrawn(X.T, X, copy=2).leaf.name == "X''"
    (leaf,) = leaves(other)
    assert leaf.how == X.leaf.how and leaf.dims == X.leaf.dims
    assert redrawn(eps, X) == eps and redrawn(w0, X, eps) == w0
    assert redrawn(R @ w0, X) == other @ w0 and redrawn(Tr(R), X) == Tr(other)


def test_a_state_follows_what_is_redrawn():
    one = redrawn(w, X)
    assert str(one) == "w[X']" and redrawn(one, X) == one
    assert redrawn(one, eps) == redrawn(redrawn(w, eps), X) == redrawn(w, eps, X)
    assert pickle.loads(pickle.dumps(model({"c": sum_over(M, w * one)}))) == model({"c": sum_over(M, w * one)})


def test_the_energy_of_a_copy_is_that_of_its_draw():
    energy = model({"c": sum_over(M, w * redrawn(w, X))})
    (copy,) = energy.copies
    assert names(energy.for_copy(copy).energy) == {"X'", "eps", "w0", "w[X']"}
    estimator = R @ (X.T @ (X @ w0 + eps))
    assert energy.minimiser().observe["c"] == sum_over(M, estimator * redrawn(estimator, X))


@pytest.mark.slow
def test_simulated_copies_share_what_is_not_redrawn():
    observe = {
        "self": w.square(),
        "other": sum_over(M, w * redrawn(w, X)),
        "gap": (w - redrawn(w, X, eps)).square(),
        "alone": redrawn(w, X).square(),
        "free": (redrawn(w, eps) - redrawn(w, eps, copy=2)).square(),
    }
    given = {"P": 9, "lambda_": 0.3, "eta": 1 / np.arange(1, 6.0), "w0": np.ones(5)}
    found = simulate(model(observe), trials=400, seed=2, **given)
    drawn = simulate(model(observe).minimiser(), trials=400, seed=3, **given)
    assert found["other"].mean < found["self"].mean
    for name in observe:
        one, two = found[name], drawn[name]
        assert abs(one.mean - two.mean) < 4 * np.hypot(one.stderr, two.stderr), name
        assert one.mean > 10 * one.stderr


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: redrawn(w, w), "redrawn: w; list what Gaussian, Noise, Signs and Drawn returned"),
        (lambda: redrawn(w, w0), "redrawn: w0; list what Gaussian, Noise, Signs and Drawn returned"),
        (lambda: redrawn(w), "redrawn: nothing; list the Gaussian matrices"),
        (lambda: redrawn(w, X, copy=0), "copy of what is redrawn: 0; pass 1, 2"),
        (lambda: Expression(sum_over(M, w * redrawn(w, X))), "state without a law: w"),
        (lambda: Energy(w.square() + redrawn(w, X).square(), over=w), r"state without a law: w\[X'\]"),
    ],
)
def test_what_cannot_be_redrawn(build, message):
    with pytest.raises(DeclarationError, match=message):
        build()


def test_replicas_refuse_copies():
    with pytest.raises(DerivationError, match=r"w\[X'\], a state of another draw, is beyond replicas; use minimiser\(\)"):
        model({"c": sum_over(M, w * redrawn(w, X))}).derive()
