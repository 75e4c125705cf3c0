"""Logistic regression on the labels of a teacher perceptron."""

from __future__ import annotations

import sympy as sp

from theory.declaration import Dim, Energy, Gaussian, Noise, Parameter, State, exp, log, mean, sign, sum_over
from theory.symbols import noise, ridge


class LogisticRegression(Energy):
    """The minimum of Σ log(1 + exp(−y x·w)) + λ Σ w²/2 over P samples with labels y = sign(x·w₀ + ε) of a Gaussian teacher.

    Data have variance 1/N and ε the variance ``noise``, which turns labels near the teacher's boundary. ``E_g`` is the share of new
    samples that are not classified as the teacher would without noise.
    """

    validity = "P, N -> oo together; Gaussian data; bias 1/r under replicate(r)"

    def __init__(self) -> None:
        inputs, samples = Dim("N"), Dim("P")
        x, teacher, student = Gaussian("X", samples, inputs, variance=1 / inputs), Noise("w0", inputs), State("w", inputs)
        stability = sign(x @ teacher + Noise("epsilon", samples, variance=noise)) * (x @ student)
        overlap = sum_over(inputs, student * teacher) / sp.sqrt(student.square() * teacher.square())
        super().__init__(
            sum_over(samples, log(1 + exp(-stability))) + ridge * student.square() / 2,
            over=student,
            name="logistic-regression",
            observe={
                "E_g": sp.acos(overlap) / sp.pi,
                "overlap": overlap,
                "loss": mean(samples, log(1 + exp(-stability))),
            },
            parameters=[
                Parameter("P", samples, "number of training samples", lower=0, lower_open=True),
                Parameter("N", inputs, "number of inputs", lower=0, lower_open=True),
                Parameter("ridge", ridge, "ridge λ on the weights", lower=0, lower_open=True),
                Parameter("noise", noise, "variance of the noise in front of the label's sign", lower=0, default=0.0),
            ],
        )
