"""Canatar, Bordelon and Pehlevan (2021): kernel regression whose test samples have another distribution than the training samples.

Equation numbers of the print are not quoted: claims are named by what they say.
"""

import sympy as sp

from theory.averages import ModeSum
from theory.modes import ModeArray, ModeIndex
from theory.papers.claims import FixedPoint, Identity, Limit, PointSet, Simulated, Simulation
from theory.papers.publication import Paper
from theory.symbols import positive
from theory.vocabulary import TotalDerivative as D

p, lam, kappa, gamma, E_g, E_0, E_t, sigma2, h = (
    positive(name) for name in ("P", "lambda", "kappa", "gamma", "E_g", "E_0", "E_tr", "sigma^2", "h")
)
eta, c = ModeArray("eta", nonnegative=True), ModeArray("C", nonnegative=True)
a, beta = ModeArray("a"), ModeArray("beta")
O, A = ModeArray("O", rank=2), ModeArray("A", rank=2)
r, s = ModeIndex("M", "r"), ModeIndex("M", "s")


def resolvent(index):
    """What a mode is divided by."""
    return p * eta[index] + kappa


def form(left, matrix, right):
    """Sum over two modes of left_r matrix_rs right_s."""
    return ModeSum(ModeSum(left(r) * matrix[r, s] * right(s), s), r)


def unlearned(index):
    """What a mode of the target lacks on average."""
    return kappa * a[index] / resolvent(index)


gain = p * ModeSum(O[r, r] * eta[r] ** 2 / resolvent(r) ** 2, r)
missed = ModeSum(unlearned(r) ** 2, r)
error = form(unlearned, O, unlearned) + gain / (1 - gamma) * (sigma2 + missed)
excess_gain = gain - p * ModeSum(eta[r] ** 2 / resolvent(r) ** 2, r)
excess = form(unlearned, O, unlearned) - missed


def weight(index):
    """What linear regression has not learned of a coefficient, in the eigenbasis of the training covariance."""
    return kappa * beta[index] / (p * c[index] + kappa)


linear_gain = p * ModeSum(A[r, r] * c[r] / (p * c[r] + kappa) ** 2, r)
linear_error = form(weight, A, weight) + linear_gain / (1 - gamma) * (sigma2 + ModeSum(c[r] * weight(r) ** 2, r))

SIGNED = {"eigenvalues": (1e-2, 4.0)}
COUNT = 30
TILTED = {
    "eigenvalues": "k**(-3/2)",
    "target": tuple((-1) ** k * (k + 1) ** -0.8 for k in range(COUNT)),
    "overlap": tuple(
        tuple((0.5 + k / COUNT) * (k == l) + 0.8 * (-1) ** (k + l) / ((k + 2) * (l + 2)) ** 0.4 for l in range(COUNT))
        for k in range(COUNT)
    ),
    "M": COUNT,
}
HIGH = {"dimension": 12, "count": 300, "kernel": "(1 + t)**3/8", "target": "x1 + 2*x2*x3*sqrt(12)"}
CIRCLE = {"dimension": 2, "count": 300, "kernel": "exp(-sqrt(2*(1 - t)))", "target": "x1 + x2*x1**3"}

PAPER = Paper(
    arxiv="2106.02261",
    title="Out-of-Distribution Generalization in Kernel Regression",
    authors=("Abdulkadir Canatar", "Blake Bordelon", "Cengiz Pehlevan"),
    year=2021,
    key="canatar2021out",
    model="out-of-distribution",
    normalisation="The ridge is added to the Gram matrix K, not multiplied by P; a_r are the target's coefficients in the kernel's"
    " eigenfunctions under the training distribution, O their overlap under the test distribution; errors leave label noise out.",
    symbols={
        p: "P",
        lam: "ridge",
        kappa: "kappa",
        gamma: "gamma",
        E_g: "E_g",
        E_0: "E_matched",
        E_t: "E_train",
        sigma2: "noise",
        eta: "eigenvalues",
        a: "target",
        O: "overlap",
    },
    claims=(
        FixedPoint(
            "effective ridge of the training distribution",
            sp.Eq(kappa, lam + ModeSum(kappa * eta[r] / resolvent(r), r), evaluate=False),
            "everywhere; the test distribution does not enter",
            unknown=kappa,
        ),
        Identity("error out of distribution", sp.Eq(E_g, error, evaluate=False), "any symmetric overlap matrix, signed target"),
        Identity(
            "matched error plus what the mismatch adds",
            sp.Eq(E_g, E_0 + excess_gain / (1 - gamma) * sigma2 + excess + excess_gain / (1 - gamma) * missed, evaluate=False),
            "everywhere, with the overlap minus the identity in the place of the overlap",
        ),
        Identity(
            "training error",
            sp.Eq(E_t, (lam / kappa) ** 2 * (E_0 + sigma2), evaluate=False),
            "the same for every test distribution",
        ),
        Identity(
            "label noise adds independently of the target",
            sp.Eq(D(E_g, sigma2), gain / (1 - gamma), evaluate=False),
            "everywhere",
        ),
        Identity(
            "linear regression",
            sp.Eq(E_g, linear_error, evaluate=False),
            "inputs of covariance C in training, of a covariance A in the eigenbasis of C in the test, coefficients beta; the two"
            " covariances need not commute",
            symbols={
                c: "eigenvalues",
                beta: "target/sqrt(eigenvalues)",
                A: "sqrt(eigenvalues_k)*overlap_kl*sqrt(eigenvalues_l)",
            },
            ranges=SIGNED,
        ),
        Limit(
            "no samples: the target's power under the test distribution",
            sp.Eq(E_g, ModeSum(ModeSum(a[r] * O[r, s] * a[s], s), r), evaluate=False),
            "few samples, fixed ridge",
            small=h,
            given={"P": "h"},
            ranges={"eigenvalues": (0.2, 2.0), "target": (0.2, 2.0), "overlap": (0.2, 2.0)},
        ),
        Limit(
            "many samples: noise alone, weighted by the overlap",
            sp.Eq(E_g, sigma2 * ModeSum(O[r, r], r) / p, evaluate=False),
            "positive eigenvalues, noise, fixed ridge",
            small=h,
            given={"P": "1/h"},
            ranges={"eigenvalues": (0.2, 2.0), "noise": (0.2, 2.0), "overlap": (0.2, 2.0)},
        ),
        Simulation(
            "error out of distribution against simulation",
            sp.Eq(Simulated(E_g), error, evaluate=False),
            "Gaussian features, a full overlap matrix and a target of changing sign",
            parameters={"P": 12, "ridge": 0.05, "noise": 0.1, **TILTED},
            full=True,
        ),
        Simulation(
            "training error against simulation",
            sp.Eq(Simulated(E_t), (lam / kappa) ** 2 * (missed + sigma2) / (1 - gamma), evaluate=False),
            "Gaussian features",
            parameters={"P": 20, "ridge": 0.1, "noise": 0.25, **TILTED},
            full=True,
        ),
        Simulation(
            "kernel on points in twelve dimensions, shifted",
            sp.Eq(Simulated(E_g), error, evaluate=False),
            "a cubic kernel, training points tilted towards one half of the sphere and test points towards the other",
            parameters={"P": 60, "ridge": 0.05, "noise": 0.05},
            trials=600,
            replicates=(1,),
            bound=0.1,
            points=PointSet("Phi", **HIGH, train="exp(x1)", test="exp(-x1)"),
            full=True,
        ),
        Simulation(
            "kernel on points in twelve dimensions, matched",
            sp.Eq(Simulated(E_g), error, evaluate=False),
            "as before, tested on the training distribution",
            parameters={"P": 60, "ridge": 0.05, "noise": 0.05},
            trials=600,
            replicates=(1,),
            bound=0.1,
            points=PointSet("Phi", **HIGH, train="exp(-x1)", test="exp(-x1)"),
            full=True,
        ),
        Simulation(
            "kernel on the circle, shifted",
            sp.Eq(Simulated(E_g), error, evaluate=False),
            "points of the circle, trained where the test looks less",
            parameters={"P": 40, "ridge": 0.02, "noise": 0.02},
            trials=600,
            replicates=(1,),
            bound=0.0,
            points=PointSet("Phi", **CIRCLE, train="exp(-x1)", test="exp(x1)"),
            fails="in one dimension the features of a point are functions of one angle, far from independent, and where training"
            " points are rare the error is far larger than that of Gaussian features",
            full=True,
        ),
        Simulation(
            "kernel on the circle, matched",
            sp.Eq(Simulated(E_g), error, evaluate=False),
            "as before, tested on the training distribution",
            parameters={"P": 40, "ridge": 0.02, "noise": 0.02},
            trials=600,
            replicates=(1,),
            bound=0.0,
            points=PointSet("Phi", **CIRCLE, train="exp(2*x1)", test="exp(2*x1)"),
            fails="in one dimension the features of a point are functions of one angle, far from independent",
            full=True,
        ),
    ),
)
