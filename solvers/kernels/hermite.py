"""Hermite coefficients of a function of a Gaussian variable, with an error that is estimated and bounded."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from theory.errors import ConvergenceError, ParameterError

_REACH = 16.0  # standard deviations; the square root of the Gaussian weight is 1e-28 there
_LEVELS = 6  # from 128 steps and 64 degrees to 4096 steps and 2048 degrees
_ROUNDING = 1e-16


def _grid(level: int) -> tuple[np.ndarray, float]:
    """Points and step; each level has a shift of its own, lest a frequency alias alike on two."""
    steps = 128 * 2**level
    step = 2 * _REACH / steps
    return np.linspace(-_REACH, _REACH, steps + 1) + 0.618 * level % 1 * step, step


def _projector(level: int, degrees: int) -> np.ndarray:
    """Rows sqrt(weight) psi_n(u) du on the grid, psi_n the Hermite functions: shape (degrees, nodes).

    The trapezoidal rule converges exponentially for an analytic function under a Gaussian weight.
    """
    u, step = _grid(level)
    psi = np.empty((degrees, len(u)))
    psi[0] = (2 * np.pi) ** -0.25 * np.exp(-(u**2) / 4)
    for n in range(degrees - 1):
        psi[n + 1] = (u * psi[n] - (np.sqrt(n) * psi[n - 1] if n else 0)) / np.sqrt(n + 1)
    return psi * (psi[0] * step)


def _values(function: Callable, arguments: np.ndarray) -> np.ndarray:
    with np.errstate(all="ignore"):
        values = np.asarray(function(arguments))
    if values.shape != arguments.shape or values.dtype.kind not in "biuf":
        raise ParameterError(
            f"activation {_name(function)} gives shape {values.shape}, dtype {values.dtype} for arguments of "
            f"shape {arguments.shape}; give a vectorised real function"
        )
    if not np.isfinite(values).all():
        worst = arguments[~np.isfinite(values)].flat[0]
        raise ParameterError(f"activation {_name(function)} is not finite at {worst:.6g}; give one that is")
    return values.astype(float)


def _name(function: Callable) -> str:
    return getattr(function, "__name__", repr(function))


def hermite_coefficients(
    function: Callable, variance, tolerance: float, *, of_derivative: bool = False
) -> np.ndarray:
    """a_n = E[f(sqrt(q) u) h_n(u)], h_n the orthonormal Hermite polynomials; shape (N,) + variance.shape.

    With `of_derivative`, those of f', which Stein's lemma gives as sqrt(n + 1) a_{n+1}/sqrt(q): no derivative
    is needed. N and the step of the quadrature are doubled until, at the largest variance, the coefficients
    stop moving and the last half of the degrees holds less than `tolerance` of the sum of squares. Then the
    Mehler sum of two rows, sum_n a_n b_n c^n, is within about `tolerance` of E[f f] relatively to the largest
    value, and positive semidefinite.

    Raises ConvergenceError for a function that is not smooth or grows too fast, or whose derivative at a tiny
    variance is lost in rounding.
    """
    variance = np.asarray(variance, dtype=float)
    flat = variance.ravel()
    level, degrees = _resolution(function, float(np.sqrt(flat.max())), tolerance, of_derivative)
    values = _values(function, np.sqrt(flat)[:, None] * _grid(level)[0])
    a = _projector(level, degrees) @ values.T
    if of_derivative:
        weighted = np.sqrt(np.arange(1, degrees))[:, None] * a[1:]
        size, slope = np.sqrt((a**2).sum(axis=0)), np.sqrt((weighted**2).sum(axis=0))
        _refuse_lost_derivative(function, flat, size, slope, tolerance)
        a = weighted / np.sqrt(flat)
    return a.reshape(a.shape[0], *variance.shape)


def _refuse_lost_derivative(
    function: Callable, variance: np.ndarray, size, slope: np.ndarray, tolerance: float
) -> None:
    """`slope`, the derivative's norm times sqrt(variance), must stand above the rounding of `size`."""
    lost = _ROUNDING * size >= tolerance * slope
    if lost.any():
        raise ConvergenceError(
            f"activation {_name(function)}: its derivative at variance {variance[lost][0]:.3g} is lost "
            "in rounding; give the derivative, Activation(function, derivative)"
        )


def _resolution(function: Callable, scale: float, tolerance: float, of_derivative: bool) -> tuple[int, int]:
    """Level of the grid and number of degrees that resolve the function at standard deviation `scale`."""
    coarse = np.zeros(0)
    for level in range(_LEVELS):
        u, _ = _grid(level)
        degrees = 64 * 2**level
        values = _values(function, scale * u)
        a = _projector(level, degrees) @ values
        weight = np.arange(degrees) if of_derivative else np.ones(degrees)
        with np.errstate(over="ignore"):
            size, power = np.linalg.norm(a), weight * a**2
            total = power.sum()
        if not np.isfinite(total):
            break
        if of_derivative:
            _refuse_lost_derivative(
                function, np.array([scale**2]), size, np.array([np.sqrt(total)]), tolerance
            )
        moved = np.sqrt(weight[: len(coarse)]) * np.abs(a[: len(coarse)] - coarse)
        tail = power[::-1].cumsum()[::-1]
        settled = level and moved.max() <= tolerance * np.sqrt(total)
        if (settled or not a.any()) and tail[degrees // 2] <= tolerance * total:
            return level, max(2, int(np.searchsorted(-tail, -1e-4 * tolerance * total)))
        coarse = a
    raise ConvergenceError(
        f"activation {_name(function)} is not resolved by {64 * 2 ** (_LEVELS - 1)} Hermite degrees at "
        f"variance {scale**2:.3g} to {tolerance:g}; use a smooth activation, a closed form (relu, erf) "
        "or a smaller variance"
    )
