"""Replica theories of states that meet: stationarity, replica symmetry inside one step inside two, exact transitions, limits."""

import numpy as np
import pytest
import sympy as sp

from solvers import follow, solve, trace
from solvers.compile import compile_expressions
from theory import Dim, Energy, Gaussian, Noise, Signs, State, Tensor, models, sum_over
from theory.replica.hierarchy import Hierarchical
from theory.replica.rsb import free_energy
from theory.symbols import beta
from theory.symbols import replicas as n

T, h = sp.Symbol("T", positive=True), sp.Symbol("h", real=True)
N, P = Dim("N"), Dim("P")
s, v = State("s", N, prior="ising"), State("v", N, prior="spherical")
J, X, xi = Gaussian("J", N, N, variance=1 / N, symmetry=1), Gaussian("X", P, N, variance=1 / N), Signs("xi", N)
PAIR = -sum_over(N, s * (J @ s)) / 2
CASES = {
    "spins": (PAIR - h * sum_over(N, s), s, "1RSB", {"h": 0.2, "T": 0.5}),
    "random field": (PAIR - sum_over(N, Noise("b", N, variance=sp.Rational(1, 10)) * s), s, "RS", {"T": 0.8}),
    "sphere": (Tensor("K", N, 3, variance=1 / (2 * N**2))(v) - h * sum_over(N, v), v, "1RSB", {"h": 0.3, "T": 0.45}),
    "mixed": (
        Tensor("K", N, 3, variance=1 / (4 * N**2))(v) + Tensor("L", N, 4, variance=1 / (2 * N**3))(v) - h * sum_over(N, v),
        v, "1RSB", {"h": 0.2, "T": 0.5},
    ),
    "patterns": (-(X @ s).square() / 2 - sum_over(N, xi * s) ** 2 / (2 * N), s, "RS", {"P": 0.06, "T": 0.4}),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_the_free_energy_is_stationary(case):
    """Equations found by parts and by algebra, against numerical derivatives of the free energy in every order parameter."""
    energy, over, ansatz, values = CASES[case]
    model = Energy(energy, over=over, temperature=T, ansatz=ansatz, name=case)
    derivation = model.derive()
    state, theory = derivation.state(), derivation.theory
    found = solve(theory, N=1.0, **values, tolerance=1e-7)
    point = {theory.parameter(k).symbol: x for k, x in {"N": 1.0, **values}.items()}
    known = {u.symbol: sp.Float(found.order_parameters[u.name]) for u in theory.unknowns}
    order = state["order"]
    for rule in (order.written_out, state["fields_of"], state["conjugates"]):
        for symbol, value in rule.items():
            known[symbol] = sp.sympify(value.xreplace(known)).xreplace({beta: state["beta"]}).xreplace(point).evalf()
    open_ = free_energy({k: x for k, x in state.items() if k != "eliminated"}).xreplace({beta: state["beta"]})
    phi = compile_expressions([open_], 161, "uniform")
    point |= {symbol: float(value) for symbol, value in known.items()}
    moved = [*order.overlaps, *order.blocks, *state["fields"], *state["fields"].values()]
    for symbol in [*moved, *(order.conjugates if over is s else ())]:
        step = 1e-5
        up, down = (float(phi({**point, symbol: point[symbol] + t * step})[0]) for t in (1, -1))
        assert abs(up - down) / (2 * step) < 1e-6, symbol


def test_blocks_are_stationary_at_fixed_conjugates():
    """Patterns make the conjugates functions of the blocks; the equation of a block is its slope all the same."""
    derivation = models.Hopfield("1RSB").derive()
    state, theory = derivation.state(), derivation.theory
    (x,) = state["order"].blocks
    values = {"m": 0.1, "q_0": 0.1, "dq_1": 0.7, "x_1": 0.3, "N": 1.0, "P": 0.3, "temperature": 0.5}
    point = {u.symbol: values[u.name] for u in theory.unknowns}
    point |= {p.symbol: values[p.name] for p in theory.parameters}
    known = dict(point)
    for rule in (state["order"].written_out, state["fields_of"], state["conjugates"]):
        for symbol, value in rule.items():
            known[symbol] = float(value.xreplace({beta: state["beta"]}).subs(known))
    open_ = free_energy({k: y for k, y in state.items() if k != "eliminated"}).xreplace({beta: state["beta"]})
    phi = compile_expressions([open_], 161, "uniform")
    up, down = (float(phi({**known, x: known[x] + t * 1e-5})[0]) for t in (1, -1))
    equation = next(e.lhs for e in theory.equations if e.rhs == 0)
    assert float(compile_expressions([equation], 161, "uniform")(point)[0]) == pytest.approx((up - down) / 2e-5, rel=1e-7)


def test_actions_of_couplings_are_those_of_dense_matrices():
    """The average over a tensor, exact in n, against the sum over the entries of a matrix written out."""
    c, d, q = sp.Rational(3, 10), sp.Rational(2, 5), sp.Rational(1, 5)
    matrix = Hierarchical([c, d, q], [sp.Integer(3)])
    for power in (2, 3, 4):
        dense = sum(matrix.dense(12).applyfunc(lambda e, p=power: e**p))
        assert matrix.hadamard(lambda e, p=power: e**p).total().xreplace({n: sp.Integer(12)}) == dense


def test_replica_symmetry_is_inside_one_step_inside_two():
    """Where replica symmetry is stable every ansatz gives it; where it is not, the free energy rises with every step."""
    hot, cold = {}, {}
    for ansatz in ("RS", "1RSB"):
        theory = models.SherringtonKirkpatrick(ansatz).theory()
        hot[ansatz] = solve(theory, N=1.0, temperature=1.2, field=0.3).order_parameters
        cold[ansatz] = solve(theory, N=1.0, temperature=0.5, field=0.1).order_parameters
    assert hot["1RSB"]["free_energy"] == pytest.approx(hot["RS"]["free_energy"], rel=1e-12)
    assert hot["1RSB"]["dq_1"] == 0.0 and hot["1RSB"]["q_0"] == pytest.approx(hot["RS"]["q"], rel=1e-12)
    assert cold["RS"]["replicon"] < cold["1RSB"]["replicon"] < 0
    assert cold["1RSB"]["free_energy"] > cold["RS"]["free_energy"] + 1e-4


@pytest.mark.slow
def test_two_steps_come_nearer_to_stability_than_one():
    found = {
        ansatz: solve(models.SherringtonKirkpatrick(ansatz).theory(), N=1.0, temperature=0.5, tolerance=1e-6).order_parameters
        for ansatz in ("RS", "1RSB", "2RSB")
    }
    replicon, energy = ([found[a][name] for a in ("RS", "1RSB", "2RSB")] for name in ("replicon", "free_energy"))
    assert replicon[0] < replicon[1] < replicon[2] < 0
    assert energy[0] < energy[1] < energy[2] < energy[1] + 0.2 * (energy[1] - energy[0])


def test_the_paramagnet_is_exactly_zero():
    for ansatz in ("RS", "1RSB"):
        found = solve(models.SherringtonKirkpatrick(ansatz).theory(), N=1.0, temperature=1.25)
        first = found.order_parameters["q" if ansatz == "RS" else "q_0"]
        assert first == 0.0 and found.observables["magnetisation"] == 0.0 and found.error < 1e-12
        assert found.order_parameters["replicon"] == pytest.approx(1 - 1.25**-2, rel=1e-12)
        assert found.observables["energy"] == pytest.approx(-1 / 2.5, rel=1e-12)


def test_entropy_of_replica_symmetry_tends_to_minus_one_over_two_pi():
    theory = models.SherringtonKirkpatrick().theory()
    values = [solve(theory, N=1.0, temperature=t, tolerance=1e-7).order_parameters["entropy"] for t in (0.04, 0.02)]
    assert 2 * values[1] - values[0] == pytest.approx(-1 / (2 * np.pi), abs=1e-3)


def test_de_almeida_and_thouless_line():
    """The field at which the replicon vanishes, against quadratures of q = <tanh²> and T² = <cosh⁻⁴> by other means."""
    from scipy.integrate import quad
    from scipy.optimize import brentq

    temperature = 0.6

    def gauss(f):
        return quad(lambda z: np.exp(-z * z / 2) / np.sqrt(2 * np.pi) * f(z), -12, 12, epsabs=1e-13, epsrel=1e-13)[0]

    def by_hand(field):
        def field_on(z, q):
            return (np.sqrt(q) * z + field) / temperature

        q = brentq(lambda q: q - gauss(lambda z: np.tanh(field_on(z, q)) ** 2), 1e-6, 1 - 1e-9, xtol=1e-14)
        return temperature**2 - gauss(lambda z: np.cosh(field_on(z, q)) ** -4)

    exact, theory = brentq(by_hand, 0.1, 1.0, xtol=1e-12), models.SherringtonKirkpatrick().theory()
    fields = exact + 1e-4 * np.array([-1, 1])
    found = [solve(theory, N=1.0, temperature=temperature, field=f, tolerance=1e-8).order_parameters for f in fields]
    low, high = (f["replicon"] for f in found)
    assert low < 0 < high
    assert fields[0] - low * 2e-4 / (high - low) == pytest.approx(exact, rel=1e-7)


def test_the_replicon_is_the_response_of_one_more_step():
    """From the one-step map of the increment at a vanishing increment, whatever the block size."""
    model = models.SherringtonKirkpatrick("1RSB")
    theory, flat = model.theory(), models.SherringtonKirkpatrick().theory()
    found = solve(flat, N=1.0, temperature=0.9, field=0.4).order_parameters
    names = {u.name: u.symbol for u in theory.unknowns}
    step = next(e.rhs for e in theory.equations if e.lhs == names["dq_1"])
    small = 1e-5
    point = {theory.parameter(k).symbol: x for k, x in {"N": 1.0, "temperature": 0.9, "field": 0.4, "ferromagnetic": 0.0}.items()}
    point |= {names["m"]: 0.0, names["q_0"]: found["q"], names["dq_1"]: small}
    for block in (0.2, 0.9):
        response = float(compile_expressions([step], 201, "uniform")({**point, names["x_1"]: block})[0]) / small
        assert 1 - response == pytest.approx(found["replicon"], abs=1e-4)


def test_static_transition_of_the_spherical_three_spin_glass():
    """Where the block size reaches one: T_s = 0.58605397, q = 0.64500745 (Crisanti and Sommers)."""
    theory = models.SphericalPSpin().theory()
    names = {u.name: u.symbol for u in theory.unknowns}
    point = {theory.parameter("N").symbol: 1.0, theory.parameter("field").symbol: 0.0, names["q_0"]: 0.0, names["x_1"]: 1.0}
    if "m" in names:
        point[names["m"]] = 0.0
    map_, stationary = (next(e for e in theory.equations if keep(e)) for keep in (
        lambda e: e.lhs == names["dq_1"], lambda e: e.rhs == 0))  # fmt: skip
    both = compile_expressions([map_.rhs - map_.lhs, stationary.lhs])
    from scipy.optimize import fsolve

    temperature, overlap = fsolve(
        lambda y: [float(e) for e in both({**point, theory.parameter("temperature").symbol: y[0], names["dq_1"]: y[1]})],
        [0.58, 0.7], xtol=1e-13,
    )  # fmt: skip
    assert temperature == pytest.approx(0.58605397, abs=1e-8) and overlap == pytest.approx(0.64500745, abs=1e-8)
    below, above = (solve(theory, N=1.0, temperature=0.58605397 + d).order_parameters for d in (-1e-3, 1e-3))
    assert 0.99 < below["x_1"] < 1 and above["q_1"] == 0.0


def test_dynamic_transition_of_the_spherical_three_spin_glass():
    """At block size one the overlap solves T² = 3 q (1-q)/2; the largest such T is T_d² = 3/8, at q = 1/2: in closed form."""
    theory = models.SphericalPSpin().theory()
    names = {u.name: u.symbol for u in theory.unknowns}
    d, t = names["dq_1"], theory.parameter("temperature").symbol
    map_ = next(e for e in theory.equations if e.lhs == d).rhs.xreplace({names["q_0"]: sp.S.Zero, names["x_1"]: sp.S.One})
    squared = sp.solve(sp.cancel((map_ / d - 1) * t**2), t)
    value = sp.simplify(next(e for e in squared if e.subs(d, sp.Rational(1, 2)) > 0) ** 2)
    (top,) = [r for r in sp.solve(sp.diff(value, d), d) if 0 < r < 1]
    assert top == sp.Rational(1, 2) and value.subs(d, top) == sp.Rational(3, 8)


def test_hopfield_equations_are_those_of_amit_gutfreund_and_sompolinsky():
    """m = <tanh β(m + √(α r) z)>, q = <tanh²>, r = q/(1 - β + βq)²."""
    derivation = models.Hopfield().derive()
    q, t, size, patterns = (sp.Symbol(k, positive=True) for k in ("q", "T", "N", "P"))
    (r,) = derivation["saddle point"]["conjugates"].values()
    expected = patterns / size * q / (1 - 1 / t + q / t) ** 2
    assert sp.simplify(r.xreplace({beta: 1 / t}) - expected) == 0
    found = solve(derivation.theory, N=1.0, P=0.08, temperature=0.3)
    m, q_ = found.order_parameters["m"], found.order_parameters["q"]
    z, w = np.polynomial.hermite_e.hermegauss(200)
    noise = np.sqrt(0.08 * q_ / (1 - (1 - q_) / 0.3) ** 2)
    spin = np.tanh((m + noise * z) / 0.3)
    assert np.sum(w * spin) / w.sum() == pytest.approx(m, rel=1e-6) and np.sum(w * spin**2) / w.sum() == pytest.approx(q_, rel=1e-6)


def test_spin_glass_line_of_the_hopfield_network():
    """Without retrieval the overlap of replicas appears at T = 1 + √α, where the replicon of q = 0 vanishes."""
    theory = models.Hopfield().theory()
    found = solve(theory, N=1.0, P=0.49, temperature=1.7 + 1e-6, tolerance=1e-6)
    assert found.order_parameters["q"] == 0.0 and found.order_parameters["replicon"] == pytest.approx(0, abs=2e-5)
    assert solve(theory, N=1.0, P=0.49, temperature=1.65).order_parameters["q"] > 0.02


def test_retrieval_is_lost_near_the_storage_capacity():
    """α_c(T -> 0) = 0.138 at replica symmetry."""
    theory = models.Hopfield().theory()
    inside = solve(theory, N=1.0, P=0.13, temperature=0.02, tolerance=1e-5)
    assert inside.observables["overlap"] > 0.96
    outside = solve(theory, N=1.0, P=0.145, temperature=0.02, tolerance=1e-5, on_failure="mask")
    assert not abs(outside.observables["overlap"]) > 0.5


@pytest.mark.slow
def test_the_retrieval_line_traced_in_two_parameters_is_that_of_branches():
    """The spinodal of retrieval states, at two temperatures from branches in the load, and at zero load at T = 1."""
    theory = models.Hopfield().theory()
    options = {"N": 1.0, "observables": [], "tolerance": 1e-6}
    first, second = (follow(theory, "P", (0.02, 0.15), temperature=t, **options).spinodals[0] for t in (0.1, 0.4))
    line = trace(theory, "spinodal", {"P": (0.002, 0.2), "temperature": (0.05, 1.1)}, first, N=1.0, tolerance=1e-4)
    order = np.argsort(line["temperature"])
    assert np.interp(0.4, line["temperature"][order], line["P"][order]) == pytest.approx(second["P"], rel=5e-3)
    assert 0.9 < line["temperature"].max() < 1.0


@pytest.mark.slow
def test_the_line_of_de_almeida_and_thouless_traced_in_temperature_and_field():
    """Through the fields at T = 0.3 and 0.6 found by quadratures of other means, and as h² = 4 (1 - T)³/3 near T = 1."""
    theory = models.SherringtonKirkpatrick().theory()
    (start,) = follow(theory, "field", (0.2, 1.0), N=1.0, temperature=0.6, observables=[]).find("replicon", 0.0)
    ends = {"temperature": (0.25, 0.985), "field": (0.001, 1.5)}
    line = trace(theory, ("replicon", 0.0), ends, start, N=1.0, tolerance=1e-6)
    order = np.argsort(line["temperature"])
    found = np.interp([0.3, 0.6], line["temperature"][order], line["field"][order])
    assert found == pytest.approx([1.0601363146, 0.3826621644], rel=3e-3)
    near = line["temperature"] > 0.97
    assert near.sum() > 1
    assert line["field"][near] ** 2 / (1 - line["temperature"][near]) ** 3 == pytest.approx(4 / 3, rel=0.1)
