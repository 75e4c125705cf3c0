"""Atanasov, Bordelon, Sainathan and Pehlevan (2023): where the variance of a finite width begins to limit learning.

Their toy model is regression with linear random features of a target in a few strong modes above a broad, weak tail, which acts as
a ridge. Feature learning of their networks is beyond it. Equation numbers of the print are not quoted.
"""

import sympy as sp

from theory.averages import ModeSum
from theory.modes import ModeArray, ModeIndex
from theory.papers.claims import Identity, Inequality, Limit, Simulated, Simulation
from theory.papers.numbers import Value
from theory.papers.publication import Paper
from theory.symbols import positive

kappa, sigma2, E_g, E_ens, E_inf, V, onset, P, N, h = (
    positive(name) for name in ("kappa", "sigma^2", "E_g", "E_ens", "E_inf", "V", "r", "P", "N", "h")
)
Sigma, power = ModeArray("Sigma", nonnegative=True), ModeArray("b2", nonnegative=True)
k = ModeIndex("M", "r")

df2 = ModeSum((Sigma[k] / (Sigma[k] + kappa)) ** 2, k)
renormalised = (kappa**2 * ModeSum(power[k] / (Sigma[k] + kappa) ** 2, k) + sigma2 * df2 / P) / (1 - df2 / P)
"""The error of ridge regression at an effective ridge."""

TOP, TAIL = 10, 20
"""Strong modes of eigenvalue 1, which carry a target of power 1, and the trace of the tail."""
LEVELS = (
    (str(TOP), {"eigenvalues": "1", "target_power": f"1/{TOP}"}),
    (f"{TAIL}/h**3", {"eigenvalues": "h**3", "target_power": "0"}),
)
TOY = {"eigenvalues": (1.0,) * TOP + (1e-3,) * 20000, "target_power": (1.0 / TOP,) * TOP + (0.0,) * 20000}
COURSE = {"eigenvalues": "k**(-3/2)", "target_power": "k**(-6/5)", "M": 40, "P": 15, "N": 20, "ridge": 0.1, "noise": 0.1}
MODES = tuple(float(n) for n in range(1, 3001))
DECAY = {"eigenvalues": tuple(n**-1.5 for n in MODES), "target_power": tuple(n**-2 for n in MODES)}
EVERYWHERE = "Gaussian data and features"


def crossing(width: int, samples: float):
    """E_g is twice the error of infinite width at these samples; the ridge is 1e-6 for each sample."""
    parameters = {**TOY, "N": width, "P": samples, "ridge": 1e-6 * samples}
    name = f"toy model: the error doubles at P = {samples:.1f} for N = {width}"
    where = "10 modes above a tail of 20000, of trace 20"
    return Value(name, sp.Eq(onset, 2, evaluate=False), where, parameters=parameters, digits=8)


def simulated(name, seen):
    return Simulation(name, sp.Eq(Simulated(seen), seen, evaluate=False), EVERYWHERE, parameters=COURSE, full=True, trials=400)


PAPER = Paper(
    arxiv="2212.12147",
    title="The Onset of Variance-Limited Behavior for Networks in the Lazy and Rich Regimes",
    authors=("Alexander Atanasov", "Blake Bordelon", "Sabarish Sainathan", "Cengiz Pehlevan"),
    year=2023,
    key="atanasov2023onset",
    model="variance-limited-regression",
    normalisation="The ridge is added to the empirical covariance, ridge = P lambda; kappa likewise; errors leave label noise out.",
    symbols={
        E_g: "E_g", E_ens: "E_ensemble", E_inf: "E_infinite", V: "variance", onset: "onset", P: "P", N: "N", sigma2: "noise",
        Sigma: "eigenvalues", power: "target_power",
    },
    claims=(
        Identity(
            "infinite ensemble: kernel regression at the effective ridge of the finite width",
            sp.Eq(E_ens, renormalised, evaluate=False), EVERYWHERE, symbols={kappa: "kappa_2/P"},
        ),
        Identity(
            "infinite width: kernel regression", sp.Eq(E_inf, renormalised, evaluate=False), EVERYWHERE, symbols={kappa: "kappa/P"},
        ),
        Inequality("the variance of the kernel only harms", E_g >= E_ens, EVERYWHERE),
        Limit(
            "wide networks: the ensemble's effective ridge is that of infinite width", sp.Eq(E_ens, E_inf, evaluate=False),
            "many features at fixed data", small=h, given={"N": "1/h"},
            ranges={"P": (3.0, 30.0), "ridge": (0.1, 2.0), "eigenvalues": (0.1, 2.0)},
        ),
        Limit(
            "toy model: bias (c/P)² and variance c/N", sp.Eq(E_g, (TAIL / P) ** 2 + TAIL / N, evaluate=False),
            "strong modes of eigenvalue 1, tail of trace c, P beyond c and far below the tail's dimension", small=h, levels=LEVELS,
            given={"P": "1/h", "N": "3/h**2", "ridge": "h**2", "noise": "0"},
        ),
        Limit(
            "toy model: variance equals bias at P = sqrt(c N)", sp.Eq(onset, 2, evaluate=False),
            "the same", small=h, levels=LEVELS, given={"P": "1/h", "N": f"1/({TAIL}*h**2)", "ridge": "h**2", "noise": "0"},
        ),
        crossing(500, 88.44378592),
        crossing(2000, 189.1909566),
        crossing(8000, 389.7220701),
        crossing(32000, 790.1783147),
        Value(
            "power law: where the error doubles", sp.Eq(onset, 2, evaluate=False), "eigenvalues k^-3/2, target k^-2, N = 200",
            parameters={**DECAY, "N": 200, "P": 73.65419416, "ridge": 1e-3}, digits=8,
        ),
        Value(
            "power law: four times the width allow twice the samples", sp.Eq(onset, 2, evaluate=False),
            "eigenvalues k^-3/2, target k^-2, N = 800", digits=1.5,
            parameters={**DECAY, "N": 800, "P": 2 * 73.65419416, "ridge": 1e-3},
            fails="without a tail that acts as a ridge the relative correction is P/N: the onset grows like N, not like its root",
        ),
        simulated("simulation: error at finite width", E_g),
        simulated("simulation: error of an ensemble", E_ens),
        simulated("simulation: error at infinite width", E_inf),
    ),
)
