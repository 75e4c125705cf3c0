"""A generalised linear model that learns from a teacher of its own kind by gradient flow."""

from __future__ import annotations

import sympy as sp

from theory.declaration import Dim, Energy, Gaussian, Noise, Parameter, State, Step, mean, sqrt, tanh
from theory.declaration.flows import flow_rules
from theory.symbols import ridge

sharpness = sp.Symbol("beta_t", positive=True)


class GLMFlow(Step):
    """Full-batch gradient flow of w on P samples of a teacher: y = tanh(β x·w⋆/√D), x and w⋆ with independent standard entries.

    The loss is (D/P) Σ (tanh(x·w/√D) − y)²/2 + λ |w|²/2, and the flow starts from w = 0. ``overlap`` is w·w⋆/D, ``norm`` |w|²/D;
    ``E_train`` and ``E_g`` are mean squared errors on the samples and on as many others.

    Source: Mignacco, Krzakala, Urbani and Zdeborová, 2006.06098 (dynamics of generalised linear models).
    """

    validity = "P, D -> oo together at a fixed number of steps; bias 1/D"

    def __init__(self) -> None:
        inputs, samples = Dim("D"), Dim("P")
        teacher, w = Noise("w_star", inputs), State("w", inputs)
        seen, unseen = (Gaussian(name, samples, inputs) for name in ("X", "X_test"))

        def error(x):
            return tanh(x @ w / sqrt(inputs)) - tanh(sharpness * (x @ teacher) / sqrt(inputs))

        loss = error(seen).square() / 2 * inputs / samples + ridge * w.square() / 2
        super().__init__(
            flow_rules(Energy(loss, over=w, name="glm-flow")),
            observe={
                "overlap": mean(inputs, w * teacher),
                "norm": mean(inputs, w**2),
                "E_train": mean(samples, error(seen) ** 2),
                "E_g": mean(samples, error(unseen) ** 2),
            },
            name="glm-flow",
            parameters=[
                Parameter("P", samples, "number of training samples", lower=0, lower_open=True),
                Parameter("D", inputs, "number of inputs", lower=0, lower_open=True),
                Parameter("ridge", ridge, "ridge λ", lower=0, limit_at_lower=True, default=0.0),
                Parameter("sharpness", sharpness, "sharpness β of the teacher", lower=0, lower_open=True, default=1.0),
            ],
        )
