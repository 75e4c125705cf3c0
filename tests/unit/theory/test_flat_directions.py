"""Directions along which energies of samples are flat, and inverses of matrices by named entries."""

import numpy as np
import pytest
import sympy as sp

from solvers.compile import compile_expressions
from theory import Dim, Energy, Gaussian, Noise, State, exp, heaviside, log, mean, relu, sum_over
from theory.replica.flat import is_flat, without_flat
from theory.replica.joint import read_model
from theory.small_matrices import inverse, symbolic_inverse
from theory.special import InverseEntry

N, P = Dim("N"), Dim("P")
X, w0 = Gaussian("X", P, N, variance=1 / N), Noise("teacher", N)
W = [State(f"w{k}", N) for k in range(3)]
RIDGE = sum(w.square() for w in W) / 2
SOFTMAX = log(sum(exp(X @ w) for w in W))
a, b, c, t = sp.symbols("a b c t", real=True)


def samples_of(loss, **observe):
    observe = {name: mean(P, e) for name, e in observe.items()}
    (samples,) = read_model(Energy(sum_over(P, loss) + RIDGE, over=W, observe=observe)).samples
    return samples


def test_a_cross_entropy_depends_on_differences():
    samples = samples_of(SOFTMAX - X @ W[0])
    first, second = samples.active
    expected = sp.log(sp.exp(first) + sp.exp(second) + 1) - first
    assert sp.simplify(samples.potential - expected) == 0 and len(samples.covariance) == 3


def test_an_observable_of_the_common_part_keeps_its_field():
    assert len(samples_of(SOFTMAX - X @ W[0], seen=(X @ W[0]) ** 2).active) == 3
    assert len(samples_of(SOFTMAX - X @ W[0], seen=relu(X @ W[0] - X @ W[1])).active) == 2


@pytest.mark.parametrize(
    ("loss", "count"),
    [
        (SOFTMAX, 3),  # grows along the common direction
        (SOFTMAX - (X @ W[0] + X @ W[1] + X @ W[2]) / 3, 2),
        (SOFTMAX - X @ W[0] + relu(X @ W[2]), 3),
        (SOFTMAX - X @ W[0] + heaviside(X @ W[0] - X @ W[1]), 2),
        (SOFTMAX - X @ W[0] + heaviside(X @ W[0]), 3),
    ],
)
def test_number_of_fields(loss, count):
    assert len(samples_of(loss).active) == count


def test_labels_of_a_teacher_stay_beside_the_fields():
    samples = samples_of(SOFTMAX - heaviside(X @ w0) * (X @ W[0]) - heaviside(-(X @ w0)) * (X @ W[1]))
    assert (len(samples.active), len(samples.passive)) == (2, 1)


def test_rational_directions():
    identity = [tuple(sp.eye(3).row(i)) for i in range(3)]
    weighted = sp.log(sp.exp(2 * a + t * (b - c)) + sp.exp(2 * a)) - 2 * a
    assert without_flat(identity, [a, b, c], [weighted]) == [(0, 1, -1)]
    assert without_flat(identity, [a, b, c], [sp.exp(a + sp.sqrt(2) * b) + c]) == identity
    assert is_flat(weighted, a) and not is_flat(weighted, b)
    assert not is_flat(sp.sign(a) * b**0, a)


def test_entries_of_an_inverse_and_their_slopes():
    matrix = sp.Matrix([[2 + t, a, 0], [a, 3, b], [0, b, 2]])
    named, written = symbolic_inverse(matrix), inverse(matrix)
    point = {a: 0.3, b: -0.7, t: 0.4}
    for one, two in zip(named, written, strict=True):
        for x in (one, two):
            assert x.diff(b).free_symbols <= set(point)
        pairs = [(one, two), (one.diff(a), two.diff(a)), (one.diff(t, b), two.diff(t, b))]
        for left, right in pairs:
            values = [float(compile_expressions([e])({s: point[s] for s in e.free_symbols})[0]) for e in (left, right)]
            assert values[0] == pytest.approx(values[1], abs=1e-13)
    singular = InverseEntry(0, 1, *sp.Matrix([[a, a, 0], [a, a, 0], [0, 0, 1]]))
    assert np.isnan(compile_expressions([singular])({a: 0.3})[0])
