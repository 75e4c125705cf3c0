"""A perceptron that knows its teacher's rule: a random one of the students that agree with the teacher on every sample."""

from __future__ import annotations

import sympy as sp

from theory.declaration import Dim, Energy, Gaussian, Noise, Parameter, State, heaviside, sign, sum_over


class BayesPerceptron(Energy):
    """A student drawn uniformly from the sphere Σ w² = N where sign(x·w) = sign(x·w₀) on P samples of a Gaussian teacher w₀.

    Teacher and student have the same distribution given the samples (Nishimori): the overlap of two students is that of a student
    with the teacher. So ``E_g`` is the error of one student (Gibbs), and ``E_bayes`` that of the majority of all. Data have
    variance 1/N.

    Sources: Györgyi, Phys. Rev. A 41, 7097 (1990); Opper and Haussler, Phys. Rev. Lett. 66, 2677 (1991).
    """

    validity = "P, N -> oo together; Gaussian data; bias 1/r under replicate(r)"

    def __init__(self) -> None:
        inputs, samples = Dim("N"), Dim("P")
        x, teacher = Gaussian("X", samples, inputs, variance=1 / inputs), Noise("w0", inputs)
        student = State("w", inputs, prior="spherical")
        overlap = sum_over(inputs, student * teacher) / sp.sqrt(inputs * teacher.square())
        super().__init__(
            sum_over(samples, heaviside(-sign(x @ teacher) * (x @ student))),
            over=student,
            phase="SAT",
            algorithm="gibbs",
            nishimori={student: teacher},
            name="bayes-perceptron",
            reference=("gyorgyi1990statistical", "opper1991generalization"),
            observe={
                "E_g": sp.acos(overlap) / sp.pi,
                "E_bayes": sp.acos(sp.sqrt(sp.Max(0, overlap))) / sp.pi,
                "overlap": overlap,
            },
            parameters=[
                Parameter("P", samples, "number of training samples", lower=0, lower_open=True),
                Parameter("N", inputs, "number of inputs", lower=0, lower_open=True),
            ],
        )
