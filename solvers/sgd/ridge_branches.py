"""Unknowns of a resolvent theory at complex ridges: Newton's method, continued along rays from a large ridge, where all are known.

Rays from infinity to a point off the spectrum do not meet the spectrum, so that the solution reached is the resolvent's own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import sympy as sp
from numpy.typing import NDArray

from solvers.compile import compile_expressions
from solvers.modes.mode_data import ModeData
from theory.averages import ModeSum
from theory.errors import ConvergenceError, ParameterError
from theory.modes import ModeIndex

LARGE = 100.0
"""A ridge this many times larger than the spectrum is where continuation starts."""
SETTLED = 1e-13
MOST = 12
"""Newton steps at one point of a ray; what needs more is approached in smaller steps."""
SMALLEST = 1e-4
"""Steps of log(ridge) that are this small mean that there is no way on."""


@dataclass(frozen=True)
class Branch:
    """The equations of a theory that hold one ridge, and the unknowns that they determine."""

    ridge: sp.Symbol
    unknowns: tuple[sp.Symbol, ...]
    expressions: tuple[sp.Expr, ...]
    poles: tuple[sp.Expr, ...] = ()
    """Denominators of the sums over modes, at a free mode: on the real axis none changes its sign outside the spectrum."""

    def solve(self, ridges: NDArray, scalars: Mapping[Any, float], data: ModeData, scale: float) -> NDArray:
        """Unknowns at complex or real ridges (n,), shape (n, unknowns); ``scale`` is the size of the spectrum.

        ConvergenceError where a ray meets the spectrum.
        """
        compiled = compile_expressions(self.expressions)
        ridges = np.asarray(ridges, dtype=complex)
        far = np.maximum(np.log(LARGE * scale / np.abs(ridges)), 0.0)
        share, stride = 1.0, 0.25
        m = len(self.unknowns)
        x = np.repeat((ridges * np.exp(far))[:, None], m, axis=1)
        x, good = _newton(compiled, self, x, ridges * np.exp(far), scalars, data)
        if not good:
            raise ConvergenceError(f"ridge {np.max(np.abs(ridges * np.exp(far))):.3g}: no solution where it is large")
        before: tuple[float, NDArray] | None = None
        while share > 0:
            ahead = max(share - stride, 0.0)
            # log x is nearly linear in log(ridge).
            guess = x if before is None else x * (x / before[1]) ** ((share - ahead) / (before[0] - share))
            guess = guess * np.exp((ahead - share) * far)[:, None] if before is None else guess
            found, good = _newton(compiled, self, guess, ridges * np.exp(ahead * far), scalars, data)
            if good:
                before, x, share = (share, x), found, ahead
                stride = min(1.6 * stride, 0.25)
            else:
                stride /= 3
                if stride * max(np.max(far), 1e-300) < SMALLEST:
                    worst = ridges[np.argmax(far)]
                    raise ConvergenceError(f"ridge {worst:.6g}: inside the spectrum, or too near to it")
        return x


def _newton(compiled, branch: Branch, x: NDArray, ridges: NDArray, scalars, data: ModeData) -> tuple[NDArray, bool]:
    m, known = len(branch.unknowns), {**data.sizes, **scalars, branch.ridge: ridges}
    last = np.inf
    for _ in range(MOST):
        here = {**known, **{u: x[:, i] for i, u in enumerate(branch.unknowns)}}
        with np.errstate(all="ignore"):
            values = compiled({s: here[s] for s in compiled.scalars}, data.arrays, data.weights, data.counts)
        values = [np.broadcast_to(v, ridges.shape) for v in values]
        f = np.stack(values[:m], axis=-1)
        jacobian = np.stack(values[m:], axis=-1).reshape(*ridges.shape, m, m)
        if not (np.isfinite(f).all() and np.isfinite(jacobian).all()):
            return x, False
        try:
            step = -np.linalg.solve(jacobian, f[..., None])[..., 0]
        except np.linalg.LinAlgError:
            return x, False
        size = float(np.max(np.abs(step / x), initial=0.0))
        if not size < 0.5:  # a step that long may leave the branch
            return x, False
        x = x + step
        if size < SETTLED or (size >= last and size < 1e-9):
            return x, True
        last = size
    return x, False


def _signs(branch: Branch, scalars: Mapping[Any, float], data: ModeData) -> Callable[[NDArray], list[bool]]:
    compiled = compile_expressions(branch.poles)

    def signs(x: NDArray) -> list[bool]:
        known = {**data.sizes, **scalars, **{u: np.real(x[:, i]) for i, u in enumerate(branch.unknowns)}}
        values = compiled({s: known[s] for s in compiled.scalars}, data.arrays, data.weights, data.counts)
        return [bool(np.all(v < 0)) if np.any(v < 0) else bool(np.all(v > 0)) for v in values]

    return signs


def branch_of(theory: Any, ridge: sp.Symbol) -> Branch:
    """The equations that hold a ridge, and all that they are coupled to; ParameterError where they do not close."""
    equations = [(e.lhs - e.rhs).xreplace(dict(theory.definitions)) for e in theory.equations]
    unknowns = [u.symbol for u in theory.unknowns]
    chosen: list[int] = []
    reached: set[sp.Symbol] = {ridge}
    growing = True
    while growing:
        growing = False
        for i, e in enumerate(equations):
            if i not in chosen and e.free_symbols & reached:
                chosen.append(i)
                reached |= e.free_symbols & set(unknowns)
                growing = True
    mine = [u for u in unknowns if u in reached]
    if len(mine) != len(chosen):
        raise ParameterError(f"{theory.name}: {len(chosen)} equations of {ridge} for {len(mine)} unknowns; give one for each")
    system = [equations[i] for i in sorted(chosen)]
    return Branch(ridge, tuple(mine), (*system, *(f.diff(u) for f in system for u in mine)), _poles(system, mine))


def _poles(system: list[sp.Expr], unknowns: list[sp.Symbol]) -> tuple[sp.Expr, ...]:
    found: set[sp.Expr] = set()
    for total in {s for e in system for s in e.atoms(ModeSum)}:
        body, fresh = total.opened()
        index = ModeIndex(total.dimension, "k")
        below = [p.base for p in body.atoms(sp.Pow) if p.exp.is_negative and p.free_symbols & set(unknowns)]
        found |= {b.xreplace({fresh: index}) for b in below}
    return tuple(sorted(found, key=sp.default_sort_key))


def upper_edge(branch: Branch, scalars: Mapping[Any, float], data: ModeData, scale: float) -> float:
    """The upper edge of the spectrum: where the solution at a negative real ridge, followed from minus infinity, ends.

    Right to a relative 1e-4, from above. ``scale`` is any number of the order of the spectrum.
    """
    compiled, m = compile_expressions(branch.expressions), len(branch.unknowns)
    edge, ratio = LARGE * scale, 0.5
    x, good = _newton(compiled, branch, np.full((1, m), -edge, dtype=complex), np.array([-edge]), scalars, data)
    while not good:
        edge *= 4
        if edge > 1e12 * scale:
            raise ConvergenceError("upper edge of the spectrum: not found; check the eigenvalues")
        x, good = _newton(compiled, branch, np.full((1, m), -edge, dtype=complex), np.array([-edge]), scalars, data)
    signs = _signs(branch, scalars, data)
    start = signs(x)
    while 1 - ratio > 1e-4:
        found, good = _newton(compiled, branch, x, np.array([-edge * ratio]), scalars, data)
        real = good and bool(np.all(np.abs(np.imag(found)) < 1e-9 * np.abs(found)))
        if real and signs(found) == start:
            x, edge = found, edge * ratio
            if edge < 1e-12 * scale:
                return edge
        else:
            ratio = 1 - (1 - ratio) / 2
    return edge
