"""Values of Moreau envelopes of several variables and their derivatives, for many ω at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from itertools import product

import numpy as np
import sympy as sp
from numpy.typing import ArrayLike, NDArray

from solvers.proximal import joint_proximal_point

Lambdified = Callable[[int], Callable[..., Sequence[ArrayLike]]]
"""By order: all derivatives of the potential of that order, the last index running fastest."""


def named(potential: sp.Expr, names: Sequence[sp.Symbol]) -> tuple[sp.Expr, list[sp.Symbol]]:
    """A potential and its parameters, named for code: a bound variable's own name is none."""
    own = {s: sp.Symbol(f"_p{i}", **s.assumptions0) for i, s in enumerate(names)}
    return potential.xreplace(own), list(own.values())


def slopes_of(potential: sp.Expr, h: Sequence[sp.Symbol], order: int) -> list[sp.Expr]:
    """All derivatives of an order, the last index running fastest."""
    return [potential.diff(*indices) if indices else potential for indices in product(h, repeat=order)]


class EnvelopeValues:
    """The envelope at given ω (count), χ (count²) and parameters, which broadcast; made once for all its derivatives."""

    def __init__(self, functions: Lambdified, count: int, *arguments: ArrayLike):
        broadcast = np.broadcast_arrays(*arguments)
        self.shape, self.count, self.functions = broadcast[0].shape, count, functions
        flat = [np.asarray(a, dtype=float).reshape(-1) for a in broadcast]
        self.chi = np.stack(flat[count : count + count**2], axis=-1).reshape(-1, count, count)
        self.parameters = flat[count + count**2 :]

        def slopes(*values: NDArray) -> list[ArrayLike]:
            return [*functions(1)(*values), *functions(2)(*values)]

        self.h = joint_proximal_point(slopes, count, *flat)

    def _potential(self, order: int) -> NDArray:
        """Derivatives of the potential at the minimum, (points, count, count, ...)."""
        with np.errstate(all="ignore"):
            found = self.functions(order)(*self.h, *self.parameters)
        return np.stack([np.broadcast_to(f, self.h.shape[1:]) for f in found], axis=-1).reshape(-1, *[self.count] * order)

    @cached_property
    def gradient(self) -> NDArray:
        return self._potential(1)

    @cached_property
    def bend(self) -> NDArray:
        return self._potential(2)

    @cached_property
    def gain(self) -> NDArray:
        """dh/dω = (1 + χ V'')⁻¹."""
        matrices = np.eye(self.count) + self.chi @ self.bend
        good = np.asarray(np.isfinite(matrices).all(axis=(1, 2)))
        matrices[~good] = np.eye(self.count)
        return np.where(good[:, None, None], np.linalg.inv(matrices), np.nan)

    @cached_property
    def curvature(self) -> NDArray:
        return self.bend @ self.gain

    @cached_property
    def third(self) -> NDArray:
        return np.einsum("nabc,nai,nbj,nck->nijk", self._potential(3), self.gain, self.gain, self.gain, optimize=True)

    def derivative(self, *indices: int) -> NDArray:
        """The derivative by the entries of ω with these numbers."""
        if not indices:
            value = self._potential(0) + np.einsum("ni,nij,nj->n", self.gradient, self.chi, self.gradient) / 2
        else:
            value = (self.gradient, self.curvature, self.third)[len(indices) - 1][(slice(None), *indices)]
        return value.reshape(self.shape)
