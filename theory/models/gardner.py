"""Gardner's perceptron: the volume of spherical couplings that store random patterns with a margin."""

from __future__ import annotations

import sympy as sp

from theory.declaration import Dim, Energy, Gaussian, Parameter, Signs, State, heaviside, sum_over

margin = sp.Symbol("kappa", real=True)


class Gardner(Energy):
    """Couplings with Σ w² = N for which y x·w > κ on each of P patterns with fair labels; patterns have variance 1/N.

    ``capacity`` is the number of patterns at which two such couplings coincide; ``entropy`` the logarithm of their volume.

    Source: Gardner, J. Phys. A 21, 257 (1988).
    """

    validity = "replica symmetry: margin >= 0, P below capacity; P, N -> oo together"

    def __init__(self) -> None:
        inputs, patterns = Dim("N"), Dim("P")
        couplings = State("w", inputs, prior="spherical")
        stability = Signs("y", patterns) * (Gaussian("X", patterns, inputs, variance=1 / inputs) @ couplings)
        super().__init__(
            sum_over(patterns, heaviside(margin - stability)),
            over=couplings,
            phase="SAT",
            name="gardner",
            parameters=[
                Parameter("P", patterns, "number of patterns", lower=0, lower_open=True),
                Parameter("N", inputs, "number of inputs", lower=0, lower_open=True),
                Parameter("margin", margin, "margin κ", default=0.0),
            ],
        )
