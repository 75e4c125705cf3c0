"""Second moments of pairs of vectors, in a form that keeps the angle of nearly parallel ones."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from theory.errors import ParameterError

# Beyond this |cos| the angle comes from the difference of the unit vectors: 1 - cos has lost digits there.
_NEARLY_PARALLEL = 1 - 1e-3
_CHUNK = 2**20


@dataclass(frozen=True)
class Pairs:
    """Pairs (x, z) of vectors in R^D, all arrays broadcasting to one shape.

    xx = |x|^2/D, zz = |z|^2/D, xz = x.z/D, and det = xx zz - xz^2 >= 0, which is kept apart because kernels
    with a kink (ReLU, Laplace) depend on sqrt(det), where a subtraction would leave half of the digits.
    """

    xx: np.ndarray
    zz: np.ndarray
    xz: np.ndarray
    det: np.ndarray
    dimension: int

    @property
    def cosine(self) -> np.ndarray:
        """Cosine of the angle, 0 where a vector is zero."""
        scale = np.sqrt(self.xx * self.zz)
        return np.clip(np.divide(self.xz, scale, out=np.zeros_like(self.xz), where=scale > 0), -1, 1)

    @property
    def squared_distance(self) -> np.ndarray:
        """|x - z|^2 / D, without cancellation."""
        scale = np.sqrt(self.xx * self.zz)
        same_side = self.xz > 0
        gap = np.array(scale - self.xz)
        np.divide(self.det, scale + self.xz, out=gap, where=same_side)
        return (np.sqrt(self.xx) - np.sqrt(self.zz)) ** 2 + 2 * gap

    def affine(self, weight_variance: float, bias_variance: float) -> Pairs:
        """Covariances of sigma_w W x/sqrt(D) + sigma_b b, for standard Gaussian W and b."""
        a, b = weight_variance, bias_variance
        det = a * a * self.det
        if b:
            det = det + a * b * self.squared_distance
        return Pairs(a * self.xx + b, a * self.zz + b, a * self.xz + b, det, self.dimension)

    @classmethod
    def from_angle(cls, angle, dimension: int, radius: float) -> Pairs:
        """Pairs of vectors of norm `radius` at angles in [0, pi], any shape."""
        angle = np.asarray(angle, dtype=float)
        q = np.full(angle.shape, radius**2 / dimension)
        return cls(q, q, q * np.cos(angle), (q * np.sin(angle)) ** 2, dimension)

    @classmethod
    def from_cosine(cls, cosine, dimension: int, radius: float) -> Pairs:
        """Pairs of vectors of norm `radius` at the given cosines in [-1, 1], any shape."""
        cosine = np.asarray(cosine, dtype=float)
        if not (np.abs(cosine) <= 1).all():
            raise ParameterError(
                f"cosine {cosine[~(np.abs(cosine) <= 1)].flat[0]} is outside [-1, 1]; give cosines"
            )
        q = np.full(cosine.shape, radius**2 / dimension)
        return cls(q, q, q * cosine, q * q * (1 - cosine) * (1 + cosine), dimension)


@dataclass(frozen=True)
class Points:
    """n points as unit vectors, shape (n, D), and |x|^2/D, shape (n,); a zero vector has the direction 0."""

    units: np.ndarray
    squares: np.ndarray

    @classmethod
    def of(cls, X: np.ndarray, name: str) -> Points:
        with np.errstate(over="ignore"):
            norms = np.linalg.norm(X, axis=1)
            squares = norms**2 / X.shape[1]
        if not np.isfinite(squares).all():
            row = int(np.argmin(np.isfinite(squares)))
            raise ParameterError(
                f"{name}[{row}] has a squared norm beyond floating point; rescale the points"
            )
        return cls(X / np.where(norms > 0, norms, 1)[:, None], squares)

    def __getitem__(self, rows: slice) -> Points:
        return Points(self.units[rows], self.squares[rows])

    def paired(self) -> Pairs:
        """Each point with itself, shape (n,)."""
        q = self.squares
        return Pairs(q, q, q, np.zeros_like(q), self.units.shape[1])

    def against(self, other: Points) -> Pairs:
        """Each point with each of `other`, shape (n, m)."""
        cosine = self.units @ other.units.T
        np.clip(cosine, -1, 1, out=cosine)
        sine2 = (1 - cosine) * (1 + cosine)
        rows, columns = np.nonzero(np.abs(cosine) > _NEARLY_PARALLEL)
        step = max(1, _CHUNK // self.units.shape[1])
        for start in range(0, len(rows), step):
            i, j = rows[start : start + step], columns[start : start + step]
            sign = np.sign(cosine[i, j])
            gap = 0.5 * ((self.units[i] - sign[:, None] * other.units[j]) ** 2).sum(axis=1)
            cosine[i, j] = sign * (1 - gap)
            sine2[i, j] = gap * (2 - gap)
        xx, zz = self.squares[:, None], other.squares[None, :]
        product = xx * zz
        return Pairs(xx, zz, np.sqrt(product) * cosine, product * sine2, self.units.shape[1])
