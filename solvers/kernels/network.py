"""Kernels of infinitely wide fully connected networks: NNGP and neural tangent kernel."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from solvers.kernels.activations import Dual, as_activation
from solvers.kernels.kernel import Kernel
from solvers.kernels.pairs import Pairs
from solvers.kernels.validation import real_number, whole_number

_CONVENTIONS = """The network is h^1 = sigma_w W^1 x/sqrt(D) + sigma_b b^1, then
    h^{l+1} = sigma_w W^{l+1} phi(h^l)/sqrt(N) + sigma_b b^{l+1} with N -> infinity; all W and b are standard
    Gaussian at the start and the output is h^{depth+1}. Thus Sigma^1 = sigma_w^2 x.z/D + sigma_b^2 and
    Sigma^{l+1} = sigma_w^2 E[phi(h) phi(h')] + sigma_b^2 over h ~ N(0, Sigma^l). For ReLU, weight_variance
    sigma_w^2 = 2 without biases keeps Sigma^l(x, x) = 2 |x|^2/D at every layer.

    depth: number of hidden layers, 0 for the linear model. activation: "relu", "abs", "erf" (closed forms),
    "tanh", "sigmoid", "softplus", "silu", "gelu", "sin", a vectorised function, `Activation` or
    `ReLU(slope)`. weight_variance: sigma_w^2 > 0. bias_variance: sigma_b^2 >= 0.

    Raises ParameterError for what is none of these, ConvergenceError where an average by quadrature fails."""


@dataclass(frozen=True)
class _Network(Kernel):
    depth: int
    activation: str | Callable | Dual = "relu"
    weight_variance: float = 2.0
    bias_variance: float = 0.0
    _dual: Dual = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        name = type(self).__name__
        object.__setattr__(self, "depth", whole_number(self.depth, f"{name} depth", 0))
        object.__setattr__(self, "_dual", as_activation(self.activation))
        for variance, positive in (("weight_variance", True), ("bias_variance", False)):
            value = real_number(getattr(self, variance), f"{name} {variance}", positive=positive)
            object.__setattr__(self, variance, value)

    def __reduce__(self):
        return type(self), (self.depth, self.activation, self.weight_variance, self.bias_variance)

    def _next(self, pairs: Pairs) -> Pairs:
        return self._dual.dual(pairs).affine(self.weight_variance, self.bias_variance)


@dataclass(frozen=True, repr=False)
class NNGP(_Network):
    __doc__ = f"""Covariance Sigma^{{depth+1}} of a wide random network's outputs (Lee et al., ICLR 2018).

    {_CONVENTIONS}
    """

    def of_pairs(self, pairs: Pairs) -> np.ndarray:
        sigma = pairs.affine(self.weight_variance, self.bias_variance)
        for _ in range(self.depth):
            sigma = self._next(sigma)
        return np.array(sigma.xz)


@dataclass(frozen=True, repr=False)
class NTK(_Network):
    __doc__ = f"""Tangent kernel grad f(x).grad f(z) of a wide random network (Jacot et al., NeurIPS 2018).

    Theta^1 = Sigma^1, Theta^{{l+1}} = Sigma^{{l+1}} + sigma_w^2 Theta^l E[phi'(h) phi'(h')] over h ~ N(0,
    Sigma^l), and the kernel is Theta^{{depth+1}}.

    {_CONVENTIONS}
    """

    def of_pairs(self, pairs: Pairs) -> np.ndarray:
        sigma = pairs.affine(self.weight_variance, self.bias_variance)
        theta = sigma.xz
        for _ in range(self.depth):
            slope = self._dual.dual_derivative(sigma)
            sigma = self._next(sigma)
            theta = sigma.xz + self.weight_variance * theta * slope
        return np.array(theta)
