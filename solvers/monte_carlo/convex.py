"""The minimum of a convex energy of local fields, by Newton's method on energies whose kinks are rounded off less and less."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import sympy as sp
from numpy.typing import NDArray

from solvers.monte_carlo.algorithm import Algorithm, one_dimension
from solvers.monte_carlo.barriers import barrier, inside
from solvers.monte_carlo.local_fields import Landscape, Loaded, Term, evaluate_at, read_fields
from solvers.monte_carlo.points import Point
from solvers.monte_carlo.realisation import Realisation
from theory.declaration.elementwise import Wall
from theory.errors import ConvergenceError, DeclarationError

WIDTH = sp.Symbol("_width", positive=True)
"""Over which a kink is rounded off."""
LEVELS = tuple(0.2**k for k in range(14))
STEPS = 60
SMALLEST = 1e-12
PROBES, ROUNDED = 65, 1e-2
"""Fields at which convexity is tried, and the rounding there."""
FLAT = 1e-10
"""Curvature at the minimum, relative to the largest where the search begins, below which there is none."""


@dataclass(frozen=True)
class Smooth:
    """A term with its kinks rounded off: value, gradient and curvature in its fields."""

    term: Term
    value: sp.Expr
    slopes: tuple[sp.Expr, ...]
    bends: tuple[tuple[sp.Expr, ...], ...]


def read_convex(energy: sp.Expr, states: Sequence[Any]) -> list[Smooth]:
    """The terms of an energy that depend on the states, rounded; DeclarationError for steps."""
    found = []
    for term in read_fields(energy, states):
        value = rounded(term.value, term.names)
        slopes = tuple(value.diff(name) for name in term.names)
        bends = tuple(tuple(slope.diff(name) for name in term.names) for slope in slopes)
        found.append(Smooth(term, value, slopes, bends))
    return found


def rounded(expression: sp.Expr, names: Sequence[sp.Symbol]) -> sp.Expr:
    """Max, Min, Abs, roots and walls of fields as smooth functions that differ from them over ``WIDTH``; DeclarationError for
    steps."""
    if expression.free_symbols.isdisjoint(names) or not expression.args:
        return expression
    parts = [rounded(a, names) for a in expression.args]
    if isinstance(expression, Wall):
        return barrier(expression, names, WIDTH)
    if isinstance(expression, (sp.Heaviside, sp.sign)):
        raise DeclarationError(f"energy: {expression.func.__name__} of a field has no slope to descend; declare another algorithm")
    if isinstance(expression, sp.Abs):
        return sp.sqrt(parts[0] ** 2 + WIDTH**2)
    if isinstance(expression, (sp.Max, sp.Min)):
        turn, total = (1 if isinstance(expression, sp.Max) else -1), parts[0]
        for part in parts[1:]:
            total = (total + part + turn * sp.sqrt((total - part) ** 2 + WIDTH**2)) / 2
        return total
    if isinstance(expression, sp.Pow) and expression.exp.is_number and not expression.exp.is_integer:
        # A length has a kink where it is zero.
        return (parts[0] + WIDTH**2) ** parts[1]
    return expression.func(*parts)


class Convex(Algorithm):
    """The minimum of a convex energy over all its states together, for every draw of a model at one point."""

    linear = False

    @classmethod
    def check(cls, model: Any) -> None:
        if model.temperature != 0:
            raise DeclarationError(
                f"{model.name}: at temperature {model.temperature} no minimum is the state; declare 'hmc' or 'gibbs'"
            )
        for state in model.states:
            one_dimension(model, state)
            if state.how.get("prior") is not None:
                raise DeclarationError(
                    f"{model.name}: the {state.how['prior']} prior of {state.name} is not simulated by a minimum; declare a penalty"
                )
        cls._check_energy(model)

    @classmethod
    def _check_energy(cls, model: Any) -> None:
        """DeclarationError for an energy of another form."""
        read_convex(model.energy, model.states)

    def __init__(self, model: Any, point: Point, given: Realisation):
        super().__init__(model, point, given)
        self.terms = read_convex(model.energy, model.states)

    def run(self, draw: Realisation, rng: np.random.Generator) -> Callable[[Realisation], Realisation]:
        def minimise(variant: Realisation) -> Realisation:
            landscape = Landscape([smooth.term for smooth in self.terms], self.model.states, variant)
            variant.set(landscape.arrays(minimum(self.terms, landscape)))
            return variant

        minimise(draw)
        return minimise

    def verify(self, draw: Realisation, rng: np.random.Generator) -> None:
        """Whether the energy itself is higher beside the states, in random directions."""
        check_lowest(self.model, draw, rng)


def check_lowest(model: Any, draw: Realisation, rng: np.random.Generator) -> None:
    """ConvergenceError where the energy beside the states of a draw, in random directions, is lower."""
    found = {state: draw.arrays[state] for state in model.states}
    least = float(draw.scalar(model.energy)[0])
    for scale in (1e-3, 1e-1, 1.0):
        step = {s: scale * (np.sqrt(np.mean(v**2)) or 1.0) * rng.standard_normal(v.shape) for s, v in found.items()}
        for sign in (1, -1):
            draw.set({s: v + sign * step[s] for s, v in found.items()})
            beside = float(draw.scalar(model.energy)[0])
            if not beside >= least - 1e-8 * (1 + abs(least)):
                draw.set(found)
                names = ", ".join(s.name for s in found)
                raise ConvergenceError(
                    f"energy {least:g} of {names} is not the minimum ({beside:g} beside it); declare a convex energy"
                )
    draw.set(found)


def check_convex(smooth: Smooth, part: Loaded, landscape: Landscape) -> None:
    """DeclarationError where the energy of a site bends down at some values of its fields."""
    count = len(smooth.term.fields)
    probes = np.linspace(-8, 8, PROBES)
    fields = [probes] if count == 1 else list(8 * np.random.default_rng(0).standard_normal((count, 4 * PROBES)))
    values = dict(zip(smooth.term.names, (f[None, :] for f in fields), strict=True))
    here = landscape.origin.with_symbols({**values, WIDTH: ROUNDED})
    bends = [[part.coefficient * np.asarray(here.site(bend), dtype=float) for bend in row] for row in smooth.bends]
    shape = np.broadcast_shapes(*(b.shape for row in bends for b in row))
    matrices = np.stack([np.stack([np.broadcast_to(b, shape) for b in row], axis=-1) for row in bends], axis=-2)
    finite = matrices[np.all(np.isfinite(matrices), axis=(-1, -2))]
    if finite.size and np.linalg.eigvalsh(finite).min() < -1e-9 * np.abs(finite).max():
        names = ", ".join(map(str, smooth.term.fields))
        raise DeclarationError(
            f"energy: {smooth.term.written} is not convex in {names}; declare a temperature and an algorithm that samples"
        )


def minimum(read: Sequence[Smooth], landscape: Landscape) -> NDArray:
    """The states of least energy, shape (size,); ConvergenceError where Newton's method finds none."""
    pairs = list(zip(read, landscape.loaded, strict=True))
    for smooth, part in pairs:
        check_convex(smooth, part, landscape)

    def energy(w: NDArray, width: float) -> float:
        return float(sum(_at(part, s.value, part.fields(w), landscape, width).sum() for s, part in pairs))

    first, names = inside([s.term for s in read], landscape), ", ".join(s.name for s in landscape.states)
    w = first
    for width in LEVELS:
        for _ in range(STEPS):
            here = energy(w, width)
            slope, bend = slope_of(pairs, w, landscape, width), curvature_of(pairs, w, landscape, width)
            bend[np.diag_indices_from(bend)] += SMALLEST * (1 + np.trace(bend) / landscape.size)
            step = -np.linalg.solve(bend, slope)
            decrease = float(slope @ step)
            if not np.isfinite(decrease) or decrease > 0:
                raise ConvergenceError(f"{names}: no minimum found at rounding {width:g}; declare a convex energy with a penalty")
            if -decrease <= 1e-13 * (1 + abs(here)):
                break
            share = 1.0
            while share > 1e-10 and not energy(w + share * step, width) <= here + 0.1 * share * decrease:
                share /= 2
            w = w + share * step
    largest = np.linalg.eigvalsh(curvature_of(pairs, first, landscape, 1.0))[-1]
    if not np.linalg.eigvalsh(curvature_of(pairs, w, landscape, LEVELS[-1]))[0] > FLAT * largest:
        raise ConvergenceError(f"{names}: the minimum is flat, or infinitely far away; add a penalty on every variable")
    return w


def _at(part: Loaded, expression: sp.Expr, fields: Sequence[NDArray], landscape: Landscape, width: float) -> NDArray:
    return evaluate_at(part, expression, fields, landscape.origin, _width=width)


def slope_of(pairs, w: NDArray, landscape: Landscape, width: float) -> NDArray:
    """Gradient of the rounded energy."""
    slope = np.zeros(landscape.size)
    for smooth, part in pairs:
        fields = part.fields(w)
        for a, block in enumerate(part.blocks):
            slope += block.back(_at(part, smooth.slopes[a], fields, landscape, width))
    return slope


def curvature_of(pairs, w: NDArray, landscape: Landscape, width: float) -> NDArray:
    """Second derivatives of the rounded energy."""
    bend = np.zeros((landscape.size, landscape.size))
    for smooth, part in pairs:
        fields = part.fields(w)
        for a, block in enumerate(part.blocks):
            for b, other in enumerate(part.blocks):
                second = _at(part, smooth.bends[a][b], fields, landscape, width)
                if block.diagonal is not None and other.diagonal is not None:
                    (rows, left), (columns, right) = block.diagonal, other.diagonal
                    bend[np.arange(len(bend))[rows], np.arange(len(bend))[columns]] += left * second * right
                else:
                    bend += (block.dense().T * second) @ other.dense()
    return bend
