"""Flows of drawn systems in continuous time: matrix exponentials where they are affine and small, else SciPy's integrators."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from solvers.monte_carlo.realisation import Realisation, dependent
from theory.declaration.sites import Leaf
from theory.declaration.vectors import Vec
from theory.declaration.walks import leaves
from theory.errors import DeclarationError, DivergenceError
from theory.symbols import time

LARGEST = 600
"""Sites of an affine flow whose exponential is taken; a larger one is integrated."""
RELATIVE, ABSOLUTE = 1e-9, 1e-12
"""Errors that the integrator keeps to."""


def integrated(draw: Realisation, rules: Mapping[Leaf, Vec], times: Sequence[float], timed: bool) -> Iterator[dict[Leaf, NDArray]]:
    """States at rising times from t = 0, where ``draw`` holds those at the beginning; ``timed``: the rules hold the time.

    DivergenceError where a state stops being finite, with the last time that was reached.
    """
    groups = connected(rules)
    if len(groups) > 1:
        parts = [integrated(draw, {leaf: rules[leaf] for leaf in group}, times, timed) for group in groups]
        yield from ({leaf: a for part in found for leaf, a in part.items()} for found in zip(*parts, strict=True))
        return
    # Variants of the data, which a rule may hold, stand in columns.
    columns = max(np.shape(draw.site(rule.expr))[1] if np.ndim(draw.site(rule.expr)) == 2 else 1 for rule in rules.values())
    layout = _Layout({leaf: draw.arrays[leaf] for leaf in rules}, columns)
    affine = None if timed or layout.sites > LARGEST else _affine(draw, rules, layout)
    follow = _by_integration(draw, rules, layout, times, timed) if affine is None else _by_exponential(*affine, layout, times)
    for until, value in zip(times, follow, strict=True):
        if not np.all(np.isfinite(value)):
            names = ", ".join(leaf.name for leaf in rules)
            raise DivergenceError(f"states {names}: not finite at t = {until:g}; change the parameters")
        yield layout.opened(value)


def connected(rules: Mapping[Leaf, Vec]) -> list[list[Leaf]]:
    """The states in groups that move without each other, such as the members of an ensemble."""
    group = {leaf: leaf for leaf in rules}
    for leaf, rule in rules.items():
        for other in set(leaves(rule)) & set(rules):
            old, new = group[other], group[leaf]
            group = {a: new if g == old else g for a, g in group.items()}
    return [[leaf for leaf, g in group.items() if g == own] for own in dict.fromkeys(group.values())]


class _Layout:
    """States (sites, columns) side by side in one array (all sites, columns)."""

    def __init__(self, start: Mapping[Leaf, NDArray], columns: int):
        arrays = [a[:, None] if a.ndim == 1 else a for a in start.values()]
        columns = max(columns, *(a.shape[1] for a in arrays))
        self.start = np.concatenate([np.broadcast_to(a, (len(a), columns)) for a in arrays]).astype(float)
        ends = np.cumsum([0, *map(len, arrays)])
        self.slices = {leaf: slice(a, b) for leaf, a, b in zip(start, ends[:-1], ends[1:], strict=True)}
        self.sites = int(ends[-1])

    def opened(self, value: NDArray) -> dict[Leaf, NDArray]:
        return {leaf: np.array(value[part]) for leaf, part in self.slices.items()}


def _affine(draw: Realisation, rules: Mapping[Leaf, Vec], layout: _Layout) -> tuple[NDArray, NDArray] | None:
    """Generator A and drive b of dx/dt = A x + b, None where the rules are no such."""
    generator = np.zeros((layout.sites, layout.sites))
    try:
        for leaf, rule in rules.items():
            for other in rules:
                if not dependent(rule.expr, other):
                    continue
                block = draw.linear(rule.expr, other)
                part = layout.slices[leaf]
                full = np.diag(np.broadcast_to(block, part.stop - part.start)) if block.ndim == 1 else block
                generator[part, layout.slices[other]] = full
    except DeclarationError:
        return None
    at_zero = Realisation(draw.symbols, {**draw.arrays, **{leaf: np.zeros(len(draw.arrays[leaf])) for leaf in rules}})
    drive = [np.broadcast_to(v, (len(v), layout.start.shape[1])) for v in (at_zero.vector(rule) for rule in rules.values())]
    return generator, np.concatenate(drive)


def _by_exponential(generator: NDArray, drive: NDArray, layout: _Layout, times: Sequence[float]) -> Iterator[NDArray]:
    from scipy.linalg import expm

    size, columns = layout.start.shape
    whole = np.zeros((size + columns, size + columns))
    whole[:size, :size], whole[:size, size:] = generator, drive
    here, now = np.vstack([layout.start, np.eye(columns)]), 0.0
    for until in times:
        if until > now:
            here, now = expm((until - now) * whole) @ here, until
        yield here[:size]


def _by_integration(
    draw: Realisation, rules: Mapping[Leaf, Vec], layout: _Layout, times: Sequence[float], timed: bool
) -> Iterator[NDArray]:
    from scipy.integrate import solve_ivp

    shape = layout.start.shape
    here = Realisation(draw.symbols, draw.arrays)

    def rate(now: float, flat: NDArray) -> NDArray:
        at = here.with_symbols({time: now}) if timed else here
        at.set(layout.opened(flat.reshape(shape)))
        rates = [np.broadcast_to(at.vector(rule), (len(draw.arrays[leaf]), shape[1])) for leaf, rule in rules.items()]
        return np.concatenate(rates).ravel()

    value, now = layout.start.ravel(), 0.0
    for until in times:
        if until > now:
            found = solve_ivp(rate, (now, until), value, method="DOP853", t_eval=[until], rtol=RELATIVE, atol=ABSOLUTE)
            if not found.success or not len(found.t):
                reached = found.t[-1] if len(found.t) else now
                names = ", ".join(leaf.name for leaf in rules)
                raise DivergenceError(f"states {names}: the flow cannot be followed from t = {reached:g}; change the parameters")
            value, now = found.y[:, -1], until
        yield value.reshape(shape)
