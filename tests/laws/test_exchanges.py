"""Solutions that exchanges leave as they are: those of the energy without the symmetry, and nothing is lost unsaid."""

import numpy as np
import pytest
import sympy as sp

from solvers import solve
from solvers.modes.mode_data import mode_data
from solvers.systems import compiled_system
from theory import Dim, Energy, Gaussian, Labels, Noise, State, exp, heaviside, log, mean, sign, softmax, sum_over
from theory.errors import DerivationError

J, T, lam, N, P = *sp.symbols("J T lambda", positive=True), Dim("N"), Dim("P")
X, Y = Gaussian("X", P, N, variance=1 / N), Gaussian("Y", P, N, variance=1 / N)


def tree(symmetric, prior="spherical"):
    """A committee of two members that see different halves of the inputs."""
    w, t = [State(f"w{k}", N, prior=prior) for k in (1, 2)], [Noise(f"t{k}", N) for k in (1, 2)]

    def verdict(voters):
        return sign(1 + sign(X @ voters[0]) + sign(Y @ voters[1]))

    mistake = heaviside(-verdict(t) * verdict(w))
    observe = {"own": mean(N, w[1] * t[1]), "E": mean(P, mistake)}
    units = list(zip(w, t, (X, Y), strict=True)) if symmetric else None
    return Energy(sum_over(P, mistake), over=w, temperature=T, observe=observe, symmetry=units, name="tree")


def classes(symmetric, count=3):
    """Softmax regression on a teacher who is not certain."""
    w, t = [State(f"w{k}", N) for k in range(count)], [Noise(f"t{k}", N) for k in range(count)]
    fields, labels = [X @ s for s in w], Labels("y", *softmax(*[X @ v for v in t]))
    loss = log(sum(map(exp, fields))) - sum(y * h for y, h in zip(labels, fields, strict=True))
    observe = {"n": mean(N, w[1] ** 2), "between": mean(N, w[0] * w[2]), "own": mean(N, w[2] * t[2]), "loss": mean(P, loss)}
    units = list(zip(w, t, strict=True)) if symmetric else None
    return Energy(sum_over(P, loss) + lam * sum(s.square() for s in w) / 2, over=w, observe=observe, symmetry=units, name="classes")


def completed(model, found):
    """Values of all order parameters that the symmetric ones stand for."""
    relations = model.derive()["symmetry"]["relations"]
    known = {sp.Symbol(x.name): v for x, v in zip((u.symbol for u in model.theory().unknowns), found, strict=True)}
    plain = {x.name: v.xreplace({s: sp.Symbol(s.name) for s in v.free_symbols}).xreplace(known) for x, v in relations.items()}
    return {**{x.name: v for x, v in known.items()}, **plain}


def dropped(model, task):
    """Residuals of the whole equations where the symmetric ones are solved."""
    symmetric, whole = model(True), model(False)
    theory = symmetric.theory()
    solution = solve(theory, **task, tolerance=1e-8)
    values = completed(symmetric, [solution[u.symbol.name] for u in theory.unknowns])
    system = compiled_system(whole.theory(), 61)
    scalars = {p.symbol: np.array([task[p.name]]) for p in whole.theory().parameters}
    at = {**scalars, **{u: np.array([float(values[u.name])]) for u in system.unknowns}}
    residual, _, noise, *_ = system.best_forms(at, 1, mode_data(whole.theory(), task, None)[0])
    return residual, noise, len(theory.unknowns), len(system.unknowns)


@pytest.mark.slow
def test_a_committee_of_two_that_are_alike():
    residual, noise, few, many = dropped(tree, dict(N=1.0, P=3.0, T=0.5))
    assert (few, many) == (5, 10) and np.all(np.abs(residual) < 1e-9 + noise)


@pytest.mark.slow
def test_three_classes_that_are_alike():
    residual, noise, few, many = dropped(classes, dict(N=1.0, P=3.0, lambda_=0.3))
    assert (few, many) == (6, 20) and np.all(np.abs(residual) < 1e-8 + noise)


def test_what_is_shown():
    """Combinations of overlaps where a field is the difference of two states, and the step that says what is lost."""
    step = classes(True).derive()["symmetry"]
    assert {str(x): str(v) for x, v in step["relations"].items()}.items() >= {
        ("q_12", "q_11/2"), ("q_22", "q_11"), ("chat_12", "-chat_11"), ("m_21", "m_11/2"), ("mhat_12", "-mhat_11/2")
    }  # fmt: skip
    assert "Solutions that break the symmetry are lost" in step.why and "w0 <-> w1" in step.why
    assert "symmetry" not in [r.name for r in classes(False).derive().results]


def test_units_say_which_solutions_are_left():
    """A committee that sees all inputs: exchanged by itself it cannot specialise on members of its teacher, with them it can."""
    w, t = [State(f"w{k}", N, prior="spherical") for k in (1, 2)], [Noise(f"t{k}", N) for k in (1, 2)]
    mistake = heaviside(-sign(X @ t[0]) * sign(X @ t[1]) * sign(X @ w[0]) * sign(X @ w[1]))
    observe = {"own": mean(N, w[0] * t[0])}
    for units, exchanged in ((w, "m_11"), (list(zip(w, t)), "m_12")):
        found = Energy(sum_over(P, mistake), over=w, temperature=T, observe=observe, symmetry=units).derive()
        relations = {str(x): str(v) for x, v in found["symmetry"]["relations"].items()}
        assert relations["m_21"] == exchanged and relations["mu_w2"] == "mu_w1"
        assert sorted(u.symbol.name for u in found.theory.unknowns if u.symbol.name.startswith("m_")) == ["m_11", "m_12"]


def test_more_classes_than_can_be_averaged_over_are_refused():
    with pytest.raises(DerivationError, match="need 6 nested integrals, 4 are done"):
        classes(True, 4).derive()


@pytest.mark.slow
def test_spins_that_are_alike_and_all_that_is_seen_of_them():
    """Two Ising states that are coupled, each with samples of its own: entropy, energy and replicon are those of both."""
    s, t = State("s", N, prior="ising"), State("t", N, prior="ising")

    def pair(units):
        mistakes = [heaviside(-(X @ s)), heaviside(-(Y @ t))]
        observe = {"both": mean(N, s * t), "E": mean(P, mistakes[1])}
        energy = sum_over(P, sum(mistakes)) - J * sum_over(N, s * t)
        model = Energy(energy, over=[s, t], temperature=T, observe=observe, symmetry=units)
        return solve(model.theory(), N=1.0, P=0.5, J=0.3, T=0.8)

    alike, whole = pair([(s, X), (t, Y)]), pair(None)
    assert len(alike.order_parameters) < len(whole.order_parameters)
    for name in ("both", "E", "entropy", "replicon", "free_energy"):
        assert alike[name] == pytest.approx(whole[name], rel=1e-9)
