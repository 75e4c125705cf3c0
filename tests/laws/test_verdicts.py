"""Verdicts change where the literature says: de Almeida and Thouless, Hopfield, negative margins; entropy; Nishimori's line."""

import numpy as np
import pytest
import sympy as sp

from solvers import solve, sweep
from theory import Dim, Energy, Gaussian, Noise, State, heaviside, mean, models, sign, sum_over

N, P, T = Dim("N"), Dim("P"), sp.Symbol("T", positive=True)
X, w0 = Gaussian("X", P, N, variance=1 / N), Noise("w0", N)


def test_the_replica_symmetric_solution_is_stable_outside_the_line_of_de_almeida_and_thouless():
    """Near T = 1 the line is h² = 4 (1 - T)³/3 (de Almeida and Thouless, J. Phys. A 11, 983, 1978), to leading order."""
    theory = models.SherringtonKirkpatrick().theory()
    line = np.sqrt(4 * 0.04**3 / 3)
    curve = sweep(theory, N=1.0, temperature=0.96, field=line * np.array([0.8, 1.25]), tolerance=1e-7)
    assert curve.verdicts["stability"].status.tolist() == ["fails", "holds"]


def test_retrieval_states_of_the_hopfield_network_are_stable_and_its_spin_glass_is_not():
    """Amit, Gutfreund and Sompolinsky: in retrieval states replicas break below sqrt(8α/9π) exp(−1/2α), 0.001 at α = 0.1."""
    theory = models.Hopfield().theory()
    curve = sweep(theory, N=1.0, P=0.1, temperature=[0.02, 0.3], tolerance=1e-6)
    assert (curve["overlap"] > 0.9).all()
    assert curve.verdicts["stability"].status.tolist() == ["holds", "holds"]
    glass = solve(theory, N=1.0, P=0.3, temperature=0.5, tolerance=1e-6)
    assert abs(glass["overlap"]) < 1e-6 and not glass.verdicts["stability"]


def test_perceptrons_of_negative_margin_break_before_their_capacity():
    theory = models.Gardner().theory()
    curve = sweep(theory, P=[1.0, 4.6], N=1.0, margin=-0.5, tolerance=1e-6)
    assert curve.verdicts["stability"].status.tolist() == ["holds", "fails"]
    assert solve(theory, P=1.95, N=1.0, margin=0.0, tolerance=1e-6).sound


def test_binary_perceptrons_have_no_entropy_left_beyond_their_capacity():
    """Krauth and Mézard: 0.833, while the replicon is still positive."""
    s = State("s", N, prior="ising")
    model = Energy(sum_over(P, heaviside(-(X @ s))), over=s, phase="SAT", name="binary perceptron", observe={"o": mean(N, s)})
    curve = sweep(model.theory(), P=[0.83, 0.837], N=1.0, tolerance=1e-7)
    assert curve.verdicts["entropy"].status.tolist() == ["holds", "fails"]
    assert curve.verdicts["stability"]


@pytest.mark.slow
def test_entropy_of_spins_at_a_temperature_is_the_integral_of_the_specific_heat():
    """dS/dT = (dE/dT)/T, for spins that learn from a teacher; and log 2 without samples."""
    s = State("s", N, prior="ising")
    errors = sum_over(P, heaviside(-sign(X @ w0) * (X @ s)))
    theory = Energy(errors, over=s, temperature=T, name="warm", observe={"energy": errors}).theory()
    curve = sweep(theory, P=0.8, N=1.0, T=0.7 + 1e-3 * np.array([-1, 0, 1]), tolerance=1e-8)
    steps = [(curve[name][2] - curve[name][0]) / 2e-3 for name in ("entropy", "energy")]
    assert steps[0] == pytest.approx(steps[1] / 0.7, rel=1e-5)
    assert solve(theory, P=1e-9, N=1.0, T=0.7, tolerance=1e-6)["entropy"] == pytest.approx(np.log(2), rel=1e-7)


@pytest.mark.parametrize("temperature", [0.4, 0.8, 1.3])
def test_spins_on_the_line_of_nishimori(temperature):
    """At J_0 T = 1 without a field q = m and the energy is -J_0/2, below and above the transition at T = 1."""
    values = {"temperature": temperature, "ferromagnetic": 1 / temperature}
    found = solve(models.SherringtonKirkpatrick().theory(), N=1.0, **values, tolerance=1e-8)
    assert found.sound and "nishimori" in found.verdicts
    assert found["energy"] == pytest.approx(-1 / (2 * temperature), rel=1e-8)
    assert "nishimori" not in solve(models.SherringtonKirkpatrick().theory(), N=1.0, **values, field=0.1).verdicts
