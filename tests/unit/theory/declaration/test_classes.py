"""Labels that are drawn: what they are, which declarations they make, and what is refused."""

import numpy as np
import pytest
import sympy as sp

from solvers.monte_carlo.draws import label
from solvers.monte_carlo.realisation import Realisation
from theory import Dim, Energy, Gaussian, Labels, Noise, State, Vec, exp, log, mean, softmax, sum_over
from theory.declaration import leaves
from theory.declaration.classes import classes
from theory.errors import DeclarationError, DerivationError

P, N, lam = Dim("P"), Dim("N"), sp.Symbol("lambda", positive=True)
X, w, t = Gaussian("X", P, N, variance=1 / N), State("w", N), Noise("v", N)


def energy(labels, **how):
    h = X @ w
    loss = log(1 + exp(h)) - labels[0] * h
    return Energy(sum_over(P, loss) + lam * w.square() / 2, over=w, observe={"loss": mean(P, loss)}, **how)


def test_probabilities_of_fields():
    z = [X @ Noise(f"t{k}", N) for k in range(3)]
    shares = softmax(*z)
    point = {field.expr: x for field, x in zip(z, (0.3, -1.1, 0.8))}
    expected = np.exp([0.3, -1.1, 0.8])
    assert [float(p.expr.xreplace(point)) for p in shares] == pytest.approx(list(expected / expected.sum()))


def test_indicators_know_each_other_and_what_their_law_depends_on():
    y = Labels("y", *softmax(X @ t))
    assert [v.expr.name for v in y] == ["y_1", "y_2"] and classes(y[1].leaf) == tuple(v.expr for v in y)
    assert {leaf.name for leaf in leaves(y[0])} == {"y_1", "X", "v"}
    assert energy(y).signature == energy(Labels("y", *softmax(X @ t))).signature
    assert energy(y).signature != energy(Labels("y", *softmax(2 * (X @ t)))).signature
    assert r"= 1$ with probability $\frac{1}{1 + e^{" in energy(y).describe()


def test_a_simulation_draws_them_from_their_probabilities():
    """One class for each sample; their shares, and what correlates with a field, are those of the probabilities."""
    fields = [Noise(f"z{k}", P, variance=4) for k in range(3)]
    shares = softmax(*fields)
    y, rng = Labels("y", *shares), np.random.default_rng(3)
    drawn = Realisation({P: 20000}, {z.leaf: 2 * rng.standard_normal(20000) for z in fields})
    label(drawn, [y[1].leaf], rng)
    values = np.stack([drawn.arrays[v.leaf] for v in y])
    assert set(np.unique(values)) == {0, 1} and np.all(values.sum(axis=0) == 1)
    assert values.mean(axis=1) == pytest.approx(1 / 3, abs=0.015)
    for v, share in zip(y, shares):
        gap = drawn.vector((v - share) * fields[0])[:, 0]
        assert abs(gap.mean()) < 4 * gap.std() / np.sqrt(len(gap)) < 0.03


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Labels("y", *softmax(X @ t)[:1]), "pass a vector for each of the classes"),
        (lambda: Labels("y", 1, 0), "pass a vector for each of the classes"),
        (lambda: Labels("y", *softmax(X @ w)), "holds the state w; what is learned does not draw the labels"),
        (lambda: Labels("y", X @ t, X @ t), "let them add up to 1"),
        (lambda: Labels("y", X @ t, 1 - X @ t), "is negative; lie from 0 to 1"),
        (lambda: Labels("y", Vec(P, 1), Vec(N, 0)), "give them over one infinite dimension"),
        (lambda: Labels("_y", *softmax(X @ t)), "take an identifier"),
        (lambda: softmax(3), "pass one vector for each class"),
        (lambda: softmax(), "no field"),
    ],
)
def test_what_is_no_law_of_labels_is_refused(make, message):
    with pytest.raises(DeclarationError, match=message):
        make()


def test_engines_without_labels_say_so():
    y = Labels("y", *softmax(X @ t))
    quadratic = Energy((X @ w - y[0]).square() / 2 + lam * w.square() / 2, over=w, observe={"E": mean(P, (X @ w - y[0]) ** 2)})
    with pytest.raises(DerivationError, match="y_1 is label, neither given nor noise"):
        quadratic.minimiser().derive()
    with pytest.raises(DerivationError, match="y_1 is a label that is drawn: a dynamics has none"):
        quadratic.flow().derive()
