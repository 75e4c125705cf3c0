"""Relaxation by a product of two random matrices: real decaying modes that grow before they decay (2601.01010)."""

from __future__ import annotations

from theory.declaration import Dim, Gaussian, Parameter, State, Step, mean
from theory.symbols import time


class TwoMatrixFlow(Step):
    """dv/dt = −(A Aᵀ)(XᵀX) v, the error of random-feature regression on white data, beside du/dt = −(Aᵀ XᵀX A) u.

    X has P samples of M variables of variance 1/P, A takes them to N features of variance 1/N; v and u start white. Both generators
    have the same eigenvalues, all real and none positive. The second is symmetric, and |u|² falls; the first is not, its
    eigenvectors are far from orthogonal, and ``norm`` = |v|²/M rises where ``symmetric_norm`` = |u|²/N cannot.

    Source: Bordelon and Pehlevan, 2601.01010.
    """

    validity = "M, N, P -> oo together; bias 1/r under replicate(r)"

    def __init__(self) -> None:
        variables, samples, width = Dim("M"), Dim("P"), Dim("N")
        data = Gaussian("X", samples, variables, variance=1 / samples)
        features = Gaussian("A", variables, width, variance=1 / width)
        v, u = State("v", variables, initial_variance=1), State("u", width, initial_variance=1)
        super().__init__(
            {v: -(features @ (features.T @ (data.T @ (data @ v)))), u: -(features.T @ (data.T @ (data @ (features @ u))))},
            name="two-matrix-flow",
            observe={"norm": mean(variables, v**2), "symmetric_norm": mean(width, u**2)},
            parameters=[
                Parameter("t", time, "time", lower=0),
                Parameter("M", variables, "number of variables", lower=0, lower_open=True),
                Parameter("N", width, "number of features", lower=0, lower_open=True),
                Parameter("P", samples, "number of samples", lower=0, lower_open=True),
            ],
            reference="2601.01010",
        )
