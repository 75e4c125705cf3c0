"""Effective potentials of smooth actions of several variables, as sums around the peak of the weight."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from solvers.effective import Source, Values, inverses_of
from solvers.proximal import joint_proximal_point
from theory.effective import HIGHEST

REACH = 8.5
"""Deviations of the Gaussian around the peak within which the weight is summed: the rest is 1e-16."""
FEWEST = 8
"""Nodes of a sum over one variable besides a quarter of those of the averages around it; half of these where it is not convex."""
CHUNK = 1 << 20
"""Elements of one temporary array."""
FLAT = 1e-9
"""Negative curvature of an action, relative to the largest, that is rounding."""


class SmoothValues(Values):
    """Smooth actions, by trapezoidal sums in coordinates in which the peak of the weight is round: they converge exponentially.

    For a convex action the sums are centred at the peak, and the weight falls at least like the Gaussian away from it; for others
    they are those of the Gaussian itself.
    """

    def __init__(self, source: Source, nodes: ArrayLike, *arguments: ArrayLike):
        super().__init__(source, nodes, *arguments)
        n, d = len(self.flat[0]), self.count
        self.omega = np.stack(self.flat[:d], axis=-1)
        self.given = self.flat[d + d * d :]
        self.inverse = inverses_of(self.width)
        good = np.isfinite(np.stack(self.flat)).all(axis=0) & np.isfinite(self.inverse).all(axis=(1, 2))
        self.good = np.flatnonzero(good)
        self.root, self.peak = np.broadcast_to(np.eye(d), (n, d, d)).copy(), np.zeros((n, d))
        self.root[good] = np.linalg.cholesky(self.width[good])
        self.stretch, self.turn = np.ones((n, d)), np.broadcast_to(np.eye(d), (n, d, d)).copy()
        convex = self._is_convex()
        if convex:
            self._centre()
        self.log_weight, self.moments = np.full(n, np.nan), np.full((len(source.observables), n, *[HIGHEST + 1] * d), np.nan)
        m = round(FEWEST + self.nodes / (4 if convex else 2))
        step = max(1, CHUNK // m**d)
        for start in range(0, len(self.good), step):
            self._sum(self.good[start : start + step], m)
        upper = np.swapaxes(self.root, 1, 2)
        self.slope = np.linalg.solve(upper, self.turn / np.sqrt(self.stretch)[:, None, :])
        self.offset = np.linalg.solve(upper, self.peak[..., None])[..., 0]

    def _bend(self, h: NDArray, which: NDArray) -> NDArray:
        with np.errstate(all="ignore"):
            found = self.source.slopes(2)(*h.T, *[g[which] for g in self.given])
        return np.stack([np.broadcast_to(f, (len(which),)) for f in found], axis=-1).reshape(-1, self.count, self.count)

    def _is_convex(self) -> bool:
        """Whether the action is bent upwards at points all over the Gaussians."""
        which = self.good[:: max(1, len(self.good) // 200)]
        draws = np.random.default_rng(0).standard_normal((12, self.count)) * 3
        eigenvalues = []
        for draw in draws:
            bend = self._bend(self.omega[which] + self.root[which] @ draw, which)
            eigenvalues.append(np.linalg.eigvalsh(bend[np.isfinite(bend).all(axis=(1, 2))]))
        every = np.concatenate(eigenvalues)
        return bool(every.min(initial=0.0) >= -FLAT * np.abs(every).max(initial=1e-300))

    def _centre(self) -> None:
        """The peak of the weight and its principal axes, in deviations of the Gaussian."""

        def slopes(*values: NDArray) -> list[ArrayLike]:
            return [*self.source.slopes(1)(*values), *self.source.slopes(2)(*values)]

        which = self.good
        point = joint_proximal_point(slopes, self.count, *[f[which] for f in self.flat]).T
        bend, root = self._bend(point, which), self.root[which]
        inside = np.eye(self.count) + np.swapaxes(root, 1, 2) @ bend @ root
        arrived = np.isfinite(inside).all(axis=(1, 2)) & np.isfinite(point).all(axis=1)
        which, point, inside, root = which[arrived], point[arrived], inside[arrived], root[arrived]
        self.peak[which] = np.linalg.solve(root, (point - self.omega[which])[..., None])[..., 0]
        stretch, self.turn[which] = np.linalg.eigh(inside)
        self.stretch[which] = np.maximum(stretch, 1.0)

    def _sum(self, which: NDArray, m: int) -> None:
        d, u = self.count, np.linspace(-REACH, REACH, m)
        bent = _bent(np.sqrt(self.stretch[which]))[..., None] * (u / REACH)
        t = u * np.where(bent == 0, 1.0, np.sinh(bent) / np.where(bent == 0, 1.0, bent))
        logs = np.log(np.cosh(bent))
        axes = [(slice(None), j, *[slice(None) if k == j else None for k in range(d)]) for j in range(d)]
        spread = [t[axes[j]] / np.sqrt(self.stretch[which, j]).reshape(-1, *[1] * d) for j in range(d)]
        tall = (slice(None), *[None] * d)
        x = [self.peak[which, i][tall] + sum(self.turn[which, i, j][tall] * spread[j] for j in range(d)) for i in range(d)]
        h = [self.omega[which, i][tall] + sum(self.root[which, i, j][tall] * x[j] for j in range(i + 1)) for i in range(d)]
        given = [g[which][tall] for g in self.given]
        with np.errstate(all="ignore"):
            height = -np.asarray(self.source.slopes(0)(*h, *given)[0]) - sum(v * v for v in x) / 2
            height = height + sum(logs[axes[j]] for j in range(d))
            top = height.max(axis=tuple(range(1, d + 1)), keepdims=True)
            weight = np.exp(height - top)
            total = weight.sum(axis=tuple(range(1, d + 1)))
            scale = np.log(u[1] - u[0]) * d - np.log(self.stretch[which]).sum(axis=1) / 2 - d * np.log(2 * np.pi) / 2
            self.log_weight[which] = np.log(total) + top.reshape(-1) + scale
            observables = self.source.functions(len(self.source.observables))(*h, *given)
            powers = t[..., None] ** np.arange(HIGHEST + 1)
            for k, value in enumerate(observables):
                part = weight * value / total[tall]
                for j in range(d):
                    part = self._along(part, powers[:, j], j)
                self.moments[k, which] = part

    @staticmethod
    def _along(part: NDArray, powers: NDArray, j: int) -> NDArray:
        """Axis j + 1 of nodes summed against powers."""
        moved = np.moveaxis(part, j + 1, -1)
        shape = moved.shape
        summed = moved.reshape(shape[0], -1, shape[-1]) @ powers
        return np.moveaxis(summed.reshape(*shape[:-1], powers.shape[-1]), -1, j + 1)

    def moment(self, which: int, steps: tuple[int, ...]) -> NDArray:
        return self.moments[(which, slice(None), *[steps.count(j) for j in range(self.count)])]


def _bent(ratio: NDArray) -> NDArray:
    """The s with sinh(s)/s = ratio, at least 1."""
    s = np.where(ratio < 3, np.sqrt(6 * (ratio - 1)), np.log(2 * ratio * np.maximum(1.0, np.log(2 * ratio))))
    for _ in range(8):
        below = np.where(s > 1e-3, np.cosh(s) / np.maximum(s, 1e-3) - np.sinh(s) / np.maximum(s, 1e-3) ** 2, s / 3)
        gap = np.where(s > 1e-3, np.sinh(s) / np.maximum(s, 1e-3), 1 + s**2 / 6) - ratio
        s = np.where(s > 0, np.maximum(s - gap / np.where(below > 0, below, 1.0), 0.0), s)
    return s
