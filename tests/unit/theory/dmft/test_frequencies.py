"""A linear dynamics at two real frequencies: its observables there are those of static problems, or known functions."""

import numpy as np
import pytest
import sympy as sp

from solvers import solve
from theory import Dim, Gaussian, State, Step, mean
from theory.errors import DerivationError
from theory.models import load

DATA = {"P": 5.0, "noise": 0.3, "eigenvalues": [2.0, 0.7, 0.1], "target_power": [1.0, 0.5, 2.0]}
g, mu = sp.symbols("g mu", positive=True)


def test_gradient_flow_is_regression_at_two_ridges():
    """The transform of the weights is the minimiser with the frequency added to the ridge, divided by the frequency."""
    flow = load("gradient-flow-regression")().theory().transformed
    static = load("two-ridge-regression")().theory()
    z, other = 0.4, 1.7
    at = solve(flow, ridge=0.05, z=z, other_z=other, **DATA)
    fixed = solve(static, ridge=0.05 + z, other_ridge=0.05 + other, **DATA)
    assert float(at["E_g"]) * z * other == pytest.approx(float(fixed["E_g"]), rel=1e-9)
    assert {"z", "other_z"} <= {p.name for p in flow.parameters} and "t" not in {p.name for p in flow.parameters}


def test_independent_couplings_have_an_explicit_transform():
    N = Dim("N")
    h = State("h", N, initial_variance=1)
    flow = Step({h: -mu * h + g * (Gaussian("J", N, N, variance=1 / N) @ h)}, observe={"C": mean(N, h**2)})
    theory = flow.theory().transformed
    z, other = sp.symbols("z z'", positive=True)
    assert sp.simplify(theory.observables["C"] - 1 / ((z + mu) * (other + mu) - g**2)) == 0


@pytest.mark.parametrize(("N", "P"), [(20.0, 25.0), (1.7, 0.1), (0.2, 0.1)])
def test_the_solution_is_the_one_that_grows_with_the_frequency(N, P):
    """Both factors of the renormalised ridge are positive, also where there are fewer samples or features than one."""
    theory, k = load("random-feature-flow")().theory().transformed, np.arange(1, 31.0)
    found = solve(theory, observables=[], N=N, P=P, eigenvalues=2 * k**-1.3, target_power=k**-1.6, z=0.1, other_z=3.0)
    for name in ("kappa", "kappa_other"):
        count = (2 * k**-1.3 / (2 * k**-1.3 + float(found[name]))).sum()
        assert count < min(N, P)


def test_what_has_no_double_transform():
    N = Dim("N")
    h = State("h", N, initial_variance=1)
    model = Step({h: 1 - h + Gaussian("J", N, N, variance=1 / N) @ h}, observe={"m": mean(N, h)})
    with pytest.raises(DerivationError, match="m is no sum of products of two fields; leave it out"):
        model.theory().transformed
