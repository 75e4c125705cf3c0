"""Bordelon, Canatar and Pehlevan (2020): learning curves of kernel regression mode by mode.

Equation numbers of the print are not quoted: claims are named by what they say.
"""

import sympy as sp

from theory.averages import ModeSum
from theory.modes import ModeArray, ModeIndex
from theory.papers.claims import Exponent, FixedPoint, Identity, Inequality, Limit, LogSlope, Simulated, Simulation
from theory.papers.publication import Paper
from theory.symbols import positive
from theory.vocabulary import TotalDerivative as D

p, lam, t, E_g, sigma2, v, h = (positive(name) for name in ("p", "lambda", "t", "E_g", "sigma^2", "v", "h"))
a, b = sp.symbols("a b", positive=True)
eigenvalue = ModeArray("lambda", positive=True)
teacher = ModeArray("w", nonnegative=True, latex_entry=r"\langle \bar{w}_{#}^2 \rangle")
E, F = ModeArray("E"), ModeArray("F")
power = ModeArray("a2", nonnegative=True, latex_entry="a_{#}^{2}")
r, s = ModeIndex("M", "r"), ModeIndex("M", "s")


def g(index, shift=sp.S.Zero):
    """Posterior variance of a mode; ``shift`` adds to the inverse eigenvalue."""
    return 1 / (1 / eigenvalue[index] + shift + p / (lam + t))


gamma = ModeSum(g(r) ** 2, r)
generalisation = ModeSum(teacher[r] / eigenvalue[r] * g(r) ** 2, r) / (1 - p * gamma / (lam + t) ** 2)
NOISELESS = {"noise": "0"}
POSITIVE = {"eigenvalues": (1e-2, 2.0)}
FAR_APART = (
    ("1", {"eigenvalues": "1", "target_power": "1/2"}),
    ("h**-1", {"eigenvalues": "h**2", "target_power": "h/3"}),
    ("h**-3", {"eigenvalues": "h**5", "target_power": "h**3/6"}),
)

PAPER = Paper(
    arxiv="2002.02561",
    title="Spectrum Dependent Learning Curves in Kernel Regression and Wide Neural Networks",
    authors=("Blake Bordelon", "Abdulkadir Canatar", "Cengiz Pehlevan"),
    year=2020,
    key="bordelon2020spectrum",
    model="kernel-regression",
    normalisation="The ridge is added to the Gram matrix K, not multiplied by p; the teacher has weights w_r on features of"
    " variance lambda_r, so that the target's power in a mode is lambda_r <w_r^2>; E_g leaves label noise out.",
    symbols={
        p: "P",
        lam: "ridge",
        t: "kappa - ridge",
        sigma2: "noise",
        E_g: "E_g",
        eigenvalue: "eigenvalues",
        teacher: "target_power/eigenvalues",
        E: "target_mode_contributions",
        F: "mode_errors",
    },
    claims=(
        FixedPoint(
            "implicit equation of the effective regularisation",
            sp.Eq(t, ModeSum(g(r), r), evaluate=False),
            "all sample sizes, positive eigenvalues",
            unknown=t,
            ranges=POSITIVE,
        ),
        Identity(
            "mode errors",
            sp.Eq(E[r], teacher[r] / eigenvalue[r] * g(r) ** 2 / (1 - p * gamma / (lam + t) ** 2), evaluate=False),
            "positive eigenvalues; E_r is the contribution of the target's mode r to the error",
            ranges=POSITIVE,
        ),
        Identity(
            "the errors of the modes sum to the generalisation error",
            sp.Eq(E_g, ModeSum(E[r], r), evaluate=False),
            "noise-free teacher",
            given=NOISELESS,
        ),
        Identity(
            "generalisation error",
            sp.Eq(E_g, generalisation, evaluate=False),
            "noise-free teacher, positive eigenvalues",
            given=NOISELESS,
            ranges=POSITIVE,
        ),
        Identity(
            "partial differential equation of the effective regularisation",
            sp.Eq(D(t, p), D(t, v) / (lam + t), evaluate=False),
            "every inverse eigenvalue shifted by v, at v = 0",
            given={"eigenvalues": "eigenvalues/(1 + v*eigenvalues)"},
            at={v: 0},
        ),
        Identity(
            "a mode error is linear in the target's power in that mode",
            sp.Eq(E[r], power[r] * D(E_g, power[r]), evaluate=False),
            "everywhere",
            symbols={power: "target_power"},
        ),
        Identity(
            "teacher drawn from the Gaussian process of the kernel",
            sp.Eq(E_g, t, evaluate=False),
            "target powers equal to the eigenvalues, noise equal to the ridge: the error of the matched Gaussian process",
            given={"target_power": "eigenvalues", "noise": "ridge"},
        ),
        Inequality(
            "more data never raises the effective regularisation",
            sp.Le(D(t, p), 0, evaluate=False),
            "everywhere",
        ),
        Inequality(
            "larger eigenvalues are learned first",
            sp.Ge((D(E[s], p) / E[s] - D(E[r], p) / E[r]) * (eigenvalue[r] - eigenvalue[s]), 0, evaluate=False),
            "any two modes in which the target has power: the relative error falls faster where the eigenvalue is larger",
            ranges={"target_power": (1e-2, 2.0)},
            modes=(2, 3, 5),
        ),
        Identity(
            "the mode errors are not the errors in the modes",
            sp.Eq(E[r], F[r], evaluate=False),
            "nowhere but at one mode without noise",
            fails="E_r is what mode r of the target adds to the error of all modes. The error in mode r of the prediction is"
            " E_r (1 - gamma) + p lambda_r^2 (E_g + sigma^2)/(kappa + p lambda_r)^2, tens of times larger for well-learned modes.",
            modes=(3, 5, 8),
        ),
        Identity(
            "errors in the modes, from the mode errors",
            sp.Eq(
                F[r],
                E[r] * (1 - p * gamma / (lam + t) ** 2) + p * g(r) ** 2 / (lam + t) ** 2 * (E_g + sigma2),
                evaluate=False,
            ),
            "positive eigenvalues; how the two decompositions are related",
            ranges=POSITIVE,
        ),
        Limit(
            "learning in stages: the plateau before the second degenerate level",
            sp.Eq(E_g, sp.Rational(1, 3) + sp.Rational(1, 6), evaluate=False),
            "degenerate levels far apart, as the degrees of a dot-product kernel in high dimension: between two of them the error"
            " is the target's power in the levels not yet learned",
            small=h,
            rate=sp.Rational(1, 2),
            given={"P": "h**(-1/2)", "ridge": "h**3", "noise": "0"},
            levels=FAR_APART,
        ),
        Limit(
            "learning in stages: the plateau before the third degenerate level",
            sp.Eq(E_g, sp.Rational(1, 6), evaluate=False),
            "degenerate levels far apart, sample sizes between their degeneracies",
            small=h,
            rate=sp.Integer(2),
            given={"P": "h**-2", "ridge": "h**3", "noise": "0"},
            levels=FAR_APART,
        ),
        Exponent(
            "power-law learning curve",
            sp.Eq(LogSlope(E_g, p), -sp.Min(a - 1, 2 * b), evaluate=False),
            "eigenvalues k^-b, target powers k^-a, infinitely many modes, no ridge, no noise",
            given={"ridge": "0", "noise": "0"},
            power_laws={"eigenvalues": b, "target_power": a},
            cases=({a: 2.5, b: 1.5}, {a: 2.0, b: 2.0}),
        ),
        Simulation(
            "generalisation error against simulation",
            sp.Eq(Simulated(E_g), generalisation, evaluate=False),
            "Gaussian features, noise-free teacher",
            parameters={"P": 12, "ridge": 0.02, "noise": 0, "eigenvalues": "k**(-3/2)", "target_power": "k**-2", "M": 40},
            full=True,
        ),
        Simulation(
            "errors in the modes against simulation",
            sp.Eq(
                Simulated(F[r]),
                E[r] * (1 - p * gamma / (lam + t) ** 2) + p * g(r) ** 2 / (lam + t) ** 2 * (E_g + sigma2),
                evaluate=False,
            ),
            "Gaussian features, the relation of the two decompositions at finite size",
            parameters={"P": 12, "ridge": 0.02, "noise": 0.1, "eigenvalues": "k**(-3/2)", "target_power": "k**-2", "M": 40},
            full=True,
        ),
    ),
)
