"""Moments of many modes in bins of log eta, in a few passes over the arrays."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

_WIDTH = 1 / 3           # largest width of a bin
_CHUNK = 2**16           # modes brought into the order of the bins at a time, within a cache of 2 MB
_BLOCK = 2**13           # modes whose powers are held at a time


@dataclass(frozen=True)
class Bins:
    """Bins that share the range of log eta equally; number 0 starts at the largest eigenvalue.

    Equal shares leave no bin half empty, which is what makes quadrature weights alternate in sign.
    """

    top: float           # logarithm of the largest eigenvalue
    width: float
    number: int

    @classmethod
    def covering(cls, eta: np.ndarray, width: float = _WIDTH) -> Bins:
        top, bottom = math.log(eta.max()), math.log(eta.min())
        number = max(math.ceil((top - bottom) / width), 1)
        return cls(top, max((top - bottom) / number, 1e-6) * (1 + 1e-12), number)

    def locate(self, eta: np.ndarray) -> np.ndarray:
        """Bin of each mode, as a small unsigned integer, which NumPy sorts by radix."""
        which = np.empty(eta.size, dtype=np.uint8 if self.number <= 2**8 else np.uint16)
        for start in range(0, eta.size, _BLOCK):
            depth = np.log(eta[start:start + _BLOCK])
            np.subtract(self.top, depth, out=depth)
            np.multiply(depth, 1 / self.width, out=which[start:start + _BLOCK], casting="unsafe")
        return which

    @property
    def centres(self) -> np.ndarray:
        """Eigenvalue at the centre of each bin. Places are log(eta/centre)/width, between -1/2 and 1/2."""
        return np.exp(self.top - self.width * (np.arange(self.number) + 0.5))


def bin_moments(bins: Bins, eta: np.ndarray, multiplicity: np.ndarray | None, carriers: list[np.ndarray],
                degree: int) -> tuple[np.ndarray, list[list[np.ndarray] | None]]:
    """Sums of weight * place^i over each bin's modes, for i < degree and each product of weights.

    Returns (moments of shape (bins, 2^carriers, degree), the products in the order of `carriers.products`;
    and for each bin the indices of its modes in pieces, or None if they are more than `degree`). Chunks are
    brought into runs of one bin each, by a radix sort unless the eigenvalues are nearly sorted.
    """
    table = _Table(-(-degree // 2), 2 ** len(carriers), multiplicity is not None)
    inverse = 1 / bins.centres
    columns = [*reversed(carriers)] if multiplicity is None else [multiplicity, *reversed(carriers)]
    sums, counts = [np.zeros(table.shape) for _ in range(bins.number)], [0] * bins.number
    members: list[list[np.ndarray]] = [[] for _ in counts]
    for start in range(0, eta.size, _CHUNK):
        part = eta[start:start + _CHUNK]
        which = bins.locate(part)
        data, order = [part, *(c[start:start + _CHUNK] for c in columns)], None
        if np.count_nonzero(which[1:] != which[:-1]) > bins.number:
            order = np.argsort(which, kind="stable")
            which = which[order]
        ends = np.flatnonzero(which[1:] != which[:-1]) + 1
        for begin in range(0, part.size, _BLOCK):
            block = slice(begin, begin + _BLOCK)
            inside = slice(np.searchsorted(ends, begin, "right"), np.searchsorted(ends, block.stop))
            cuts = [begin, *ends[inside].tolist()]
            runs = list(zip(cuts, [*cuts[1:], min(block.stop, part.size)], which[cuts].tolist(), strict=True))
            x, *rest = (d[block].copy() if order is None else d.take(order[block]) for d in data)
            x *= np.repeat(inverse[which[cuts]], [last - first for first, last, _ in runs])
            np.log(x, out=x)
            x *= 1 / bins.width
            table.fill(x, rest)
            for first, last, b in runs:
                sums[b] += table.products(first - begin, last - begin)
                counts[b] += last - first
                if counts[b] <= degree:
                    here = np.arange(first, last) if order is None else order[first:last]
                    members[b].append(start + here)
    few = [m if c <= degree else None for m, c in zip(members, counts, strict=True)]
    return table.moments(np.array(sums))[..., :degree], few


class _Table:
    """Scratch rows for a block of modes: y^(half-1), ..., y, 1, then w, w y^half per product w of weights.

    The sum of w y^(i + half j) is the row y^i times the row w y^(half j), so that all moments of a run of
    modes are one small matrix product. Without multiplicities the row of ones is the first weight too.
    """

    def __init__(self, half: int, kinds: int, weighted: bool) -> None:
        self.shape, self.weighted = (2 * kinds, half), weighted
        rows = np.ones((half - 1 + weighted + 2 * kinds, _BLOCK))
        self.powers, self.weights = rows[:half], rows[-2 * kinds:]

    def fill(self, y: np.ndarray, columns: list[np.ndarray]) -> None:
        """columns: multiplicity where there is one, carriers in reverse order."""
        half = self.shape[1]
        powers, weights = self.powers[:, :y.size], self.weights[:, :y.size]
        if half > 1:
            powers[-2] = y
            for i in range(half - 3, -1, -1):
                np.multiply(powers[i + 1], y, out=powers[i])
        np.multiply(powers[0], y, out=weights[1])
        if self.weighted:
            weights[0] = columns.pop(0)
            weights[1] *= weights[0]
        for i, column in enumerate(columns):
            np.multiply(weights[:2 ** (i + 1)], column, out=weights[2 ** (i + 1):2 ** (i + 2)])

    def products(self, first: int, last: int) -> np.ndarray:
        """Rows of weights times rows of powers, over the modes first:last of the block."""
        return self.weights[:, first:last] @ self.powers[:, first:last].T

    def moments(self, sums: np.ndarray) -> np.ndarray:
        """Sums of `products`, (bins, 2 kinds, half), as moments in order of powers, (bins, kinds, 2 half)."""
        return sums[..., ::-1].reshape(len(sums), -1, 2 * self.shape[1])
