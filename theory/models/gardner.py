"""Gardner's perceptron: the volume of spherical couplings that store random patterns with a margin."""

from __future__ import annotations

import sympy as sp

from theory.declaration import Dim, Energy, Gaussian, Parameter, Signs, State, heaviside, mean, sum_over

margin = sp.Symbol("kappa", real=True)


class Gardner(Energy):
    """Couplings with Σ w² = N for which y x·w > κ on each of P patterns with fair labels; patterns have variance 1/N.

    ``capacity`` is the number of patterns at which two such couplings coincide; ``entropy`` the logarithm of their volume. A
    simulation finds the couplings of largest margin and says by ``satisfied`` whether they suffice; with ``algorithm="gibbs"`` it
    draws from the volume, and ``stability`` is the mean of y x·w there. At margins below zero replicas break before capacity:
    ``ansatz`` is "RS", "1RSB", "2RSB", ..., and ``capacity()`` derives the theory of the line on which it ends.

    Source: Gardner, J. Phys. A 21, 257 (1988); Franz, Parisi, Sevelev, Urbani and Zamponi, SciPost Phys. 2, 019 (2017).
    """

    validity = "P below capacity; replica symmetry: margin >= 0, or where the replicon is not negative; P, N -> oo together"

    def __init__(self, algorithm: str = "margin", ansatz: str = "RS") -> None:
        inputs, patterns = Dim("N"), Dim("P")
        couplings = State("w", inputs, prior="spherical")
        stability = Signs("y", patterns) * (Gaussian("X", patterns, inputs, variance=1 / inputs) @ couplings)
        errors = sum_over(patterns, heaviside(margin - stability))
        # One where no pattern is violated.
        satisfied = sp.Heaviside(sp.Rational(1, 2) - errors)
        super().__init__(
            errors,
            over=couplings,
            phase="SAT",
            ansatz=ansatz,
            algorithm=algorithm,
            name="gardner",
            reference=("gardner1988space", "cover1965geometrical"),
            observe={"satisfied": satisfied} if algorithm == "margin" else {"stability": mean(patterns, stability)},
            parameters=[
                Parameter("P", patterns, "number of patterns", lower=0, lower_open=True),
                Parameter("N", inputs, "number of inputs", lower=0, lower_open=True),
                Parameter("margin", margin, "margin κ", default=0.0),
            ],
        )
