"""Bordelon and Pehlevan (2026): disordered dynamics in high dimensions, random matrices and machine learning.

Equation numbers of the print are not quoted: claims are named by what they say.
"""

import sympy as sp

from theory.averages import ModeSum
from theory.modes import ModeArray, ModeIndex
from theory.papers.claims import Identity, LogSlope, Simulated
from theory.papers.dynamics import Agreement, Trend
from theory.papers.numbers import Value
from theory.papers.publication import Paper
from theory.symbols import positive

power, norm, fold, g, mu, t, s, s_2 = (positive(name) for name in ("C", "|v|^2", "|u|^2", "g", "mu", "t", "s", "s'"))
E_g, E_t, variance, P, lam, sigma2, kappa, kappa_2 = (
    positive(name) for name in ("E_g", "E_tr", "Var", "P", "lambda", "sigma^2", "kappa", "kappa'")
)
loss = positive("L")
eta, a2 = ModeArray("eta", nonnegative=True), ModeArray("a2", nonnegative=True)
k = ModeIndex("M", "r")

NETWORK = {power: "power", g: "gain", mu: "leak", t: "t"}
TWO = {s: "z", s_2: "other_z"}
REGRESSION = {
    P: "P", lam: "ridge", sigma2: "noise", kappa: "kappa", kappa_2: "kappa_other", E_g: "E_g", E_t: "E_train",
    eta: "eigenvalues", a2: "target_power", **TWO,
}  # fmt: skip
UNIT = {"N": 1.0, "gain": 1.0, "leak": 1.0}
WHITE = {"M": 200, "N": 100, "P": 100}
DRAWN = {"M": 40, "N": 20, "P": 20}
DATA = {"eigenvalues": "2*k**(-13/10)", "target_power": "k**(-8/5)", "M": 30, "noise": 0.2, "P": 20, "ridge": 0.05}
REGIME = "Gaussian disorder, sizes -> oo together"


def network(name, formula, symmetry, time):
    """A claim on the power of a linear network at one time."""
    values = {**UNIT, "symmetry": symmetry, "t": time}
    statement = sp.Eq(power, sp.exp(-2 * mu * t) * formula, evaluate=False)
    return Value(f"{name}, t = {time:g}", statement, "N -> oo, from white noise", symbols=NETWORK, parameters=values, digits=8)


def both(name, formula, symmetry, **options):
    """A claim on the double transform of that power."""
    statement = sp.Eq(power, formula, evaluate=False)
    own = {power: "power", g: "gain", mu: "leak", **TWO}
    ranges = {"gain": (0.05, 0.4), "leak": (1.0, 3.0)}
    return Identity(name, statement, "right of the spectrum", symbols=own, transformed=True, given={"symmetry": symmetry},
                    ranges=ranges, **options)  # fmt: skip


def measured(name, model, quantity, public, where, parameters, **options):
    """A claim that simulation tends to the derived course in time."""
    statement = sp.Eq(Simulated(quantity), quantity, evaluate=False)
    return Agreement(name, statement, where, model=model, symbols={quantity: public}, parameters=parameters, full=True, **options)


def white(name, quantity, public, number, time, digits=4.5):
    """A value of the flow under two random matrices."""
    statement = sp.Eq(quantity, number, evaluate=False)
    return Value(f"{name}, t = {time:g}", statement, "M = 2N = 2P, no noise", model="two-matrix-flow", symbols={quantity: public},
                 parameters={**WHITE, "t": time}, digits=digits,
                 full=time > 1)  # fmt: skip


def regression(name, left, right, full=True):
    """An identity of double transforms of gradient flow on linear regression."""
    statement = sp.Eq(left, right, evaluate=False)
    return Identity(name, statement, "Gaussian data; the loss is a sum over samples", model="gradient-flow-regression",
                    symbols=REGRESSION, transformed=True, modes=(1, 2, 3, 5), full=full)  # fmt: skip


def ahead(frequency, sign=1):
    """The inverse response: that of a semicircle along the real axis (-1) or the imaginary one."""
    return (mu + frequency + sp.sqrt((mu + frequency) ** 2 + sign * 4 * g**2)) / 2


RISING = ((0.94404, 1.0), (1.22821, 4.0), (2.01460, 20.0), (3.82376, 100.0))
FALLING = ((0.67035, 1.0), (0.59373, 4.0), (0.54387, 20.0), (0.51987, 100.0))
gamma = P * ModeSum(eta[k] ** 2 / ((kappa + P * eta[k]) * (kappa_2 + P * eta[k])), k)
unlearned = kappa * kappa_2 * ModeSum(a2[k] / ((kappa + P * eta[k]) * (kappa_2 + P * eta[k])), k)

PAPER = Paper(
    arxiv="2601.01010",
    title="Disordered Dynamics in High Dimensions: Connections to Random Matrices and Machine Learning",
    authors=("Blake Bordelon", "Cengiz Pehlevan"),
    year=2026,
    key="bordelon2026disordered",
    model="linear-network",
    normalisation="Couplings of variance 1/N; the loss of linear regression is summed over samples, ridge added to the Gram matrix;"
    " errors leave label noise out, training errors keep it.",
    symbols={},
    claims=(
        *(network("independent couplings: Bessel function I0", sp.besseli(0, 2 * g * t), 0.0, time) for time in (0.5, 3.0)),
        *(network("symmetric couplings: Bessel function I1", sp.besseli(1, 4 * g * t) / (2 * g * t), 1.0, time)
          for time in (0.5, 3.0)),
        both("independent couplings at two frequencies", 1 / ((mu + s) * (mu + s_2) - g**2), "0"),
        both("symmetric couplings at two frequencies: the semicircle", 1 / (ahead(s, -1) * ahead(s_2, -1) - g**2), "1"),
        both("antisymmetric couplings at two frequencies", 1 / (ahead(s) * ahead(s_2) - g**2), "-1"),
        *(white("product of two matrices", norm, "norm", sp.Float(value), time) for value, time in RISING),
        *(white("symmetric product of the same spectrum", fold, "symmetric_norm", 2 * sp.Float(value) - 1, time, 3)
          for value, time in FALLING),
        Trend(
            "product of two matrices: growth before decay", sp.Gt(LogSlope(norm, t), 0),
            "the spectrum is real and not positive, the matrix is not normal", model="two-matrix-flow",
            symbols={norm: "norm", t: "t"}, parameters=WHITE, between=(0.7, 300.0), full=True,
        ),
        Trend(
            "product of two matrices: decay at first", sp.Lt(LogSlope(norm, t), 0), "short times",
            model="two-matrix-flow", symbols={norm: "norm", t: "t"}, parameters=WHITE, between=(0.01, 0.2), full=True,
        ),
        Trend(
            "symmetric product: decay at all times", sp.Lt(LogSlope(fold, t), 0), "the same spectrum",
            model="two-matrix-flow", symbols={fold: "symmetric_norm", t: "t"}, parameters=WHITE, between=(0.01, 300.0),
        ),
        *(Value(f"random features on white data, t = {time:g}", sp.Eq(loss, sp.Float(value), evaluate=False),
                "the error of random-feature regression is the product of two matrices at work", model="random-feature-flow",
                symbols={loss: "test_loss"}, digits=4.5, full=time > 1,
                parameters={"N": 100, "P": 100, "t": time, "eigenvalues": (1.0,) * 200, "target_power": (0.005,) * 200})
          for value, time in RISING),
        regression("linear regression: effective ridge at a frequency", s + lam,
                   kappa * (1 - ModeSum(eta[k] / (kappa + P * eta[k]), k)), full=False),
        regression("linear regression: test error at two frequencies", E_g, (unlearned + sigma2 * gamma) / (1 - gamma) / (s * s_2)),
        regression("linear regression: training error at two frequencies", E_t,
                   (s + lam) * (s_2 + lam) / (kappa * kappa_2) * (E_g + sigma2 / (s * s_2))),
        measured("product of two matrices: simulation", "two-matrix-flow", norm, "norm", REGIME, {**DRAWN, "t": 20.0}),
        measured("symmetric product: simulation", "two-matrix-flow", fold, "symmetric_norm", REGIME, {**DRAWN, "t": 4.0}),
        measured("linear network, partly antisymmetric: simulation", "linear-network", power, "power", REGIME,
                 {"N": 40, "gain": 1.2, "leak": 0.5, "symmetry": -0.4, "t": 3.0}),
        measured("linear regression: test error", "gradient-flow-regression", E_g, "E_g", REGIME, {**DATA, "t": 2.0}),
        measured("linear regression: training error", "gradient-flow-regression", E_t, "E_train", REGIME, {**DATA, "t": 20.0}),
        measured("linear regression: variance of the predictor", "gradient-flow-regression", variance, "variance", REGIME,
                 {**DATA, "t": 20.0}),
        measured("linear regression with momentum: test error", "momentum-regression", E_g, "E_g", REGIME,
                 {**DATA, "t": 3.0, "friction": 1.0}),
        measured("symmetric couplings, late: simulation at one size", "linear-network", power, "power", "N = 20",
                 {**UNIT, "N": 20, "symmetry": 1.0, "t": 4.0}, sizes=(1,), trials=2000,
                 fails="late times belong to the largest eigenvalue alone, which differs by N^-2/3 from draw to draw"),
    ),
)  # fmt: skip
