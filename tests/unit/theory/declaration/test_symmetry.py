"""Declared symmetries are checked on the energy: what is exchanged, what changes, what is refused."""

import pytest
import sympy as sp

from theory import Dim, Energy, Gaussian, Labels, Noise, Signs, State, exp, heaviside, log, mean, softmax, sum_over
from theory.errors import DeclarationError

lam, N, P, S = sp.Symbol("lambda", positive=True), Dim("N"), Dim("P"), Dim("S")
X, Y, Z = (Gaussian(name, dim, N, variance=1 / N) for name, dim in (("X", P), ("Y", P), ("Z", S)))
W, T = [State(f"w{k}", N) for k in range(3)], [Noise(f"t{k}", N) for k in range(3)]
OBSERVE = {"n": mean(N, W[0] ** 2)}


def softmax_energy(labels, states=W, ridges=(1, 1, 1), **how):
    fields = [X @ w for w in states]
    loss = log(sum(map(exp, fields))) - sum(y * h for y, h in zip(labels, fields, strict=True))
    ridge = lam * sum(c * w.square() for c, w in zip(ridges, states, strict=True)) / 2
    return Energy(sum_over(P, loss) + ridge, over=states, observe=OBSERVE, **how)


def certain(fields):
    return [sp.prod([heaviside((z - other).expr) for other in fields if other is not z]) for z in fields]


def drawn(fields, slopes=(1, 1, 1)):
    return Labels("y", *softmax(*[c * z for c, z in zip(slopes, fields, strict=True)]))


FIELDS = [X @ t for t in T]


@pytest.mark.parametrize("labels", [drawn, lambda z: [type(z[0])(P, e) for e in certain(z)]])
def test_neighbouring_units_generate_all_permutations(labels):
    model = softmax_energy(labels(FIELDS), symmetry=list(zip(W, T)))
    assert len(model.symmetry) == 2
    assert {str(a): str(b) for a, b in model.symmetry[1].items()}.items() >= {("w1", "w2"), ("t2", "t1")}
    assert model.signature != softmax_energy(labels(FIELDS)).signature


def test_classes_of_labels_follow_the_fields_of_the_teacher():
    rule = softmax_energy(drawn(FIELDS), symmetry=list(zip(W, T))).symmetry[0]
    assert {str(a): str(b) for a, b in rule.items() if a.kind == "label"} == {"y_1": "y_2", "y_2": "y_1", "y_3": "y_3"}


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: softmax_energy(drawn(FIELDS), symmetry=W), "exchanging w0 and w1 changes the energy; put what belongs to them"),
        (lambda: softmax_energy(drawn(FIELDS), symmetry=list(zip(W, T[1:] + T[:1]))), "exchanging w0, t1 and w1, t2 changes"),
        (lambda: softmax_energy(drawn(FIELDS), symmetry=list(zip(W, T)), ridges=(1, 1, 2)), "exchanging w1, t1 and w2, t2 changes"),
        (lambda: softmax_energy(drawn(FIELDS, (1, 1, 2)), symmetry=list(zip(W, T))), "w1 and w2 changes the law of y"),
        (lambda: softmax_energy(drawn(FIELDS), symmetry=[(W[0], T[0]), (W[1],)]), "pass units of one length"),
        (lambda: softmax_energy(drawn(FIELDS), symmetry=W[0]), "pass units of one length"),
        (lambda: softmax_energy(drawn(FIELDS), symmetry=[W[0]]), "pass units of one length"),
        (lambda: softmax_energy(drawn(FIELDS), symmetry=[W[0], W[0]]), "name everything once"),
        (lambda: softmax_energy(drawn(FIELDS), symmetry=[T[0], T[1]]), "name the State that is exchanged"),
        (lambda: softmax_energy(drawn(FIELDS), symmetry=[W[0], 3]), "exchange what State, Noise, Drawn, Signs or Gaussian"),
        (lambda: softmax_energy(drawn(FIELDS), symmetry=[W[0], T[0]]), "w0 and t0 have different laws"),
        (lambda: softmax_energy(drawn(FIELDS), symmetry=[(W[0], X), (W[1], Z)]), "X and Z have different laws"),
        (lambda: softmax_energy(drawn(FIELDS), symmetry=[(W[0], X.T), (W[1], Y)]), "exchange what State, Noise"),
        (lambda: softmax_energy(drawn(FIELDS), symmetry=[(W[0], Signs("a", N)), (W[1], T[1])]), "a and t1 have different laws"),
    ],
)
def test_what_is_no_symmetry_is_refused(make, message):
    with pytest.raises(DeclarationError, match=message):
        make()
