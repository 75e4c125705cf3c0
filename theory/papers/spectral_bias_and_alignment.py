"""Canatar, Bordelon and Pehlevan (2021): spectral bias and task-model alignment in kernel regression.

Equation numbers of the print are not quoted: claims are named by what they say.
"""

import sympy as sp

from theory.averages import ModeSum
from theory.modes import ModeArray, ModeIndex
from theory.papers.claims import ClosedForm, Exponent, FixedPoint, Identity, Inequality, Limit, LogSlope, Simulated, Simulation
from theory.papers.publication import Paper
from theory.special import Support
from theory.symbols import positive
from theory.vocabulary import TotalDerivative as D

p, N, lam, kappa, gamma, E_g, E_t, V, sigma2, h = (
    positive(name) for name in ("p", "N", "lambda", "kappa", "gamma", "E_g", "E_tr", "V", "sigma^2", "h")
)
a, b = sp.symbols("a b", positive=True)
eta = ModeArray("eta", nonnegative=True)
power = ModeArray("a2", nonnegative=True, latex_entry="a_{#}^{2}")
r, s = ModeIndex("M", "r"), ModeIndex("M", "s")

alpha = p / N
resolvent = kappa + p * eta[r]
error = (kappa**2 * ModeSum(power[r] / resolvent**2, r) + sigma2 * gamma) / (1 - gamma)
inside = kappa**2 * ModeSum(Support(eta[r]) * power[r] / resolvent**2, r)
outside = ModeSum((1 - Support(eta[r])) * power[r], r)
angle = (sp.pi + sp.atan2(8 * sp.sqrt(lam), 9 * lam * (3 * lam + 2) - 1)) / 3
boundary = 3 * lam * (3 * lam + 2 - 2 * sp.sqrt(1 + lam) * sp.sqrt(9 * lam + 1) * sp.cos(angle))

WHITE = {"eigenvalues": "1/M", "target_power": "1/M"}
BAND = "white band-limited kernel and target: N equal eigenvalues 1/N, total power 1"
PLANTED = {"eigenvalues": "k**(-3/2)", "target_power": "k**-2", "M": 40}
FREQUENCIES = (0, *(sign * f for f in range(1, 41) for sign in (1, -1)))
CIRCLE = {
    "P": 40,
    "ridge": 0.02,
    "noise": 0,
    "eigenvalues": tuple(1 / (1 + abs(f)) ** 2 for f in FREQUENCIES),
    "target_power": tuple(1 / (1 + abs(f)) ** 3 for f in FREQUENCIES),
}
ROUGH = CIRCLE | {
    "eigenvalues": (*CIRCLE["eigenvalues"], 0.0),
    "target_power": (*CIRCLE["target_power"], 0.5),
}

PAPER = Paper(
    arxiv="2006.13198",
    title="Spectral Bias and Task-Model Alignment Explain Generalization in Kernel Regression and Infinitely Wide Neural Networks",
    authors=("Abdulkadir Canatar", "Blake Bordelon", "Cengiz Pehlevan"),
    year=2021,
    key="canatar2021spectral",
    model="kernel-regression",
    normalisation="The ridge is added to the Gram matrix K, not multiplied by p; a_r^2 is the target's power in a mode; E_g leaves"
    " label noise out, the training error is measured on the noisy labels.",
    symbols={
        p: "P",
        N: "M",
        lam: "ridge",
        kappa: "kappa",
        gamma: "gamma",
        E_g: "E_g",
        E_t: "E_train",
        V: "variance",
        sigma2: "noise",
        eta: "eigenvalues",
        power: "target_power",
    },
    claims=(
        FixedPoint(
            "implicit equation of the effective ridge",
            sp.Eq(kappa, lam + ModeSum(kappa * eta[r] / resolvent, r), evaluate=False),
            "everywhere",
            unknown=kappa,
        ),
        Identity(
            "overfitting factor",
            sp.Eq(gamma, ModeSum(p * eta[r] ** 2 / resolvent**2, r), evaluate=False),
            "everywhere",
        ),
        Inequality("the overfitting factor is not negative", sp.Ge(gamma, 0, evaluate=False), "everywhere"),
        Inequality("the overfitting factor is below one", sp.Lt(gamma, 1, evaluate=False), "positive ridge"),
        Identity("generalisation error", sp.Eq(E_g, error, evaluate=False), "everywhere"),
        Identity(
            "power outside the kernel's space acts as noise",
            sp.Eq(E_g, (inside + (sigma2 + outside) * gamma) / (1 - gamma) + outside, evaluate=False),
            "modes of eigenvalue 0; their power adds to the noise and to the error itself",
        ),
        Identity(
            "training error",
            sp.Eq(E_t, (lam / kappa) ** 2 * (E_g + sigma2), evaluate=False),
            "mean squared residual on the noisy labels",
        ),
        Identity(
            "variance of the predictor",
            sp.Eq(V, gamma * (E_g + sigma2), evaluate=False),
            "over training sets and label noise",
        ),
        Inequality(
            "alignment: power in modes of larger eigenvalue costs less",
            sp.Ge((D(E_g, power[r]) - D(E_g, power[s])) * (eta[s] - eta[r]), 0, evaluate=False),
            "any two modes: moving power to the larger eigenvalue lowers the error",
            modes=(2, 3, 5),
        ),
        ClosedForm(
            "white kernel: effective ridge",
            sp.Eq(kappa, ((1 + lam - alpha) + sp.sqrt((1 + lam + alpha) ** 2 - 4 * alpha)) / 2, evaluate=False),
            BAND,
            given=WHITE,
        ),
        ClosedForm(
            "white kernel: overfitting factor",
            sp.Eq(gamma, alpha / (kappa + alpha) ** 2, evaluate=False),
            BAND,
            given=WHITE,
        ),
        ClosedForm(
            "white kernel: generalisation error",
            sp.Eq(E_g, (kappa**2 + sigma2 * alpha) / ((kappa + alpha) ** 2 * (1 - gamma)), evaluate=False),
            BAND,
            given=WHITE,
        ),
        Identity(
            "white kernel: the optimal ridge is stationary",
            sp.Eq(D(E_g, lam), 0, evaluate=False),
            BAND + "; the ridge is the noise over the target's power, whatever the sample size",
            given=WHITE,
            at={sigma2: lam},
        ),
        Inequality(
            "white kernel: the optimal ridge is a minimum",
            sp.Gt(D(D(E_g, lam), lam), 0, evaluate=False),
            BAND + "; the ridge is the noise over the target's power",
            given=WHITE,
            at={sigma2: lam},
        ),
        ClosedForm(
            "white kernel: threshold noise of non-monotonic learning, ridge below one",
            sp.Eq(sigma2, boundary, evaluate=False),
            BAND + "; ridge < 1: a local minimum and maximum of the learning curve are born together",
            given=WHITE,
            modes=(1,),
            ranges={"ridge": (0.01, 0.95)},
            conditions=(sp.Eq(D(E_g, p), 0, evaluate=False), sp.Eq(D(D(E_g, p), p), 0, evaluate=False)),
            solve_for={"P": (1e-2, 10.0), "noise": (1e-3, 5.0)},
        ),
        Identity(
            "white kernel: initial slope of the learning curve",
            sp.Eq(N * D(E_g, p), (sigma2 - (2 * lam + 1)) / (1 + lam) ** 2, evaluate=False),
            BAND + "; at p = 0. The error rises from the start when the noise is above 2 lambda + 1",
            given=WHITE,
            at={p: sp.S.Zero},
        ),
        Inequality(
            "white kernel: monotonic below the threshold, ridge below one",
            sp.Le(D(E_g, p), 0, evaluate=False),
            BAND + "; ridge < 1",
            given=WHITE,
            modes=(1,),
            ranges={"ridge": (0.01, 0.99), "noise": (1e-2, 3.0)},
            condition=sigma2 < boundary,
        ),
        Inequality(
            "white kernel: monotonic below the threshold, ridge above one",
            sp.Le(D(E_g, p), 0, evaluate=False),
            BAND + "; ridge >= 1: the threshold is 2 lambda + 1",
            given=WHITE,
            modes=(1,),
            ranges={"ridge": (1.0, 10.0), "noise": (1e-2, 20.0)},
            condition=sigma2 < 2 * lam + 1,
        ),
        Limit(
            "interpolation peak",
            sp.Eq(E_g, sigma2 * N / (2 * sp.sqrt(lam * ModeSum(1 / eta[r], r))), evaluate=False),
            "as many samples as modes, ridge to 0, noise: the error diverges",
            small=h,
            rate=sp.Rational(1, 2),
            given={"P": "M", "ridge": "h"},
            ranges={"eigenvalues": (0.2, 2.0), "noise": (0.2, 2.0)},
        ),
        Limit(
            "many samples",
            sp.Eq(E_g, sigma2 * N / p, evaluate=False),
            "positive eigenvalues, noise, fixed ridge",
            small=h,
            given={"P": "1/h"},
            ranges={"eigenvalues": (0.2, 2.0), "noise": (0.2, 2.0)},
        ),
        Exponent(
            "power-law learning curve",
            sp.Eq(LogSlope(E_g, p), -sp.Min(a - 1, 2 * b), evaluate=False),
            "eigenvalues k^-b, target powers k^-a, infinitely many modes, no ridge, no noise; a - 1 below and above 2b",
            given={"ridge": "0", "noise": "0"},
            power_laws={"eigenvalues": b, "target_power": a},
            cases=({a: 2.5, b: 1.5}, {a: 5.0, b: 1.5}),
        ),
        Simulation(
            "generalisation error against simulation",
            sp.Eq(Simulated(E_g), error, evaluate=False),
            "Gaussian features, any spectrum; finite size costs a bias that falls like the inverse of the replication",
            parameters={"P": 8, "ridge": 0.01, "noise": 0.05, **PLANTED},
            full=True,
        ),
        Simulation(
            "training error against simulation",
            sp.Eq(Simulated(E_t), (lam / kappa) ** 2 * (error + sigma2), evaluate=False),
            "Gaussian features",
            parameters={"P": 20, "ridge": 0.1, "noise": 0.25, **PLANTED},
            full=True,
        ),
        Simulation(
            "variance of the predictor against simulation",
            sp.Eq(Simulated(V), gamma * (error + sigma2), evaluate=False),
            "Gaussian features",
            parameters={"P": 20, "ridge": 0.1, "noise": 0.25, **PLANTED},
            full=True,
        ),
        Simulation(
            "kernel on the circle",
            sp.Eq(Simulated(E_g), error, evaluate=False),
            "a kernel with a Fourier spectrum, points drawn uniformly from the circle",
            parameters=CIRCLE,
            replicates=(1,),
            bound=0.0,
            circle={"Phi": FREQUENCIES},
            fails="in one dimension the features of a point are functions of one angle, far from independent: the error is not"
            " that of Gaussian features",
            full=True,
        ),
        Simulation(
            "kernel on the circle, power outside the kernel's space",
            sp.Eq(Simulated(E_g), error, evaluate=False),
            "as before, with half a unit of power in cos(237 x), which the kernel does not have",
            parameters=ROUGH,
            replicates=(1,),
            bound=0.0,
            circle={"Phi": (*FREQUENCIES, 237)},
            fails="a smooth function of one angle is not independent noise at nearby points",
            full=True,
        ),
    ),
)
