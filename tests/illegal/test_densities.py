"""What has no density here, told in one line."""

import numpy as np
import pytest

from solvers import density, draw_eigenvalues
from theory import Diag, Dim, Expression, Gaussian, Quenched, Tr
from theory.errors import ConvergenceError, DeclarationError, DerivationError, ParameterError

M, P, N = Dim("M", "eta"), Dim("P"), Dim("N")
(eta,) = M.spectra
X = Gaussian("X", P, M, column_covariance=eta)
G, E = Gaussian("G", P, N), Gaussian("E", N, N)
GIVEN = {"P": 5, "eta": [1.0, 2.0]}


@pytest.mark.parametrize(
    ("matrix", "message"),
    [
        (E, r"density of E: it is not its own transpose; .* eigenvalue_cloud"),
        (X.T @ X @ Diag(M, eta), "not its own transpose; write it symmetrically"),
        (X, "density of X: it is PxM; only a square matrix has eigenvalues"),
        (Expression(Tr(X.T @ X)), "density of Expression: 0 resolvents; pass the matrix"),
        (3, "density of 3: a int; pass a matrix such as"),
        (Diag(M, eta), "holds nothing random"),
    ],
)
def test_matrices(matrix, message):
    with pytest.raises((DerivationError, DeclarationError), match=message):
        density(matrix, **GIVEN)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"P": 5}, "no value for 'eta'"),
        ({**GIVEN, "eta": [1.0, -2.0]}, r"eta\[1\] = -2: .* must be a finite number"),
        ({**GIVEN, "P": [5, 6]}, "P: several values; a density is computed for one at a time"),
        ({**GIVEN, "grid": []}, r"grid: shape \(0,\); give a one-dimensional array"),
        ({**GIVEN, "grid": [0.0, np.inf]}, "grid: some points are not finite"),
        ({**GIVEN, "grid": [1 + 1j]}, "grid: .* no array of real numbers"),
        ({**GIVEN, "points": 0}, "points: 0 is no number of points"),
        ({**GIVEN, "spikes": {"theta": 3.0}}, "spikes: 'theta' is no per-mode value and no matrix inside X.T@X; known: eta, X"),
        ({**GIVEN, "spikes": {"eta": -3.0}}, "spikes: eta = -3.0; give finite numbers with eta >= 0"),
        ({**GIVEN, "spikes": {"X": np.inf}}, "spikes: X = inf; give finite numbers$"),
        ({**GIVEN, "spikes": {"eta": "big"}}, "spikes: eta = 'big' is no list of numbers"),
        ({**GIVEN, "M": 3}, "no parameter 'M'"),
        ({**GIVEN, "eta": [0.0, 0.0]}, "all zero|have no scale"),
    ],
)
def test_values(values, message):
    with pytest.raises((ParameterError, DerivationError, ConvergenceError), match=message):
        density(X.T @ X, **values)


def test_sizes_that_contradict_given_values():
    with pytest.raises(ParameterError, match="d: 2 entries along N, where N = 3; give a size and arrays that agree"):
        density(Diag(N, Quenched("d", N)) + Gaussian("H", N, N, variance=1 / N, symmetry=1), N=3, d=[1.0, -2.0])


def test_eigenvalues_to_compare_with():
    found = density(X.T @ X, **GIVEN, points=10)
    with pytest.raises(ParameterError, match="eigenvalues: none, or not all finite"):
        found.distance([])
    with pytest.raises(ParameterError, match="eigenvalues of X: pass a square matrix"):
        draw_eigenvalues(X, **GIVEN)
    with pytest.raises(ParameterError, match="trials: 0; it must be a whole number, 1 or more"):
        draw_eigenvalues(X.T @ X, **GIVEN, trials=0)
    with pytest.raises(ParameterError, match="P: several values"):
        draw_eigenvalues(X.T @ X, P=[3, 4], eta=[1.0, 2.0])
