"""The minimum of a convex energy of local fields, by Newton's method on energies whose kinks are rounded off less and less."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import sympy as sp
from numpy.typing import NDArray

from solvers.monte_carlo.least_squares import Spread
from solvers.monte_carlo.realisation import Realisation, dependent
from theory.declaration.sites import Leaf, Site
from theory.declaration.vectors import Vec
from theory.declaration.walks import leaves, replace_tops, terms
from theory.errors import ConvergenceError, DeclarationError

WIDTH = sp.Symbol("_width", positive=True)
"""Over which a kink is rounded off."""
FIELD = sp.Symbol("_field", real=True)
LEVELS = tuple(0.2**k for k in range(11))
STEPS = 60
SMALLEST = 1e-12
PROBES, ROUNDED = np.linspace(-8, 8, 65), 1e-2
"""Fields at which convexity is tried, and the rounding there."""


@dataclass(frozen=True)
class Term:
    """coefficient * sum over ``dim`` of a function of one field of the state, which ``value``, ``slope`` and ``bend`` give with
    ``FIELD`` in its place."""

    coefficient: sp.Expr
    dim: sp.Symbol
    field: Site
    value: sp.Expr
    slope: sp.Expr
    bend: sp.Expr


def read_convex(energy: sp.Expr, state: Leaf) -> list[Term]:
    """The terms of an energy that depend on the state; DeclarationError where one does so through several fields."""
    found = []
    for coefficient, expression, dim in terms(energy):
        if state in leaves(coefficient):
            raise DeclarationError(f"energy: a product of sums over {state.name}, {coefficient} * {expression}, is not minimised")
        if state not in leaves(expression):
            continue
        fields = dependent(expression, state)
        if len(fields) != 1:
            names = ", ".join(map(str, fields))
            raise DeclarationError(f"energy: {expression} acts through the fields {names}; write it in one, as X @ (w - w0)")
        value = rounded(replace_tops(expression, {fields[0]: FIELD}))
        found.append(Term(coefficient, dim, fields[0], value, value.diff(FIELD), value.diff(FIELD, 2)))
    return found


def rounded(expression: sp.Expr) -> sp.Expr:
    """Max, Min and Abs of the field as smooth functions that differ from them over ``WIDTH``; DeclarationError for steps."""
    if FIELD not in expression.free_symbols or not expression.args:
        return expression
    parts = [rounded(a) for a in expression.args]
    if isinstance(expression, (sp.Heaviside, sp.sign)):
        raise DeclarationError(f"energy: {expression.func.__name__} of a field has no slope to descend; declare another algorithm")
    if isinstance(expression, sp.Abs):
        return sp.sqrt(parts[0] ** 2 + WIDTH**2)
    if isinstance(expression, (sp.Max, sp.Min)):
        turn, total = (1 if isinstance(expression, sp.Max) else -1), parts[0]
        for part in parts[1:]:
            total = (total + part + turn * sp.sqrt((total - part) ** 2 + WIDTH**2)) / 2
        return total
    return expression.func(*parts)


class Convex:
    """The minimum of a convex energy for every draw of a model at one point."""

    temperature = 0.0

    def __init__(self, model: Any, point: Any, given: Realisation):
        self.model = model
        self.state: Leaf = model.states[0]
        self.terms = read_convex(model.energy, self.state)
        self.spread = Spread(given.size(self.state.dims[0]), np.inf)

    def run(self, draw: Realisation, rng: np.random.Generator) -> Callable[[Realisation], Realisation]:
        """Set the state of ``draw``; the result does the same for variants of its data."""

        def minimise(variant: Realisation) -> Realisation:
            variant.set({self.state: minimum(self.terms, self.state, variant)})
            return variant

        minimise(draw)
        return minimise

    def verify(self, draw: Realisation, rng: np.random.Generator) -> None:
        """Whether the energy itself is higher beside the state, in random directions; ConvergenceError otherwise."""
        found = draw.arrays[self.state]
        least = float(draw.scalar(self.model.energy)[0])
        for scale in (1e-3, 1e-1, 1.0):
            step = scale * (np.sqrt(np.mean(found**2)) or 1.0) * rng.standard_normal(found.shape)
            for sign in (1, -1):
                draw.set({self.state: found + sign * step})
                beside = float(draw.scalar(self.model.energy)[0])
                if not beside >= least - 1e-8 * (1 + abs(least)):
                    draw.set({self.state: found})
                    raise ConvergenceError(
                        f"energy {least:g} of {self.state.name} is not the minimum ({beside:g} beside it); declare a convex energy"
                    )
        draw.set({self.state: found})


def _check_convex(term: Term, coefficient: float, origin: Realisation) -> None:
    """DeclarationError where the energy bends down at some value of the field, at the sites as drawn."""
    bend = coefficient * np.asarray(origin.with_symbols({FIELD: PROBES[None, :], WIDTH: ROUNDED}).site(term.bend), dtype=float)
    if np.nanmin(bend) < -1e-9 * np.nanmax(np.abs(bend)):
        energy = term.value.xreplace({FIELD: term.field, WIDTH: sp.S.Zero})
        raise DeclarationError(
            f"energy: {energy} is not convex in {term.field}; declare a temperature and an algorithm that samples"
        )


def minimum(read: Sequence[Term], state: Leaf, draw: Realisation) -> NDArray:
    """The state of least energy, shape (N,); ConvergenceError where Newton's method finds none."""
    size = draw.size(state.dims[0])
    origin = Realisation(draw.symbols, {**draw.arrays, state: np.zeros(size)})
    parts = []
    for term in read:
        block = origin.linear(term.field, state)
        block = np.broadcast_to(block, (size,)) if block.ndim == 1 else block
        offset = np.broadcast_to(origin.vector(Vec(term.dim, term.field))[:, 0], (block.shape[0],))
        parts.append((term, float(origin.scalar(term.coefficient)[0]), block, offset))
        _check_convex(term, parts[-1][1], origin)
    w = np.zeros(size)

    def evaluated(w: NDArray, width: float, order: int) -> tuple[float, NDArray, NDArray]:
        energy, slope, bend = 0.0, np.zeros(size), np.zeros((size, size))
        for term, coefficient, block, offset in parts:
            field = (block * w if block.ndim == 1 else block @ w) + offset
            here = origin.with_symbols({FIELD: field[:, None], WIDTH: width})

            def at(expression: sp.Expr, here: Realisation = here, count: int = len(offset), c: float = coefficient) -> NDArray:
                return c * np.broadcast_to(np.asarray(here.site(expression), dtype=float).reshape(-1), (count,))

            energy += float(at(term.value).sum())
            if order:
                first, second = at(term.slope), at(term.bend)
                slope += block * first if block.ndim == 1 else block.T @ first
                bend += np.diag(block**2 * second) if block.ndim == 1 else (block.T * second) @ block
        return energy, slope, bend

    for width in LEVELS:
        for _ in range(STEPS):
            energy, slope, bend = evaluated(w, width, 1)
            bend = bend + SMALLEST * (1 + np.trace(bend) / size) * np.eye(size)
            step = -np.linalg.solve(bend, slope)
            decrease = float(slope @ step)
            if not np.isfinite(decrease) or decrease > 0:
                raise ConvergenceError(
                    f"{state.name}: no minimum found at rounding {width:g}; declare a convex energy with a penalty"
                )
            if -decrease <= 1e-13 * (1 + abs(energy)):
                break
            share = 1.0
            while share > 1e-10 and not evaluated(w + share * step, width, 0)[0] <= energy + 0.1 * share * decrease:
                share /= 2
            w = w + share * step
    return w
