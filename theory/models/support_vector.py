"""A linear classifier with margin loss that learns from a teacher perceptron: the support vector machine."""

from __future__ import annotations

import sympy as sp

from theory.declaration import Dim, Energy, Gaussian, Noise, Parameter, State, mean, relu, sign, sum_over
from theory.symbols import ridge

margin = sp.Symbol("kappa", positive=True)


class SupportVector(Energy):
    """The minimum of Σ max(0, κ − y x·w) + λ Σ w²/2 over P samples with labels y = sign(x·w₀) of a Gaussian teacher.

    Data have variance 1/N. As the ridge goes to zero the state tends to that of largest margin wherever the data are separable.
    """

    validity = "P, N -> oo together; Gaussian data; bias 1/r under replicate(r)"

    def __init__(self) -> None:
        inputs, samples = Dim("N"), Dim("P")
        x, teacher, student = Gaussian("X", samples, inputs, variance=1 / inputs), Noise("w0", inputs), State("w", inputs)
        stability = sign(x @ teacher) * (x @ student)
        overlap = sum_over(inputs, student * teacher) / sp.sqrt(student.square() * teacher.square())
        super().__init__(
            sum_over(samples, relu(margin - stability)) + ridge * student.square() / 2,
            over=student,
            name="support-vector",
            reference=("dietrich1999statistical",),
            observe={
                "E_g": sp.acos(overlap) / sp.pi,
                "overlap": overlap,
                "loss": mean(samples, relu(margin - stability)),
            },
            parameters=[
                Parameter("P", samples, "number of training samples", lower=0, lower_open=True),
                Parameter("N", inputs, "number of inputs", lower=0, lower_open=True),
                Parameter("margin", margin, "margin κ below which a sample costs", lower=0, lower_open=True, default=1.0),
                Parameter("ridge", ridge, "ridge λ on the weights", lower=0, lower_open=True),
            ],
        )
