"""Models: parameters, signatures, replication, round trips, and what prints."""

import copy
import itertools
import os
import pickle
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import sympy as sp

from theory.declaration import (
    Contribution,
    Deterministic,
    Dim,
    Energy,
    Gaussian,
    Noise,
    Parameter,
    Quenched,
    Signs,
    Spectrum,
    State,
    average,
    heaviside,
    mean,
    quadratic_form,
    sum_over,
    tanh,
)
from theory.declaration.keys import canonical

lam, s2, T = sp.symbols("lambda sigma^2 T", positive=True)


def ridge(order=(0, 1), named=False, variance=s2, **options):
    """Kernel ridge regression, its sums written in either order."""
    eta, a2 = Spectrum("eta"), Spectrum("a2")
    M, P = Dim("M", eta, a2), Dim("P")
    X, w, eps = Gaussian("X", P, M), State("w", M), Noise("eps", P, variance=variance)
    f, target = sp.sqrt(eta) * w, sp.sqrt(a2)
    residual = X @ f - X @ target - eps
    pieces = [residual.square() / 2, lam * w.square() / 2]
    observed = [
        ("E_g", sum_over(M, (f - target) ** 2)),
        ("E_train", mean(P, residual**2)),
        ("variance", (f - average(f)).square()),
        ("mode_errors", (f - target) ** 2),
        ("parts", Contribution("E_g", a2)),
        ("test", quadratic_form(Deterministic("O", M), f - target)),
    ]
    names = [Parameter("ridge", lam, "ridge", lower=0, limit_at_lower=True), Parameter("eigenvalues", eta, lower=0)]
    return Energy(
        pieces[order[0]] + pieces[order[1]],
        over=w,
        observe=dict(observed[:: 1 if order[0] == 0 else -1]),
        parameters=(names if order[0] == 0 else names[::-1]) if named else (),
        **options,
    )


def perceptron(kappa=1):
    N, P = Dim("N"), Dim("P")
    X, y, w = Gaussian("X", P, N, variance=1 / N), Signs("y", P), State("w", N, prior="spherical")
    return Energy(sum_over(P, heaviside(kappa - y * (X @ w))), over=w, phase="SAT", algorithm="margin", name="perceptron")


def teacher_student():
    M, P = Dim("N"), Dim("P")
    X, teacher, w = Gaussian("X", P, M, variance=1 / M), Noise("w0", M), State("w", M, prior="gaussian")
    return Energy(
        (tanh(X @ w) - tanh(2 * (X @ teacher))).square() / 2, over=w, temperature=T, observe={"overlap": mean(M, w * teacher)}
    )


MODELS = [ridge(), ridge(named=True), perceptron(), teacher_student()]


@pytest.mark.parametrize("model", MODELS, ids=repr)
def test_round_trips(model):
    for again in (pickle.loads(pickle.dumps(model)), copy.copy(model), copy.deepcopy(model)):
        assert again == model and hash(again) == hash(model) and again.signature == model.signature
        assert again.parameters == model.parameters and again.leaves == model.leaves and again.observe == model.observe
    assert len(pickle.dumps(model)) < 6000


def test_signatures_ignore_order_but_nothing_else():
    assert ridge((0, 1), named=True).signature == ridge((1, 0), named=True).signature
    assert ridge(name="other") != ridge() and ridge(name="other").signature == ridge().signature
    variants = [
        *MODELS,
        perceptron(2),
        ridge(temperature=1),
        ridge(ansatz="1RSB"),
        ridge(phase="SAT"),
        ridge(algorithm="argmin"),
        ridge(variance=2 * s2),
        ridge(variance=sp.Symbol("sigma^2")),
    ]
    assert all(a.signature != b.signature for a, b in itertools.combinations(variants, 2))
    assert len(ridge().signature) == 64 and int(ridge().signature, 16)


def test_another_algorithm_leaves_the_theory_alone():
    model = perceptron()
    assert model.signature and model.with_algorithm("amp").algorithm == "amp" and model.algorithm == "margin"
    assert model.with_algorithm("amp").signature != model.signature == model.with_algorithm("margin").signature
    with pytest.raises(ValueError, match="algorithm: 'ampp'; take one of argmin"):
        model.with_algorithm("ampp")


def test_signatures_are_those_of_every_process():
    code = "import runpy, sys\nfor m in runpy.run_path(sys.argv[1])['MODELS']: print(m.signature, m, m.describe())"
    root = next(p for p in Path(__file__).parents if (p / "theory" / "errors.py").exists())
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", code, __file__],
            stdout=subprocess.PIPE,
            text=True,
            cwd=root,
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(root)},
        )
        for seed in ("1", "2")
    ]
    first, second = (p.communicate(timeout=60)[0] for p in processes)
    assert first == second and MODELS[0].signature in first


def test_canonical_text_does_not_depend_on_the_order_of_terms():
    terms = [lam, s2, sp.Symbol("a"), sp.sqrt(T)]
    for kind in (sp.Add, sp.Mul):
        texts = {canonical(kind(*order, evaluate=False)) for order in itertools.permutations(terms)}
        assert len(texts) == 1
    assert canonical(lam**s2) != canonical(s2**lam)


def test_theories_of_equal_declarations_are_derived_once():
    class Counted(Energy):
        derived = 0

        def derive(self):
            Counted.derived += 1
            return SimpleNamespace(theory=object())

    def make(c, **options):
        M = Dim("M")
        return Counted(c * State("w", M).square(), over=State("w", M), **options)

    assert make(1).theory() is make(1).theory() is make(1).replicate(3).theory() and Counted.derived == 1
    assert make(2).theory() is not make(1).theory() is not make(1, name="other").theory() and Counted.derived == 3


def test_replication_composes_and_keeps_the_theory():
    model = ridge()
    four = model.replicate(2).replicate(2)
    assert four.factor == 4 == model.replicate(4).factor and model.factor == 1
    assert four == model.replicate(4) != model and four.signature == model.signature
    assert pickle.loads(pickle.dumps(four)).factor == 4


def test_parameters_are_inferred_in_groups_and_by_name():
    model = ridge()
    assert [p.name for p in model.parameters] == ["P", "lambda_", "sigma2", "a2", "eta", "O"]
    assert [p.ndim for p in model.parameters] == [0, 0, 0, 1, 1, 2]
    assert [p.dimension for p in model.parameters] == [None, None, None, "M", "M", "M"]
    assert [p.domain for p in model.parameters][:4] == ["P > 0", "lambda_ > 0", "sigma2 > 0", "a2 >= 0"]


def test_named_parameters_come_first_and_replace():
    model = ridge(named=True)
    assert [p.name for p in model.parameters] == ["ridge", "eigenvalues", "P", "sigma2", "a2", "O"]
    ridge_, eigenvalues = model.parameters[:2]
    assert ridge_.domain == "ridge >= 0" and ridge_.limit_at_lower and ridge_.contains(0)
    assert eigenvalues.ndim == 1 and eigenvalues.dimension == "M"
    assert model.parameter("ridge") is ridge_


def test_a_mistyped_symbol_shows_as_one_more_parameter():
    M, P = Dim("M", "eta"), Dim("P")
    X, w = Gaussian("X", P, M), State("w", M)
    model = Energy((X @ w).square() + lam * w.square() + sp.Symbol("lamda") * w.square(), over=w)
    assert "lamda" in [p.name for p in model.parameters]


def test_domains_follow_assumptions():
    a, b, c = sp.Symbol("a", nonnegative=True), sp.Symbol("b"), sp.Symbol("c", positive=True, integer=True)
    M = Dim("M")
    w, x = State("w", M), Quenched("x", M, Dim("mu", finite=True))
    model = Energy(sum_over(M, a * w**2 + b * w + c * w**4) + sum_over(Dim("mu", finite=True), sum_over(M, (w - x) ** 2)), over=w)
    assert [p.domain for p in model.parameters] == ["M > 0", "a >= 0", "b real", "c > 0, integer", "x real"]
    assert model.parameter("x").ndim == 2
    rho = Parameter("rho", b, lower=0, upper=1, lower_open=True)
    assert rho.domain == "0 < rho <= 1" and rho.contains(1) and not rho.contains(0)


def test_leaves_states_and_dimensions():
    model = teacher_student()
    assert [leaf.name for leaf in model.leaves] == ["X", "w", "w0"] and [d.name for d in model.dimensions] == ["N", "P"]
    assert model.states == (model.state.leaf,) and model.temperature == T


@pytest.mark.parametrize("model", MODELS, ids=repr)
def test_every_model_prints_as_mathematics(model):
    text = model.describe()
    assert model.name in text and model._repr_latex_().startswith("$")
    assert text.count("$") % 2 == 0 and text.count("{") == text.count("}") and "Site" not in text
    assert all(f"`{p.name}`" in text for p in model.parameters) and all(f"`{name}`" in text for name in model.observe)


def test_latex_writes_indices_and_products():
    M, P = Dim("M", "eta", "a2"), Dim("P")
    a2 = M.spectra[1]
    X, w, y = Gaussian("X", P, M), State("w", M), Quenched("y", P)
    latex = sp.latex((X @ w - y).square())
    assert latex == r"\sum_{p=1}^{P} \left(\left[X w\right]_{p} - y_{p}\right)^{2}"
    assert sp.latex(sum_over(M, a2 * w**2)) == r"\sum_{m=1}^{M} a_{m}^{2} w_{m}^{2}"
    assert (X @ tanh(w))._repr_latex_() == r"$\displaystyle \left[X \left(\tanh{\left(w \right)}\right)\right]_{p}$"
    assert ((X.T @ X + lam).inv @ X.T)._repr_latex_() == r"$\displaystyle \left(X^{\top} X + \lambda I\right)^{-1} X^{\top}$"
    mu = Dim("mu", finite=True)
    assert sp.latex(sum_over(mu, Quenched("b", mu) ** 2)) == r"\sum_{\mu} b_{\mu}^{2}"
    nested = sp.latex(sum_over(M, w * (w + sum_over(M, tanh(w)))))
    assert "m'=1" in nested and r"\tanh{\left(w_{m'} \right)}" in nested
