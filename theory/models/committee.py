"""A committee of two perceptrons that learns from another one: each member sees half of the inputs."""

from __future__ import annotations

import sympy as sp

from theory.declaration import Dim, Energy, Gaussian, Noise, Parameter, State, heaviside, mean, sign, sum_over

temperature = sp.Symbol("T", positive=True)


class Committee(Energy):
    """Members w₁ and w₂ on spheres Σ w² = N say sign(x₁·w₁) and sign(x₂·w₂); the committee says no where both do.

    At temperature T it makes E mistakes on P samples that a committee of Gaussian members t₁ and t₂ has labelled, with the weight
    exp(−E/T): a tree of two hidden units with Gibbs learning. Data have variance 1/N. ``overlap`` is the cosine of the angle
    between w₁ and t₁, ``E_g`` the probability of a mistake on a new input, ``E_train`` the share of mistakes.

    Source: Schwarze and Hertz, Europhys. Lett. 20, 375 (1992), of learning in committees at temperature.
    """

    validity = "P, N -> oo together; Gaussian data; bias 1/r under replicate(r)"

    def __init__(self) -> None:
        inputs, samples = Dim("N"), Dim("P")
        halves = [Gaussian(f"X_{k}", samples, inputs, variance=1 / inputs) for k in (1, 2)]
        members = [State(f"w_{k}", inputs, prior="spherical") for k in (1, 2)]
        teachers = [Noise(f"t_{k}", inputs) for k in (1, 2)]

        def verdict(voters):
            return sign(1 + sign(halves[0] @ voters[0]) + sign(halves[1] @ voters[1]))

        mistake = heaviside(-verdict(teachers) * verdict(members))
        overlaps = [sum_over(inputs, w * t) / sp.sqrt(inputs * t.square()) for w, t in zip(members, teachers, strict=True)]
        # A member and its model differ with probability acos(R)/pi: both say no with (1 - acos(R)/pi)/2, in each half alone.
        alike = sp.Mul(*[1 - sp.acos(overlap) / sp.pi for overlap in overlaps])
        super().__init__(
            sum_over(samples, mistake),
            over=members,
            temperature=temperature,
            algorithm="gibbs",
            name="committee",
            observe={
                "E_g": (1 - alike) / 2,
                "overlap": overlaps[0],
                "E_train": mean(samples, mistake),
            },
            parameters=[
                Parameter("P", samples, "number of training samples", lower=0, lower_open=True),
                Parameter("N", inputs, "number of inputs of each member", lower=0, lower_open=True),
                Parameter("temperature", temperature, "temperature", lower=0, lower_open=True),
            ],
        )
