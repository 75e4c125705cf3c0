"""The symbols of the field, each made once: two symbols of one name and different assumptions print alike and never cancel.

Text such as ``"beta"``, ``"S"``, ``"N"`` or ``"lambda"`` is not a symbol for SymPy's parsers; take every symbol from here.
"""

from __future__ import annotations

import sympy as sp


def positive(name: str) -> sp.Symbol:
    """A positive real symbol, for instance an order parameter or a ratio."""
    return sp.Symbol(name, positive=True)


class Internal(sp.Symbol):
    """A symbol of a calculation, which equals no symbol of a declaration, of whatever name; it prints as that name and is in no
    closed equation."""

    __slots__ = ()

    @classmethod
    def class_key(cls):
        return sp.Symbol.class_key()


def size(name: str) -> sp.Symbol:
    """The size of the dimension called ``name``; a positive real, so that it can be swept continuously."""
    return positive(name)


P = size("P")
"""Number of samples."""
N = size("N")
"""Width, or number of features."""
D = size("D")
"""Input dimension."""
M = size("M")
"""Number of modes."""

ridge = positive("lambda")
"""Ridge, added to the unnormalised sum: K + λ, XᵀX + λ."""
noise = positive("sigma^2")
"""Variance of the label noise."""
learning_rate = positive("eta")
"""Learning rate of the mean gradient of a batch."""
weight_decay = sp.Symbol("delta", nonnegative=True)
"""Weight decay of a step: a ridge of P times it."""
kappa = positive("kappa")
"""Effective ridge (signal capture threshold): κ = λ + κ Σ η/(κ + P η)."""
gamma = positive("gamma")
"""Share of the effective degrees of freedom that fit noise: γ = P Σ η²/(κ + P η)²."""
beta = Internal("beta", positive=True)
"""Inverse temperature."""
replicas = Internal("n")
"""Number of replicas."""
time = sp.Symbol("t", nonnegative=True)
"""Time of a dynamics."""
