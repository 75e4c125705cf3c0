"""Replicas that break at temperature zero: stationarity, the limit of the theory at a temperature, known ground states."""

import numpy as np
import pytest
import sympy as sp

from solvers import follow, solve
from solvers.compile import compile_expressions
from theory import Dim, Energy, Gaussian, Noise, Signs, State, Tensor, heaviside, models, sum_over
from theory.errors import DerivationError
from theory.replica.one_body import OMEGA, WIDTH, one_body
from theory.replica.rsb import free_energy
from theory.replica.zero_temperature import per_beta
from theory.symbols import beta

T, h, kappa = sp.Symbol("T", positive=True), sp.Symbol("h", real=True), sp.Symbol("kappa", real=True)
N, P = Dim("N"), Dim("P")
s, v = State("s", N, prior="ising"), State("v", N, prior="spherical")
J, X, xi = Gaussian("J", N, N, variance=1 / N, symmetry=1), Gaussian("X", P, N, variance=1 / N), Signs("xi", N)
SPINS = -sum_over(N, s * (J @ s)) / 2
SPHERE = Tensor("K", N, 3, variance=1 / (2 * N**2))(v) - h * sum_over(N, v)
ERRORS = sum_over(P, heaviside(kappa - X @ v))
MEMORY = -(X @ s).square() / 2 - sum_over(N, xi * s) ** 2 / (2 * N)
CASES = {
    "spins": (SPINS - h * sum_over(N, s), s, "1RSB", {"h": 0.2}),
    "random field": (SPINS - sum_over(N, Noise("b", N, variance=sp.Rational(1, 10)) * s), s, "RS", {}),
    "sphere": (SPHERE, v, "1RSB", {"h": 0.3}),
    "jump": (ERRORS, v, "1RSB", {"P": 3.0, "kappa": 0.0}),
    "patterns": (MEMORY, s, "RS", {"P": 0.06}),
}  # fmt: skip


def ground(energy, over, ansatz, **options):
    return Energy(energy, over=over, ansatz=ansatz, name="ground", **options)


@pytest.mark.parametrize("case", [pytest.param(c, marks=pytest.mark.slow) if c == "jump" else c for c in CASES])
def test_the_energy_is_stationary(case):
    """Equations found by parts and by algebra, against numerical derivatives of the energy in every order parameter."""
    energy, over, ansatz, values = CASES[case]
    derivation = ground(energy, over, ansatz).derive()
    state, theory = derivation.state(), derivation.theory
    found = solve(theory, N=1.0, **values, tolerance=1e-7)
    point = {theory.parameter(k).symbol: x for k, x in {"N": 1.0, **values}.items()}
    known = {u.symbol: sp.Float(found.order_parameters[u.name]) for u in theory.unknowns}
    order = state["order"]
    for rule in (order.written_out, state["fields_of"], state["conjugates"] if over is s else {}):
        for symbol, value in rule.items():
            known[symbol] = sp.sympify(value.xreplace(known)).xreplace(point).evalf()
    open_ = free_energy({k: x for k, x in state.items() if k != "eliminated"})
    phi = compile_expressions([open_], 801, "uniform")
    point |= {symbol: float(value) for symbol, value in known.items()}
    assert -float(phi(point)[0]) == pytest.approx(found.order_parameters["ground_state_energy"], rel=1e-7)
    # The innermost overlap is the norm.
    moved = [*order.overlaps[:-1], order.free_width, *order.blocks, *state["fields"], *state["fields"].values()]
    for symbol in [*moved, *(order.conjugates if over is s else ())]:
        step = 1e-5
        up, down = (float(phi({**point, symbol: point[symbol] + t * step})[0]) for t in (1, -1))
        assert abs(up - down) / (2 * step) < 1e-6, symbol


def test_the_ground_state_of_a_spin_glass():
    """-sqrt(2/π) without breaking; -0.7652 with one step, -0.7636 with two (Parisi 1980), which the temperature's limit reaches."""
    found = {a: solve(models.SherringtonKirkpatrick(a, ground=True).theory(), N=1.0).order_parameters for a in ("RS", "1RSB")}
    assert found["RS"]["ground_state_energy"] == pytest.approx(-np.sqrt(2 / np.pi), rel=1e-12)
    assert found["1RSB"]["ground_state_energy"] == pytest.approx(-0.7652594, abs=1e-6)
    assert found["RS"]["replicon"] < found["1RSB"]["replicon"] < 0


@pytest.mark.slow
def test_two_steps_raise_the_ground_state_energy():
    found = solve(ground(SPINS, s, "2RSB").theory(), N=1.0, tolerance=1e-8).order_parameters
    assert found["ground_state_energy"] == pytest.approx(-0.7636080, abs=1e-6)
    assert -0.1 < found["replicon"] < 0


@pytest.mark.slow
def test_the_temperature_tends_to_zero():
    """Overlap, block and replicon of one step in first order of the temperature, the energy in second order."""
    cold = solve(ground(SPINS, s, "1RSB").theory(), N=1.0)
    warm = models.SherringtonKirkpatrick("1RSB").theory()
    limits = [cold.order_parameters["q_0"], cold.order_parameters["y_1"], cold.order_parameters["chi"],
              cold.order_parameters["replicon"]]  # fmt: skip
    rows, energies = [], []
    for t in (0.1, 0.05):
        found = solve(warm, N=1.0, temperature=t, tolerance=1e-6)
        o = found.order_parameters
        rows.append([o["q_0"], o["x_1"] / t, (1 - o["q_1"]) / t, o["replicon"] * t])
        energies.append(found.observables["energy"])
    apart = np.array(rows) - limits
    assert np.all(np.abs(apart[1] / apart[0] - 0.5) < 0.06)
    assert 2 * np.array(rows[1]) - rows[0] == pytest.approx(limits, rel=0.02)
    off = np.array(energies) - cold.order_parameters["ground_state_energy"]
    assert 3.5 < off[0] / off[1] < 6.5 and abs(off[1]) < 2e-4


def test_the_ground_state_of_the_spherical_three_spin_glass():
    """One step is stable; with z = y/χ the norm gives 3 χ² (1 + z)/2 = 1, the block z²/3 + z = (1 + z) log(1 + z)."""
    from scipy.optimize import brentq

    found = solve(models.SphericalPSpin(ground=True).theory(), N=1.0).order_parameters
    z = brentq(lambda z: z**2 / 3 + z - (1 + z) * np.log(1 + z), 0.1, 10, xtol=1e-14)
    chi = np.sqrt(2 / (3 * (1 + z)))
    energy = -(3 * chi / 4 + chi * z / 4 + np.log(1 + z) / (2 * chi * z))
    assert found["q_0"] == 0.0 and found["chi"] == pytest.approx(chi, rel=1e-9)
    assert found["ground_state_energy"] == pytest.approx(energy, rel=1e-10)
    assert energy == pytest.approx(-1.17167, abs=1e-5) and found["replicon"] > 0


@pytest.mark.slow
def test_a_sphere_has_the_ground_state_energy_that_its_temperature_tends_to():
    """Half the temperature for every degree of freedom, and terms of second order."""
    warm = [solve(models.SphericalPSpin().theory(), N=1.0, temperature=t).observables["energy"] for t in (0.1, 0.05)]
    assert 2 * warm[1] - warm[0] == pytest.approx(-1.17167, abs=2e-3)
    assert (warm[1] + 1.17167) / 0.05 == pytest.approx(0.5, abs=0.02)


def test_a_memory_forgets_at_temperature_zero():
    """m = erf(m/√(2 α r)) (Amit, Gutfreund and Sompolinsky), which has no solution above α = 0.1379."""
    from scipy.special import erf

    theory = ground(MEMORY, s, "RS").theory()
    found = solve(theory, N=1.0, P=0.13, tolerance=1e-8).order_parameters
    m, c = found["m"], found["chi"]
    r = 0.13 / (1 - c) ** 2
    assert m == pytest.approx(erf(m / np.sqrt(2 * r)), rel=1e-9) and m > 0.96
    assert c == pytest.approx(np.sqrt(2 / (np.pi * r)) * np.exp(-(m**2) / (2 * r)), rel=1e-9)
    assert not solve(theory, N=1.0, P=0.145, on_failure="mask").order_parameters["m"] > 0.5


def test_a_jump_is_crossed_where_both_minima_are_equal():
    """The envelope of a step, against the minimum over a grid; observables at the jump see its lower side."""
    x = sp.Symbol("h", real=True)
    body = one_body((1 + (x - kappa) ** 2) * sp.Heaviside(kappa - x), x, "broken")
    grid, width, edge = np.linspace(-6, 6, 1_200_001), 0.7, 1.0
    potential = np.where(grid < edge, 1 + (grid - edge) ** 2, 0.0)
    satisfied = body.expectation(sp.Heaviside(x - kappa))
    for omega in (-2.0, -0.3, 0.5, 0.9, 1.4):
        total = potential + (grid - omega) ** 2 / (2 * width)
        rule = {OMEGA: omega, WIDTH: width, kappa: edge}
        value, seen = (next(b.subs(rule) for _, upper, b in f if upper.subs(rule) > omega) for f in (body.value, satisfied))
        assert float(value) == pytest.approx(-total.min(), abs=1e-8)
        assert float(seen) == float(grid[total.argmin()] >= edge)


@pytest.mark.slow
def test_a_perceptron_beyond_capacity_makes_the_errors_that_its_energy_counts():
    """The share of errors, an expectation with its value at the jump, against the free energy; one step is not the last one."""
    theory = ground(ERRORS, v, "1RSB", observe={"share": ERRORS / P}).theory()
    found = solve(theory, N=1.0, P=3.0, kappa=0.0, tolerance=1e-6)
    assert found["share"] == pytest.approx(found["ground_state_energy"] / 3, rel=1e-9)
    assert 0 < found["share"] < 0.05 and found["replicon"] < 0


@pytest.mark.slow
def test_errors_at_a_temperature_tend_to_the_fewest():
    """At one step energy and overlap in the first order of the temperature, block and width more slowly: it blurs the jump."""
    cold = solve(ground(ERRORS, v, "1RSB").theory(), N=1.0, P=3.0, kappa=0.0, tolerance=1e-6).order_parameters
    limits = np.array([cold[n] for n in ("ground_state_energy", "q_0", "y_1", "chi")])
    warm, rows = Energy(ERRORS, over=v, temperature=T, ansatz="1RSB", name="warm", observe={"errors": ERRORS}).theory(), []
    for t in (0.1, 0.05):
        found = solve(warm, N=1.0, P=3.0, kappa=0.0, T=t, tolerance=1e-4)
        o = found.order_parameters
        rows.append((found["errors"], o["q_0"], o["x_1"] / t, (1 - o["q_1"]) / t))
    ratios = (np.array(rows[1]) - limits) / (np.array(rows[0]) - limits)
    assert np.all(np.abs(ratios[:2] - 0.5) < 0.05) and np.all((ratios[2:] > 0.5) & (ratios[2:] < 0.71))


def test_fewest_errors_of_symmetric_replicas():
    """Gardner and Derrida, J. Phys. A 21, 271 (1988): 1 = α <(κ - t)²> over κ - √(2χ) < t < κ, errors below; unstable."""
    from scipy.integrate import quad
    from scipy.optimize import brentq
    from scipy.stats import norm

    found = solve(ground(ERRORS, v, "RS", observe={"share": ERRORS / P}).theory(), N=2.0, P=6.0, kappa=0.3)
    chi = brentq(lambda c: 3 * quad(lambda t: (0.3 - t) ** 2 * norm.pdf(t), 0.3 - np.sqrt(2 * c), 0.3)[0] - 1, 1e-3, 50, xtol=1e-14)
    assert found["chi"] == pytest.approx(chi, rel=1e-9)
    assert found["share"] == pytest.approx(norm.cdf(0.3 - np.sqrt(2 * chi)), rel=1e-9)
    assert found["ground_state_energy"] / 6 == pytest.approx(found["share"], rel=1e-9)
    assert found.verdicts["stability"].failed


@pytest.mark.slow
def test_signs_freeze_where_the_entropy_of_symmetric_replicas_vanishes():
    """What is said instead of one step at temperature zero: at a temperature a block of one step holds one state."""
    t = sp.Symbol("t", positive=True)
    theory = Energy(sum_over(P, heaviside(-(X @ s))), over=s, temperature=t, name="flat").theory()
    flat = follow(theory, "t", (0.1, 2.0), at=2.0, N=1.0, P=1.2, tolerance=1e-6)
    (frozen,) = flat.find("entropy", 0.0)
    assert frozen["t"] == pytest.approx(0.2397, abs=1e-3) and 0 < frozen["free_energy"] < 0.1


def test_the_limit_of_logarithms():
    x, y = sp.symbols("x y", positive=True)
    found = per_beta(beta / y * (sp.log((x + y) / beta) - sp.log(x / beta)) + beta**2 * (1 - (1 - x / beta) ** 2) + sp.log(beta))
    assert sp.expand(found - (sp.log(x + y) - sp.log(x)) / y - 2 * x) == 0
    assert per_beta(beta * sp.log(1 + x / beta), 0) == x
    with pytest.raises(DerivationError, match="grows faster than beta"):
        per_beta(beta**2 * x)
