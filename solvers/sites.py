"""Samples of a population: what differs from site to site, how sites are weighted, and the Gaussian draws that make them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache, partial
from typing import Any

import numpy as np
import sympy as sp
from numpy.typing import NDArray

from solvers.compile import compile_function
from theory.dmft.notation import SampleSum
from theory.modes import ModeValue

ROOM = 4
"""Samples of a block for each variable that is made orthogonal to the others."""
MOST_EXACT = 2
"""Gaussian variables of a site up to which averages are Gauss–Hermite quadratures."""


@dataclass
class Sites:
    """The sampled sites of one dimension.

    ``size`` sites are stood for by ``weight.size`` samples whose ``weight`` adds up to 1. ``entries`` holds the values of per-mode
    data at each sample. ``draws`` are standard Gaussian variables (number, samples), taken one after the other; those of Sobol
    points are made orthonormal on every block of ``block`` samples as they are taken, so that second moments are exact.
    """

    size: float
    weight: NDArray
    entries: dict[sp.Expr, NDArray]
    draws: NDArray
    block: int = 0
    taken: int = field(default=0)

    def take(self, number: int) -> NDArray:
        """The next Gaussian variables, shape (number, samples)."""
        for row in range(self.taken, self.taken + number):
            if self.block and row < self.block // ROOM:
                self._straighten(row)
        self.taken += number
        return self.draws[self.taken - number : self.taken]

    def _straighten(self, row: int) -> None:
        """Take the mean and the earlier variables out of one, block by block, and give it unit variance."""
        blocks = self.draws[: row + 1].reshape(row + 1, -1, self.block)
        new = blocks[row] - blocks[row].mean(axis=1, keepdims=True)
        for _ in range(2):
            known = np.einsum("rbs,bs->rb", blocks[:row], new) / self.block
            new = new - np.einsum("rb,rbs->bs", known, blocks[:row])
        self.draws[row] = (new / np.sqrt(np.mean(new**2, axis=1, keepdims=True))).ravel()

    def total(self, values: NDArray) -> NDArray:
        """Sum over the sites, from values at the samples in the last axis, which is kept."""
        return self.size * np.sum(values * self.weight, axis=-1, keepdims=True)


def sampled(size: float, modes: Mapping[sp.Expr, NDArray], number: int, samples: int, seed: int, nodes: int | None) -> Sites:
    """Samples of a dimension whose sites take ``number`` Gaussian variables, modes in blocks of equal length.

    Draws are scrambled Sobol points, or with ``nodes`` a tensor grid of Gauss–Hermite points. Every block of a power of two
    neighbouring Sobol points is itself evenly spread.
    """
    count = next((len(v) for v in modes.values()), 1)
    if nodes is not None and number:
        points, weight = np.polynomial.hermite_e.hermegauss(nodes)
        grid = np.stack([g.ravel() for g in np.meshgrid(*[points] * number, indexing="ij")])
        weights = np.prod(np.meshgrid(*[weight / weight.sum()] * number, indexing="ij"), axis=0).ravel()
        draws, weights = np.tile(grid, (1, count)), np.tile(weights, count) / count
        block = grid.shape[1]
    else:
        block = 1 if not number else 1 << max(4, int(np.ceil(np.log2(max(1.0, samples / count)))))
        draws, weights = _sobol(number, block * count, seed), np.full(block * count, 1.0 / (block * count))
    entries = {entry: np.repeat(values, block) for entry, values in modes.items()}
    return Sites(float(size), weights, entries, draws, 0 if nodes is not None else block)


def _sobol(number: int, samples: int, seed: int) -> NDArray:
    if not number:
        return np.zeros((0, samples))
    from scipy.special import ndtri
    from scipy.stats import qmc

    if number > qmc.Sobol.MAXDIM:
        return np.random.default_rng(seed).standard_normal((number, samples))
    log = int(np.ceil(np.log2(samples)))
    points = qmc.Sobol(number, scramble=True, rng=np.random.default_rng(seed)).random_base2(log)[:samples]
    tiny = 2.0**-54
    return np.ascontiguousarray(ndtri(np.clip(points, tiny, 1 - tiny)).T)


class SiteFunctions:
    """Site expressions as NumPy functions of arrays: samples along the last axis, finite dimensions along those before it."""

    def __init__(self, batches: Sequence[sp.Symbol]):
        self.batches = tuple(batches)

    def __call__(self, expressions: Sequence[sp.Expr], value: Any) -> list[NDArray]:
        """Values of expressions; ``value`` gives those of symbols and per-mode entries."""
        function, atoms = _compiled(tuple(expressions), self.batches)
        return [np.asarray(v, dtype=float) for v in function(*[value(a) for a in atoms])]


@lru_cache(maxsize=1024)
def _compiled(expressions: tuple[sp.Expr, ...], batches: tuple[sp.Symbol, ...]) -> tuple[Any, list[sp.Expr]]:
    entries = sorted(set().union(*(e.atoms(ModeValue) for e in expressions)), key=str)
    names = {v: sp.Dummy(f"entry{i}", real=True) for i, v in enumerate(entries)}
    plain = [_opened(e.xreplace(names)) for e in expressions]
    symbols = sorted(set().union(*(e.free_symbols for e in plain)) - set(names.values()), key=str)
    sums = {_name(d): partial(np.sum, axis=i - len(batches) - 1, keepdims=True) for i, d in enumerate(batches)}
    return compile_function([*names.values(), *symbols], plain, sums), [*names, *symbols]


def _opened(e: sp.Expr) -> sp.Expr:
    """Sums over samples as calls of functions."""
    if isinstance(e, SampleSum):
        return sp.Function(_name(e.dim))(_opened(e.body))
    return e.func(*map(_opened, e.args)) if e.args else e


def _name(dim: sp.Symbol) -> str:
    return f"_over_{dim.name}"
