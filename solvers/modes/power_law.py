"""Power-law spectra, k^-b for k = 1, ..., n, with n finite or infinite, as several hundred quadrature nodes.

The first modes are kept. Beyond them the sum is an integral over k plus an end correction by Gregory's
formula (Euler-Maclaurin with the derivatives taken as differences). The integral is done by Gauss-Legendre
panels in log k: every eta/(kappa + P eta) is analytic in the strip |Im log eta| < pi. For infinitely many
modes a last panel runs down to eta = 0; there the summand is a power of eta times a polynomial, whose moments
are known.
"""

from __future__ import annotations

import math
import numbers
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from solvers.modes.carriers import split
from theory.errors import ParameterError

ERROR = 1e-12                     # relative error of sums over modes, see `power_law_nodes`
_PANEL, _PANEL_NODES = 2.0, 12    # width of a panel in log eta (at most 1 in log k), Gauss nodes on it
_ORDER = 10                       # number of points in the end corrections
_REACH = 1e-40                    # eigenvalue, relative to the first, at which the last panel takes over
_LAST_NODES = 28


@dataclass(frozen=True)
class PowerLaw:
    """scale * k^-exponent for k = 1, ..., modes; `modes` may be `math.inf`. ParameterError for anything else.

    >>> PowerLaw(2.0, 2).values()
    array([1.  , 0.25])
    """

    exponent: float
    modes: float = math.inf
    scale: float = 1.0

    def __post_init__(self) -> None:
        for name in ("exponent", "modes", "scale"):
            value = getattr(self, name)
            if isinstance(value, (bool, np.bool_)) or not isinstance(value, numbers.Real):
                raise ParameterError(f"power law: {name} is {value!r}; it must be a real number")
            object.__setattr__(self, name, float(value))
        if not math.isfinite(self.exponent):
            raise ParameterError(f"power law: exponent is {self.exponent}; it must be finite")
        if not (self.modes >= 1 and (math.isinf(self.modes) or self.modes.is_integer())):
            raise ParameterError(f"power law: modes is {self.modes:g}; use a positive whole number or inf")
        if not (self.scale > 0 and math.isfinite(self.scale)):
            raise ParameterError(f"power law: scale is {self.scale:g}; it must be positive and finite")

    def at(self, k: np.ndarray | float) -> np.ndarray:
        """The law at real k, of the shape of k."""
        with np.errstate(over="ignore", under="ignore"):
            return self.scale * np.asarray(k, dtype=float) ** -self.exponent

    def values(self, modes: int | None = None) -> np.ndarray:
        """The array of the first `modes` values, of all by default. ParameterError above 1e8 of them."""
        n, limit = self.modes if modes is None else modes, min(self.modes, 1e8)
        if not 1 <= n <= limit:
            raise ParameterError(f"power law: {n:g} values of {self.modes:g}; an array takes 1 to {limit:g}")
        return self.at(np.arange(1, int(n) + 1))


def parse_power_law(text: str) -> PowerLaw:
    """'EXPONENT:MODES' as a PowerLaw; MODES may be 'inf'. ParameterError names the part that is wrong.

    >>> parse_power_law("1.5:500")
    PowerLaw(exponent=1.5, modes=500.0, scale=1.0)
    """
    parts = text.split(":")
    if len(parts) != 2:
        raise ParameterError(f"power law {text!r}: write EXPONENT:MODES, such as 1.5:1000 or 1.5:inf")
    numbers_ = []
    for name, part in zip(("exponent", "modes"), parts, strict=True):
        try:
            numbers_.append(float(part))
        except ValueError:
            raise ParameterError(f"power law {text!r}: {name} {part!r} is not a number") from None
    return PowerLaw(*numbers_)


def power_law_nodes(laws: Mapping[str, PowerLaw]) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """(arrays, multiplicity) of jointly given power laws, the eigenvalues first, with one number of modes.

    Sums over modes of f(eta; carriers), affine in each carrier, come out to a relative 1e-12 for rational f
    with poles at eta = -kappa/P, kappa/P at least 1e-38 times the largest eigenvalue; with infinitely many
    modes, f without a carrier must vanish at eta = 0. Some multiplicities are negative. ParameterError where
    a sum diverges or the eigenvalues leave the range of double precision.
    """
    (name, first), *carriers = laws.items()
    n, b = first.modes, first.exponent
    if math.isinf(n):
        _require_convergent(laws)
    steepest = abs(b) + max((abs(law.exponent) for _, law in carriers), default=0.0)
    head = int(80 + 30 * steepest)           # the differences at `head` fall like (steepest/head)^i
    if n <= 2 * head:
        return {name: law.values() for name, law in laws.items()}, np.ones(int(n))
    reach = max(_REACH ** (-1 / b), 1e12, 2.0 * head) if math.isinf(n) else n
    depth = b * math.log(reach) - math.log(first.scale)
    if depth > 660 or not all(np.isfinite(law.at(reach)) for law in laws.values()):
        raise ParameterError(f"{name}: mode {reach:.1g} of a power law with exponent {b:g} is beyond the "
                             "range of double precision; use a smaller exponent or fewer modes")
    weight = np.ones(head)
    weight[-1] = 0.0
    weight[::-1][:_ORDER] += _end_weights()
    between, gauss = _panels(head, reach, b)
    k, weight = np.concatenate([np.arange(1.0, head + 1), between]), np.concatenate([weight, gauss])
    if not math.isinf(n):
        k = np.concatenate([k, n - np.arange(_ORDER)])
        weight = np.concatenate([weight, (np.arange(_ORDER) == 0) - _end_weights()])
        weight[np.argmax(weight)] += n - math.fsum(weight)
        return {name: law.at(k) for name, law in laws.items()}, weight
    tail, last = _last_panel(list(laws.values()), reach)
    arrays = {name: np.concatenate([law.at(k), t]) for (name, law), t in zip(laws.items(), tail, strict=True)}
    return arrays, np.concatenate([weight, last])


def _require_convergent(laws: Mapping[str, PowerLaw]) -> None:
    for i, (name, law) in enumerate(laws.items()):
        if not law.exponent > 1:
            what = "the trace of the kernel" if i == 0 else "the sum over modes"
            raise ParameterError(f"{name}: {what} diverges for exponent {law.exponent:g} and infinitely many "
                                 "modes; use an exponent above 1 or a finite number of modes")


def _end_weights() -> np.ndarray:
    """e_j in sum_{k>=K} g(k) = integral_K^inf g(k) dk + sum_j e_j g(K-j).

    With d the backward difference the correction is 1 - 1/d - 1/log(1-d), here to d^9.
    """
    inverse = [Fraction(1)]                          # the series of -d/log(1-d) = 1/(1 + d/2 + d^2/3 + ...)
    for i in range(1, _ORDER + 1):
        inverse.append(-sum((inverse[i - j] / (j + 1) for j in range(1, i + 1)), Fraction(0)))
    inverse[1] += 1
    weights = [Fraction(0)] * _ORDER
    for i, c in enumerate(inverse[1:]):
        for j in range(i + 1):
            weights[j] += c * (-1) ** j * math.comb(i, j)
    return np.array([float(w) for w in weights])


def _panels(start: float, stop: float, exponent: float) -> tuple[np.ndarray, np.ndarray]:
    """Gauss-Legendre nodes and weights of the integral over k from start to stop, panels equal in log k."""
    length = math.log(stop / start)
    count = math.ceil(length * max(abs(exponent) / _PANEL, 1.0))
    x, w = np.polynomial.legendre.leggauss(_PANEL_NODES)
    h = length / count
    k = start * np.exp((np.arange(count)[:, None] + (x + 1) / 2) * h)
    return k.ravel(), (k * w * h / 2).ravel()


def _last_panel(laws: list[PowerLaw], start: float) -> tuple[list[np.ndarray], np.ndarray]:
    """Nodes of the integral over k from `start` to infinity: (arrays in order of the laws, multiplicity).

    With s = eta/eta(start), carriers of total exponent a leave the integral of s^(p-1) f(s), p = (a-1)/b,
    over [0, 1]; with no carrier f vanishes at 0, and f(s)/s takes p = (b-1)/b. Weights at the Legendre nodes
    are exact for polynomials of degree below their number.
    """
    x, w = np.polynomial.legendre.leggauss(_LAST_NODES)
    s, w = (x + 1) / 2, w / 2
    b, carriers = laws[0].exponent, laws[1:]
    weights = np.empty((2,) * len(carriers) + s.shape)
    for chosen in np.ndindex(weights.shape[:-1]):
        active = [law for law, c in zip(carriers, chosen, strict=True) if c]
        if active:
            excess = sum(law.exponent - 1 for law in active) + len(active) - 1
            weights[chosen] = _power_weights(x, w, excess / b)
        else:
            weights[chosen] = _power_weights(x, w, (b - 1) / b) / s
        weights[chosen] *= math.prod(float(law.at(start)) for law in active) * start / b
    mass = np.abs(weights)
    multiplicity, values, index = split(weights, mass + 1e-9 * mass.max(axis=-1, keepdims=True))
    return [float(laws[0].at(start)) * s[index], *values], multiplicity


def _power_weights(x: np.ndarray, w: np.ndarray, p: float) -> np.ndarray:
    """Weights at Legendre nodes of [0, 1] for the integral of s^(p-1) f(s), p > 0, from Legendre moments."""
    moments = [1 / p]
    for i in range(1, x.size):
        moments.append(moments[-1] * (p - i) / (p + i))
    return w * np.polynomial.legendre.legval(x, (2 * np.arange(x.size) + 1) * np.array(moments))
