"""Energies that count violated linear constraints: what is read off them, and the states of largest margin or least norm."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import sympy as sp
from numpy.typing import NDArray

from solvers.monte_carlo.local_fields import Landscape, Term, evaluate_at, read_fields
from theory.declaration.elementwise import Wall
from theory.errors import DeclarationError


def read_constraints(energy: sp.Expr, states: Sequence[Any]) -> tuple[list[tuple[Term, sp.Expr]], list[Term]]:
    """Terms that are step functions, each with the field combination that must not be positive, and the other terms.

    A step is ``heaviside(a)`` or ``wall(a)``. DeclarationError where no term is one.
    """
    constraints, others = [], []
    for term in read_fields(energy, states):
        argument = _step(term.value)
        if argument is None or not all(argument.diff(a, b).is_zero for a in term.names for b in term.names):
            others.append(term)
        else:
            constraints.append((term, argument))
    if not constraints:
        raise DeclarationError("energy: no term is a step function of an affine field; declare heaviside(...) or another algorithm")
    return constraints, others


def _step(value: sp.Expr) -> sp.Expr | None:
    """What must not be positive for a step function to be 0."""
    return sp.sympify(value.args[0]) if isinstance(value, (sp.Heaviside, Wall)) else None


class Halfspaces:
    """``rows @ state >= needed``, one row for each constraint, shapes (n, size) and (n,)."""

    def __init__(self, read: Sequence[tuple[Term, sp.Expr]], landscape: Landscape):
        rows, needed = [np.zeros((0, landscape.size))], [np.zeros(0)]
        for (term, argument), part in zip(read, landscape.loaded, strict=True):
            zero = [np.zeros_like(offset) for offset in part.offsets]
            unit = np.sign(part.coefficient) or 1.0
            matrix = np.zeros((len(part.offsets[0]), landscape.size))
            for name, block in zip(term.names, part.blocks, strict=True):
                slope = evaluate_at(part, argument.diff(name), zero, landscape.origin) / part.coefficient
                matrix += slope[:, None] * block.dense()
            rows.append(-unit * matrix)
            needed.append(unit * evaluate_at(part, argument, part.offsets, landscape.origin) / part.coefficient)
        self.rows, self.needed = np.concatenate(rows), np.concatenate(needed)

    def least_norm(self, needed: NDArray) -> NDArray | None:
        """The shortest state with rows @ state >= needed, by least distance programming (Lawson and Hanson); None where there is
        none."""
        from scipy.optimize import nnls

        count = len(needed)
        matrix = np.vstack([self.rows.T, needed])
        goal = np.append(np.zeros(self.rows.shape[1]), 1.0)
        weights, _ = nnls(matrix, goal, maxiter=30 * max(count, self.rows.shape[1]))
        rest = matrix @ weights - goal
        if -rest[-1] < 1e-10:
            return None
        state = -rest[:-1] / rest[-1]
        return state if np.all(self.rows @ state >= needed - 1e-6 * (1 + np.abs(needed).max(initial=0.0))) else None

    def least_violation(self, needed: NDArray) -> NDArray:
        """A state of least total violation, by a linear programme."""
        from scipy.optimize import linprog

        n, size = self.rows.shape
        cost = np.append(np.zeros(size), np.ones(n))
        bounds = [(-1e4, 1e4)] * size + [(0, None)] * n
        found = linprog(cost, A_ub=np.hstack([-self.rows, -np.eye(n)]), b_ub=-needed, bounds=bounds, method="highs")
        return found.x[:size]

    def direction(self) -> tuple[NDArray, bool]:
        """The unit vector of largest margin min(rows @ state), and whether that is positive; else one that violates little."""
        found = self.least_norm(np.ones(len(self.needed)))
        state = self.least_violation(np.ones(len(self.needed))) if found is None else found
        return state / (np.linalg.norm(state) or 1.0), found is not None
