"""Cross-entropies of three classes with three states: labels of noise, of clusters and of teachers, against minima of draws."""

import numpy as np
import pytest
import sympy as sp

from solvers import simulate, solve
from solvers.agreement import compare
from solvers.quadrature import gaussian_rule
from theory import Dim, Energy, Gaussian, Labels, Noise, State, exp, heaviside, log, mean, softmax, sum_over

lam, N = sp.Symbol("lambda", positive=True), Dim("N")
CLASSES = range(3)
W = [State(f"w{k}", N) for k in CLASSES]
P = [Dim(f"P{k}") for k in CLASSES]
X = [Gaussian(f"X{k}", P[k], N, variance=1 / N) for k in CLASSES]
CENTRES = [Noise(f"mu{k}", N) for k in CLASSES]
RIDGE = lam * sum(w.square() for w in W) / 2


def classes(clusters):
    """A class for each set of samples: labels of noise, or three Gaussian clusters."""

    def field(k, w):
        return X[k] @ w + sum_over(N, CENTRES[k] * w) / N if clusters else X[k] @ w

    losses = [log(sum(exp(field(k, w)) for w in W)) - field(k, W[k]) for k in CLASSES]
    observe = {"norm": mean(N, W[1] ** 2), "between": mean(N, W[0] * W[2]), "loss": mean(P[0], losses[0])}
    if clusters:
        observe["centre"] = mean(N, CENTRES[1] * W[1])
    return Energy(sum(sum_over(p, e) for p, e in zip(P, losses, strict=True)) + RIDGE, over=W, observe=observe, name="softmax")


@pytest.mark.slow
@pytest.mark.parametrize("clusters", [False, True])
def test_three_classes(clusters):
    model, sizes = classes(clusters), (1, 2, 4)
    found = solve(model.theory(), N=1.0, P0=0.5, P1=0.6, P2=0.4, lambda_=0.3, tolerance=1e-8)
    assert found["replicon"] > 0
    estimates = [simulate(model, trials=30, seed=r, N=20, P0=10, P1=12, P2=8, lambda_=0.3, replicate=r) for r in sizes]
    for name in model.observe:
        verdict = compare(name, np.asarray(found[name]), estimates, sizes)
        assert verdict.verdict == "agree", verdict
    assert compare("norm", np.asarray(1.3 * found["norm"]), estimates, sizes).verdict == "disagree"


def taught(name, label_of):
    """A student with three states of samples that a teacher of three fields labels; ``label_of`` gives indicators of classes."""
    samples, teachers = Dim("P"), [Noise(f"t{k}", N) for k in CLASSES]
    data = Gaussian("X", samples, N, variance=1 / N)
    labels = label_of(samples, [data @ t for t in teachers])
    fields = [data @ w for w in W]
    loss = log(sum(map(exp, fields))) - sum(y * h for y, h in zip(labels, fields, strict=True))
    observe = {"norm": mean(N, W[0] ** 2), "between": mean(N, W[0] * W[1]), "own": mean(N, W[0] * teachers[0])}
    others = sum(W[i] * teachers[j] for i in CLASSES for j in CLASSES if i != j)
    observe |= {"other": mean(N, others) / 6, "loss": mean(samples, loss)}
    return Energy(sum_over(samples, loss) + RIDGE, over=W, observe=observe, name=name)


def largest(samples, fields):
    return [np.prod([heaviside(z - other) for other in fields if other is not z]) for z in fields]


def uncertain(samples, fields):
    return Labels("y", *softmax(*[2 * z for z in fields]))


@pytest.mark.slow
@pytest.mark.parametrize("label_of", [largest, uncertain])
def test_a_student_of_three_classes_of_a_teacher_with_three(label_of):
    """Labels of the largest of three fields, or with their probabilities: all is symmetric between the classes."""
    model, sizes = taught(label_of.__name__, label_of), (1, 2)
    found = solve(model.theory(), N=1.0, P=3.0, lambda_=0.3, tolerance=1e-8)
    assert [found["q_12"], found["m_12"]] == pytest.approx([found["q_11"] / 2, found["m_11"] / 2], rel=1e-8)
    assert found["q_22"] == pytest.approx(found["q_11"], rel=1e-8) and found["replicon"] > 0
    estimates = [simulate(model, trials=80, seed=r, N=20, P=60, lambda_=0.3, replicate=r) for r in sizes]
    for name in model.observe:
        verdict = compare(name, np.asarray(found[name]), estimates, sizes)
        assert verdict.verdict == "agree", verdict
    assert compare("norm", np.asarray(1.25 * found["norm"]), estimates, sizes).verdict == "disagree"


@pytest.mark.slow
def test_one_class_of_a_teacher_with_three():
    """Labels of which of three fields of a teacher is the largest: its kinks lie in an order that another field decides."""
    samples, teachers, student = Dim("P"), [Noise(f"t{k}", N) for k in CLASSES], State("w", N)
    data = Gaussian("X", samples, N, variance=1 / N)
    fields = [data @ t for t in teachers]
    label = heaviside(fields[0] - fields[1]) * heaviside(fields[0] - fields[2])
    loss = log(1 + exp(data @ student)) - label * (data @ student)
    observe = {"norm": mean(N, student**2), "loss": mean(samples, loss)}
    observe |= {f"m{k}": mean(N, student * t) for k, t in enumerate(teachers)}
    model = Energy(sum_over(samples, loss) + lam * student.square() / 2, over=student, observe=observe, name="one of three")
    found = solve(model.theory(), N=1.0, P=3.0, lambda_=0.3, tolerance=1e-8)
    assert found["m1"] == pytest.approx(found["m2"], rel=1e-7) and found["m0"] == pytest.approx(-2 * found["m1"], rel=1e-7)
    estimates = [simulate(model, trials=200, seed=r, N=20, P=60, lambda_=0.3, replicate=r) for r in (1, 2)]
    for name in observe:
        verdict = compare(name, np.asarray(found[name]), estimates, (1, 2))
        assert verdict.verdict == "agree", verdict


@pytest.mark.slow
def test_a_posterior_of_three_classes_at_a_temperature():
    """Draws from the posterior of a teacher who is not certain, by Hamiltonian dynamics: two smooth fields, coupled, at T = 1.

    Its loss is the entropy of a label, at any number of samples: a draw is as good as the teacher."""
    students, teachers = [State(f"s{k}", N, prior="gaussian") for k in (1, 2)], [Noise(f"v{k}", N) for k in (1, 2)]
    samples = Dim("P")
    data = Gaussian("X", samples, N, variance=1 / N)
    fields, true = [3 * (data @ s) for s in students], [3 * (data @ v) for v in teachers]
    labels = Labels("y", *softmax(*true, 0 * true[0]))
    loss = log(1 + sum(map(exp, fields))) - sum(y * h for y, h in zip(labels, fields))
    pairs = list(zip(students, teachers, strict=True))
    own, other = sum(s * v for s, v in pairs), sum(s * v for s, v in zip(students, teachers[::-1], strict=True))
    observe = {"together": mean(N, own + other) / 2, "apart": mean(N, own - other) / 2, "loss": mean(samples, loss)}
    model = Energy(sum_over(samples, loss), over=students, temperature=1, observe=observe, algorithm="hmc", name="posterior",
                   nishimori=dict(pairs), symmetry=pairs)  # fmt: skip
    found, sizes = solve(model.theory(), N=1.0, P=2.0, tolerance=1e-4), (1, 2)
    assert found["together"] == pytest.approx(found["q_11"] + found["q_12"], rel=2e-5)
    assert found["apart"] == pytest.approx(found["q_11"] - found["q_12"], rel=2e-5)
    z, weight = gaussian_rule(201, "uniform")
    levels = np.stack(np.broadcast_arrays(3 * z[:, None], 3 * z[None, :], 0.0))
    levels -= np.logaddexp.reduce(levels, axis=0)
    assert found["loss"] == pytest.approx(weight @ -(np.exp(levels) * levels).sum(axis=0) @ weight, rel=1e-5)
    estimates = [simulate(model, trials=100, seed=r, N=20, P=40, replicate=r) for r in sizes]
    for name in observe:
        verdict = compare(name, np.asarray(found[name]), estimates, sizes)
        assert verdict.verdict == "agree", verdict
    assert compare("apart", np.asarray(1.3 * found["apart"]), estimates, sizes).verdict == "disagree"
