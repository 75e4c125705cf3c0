"""Activations by name or by function, and their Gaussian averages by Mehler's expansion."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from solvers.kernels.erf import Erf
from solvers.kernels.hermite import hermite_coefficients
from solvers.kernels.pairs import Pairs
from solvers.kernels.relu import ReLU
from solvers.kernels.validation import real_number
from theory.errors import ParameterError, did_you_mean


class Dual(Protocol):
    """What a network kernel asks of an activation."""

    def dual(self, pairs: Pairs) -> Pairs: ...

    def dual_derivative(self, pairs: Pairs) -> np.ndarray: ...


@dataclass(frozen=True)
class Activation:
    """A smooth, vectorised activation, averaged through its Hermite coefficients a_n(q) at each variance q.

    E[phi(h) phi(h')] = sum_n a_n(xx) a_n(zz) c^n, c the correlation (Mehler). E[phi' phi'] uses the
    coefficients of `derivative`, or without one those that Stein's lemma gives from phi itself. `tolerance`
    is the relative accuracy asked of each average; ConvergenceError where it is not reached (a kink: use
    ReLU).
    """

    function: Callable[[np.ndarray], np.ndarray]
    derivative: Callable[[np.ndarray], np.ndarray] | None = None
    tolerance: float = 1e-10

    def __post_init__(self) -> None:
        if not callable(self.function) or not (self.derivative is None or callable(self.derivative)):
            raise ParameterError(f"{self!r} needs functions; give vectorised ones, such as numpy.tanh")
        object.__setattr__(
            self, "tolerance", real_number(self.tolerance, "Activation tolerance", positive=True)
        )
        if self.derivative is not None:
            slope = hermite_coefficients(self.derivative, 1.0, self.tolerance)[0]
            stein = hermite_coefficients(self.function, 1.0, self.tolerance, of_derivative=True)[0]
            if abs(slope - stein) > 10 * self.tolerance * (1 + abs(stein)):
                raise ParameterError(
                    f"{self!r}: E[derivative] is {slope:.9g} where Stein's lemma gives {stein:.9g}; "
                    "give the derivative of the function, or none"
                )

    def dual(self, pairs: Pairs) -> Pairs:
        """Second moments of the activations, given those of the preactivations."""
        a, b = self._coefficients(self.function, pairs, False)
        xx, zz = (a * a).sum(axis=0), (b * b).sum(axis=0)
        xz = _mehler(a, b, pairs.cosine)
        return Pairs(xx, zz, xz, np.maximum(xx * zz - xz * xz, 0), pairs.dimension)

    def dual_derivative(self, pairs: Pairs) -> np.ndarray:
        """E[phi'(h) phi'(h')]."""
        given = self.derivative is not None
        a, b = self._coefficients(self.derivative if given else self.function, pairs, not given)
        return _mehler(a, b, pairs.cosine)

    def _coefficients(self, function, pairs: Pairs, of_derivative: bool) -> tuple[np.ndarray, np.ndarray]:
        both = np.concatenate([pairs.xx.ravel(), pairs.zz.ravel()])
        a = hermite_coefficients(function, both, self.tolerance, of_derivative=of_derivative)
        split = pairs.xx.size
        return a[:, :split].reshape(-1, *pairs.xx.shape), a[:, split:].reshape(-1, *pairs.zz.shape)


def _mehler(a: np.ndarray, b: np.ndarray, cosine: np.ndarray) -> np.ndarray:
    """sum_n a_n b_n cosine^n, by Horner's rule."""
    total = np.zeros(cosine.shape)
    for n in reversed(range(len(a))):
        total *= cosine
        total += a[n] * b[n]
    return total


def _tanh_derivative(h: np.ndarray) -> np.ndarray:
    return 1 / np.cosh(np.clip(h, -350, 350)) ** 2


def _sigmoid(h: np.ndarray) -> np.ndarray:
    return (1 + np.tanh(h / 2)) / 2


def _sigmoid_derivative(h: np.ndarray) -> np.ndarray:
    return _tanh_derivative(h / 2) / 4


def _softplus(h: np.ndarray) -> np.ndarray:
    return np.logaddexp(0, h)


def _silu(h: np.ndarray) -> np.ndarray:
    return h * _sigmoid(h)


def _silu_derivative(h: np.ndarray) -> np.ndarray:
    return _sigmoid(h) + h * _sigmoid_derivative(h)


def _gelu(h: np.ndarray) -> np.ndarray:
    from scipy.special import ndtr

    return h * ndtr(h)


def _gelu_derivative(h: np.ndarray) -> np.ndarray:
    from scipy.special import ndtr

    return ndtr(h) + h * np.exp(-(h**2) / 2) / np.sqrt(2 * np.pi)


ACTIVATIONS: dict[str, Callable[[], Dual]] = {
    "relu": ReLU,
    "abs": lambda: ReLU(negative_slope=-1),
    "erf": Erf,
    "tanh": lambda: Activation(np.tanh, _tanh_derivative),
    "sigmoid": lambda: Activation(_sigmoid, _sigmoid_derivative),
    "softplus": lambda: Activation(_softplus, _sigmoid),
    "silu": lambda: Activation(_silu, _silu_derivative),
    "gelu": lambda: Activation(_gelu, _gelu_derivative),
    "sin": lambda: Activation(np.sin, np.cos),
}


def as_activation(activation: str | Callable | Dual) -> Dual:
    """The averages of an activation given by name, as a vectorised function or as an object that has them."""
    if isinstance(activation, str):
        if activation not in ACTIVATIONS:
            raise ParameterError(f"no activation {activation!r}; {did_you_mean(activation, ACTIVATIONS)}")
        return ACTIVATIONS[activation]()
    if hasattr(activation, "dual") and hasattr(activation, "dual_derivative"):
        return activation  # type: ignore[return-value]
    if callable(activation):
        return Activation(activation)
    raise ParameterError(f"activation is {activation!r}; give a name, a vectorised function or an Activation")
