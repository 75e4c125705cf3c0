"""The hard-margin classifier: the shortest weights that classify every sample of a teacher perceptron with margin one."""

from __future__ import annotations

import sympy as sp

from theory.declaration import Dim, Energy, Gaussian, Noise, Parameter, State, sign, sum_over, wall


class MaxMargin(Energy):
    """The shortest w with y x·w >= 1 on all P samples, of labels y = sign(x·w₀) of a Gaussian teacher; data have variance 1/N.

    Its direction is that of largest ``margin``, min y x·w/|w| for data x of variance one; it always exists. It is where the support
    vector machine tends as its ridge goes to 0, and logistic regression without a penalty as time goes to infinity.
    """

    validity = "P, N -> oo together; Gaussian data; bias 1/r under replicate(r)"

    def __init__(self) -> None:
        inputs, samples = Dim("N"), Dim("P")
        x, teacher, student = Gaussian("X", samples, inputs, variance=1 / inputs), Noise("w0", inputs), State("w", inputs)
        stability = sign(x @ teacher) * (x @ student)
        overlap = sum_over(inputs, student * teacher) / sp.sqrt(student.square() * teacher.square())
        super().__init__(
            sum_over(samples, wall(1 - stability)) + student.square() / 2,
            over=student,
            name="max-margin",
            reference=("opper1990ability",),
            algorithm="margin",
            observe={
                "E_g": sp.acos(overlap) / sp.pi,
                "overlap": overlap,
                "margin": sp.sqrt(inputs / student.square()),
            },
            parameters=[
                Parameter("P", samples, "number of training samples", lower=0, lower_open=True),
                Parameter("N", inputs, "number of inputs", lower=0, lower_open=True),
            ],
        )
