"""Mean-field theories of learning, derived: declarations, engines, models, and the claims of papers.

``from theory import models`` for the declared models; ``from theory import Dim, Gaussian, State, Energy`` to declare one's own.
Names are imported when they are first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

_DECLARATION = (
    "Atom", "Contribution", "Density", "Descent", "Deterministic", "Diag", "Dim", "Drawn", "Energy", "Expression", "Gaussian",
    "Labels", "Mixture", "Noise", "Normal", "Parameter", "Quenched", "Signs", "Spectrum", "State", "Step", "Tensor", "Tr", "Vec",
    "absolute", "average", "centred", "cosh", "erf", "exp", "heaviside", "hebb", "log", "mean", "outer", "quadratic_form",
    "redrawn", "relu", "sign", "softmax", "sqrt", "sum_over", "tanh", "wall",
)  # fmt: skip
_WHERE = {
    **dict.fromkeys(_DECLARATION, "theory.declaration"),
    "Derivation": "theory.derivation",
    "Theory": "theory.equations",
    "GaussianAverage": "theory.averages",
    "ModeSum": "theory.averages",
    "ModeArray": "theory.modes",
    "ModeIndex": "theory.modes",
    "QuenchedError": "theory.errors",
}
_MODULES = ("free", "models", "papers", "symbols")

__all__ = [*_WHERE, *_MODULES]


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return import_module(f"theory.{name}")
    if name in _WHERE:
        return getattr(import_module(_WHERE[name]), name)
    from theory.errors import did_you_mean

    raise AttributeError(f"module 'theory' has no attribute {name!r}; {did_you_mean(name, __all__)}")


def __dir__() -> list[str]:
    return sorted(__all__)
