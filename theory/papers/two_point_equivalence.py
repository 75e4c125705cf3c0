"""Atanasov, Bordelon, Zavatone-Veth, Paquette and Pehlevan (2025): two-point equivalents and stochastic gradient descent.

Equation numbers of the print are not quoted: claims are named by what they say.
"""

import sympy as sp

from theory.averages import ModeSum
from theory.modes import ModeArray, ModeIndex
from theory.papers.claims import Identity, Limit, Simulated
from theory.papers.dynamics import Agreement
from theory.papers.numbers import Value
from theory.papers.publication import Paper
from theory.symbols import positive

lam, other, kappa, kappa_other, kappa_1, kappa_2, sigma2 = (
    positive(name) for name in ("lambda", "lambda'", "kappa", "kappa'", "kappa_1", "kappa_2", "sigma^2")
)
E_g, E_t, late, P, N, h = (positive(name) for name in ("E_g", "E_tr", "E_lead", "P", "N", "h"))
Sigma, power = ModeArray("Sigma", nonnegative=True), ModeArray("b2", nonnegative=True)
k = ModeIndex("M", "r")


def degrees(scale, order):
    """D df_order: the trace of (Σ (Σ + κ)⁻¹)^order."""
    return ModeSum((Sigma[k] / (Sigma[k] + scale)) ** order, k)


df1, df2 = degrees(kappa_2, 1), degrees(kappa_2, 2)
slope = 1 / (1 - df1 / N + (df1 - df2) / N)
"""dκ_2/dκ_1."""
population = kappa_2 * ModeSum(power[k] / (Sigma[k] + kappa_2), k) - kappa_1 * slope * ModeSum(
    power[k] * Sigma[k] / (Sigma[k] + kappa_2) ** 2, k
)
gamma_1 = (df1 - kappa_1 * slope * (df1 - df2) / kappa_2) / P
features_error = (population + sigma2 * gamma_1) / (1 - gamma_1)

both = (Sigma[k] + kappa) * (Sigma[k] + kappa_other)
gamma_12 = ModeSum(Sigma[k] ** 2 / both, k) / P
two_point = (kappa * kappa_other * ModeSum(power[k] / both, k) + sigma2 * gamma_12) / (1 - gamma_12)

TWO = {
    lam: "ridge/P", other: "other_ridge/P", kappa: "kappa_2/P", kappa_other: "kappa/P", P: "P", sigma2: "noise",
    E_t: "E_train", Sigma: "eigenvalues", power: "target_power",
}  # fmt: skip
FEATURES = {
    lam: "ridge/P", kappa_1: "kappa_P/P", kappa_2: "kappa/P", P: "P", N: "N", sigma2: "noise", E_t: "E_train",
    Sigma: "eigenvalues", power: "target_power",
}  # fmt: skip
PLANTED = {"eigenvalues": "2*k**(-13/10)", "target_power": "k**(-7/5)", "M": 30, "noise": 0.2}
COURSE = {**PLANTED, "P": 20, "learning_rate": 0.25}
MANY = "Gaussian data, many modes that matter: leading order in the batch and the size"


def agreement(name, model, seen, where, parameters, **options):
    """A claim that simulation tends to the derived theory."""
    own = {E_t: "E_train"} if seen == E_t else {}
    statement = sp.Eq(Simulated(seen), seen, evaluate=False)
    return Agreement(name, statement, where, model=model, parameters=parameters, symbols=own, full=True, **options)


PAPER = Paper(
    arxiv="2502.05074",
    title="Two-Point Deterministic Equivalence for Stochastic Gradient Dynamics in Linear Models",
    authors=("Alexander Atanasov", "Blake Bordelon", "Jacob A. Zavatone-Veth", "Courtney Paquette", "Cengiz Pehlevan"),
    year=2025,
    key="atanasov2025twopoint",
    model="random-feature-regression",
    normalisation="The ridge is added to the empirical covariance, ridge = P lambda; kappa likewise; E_g leaves label noise out.",
    symbols={E_g: "E_g"},
    claims=(
        Identity(
            "one-point equivalent: renormalised ridge", sp.Eq(lam, kappa * (1 - degrees(kappa, 1) / P), evaluate=False),
            "Gaussian data, the branch that tends to the ridge when it is large", model="two-ridge-regression", symbols=TWO,
        ),
        Identity(
            "two-point equivalent: errors of two ridges", sp.Eq(E_g, two_point, evaluate=False),
            "Gaussian data, any two ridges", model="two-ridge-regression", symbols=TWO,
        ),
        Identity(
            "two-point equivalent: residuals of two ridges",
            sp.Eq(E_t, lam * other / (kappa * kappa_other) * (E_g + sigma2), evaluate=False),
            "Gaussian data, any two ridges; on the noisy labels", model="two-ridge-regression", symbols=TWO,
        ),
        Identity(
            "random features: ridge as renormalised by data and features",
            sp.Eq(lam, kappa_2 * (1 - df1 / P) * (1 - df1 / N), evaluate=False), "largest root; features of variance 1/N",
            symbols=FEATURES,
        ),
        Identity(
            "random features: ridge as renormalised by data", sp.Eq(kappa_1, kappa_2 * (1 - df1 / N), evaluate=False), "everywhere",
            symbols=FEATURES,
        ),
        Identity(
            "random features: generalisation error", sp.Eq(E_g, features_error, evaluate=False), "everywhere", symbols=FEATURES,
        ),
        Identity(
            "random features: training error", sp.Eq(E_t, (lam / kappa_1) ** 2 * (E_g + sigma2), evaluate=False),
            "on the noisy labels", symbols=FEATURES,
        ),
        Limit(
            "random features: wide limit",
            sp.Eq(
                E_g,
                (kappa_2**2 * ModeSum(power[k] / (Sigma[k] + kappa_2) ** 2, k) + sigma2 * df2 / P) / (1 - df2 / P),
                evaluate=False,
            ),
            "many features at fixed data: ridge regression", symbols=FEATURES, small=h, given={"N": "1/h"},
            ranges={"P": (3.0, 30.0), "ridge": (0.1, 2.0), "eigenvalues": (0.1, 2.0)},
        ),
        Value(
            "one pass, batch 1: exact second moments", sp.Eq(E_g, sp.Float("0.7301"), evaluate=False),
            "Gaussian data, s_k = k^-3/2; the propagator of a mode is 1 - 2 eta s + eta² s² (1 + 1/m)",
            model="one-pass-linear-regression", digits=3.9,
            parameters={
                "batch": 1, "t": 10, "learning_rate": 0.3, "eigenvalues": tuple(float(n) ** -1.5 for n in range(1, 101)),
                "target_power": tuple(float(n) ** -1.75 for n in range(1, 101)),
            },
        ),
        agreement("stochastic descent with reuse: test loss", "sgd-linear-regression", E_g, MANY, {**COURSE, "batch": 4, "t": 12}),
        agreement("stochastic descent with reuse: training loss", "sgd-linear-regression", E_t, MANY,
                  {**COURSE, "batch": 4, "t": 40}),
        agreement("full-batch descent: test loss", "gd-linear-regression", E_g, "Gaussian data", {**COURSE, "t": 12}),
        agreement("gradient flow with weight decay: test loss", "flow-linear-regression", E_g, "Gaussian data",
                  {**COURSE, "t": 30.0, "weight_decay": 0.05}),
        agreement("random features, stochastic descent with reuse: test loss", "sgd-random-features", E_g, MANY,
                  {**COURSE, "N": 16, "batch": 4, "t": 12}),
        agreement("random features, stochastic descent with reuse: training loss", "sgd-random-features", E_t, MANY,
                  {**COURSE, "N": 16, "batch": 4, "t": 12}),
        agreement("random features, one pass: test loss", "one-pass-random-features", E_g, MANY,
                  {**PLANTED, "learning_rate": 0.25, "N": 16, "batch": 4, "t": 12}),
        Agreement(
            "one pass, batch 1: leading-order Volterra equation", sp.Eq(Simulated(E_g), late, evaluate=False),
            "s_k = k^-3/2: few modes matter", model="one-pass-linear-regression", symbols={late: "E_g_leading"},
            parameters={
                "eigenvalues": "k**(-3/2)", "target_power": "k**(-7/4)", "M": 100, "batch": 1, "t": 10, "learning_rate": 0.3,
            },
            trials=3000, sizes=(1,), full=True,
            fails="the Gaussian closure drops η² Σ C Σ/m, of the order of what it keeps where few modes matter",
        ),
    ),
)  # fmt: skip
