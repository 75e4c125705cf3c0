"""Classical results on perceptrons, spin glasses, associative memories and sparse regression: each claim names its source.

Numbers without a closed form solve the source's own equations; they were found by quadrature outside of this package.
"""

import sympy as sp

from theory.papers.claims import Identity, Simulated, Simulation
from theory.papers.dynamics import Agreement
from theory.papers.numbers import Transition, Value
from theory.papers.publication import Paper
from theory.symbols import positive

alpha, alpha_c, delta, epsilon, kappa = (positive(name) for name in ("alpha", "alpha_c", "delta", "epsilon", "kappa"))
T, h, m, f = positive("T"), positive("h"), positive("m"), positive("f")
E, S = sp.Symbol("E", real=True), sp.Symbol("S", real=True)
ONE = {"N": 1.0}
"""Sizes in units of N."""


def equal(left, right):
    """A relation that stays as it is written."""
    return sp.Eq(left, right, evaluate=False)


def student(coefficient):
    """Saddle point of a student in agreement with its teacher at many samples, where both overlaps are cos(coefficient π/α)."""
    q = f"cos({coefficient}*pi/P)"
    conjugate = f"{q}/(1 - {q})"
    return {"q": q, "m": q, "qhat": conjugate, "chat": conjugate, "mhat": conjugate}


PERCEPTRON = [
    Value("storage capacity", equal(alpha_c, 2), "fair labels, margin 0, N -> oo", model="gardner", source="cover1965geometrical",
          symbols={alpha_c: "capacity"}, parameters={"P": 0.1, **ONE}, digits=11),
    Value("storage capacity with a margin", equal(alpha_c, sp.Float("0.96120505280154176")), "fair labels, margin 1/2, N -> oo",
          model="gardner", source="gardner1988space", symbols={alpha_c: "capacity"}, parameters={"P": 0.1, "margin": 0.5, **ONE},
          digits=11),
    Identity("storage capacity at any margin",
             equal(1 / alpha_c, (1 + kappa**2) * (1 + sp.erf(kappa / sp.sqrt(2))) / 2
                   + kappa * sp.exp(-(kappa**2) / 2) / sp.sqrt(2 * sp.pi)),
             "fair labels, N -> oo, replica symmetry", model="gardner", source="gardner1988space",
             symbols={alpha_c: "capacity/N", kappa: "margin"}, ranges={"P": (0.1, 0.3), "N": (1.0, 1.0), "margin": (0.0, 1.0)}),
    Simulation("half of the dichotomies at twice the dimension", equal(Simulated(f), sp.Rational(1, 2)),
               "points in general position, any N, P = 2 N", model="gardner", source="cover1965geometrical",
               symbols={f: "satisfied"}, parameters={"P": 20, "N": 10, "margin": 0.0}, trials=400, bound=0.0, full=True),
    Value("learning by a random student", equal(epsilon, sp.Rational(5, 8) / alpha),
          "noiseless teacher, Gibbs learning, alpha -> oo", model="bayes-perceptron", source="gyorgyi1990statistical",
          symbols={epsilon: "E_g", alpha: "P"}, parameters=ONE, start=student(0.625), towards={"P": (15.0, 30.0)}, rate=-2,
          digits=3, full=True),
    Value("learning by the majority", equal(epsilon, sp.Rational(442, 1000) / alpha),
          "noiseless teacher, Bayes-optimal, alpha -> oo", model="bayes-perceptron", source="opper1991generalization",
          symbols={epsilon: "E_bayes", alpha: "P"}, parameters=ONE, start=student(0.625), towards={"P": (15.0, 30.0)}, rate=-2,
          digits=3, full=True),
    Transition("learning by the largest margin", equal(alpha, sp.Float("0.5005") / sp.Float("0.01")),
               "noiseless teacher, at an error of 0.01: alpha -> oo up to terms of order 1/alpha²", model="max-margin",
               source="opper1990ability", symbols={alpha: "P"}, parameters=ONE, between=(1.0, 80.0), on=("E_g", 0.01), digits=3,
               full=True),
]  # fmt: skip

SK = "sherrington-kirkpatrick"
SPIN_GLASS = [
    Transition("freezing temperature", equal(T, 1), "no field", model=SK, source="sherrington1975solvable",
               symbols={T: "temperature"}, parameters=ONE, between=(0.5, 1.3), on="continuous", digits=8),
    Value("replica-symmetric ground state", equal(E, -sp.sqrt(2 / sp.pi)), "T -> 0, replica symmetry", model=SK,
          source="sherrington1975solvable", symbols={E: "energy"}, parameters=ONE,
          towards={"temperature": (0.08, 0.04, 0.02)}, digits=4, full=True),
    Value("negative entropy of replica symmetry", equal(S, -1 / (2 * sp.pi)), "T -> 0, replica symmetry", model=SK,
          source="sherrington1975solvable", symbols={S: "entropy"}, parameters=ONE,
          towards={"temperature": (0.08, 0.04, 0.02)}, digits=3, full=True),
    Transition("line of de Almeida and Thouless", equal(h, sp.Float("0.3826621643822")), "T = 3/5", model=SK,
               source="dealmeida1978stability", symbols={h: "field"}, parameters={"temperature": 0.6, **ONE},
               between=(0.2, 1.5), on=("replicon", 0.0), digits=9),
    Transition("line of de Almeida and Thouless in a strong field", equal(h, sp.Float("1.060136314641")), "T = 3/10", model=SK,
               source="dealmeida1978stability", symbols={h: "field"}, parameters={"temperature": 0.3, **ONE},
               between=(0.8, 1.5), on=("replicon", 0.0), digits=9, full=True),
    Value("ground state at one step of breaking", equal(E, -sp.Rational(7652, 10000)), "T -> 0, one step", model=SK,
          options={"ansatz": "1RSB"}, source="parisi1980order", symbols={E: "energy"}, parameters=ONE,
          towards={"temperature": (0.2, 0.1, 0.05)}, rate=2, digits=3.5, full=True),
    Value("replica-symmetric ground state of no temperature", equal(E, -sp.sqrt(2 / sp.pi)), "T = 0, replica symmetry", model=SK,
          options={"ground": True}, source="sherrington1975solvable", symbols={E: "energy"}, parameters=ONE, digits=11),
    Value("ground state of no temperature at one step of breaking", equal(E, -sp.Rational(7652, 10000)), "T = 0, one step",
          model=SK, options={"ansatz": "1RSB", "ground": True}, source="parisi1980order", symbols={E: "energy"}, parameters=ONE,
          digits=4, full=True),
    Value("ground state of no temperature at two steps of breaking", equal(E, -sp.Rational(7636, 10000)), "T = 0, two steps",
          model=SK, options={"ansatz": "2RSB", "ground": True}, source="parisi1980order", symbols={E: "energy"}, parameters=ONE,
          digits=4, full=True),
    Agreement("energy in a field", equal(Simulated(E), E), "outside the line of de Almeida and Thouless", model=SK,
              source="dealmeida1978stability", symbols={E: "energy"},
              parameters={"N": 12, "temperature": 1.0, "field": 0.5}, trials=60, full=True),
]  # fmt: skip

PSPIN = "spherical-p-spin"
STRUCTURAL = [
    Transition("static transition", equal(T, sp.Float("0.58605")), "p = 3, no field: the block size is one", model=PSPIN,
               source="crisanti1992spherical", symbols={T: "temperature"}, parameters=ONE, between=(0.5, 0.62),
               on=("x_1", 1.0), digits=5),
    Transition("dynamic transition", equal(T, sp.sqrt(sp.Rational(3, 8))), "p = 3, no field: metastable states of block size one",
               model=PSPIN, source="crisanti1992spherical", symbols={T: "temperature"}, parameters=ONE, between=(0.5, 0.7),
               held={"x_1": 1.0, "q_0": 0.0, "m": 0.0}, start={"dq_1": 0.8}, on="spinodal", digits=9),
]  # fmt: skip

MEMORY = [
    Transition("spin glass of a memory", equal(T, 1 + sp.sqrt(alpha)), "no retrieval", model="hopfield",
               source="amit1987statistical", symbols={T: "temperature", alpha: "P"}, parameters={"P": 0.49, **ONE},
               between=(1.2, 2.0), on="continuous", digits=8),
    Transition("storage capacity of a memory", equal(alpha_c, sp.Float("0.137905566495")),
               "T -> 0, replica symmetry: 0.138, the maximum over y of (erf(y)/y - 2 exp(-y²)/sqrt(pi))²/2", model="hopfield",
               source="amit1985storing", symbols={alpha_c: "P"}, parameters=ONE, between=(0.1, 0.15), on="spinodal",
               start={"m": 0.998, "q": "1 - 0.0212*temperature"}, towards={"temperature": (0.04, 0.02, 0.01)}, digits=4, full=True),
    Agreement("overlap of a retrieved pattern", equal(Simulated(m), m), "few patterns, low temperature", model="hopfield",
              source="amit1987statistical", symbols={m: "overlap"}, parameters={"N": 60, "P": 3, "temperature": 0.35},
              trials=40, full=True),
]  # fmt: skip

SPARSE = [
    Transition("sparse signals are recovered", equal(delta, 4 * sp.Float("0.58285761444")),
               "four weights, one not zero, penalty -> 0 without noise: P/4 solves delta rho(delta) = 1/4", model="lasso",
               source="0907.3574", symbols={delta: "P"}, on=("E_g", 1e-6),
               parameters={"target_power": [1.0, 0.0, 0.0, 0.0], "penalty": 1e-8}, between=(1.2, 2.8), digits=3, full=True),
]  # fmt: skip

PAPER = Paper(
    arxiv="classics",
    title="Classical results on learning, spin glasses and memories",
    authors=(),
    year=0,
    key="",
    model="gardner",
    normalisation="energies per spin; couplings and data have variance 1/N; alpha = P/N, with sizes in units of N",
    symbols={},
    claims=(*PERCEPTRON, *SPIN_GLASS, *STRUCTURAL, *MEMORY, *SPARSE),
)
