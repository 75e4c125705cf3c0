"""Bordelon, Atanasov and Pehlevan (2024): a dynamical model of neural scaling laws.

Equation numbers of the print are not quoted: claims are named by what they say. Its responses are written by the effective ridge κ:
R₁ = 1 − df(κ)/P is that of the residuals, R₃ = 1 − df(κ)/N that of the features, and s = κ R₁ R₃ at the frequency s.
"""

import sympy as sp

from theory.averages import ModeSum
from theory.modes import ModeArray, ModeIndex
from theory.papers.claims import Exponent, Identity, LogSlope, Simulated
from theory.papers.dynamics import Agreement, Frontier
from theory.papers.publication import Paper
from theory.symbols import positive

s, s_2, kappa, kappa_2, sigma2, P, N, E, t, C = (
    positive(name) for name in ("s", "s'", "kappa", "kappa'", "sigma^2", "P", "N", "E", "t", "C")
)
test, train, ensemble, bagged, both = (positive(name) for name in ("L", "L_train", "L_ens", "L_bag", "L_both"))
a, b = positive("a"), positive("b")
lam, power = ModeArray("lambda", nonnegative=True), ModeArray("b2", nonnegative=True)
k = ModeIndex("M", "r")


def degrees(scale):
    """Tr Λ (Λ + κ)⁻¹."""
    return ModeSum(lam[k] / (lam[k] + scale), k)


residual, residual_2 = (1 - degrees(scale) / P for scale in (kappa, kappa_2))
feature, feature_2 = (1 - degrees(scale) / N for scale in (kappa, kappa_2))
residuals, features = residual * residual_2, feature * feature_2
"""R₁(s) R₁(s') and R₃(s) R₃(s')."""
H = 1 / ((s + lam[k] * residual * feature) * (s_2 + lam[k] * residual_2 * feature_2))
kept, gathered = ModeSum(power[k] * H, k), ModeSum(lam[k] * power[k] * H, k)
once, twice = ModeSum(lam[k] * H, k), ModeSum(lam[k] ** 2 * H, k)
floor = sigma2 / (s * s_2)
feature_correlation = (test - kept - features * twice * train / P) * N / (features * once)
"""C₂(s, s') from the equation of the test loss."""
by_data = residuals * features * twice / P
"""What two members with the same data and features of their own hand on."""
by_features = residuals * features * twice / N

SHARED = {
    P: "P", N: "N", sigma2: "noise", lam: "eigenvalues", power: "target_power", test: "test_loss", train: "train_loss",
    ensemble: "ensemble_loss", bagged: "bagged_loss", both: "ensemble_bagged_loss", E: "members", kappa: "kappa",
}  # fmt: skip
TRANSFORMED = {s: "z", s_2: "other_z", kappa_2: "kappa_other"}
LAWS = {"eigenvalues": b, "target_power": a}
EARLY = {b: 1.5, a: 1.75}
MANY = "Gaussian data and features; power laws lambda = k^-b, lambda w^2 = k^-a of infinitely many modes"
TASK = {"eigenvalues": "2*k**(-13/10)", "target_power": "k**(-8/5)", "M": 30, "noise": 0.2, "P": 25, "N": 20, "members": 3}
UNIQUE = {"P": (6.0, 40.0), "N": (6.0, 40.0)}
"""More samples and features than modes: every solution of the equation of the effective ridge is on the physical branch."""
REGIME = "Gaussian data and features, P, N, M -> oo together"


def transform(name, left, right, where=REGIME, full=True):
    """An identity of double transforms in time."""
    statement = sp.Eq(left, right, evaluate=False)
    return Identity(name, statement, where, transformed=True, symbols=TRANSFORMED, modes=(1, 2, 3), ranges=UNIQUE,
                    given={"weight_decay": "0"}, full=full)  # fmt: skip


def bottleneck(name, size, exponent, cases, given, sizes, **options):
    """A claim on an exponent in one size, the others being infinite."""
    own = {t: "t"} if size == t else {}
    statement = sp.Eq(LogSlope(test, size), exponent, evaluate=False)
    options = {"full": True, **options}
    return Exponent(name, statement, MANY, power_laws=LAWS, cases=cases, given=given, sizes=sizes, symbols=own, **options)


def optimum(name, quantity, exponent):
    """A claim on the frontier of width and time at one product of the two, data being infinite."""
    statement = sp.Eq(LogSlope(quantity, C), exponent, evaluate=False)
    return Frontier(
        name, statement, f"{MANY}; a - 1 < b, infinite data, compute N t", loss="test_loss", symbols={t: "t", C: "1"},
        sizes={"N": (1e2, 1e5), "t": (1e2, 1e8)}, power_laws=LAWS, cases=(EARLY,), given={"P": "10**18"}, full=True,
    )  # fmt: skip


def agreement(name, seen, time):
    """A claim that simulation tends to the derived course in time."""
    statement = sp.Eq(Simulated(seen), seen, evaluate=False)
    return Agreement(name, statement, f"{REGIME}, t = {time:g}", parameters={**TASK, "t": time}, full=True)


PAPER = Paper(
    arxiv="2402.01092",
    title="A Dynamical Model of Neural Scaling Laws",
    authors=("Blake Bordelon", "Alexander Atanasov", "Cengiz Pehlevan"),
    year=2024,
    key="bordelon2024dynamical",
    model="random-feature-flow",
    normalisation="Plain sums over modes in the place of means over M; the loss per sample; target_power is lambda w^2; the test"
    " loss leaves label noise out, the training loss keeps it.",
    symbols=SHARED,
    claims=(
        transform("responses: s = kappa R1 R3", s, kappa * residual * feature, "every frequency", full=False),
        transform("training loss from the test loss", train, residuals * (test + floor)),
        transform(
            "test loss: correlation of the features",
            feature_correlation,
            residuals * (gathered + twice * features * feature_correlation / N) + s * s_2 * once * train / P,
        ),
        transform(
            "ensembling: members with features of their own",
            ensemble,
            test / E + (1 - 1 / E) * (kept + by_data * floor) / (1 - by_data),
        ),
        transform(
            "bagging: members with data of their own",
            bagged,
            test / E + (1 - 1 / E) * (kept + once * features * residuals * gathered / (N * (1 - by_features))),
        ),
        transform("members that share neither data nor features", both, test / E + (1 - 1 / E) * kept),
        bottleneck("time bottleneck", t, -(a - 1) / b, ({b: 1.5, a: 1.75}, {b: 1.2, a: 2.5}), {"N": "10**14", "P": "10**14"},
                   (1e3, 1e6), full=False),
        bottleneck("data bottleneck", P, -sp.Min(a - 1, 2 * b), (EARLY, {b: 1.2, a: 4.5}), {"N": "10**14", "t": "10**14"},
                   (1e2, 1e4)),
        bottleneck("model bottleneck, hard targets", N, 1 - a, (EARLY, {b: 2.0, a: 2.5}), {"P": "10**14", "t": "10**14"},
                   (1e2, 1e4)),
        bottleneck("model bottleneck", N, -sp.Min(a - 1, b), ({b: 1.2, a: 4.5}, {b: 1.5, a: 6.0}), {"P": "10**14", "t": "10**14"},
                   (1e2, 1e4)),
        bottleneck("model bottleneck as that of data", N, -sp.Min(a - 1, 2 * b), ({b: 1.2, a: 4.5},),
                   {"P": "10**14", "t": "10**14"}, (1e2, 1e4),
                   fails="the loss at infinite data is linear in the effective ridge, so that the exponent of the width saturates"
                   " at b, half of that of data"),
        optimum("compute-optimal loss", test, -(a - 1) / (1 + b)),
        optimum("compute-optimal width", N, 1 / (1 + b)),
        optimum("compute-optimal time", t, b / (1 + b)),
        agreement("test loss", test, 10.0),
        agreement("test loss, late", test, 200.0),
        agreement("training loss", train, 50.0),
        agreement("loss of an ensemble", ensemble, 50.0),
        agreement("loss of bagged predictors", bagged, 50.0),
        agreement("loss of members that share nothing", both, 50.0),
    ),
)  # fmt: skip
