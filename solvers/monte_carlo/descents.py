"""A declared descent followed step by step: gradients of single samples, batches drawn from them, nothing averaged or derived."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from solvers.monte_carlo.designs import Design, Rows
from solvers.monte_carlo.draws import DRAWN, entries
from solvers.monte_carlo.dynamics import Dynamics, State
from solvers.monte_carlo.least_squares import Spread
from solvers.monte_carlo.points import Point
from solvers.monte_carlo.quadratic import Term, read_terms
from solvers.monte_carlo.realisation import Realisation
from theory.declaration.sites import Leaf
from theory.declaration.walks import leaves
from theory.errors import DeclarationError, DivergenceError, ParameterError


class Slopes:
    """Gradients of a sum of quadratic terms, sample by sample: row μ is Σ_f S_f[μ] (g_f + Σ_h c_fh S_h w)[μ]."""

    def __init__(self, terms: Sequence[Term], state: Leaf, draw: Realisation):
        size = draw.size(state.dims[0])
        origin = Realisation(draw.symbols, {**draw.arrays, state: np.zeros(size)})
        self.parts = []
        for term in terms:
            rows = draw.size(term.dim)
            fields = [_rows(draw.linear(f, state), rows, size) for f in term.fields]
            factor = float(draw.scalar(term.coefficient)[0])
            start = [factor * _spread(origin.site(g), rows) for g in term.gradient]
            curvature = [[factor * _spread(origin.site(c), rows) for c in line] for line in term.curvature]
            self.parts.append((fields, start, curvature))

    def sum(self, w: NDArray, chosen: NDArray | slice = slice(None)) -> NDArray:
        """The sum of the gradients of the chosen samples."""
        total = np.zeros(len(w))
        for fields, start, curvature in self.parts:
            picked = [f[chosen] for f in fields]
            moved = [f @ w for f in picked]
            for f, g, line in zip(picked, start, curvature, strict=True):
                slope = g[chosen] + sum(c[chosen] * m for c, m in zip(line, moved, strict=True))
                total += f.T @ slope
        return total

    def affine(self, size: int) -> tuple[NDArray, NDArray]:
        """The gradient as H w + g: H, g."""
        constant = self.sum(np.zeros(size))
        return np.stack([self.sum(e) - constant for e in np.eye(size)], axis=1), constant


class Descending(Dynamics):
    """The state of a :class:`~theory.declaration.descent.Descent` at the times of some points that share their draws."""

    def __init__(
        self, model: Any, point: Point, given: Realisation, time_step: float | None = None, designs: Mapping[str, Design] = {}
    ):
        self.model, self.designs = model, designs
        self.state: Leaf = model.state.leaf
        if len(self.state.dims) != 1:
            raise DeclarationError(f"{model.name}: {self.state.name} has several dimensions; declare it over one")
        self.loss = read_terms(model.loss, self.state)
        self.penalty = read_terms(model.penalty, self.state) if self.state in leaves(model.penalty) else []
        self.fresh = [x for x in model.leaves if x.kind in DRAWN and model.samples in x.dims] if model.fresh else []
        for leaf in self.fresh:
            if isinstance(designs.get(leaf.name), Rows):
                raise ParameterError(f"design of {leaf.name}: fresh samples at every step, which a table has not; give Entries")
        if model.batch is not None and given.size(model.batch) > given.size(model.samples):
            batch, samples = given.size(model.batch), given.size(model.samples)
            raise ParameterError(f"batch: {batch} samples out of {samples}; give at most {model.samples}")

    temperature, spread = 0.0, Spread(sys.maxsize, np.inf)

    @staticmethod
    def check_steps(model: Any, time_step: float | None) -> None:
        """ParameterError for a ``time_step``: steps are those of the declaration, and a flow is followed exactly."""
        if time_step is not None:
            raise ParameterError(f"time_step: {time_step!r}; {model.name} has steps of its own, leave it out")

    def initial(self, draw: Realisation, rng: np.random.Generator) -> State:
        return {self.state: np.zeros((draw.size(self.state.dims[0]), 1))}

    def states(self, draw: Realisation, start: State, times: Sequence[float], rng: np.random.Generator) -> Iterator[State]:
        """States at rising times."""
        rate, w = float(draw.scalar(self.model.rate)[0]), start[self.state][:, 0].copy()
        if self.model.continuous:
            yield from self._flow(draw, rate, times)
            return
        here = Realisation(draw.symbols, dict(draw.arrays))
        now, total = 0, draw.size(self.model.samples)
        loss = None if self.model.fresh else Slopes(self.loss, self.state, here)
        penalty = Slopes(self.penalty, self.state, here)
        batch = None if self.model.batch is None else draw.size(self.model.batch)
        for until in times:
            while now < round(until):
                if loss is None or self.model.fresh:
                    here.set({x: entries(x, here, rng, self.designs) for x in self.fresh})
                    loss = Slopes(self.loss, self.state, here)
                chosen = slice(None) if batch is None else rng.integers(0, total, batch)
                w -= rate * (loss.sum(w, chosen) / (batch or total) + penalty.sum(w) / total)
                now += 1
                if not np.all(np.isfinite(w)):
                    raise DivergenceError(f"state {self.state.name}: not finite after {now} steps; lower the learning rate")
            arrays = {x: here.arrays[x] for x in self.fresh if x in here.arrays}
            yield {self.state: w[:, None].copy(), **arrays}

    def _flow(self, draw: Realisation, rate: float, times: Sequence[float]) -> Iterator[State]:
        """Exactly, in the eigenvectors of the Hessian."""
        size, total = draw.size(self.state.dims[0]), draw.size(self.model.samples)
        parts = [Slopes(t, self.state, draw).affine(size) for t in (self.loss, self.penalty) if t]
        hessian, constant = (np.sum([p[i] for p in parts], axis=0) / total for i in (0, 1))
        values, vectors = np.linalg.eigh((hessian + hessian.T) / 2)
        force = vectors.T @ constant
        for until in times:
            x = rate * until * values
            # (1 - exp(-x))/x, which is 1 at x = 0.
            share = -np.expm1(-x) / np.where(x == 0, 1.0, x) + (x == 0)
            yield {self.state: (-vectors @ (rate * until * share * force))[:, None]}

    def verify(self, draw: Realisation, rng: np.random.Generator) -> None:
        """Every step is the declared one; nothing was searched for."""


def _rows(block: NDArray, rows: int, size: int) -> NDArray:
    """The matrix of a field, shape (rows, size)."""
    return np.broadcast_to(block, (rows, size)) if block.ndim == 2 else np.diag(np.broadcast_to(block, (size,)))


def _spread(value: Any, rows: int) -> NDArray:
    return np.broadcast_to(np.asarray(value, dtype=float).reshape(-1), (rows,))
