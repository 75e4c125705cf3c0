"""What may stand in the place of a Gaussian matrix: rows of a data set, or entries of another law."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from theory.errors import ParameterError, did_you_mean

LAWS: dict[str, Callable[[np.random.Generator, tuple[int, ...]], NDArray]] = {
    "gaussian": lambda rng, shape: rng.standard_normal(shape),
    "rademacher": lambda rng, shape: 2.0 * rng.integers(0, 2, shape) - 1.0,
    "uniform": lambda rng, shape: rng.uniform(-(3**0.5), 3**0.5, shape),
    "laplace": lambda rng, shape: rng.laplace(0.0, 0.5**0.5, shape),
}
"""Laws of an entry with mean 0 and variance 1."""


@dataclass(frozen=True, eq=False)
class Rows:
    """A data set: the matrix is made of rows drawn at random from ``features``, shape (m, M), with or without replacement.

    ``pmf``: their probabilities, shape (m,), positive numbers that sum to 1; uniform if not given. With other probabilities rows
    are drawn with replacement.

    Nothing else changes, so an error summed over modes is the error over the whole data set when features^T features = m.
    Raises ParameterError for anything but a finite matrix.
    """

    features: ArrayLike
    replace: bool = False
    pmf: ArrayLike | None = None

    def __post_init__(self) -> None:
        features = np.asarray(self.features)
        if features.ndim != 2 or not features.size or not np.isrealobj(features) or features.dtype.kind not in "fiu":
            found = f"an array of shape {features.shape} and type {features.dtype}"
            raise ParameterError(f"features: {found}; give a real (m, M) matrix")
        if not np.all(np.isfinite(features)):
            raise ParameterError("features: some entries are not finite; remove or impute them")
        object.__setattr__(self, "features", np.asarray(features, dtype=float))
        if self.pmf is not None:
            pmf = np.asarray(self.pmf, dtype=float)
            if pmf.shape != features.shape[:1] or not np.all(pmf > 0) or abs(pmf.sum() - 1) > 1e-8:
                raise ParameterError(f"pmf of shape {pmf.shape}: give {len(features)} positive probabilities that sum to 1")
            if not self.replace:
                raise ParameterError("pmf: rows of other probabilities are drawn with replacement; set replace=True")
            object.__setattr__(self, "pmf", pmf / pmf.sum())

    def check(self, name: str, shape: tuple[int, int]) -> None:
        """Whether a matrix of this shape can be drawn."""
        m, modes = np.shape(self.features)
        if modes != shape[1]:
            raise ParameterError(f"design {name!r}: features have {modes} columns, the matrix has {shape[1]}; give one per mode")
        if shape[0] > m and not self.replace:
            raise ParameterError(f"design {name!r}: {shape[0]} rows from a data set of {m}; ask for fewer or set replace=True")

    def draw(self, rng: np.random.Generator, shape: tuple[int, int]) -> NDArray:
        features = np.asarray(self.features)
        pmf = None if self.pmf is None else np.asarray(self.pmf, dtype=float)
        return features[rng.choice(len(features), size=shape[0], replace=self.replace, p=pmf)]

    def describe(self) -> dict[str, Any]:
        features = np.ascontiguousarray(self.features)
        digest = sha256(features.tobytes()).hexdigest()[:16]
        found = {"design": "rows", "shape": list(features.shape), "replace": self.replace, "sha256": digest}
        if self.pmf is not None:
            found["pmf_sha256"] = sha256(np.ascontiguousarray(self.pmf).tobytes()).hexdigest()[:16]
        return found


@dataclass(frozen=True)
class Entries:
    """Independent entries of another law with mean 0 and variance 1; the declared covariances then act on them.

    ``law`` is "gaussian", "rademacher", "uniform" or "laplace", or a function of (generator, shape).
    """

    law: str | Callable[[np.random.Generator, tuple[int, int]], ArrayLike]

    def __post_init__(self) -> None:
        if not callable(self.law) and self.law not in LAWS:
            raise ParameterError(f"entries: no law {self.law!r}; {did_you_mean(str(self.law), LAWS)}")

    def check(self, name: str, shape: tuple[int, int]) -> None:
        """Any shape can be drawn."""

    def draw(self, rng: np.random.Generator, shape: tuple[int, int]) -> NDArray:
        law = self.law if callable(self.law) else LAWS[self.law]
        entries = np.asarray(law(rng, shape), dtype=float)
        if entries.shape != shape or not np.all(np.isfinite(entries)):
            raise ParameterError(f"entries: the law gave an array of shape {entries.shape}; it must be finite, of shape {shape}")
        return entries

    def describe(self) -> dict[str, Any]:
        return {"design": "entries", "law": getattr(self.law, "__name__", str(self.law))}


Design = Rows | Entries


def read_designs(design: Mapping[str, Any] | None, model: Any, copies: int) -> dict[str, Design]:
    """The designs by name of matrix; a function or name of a law becomes :class:`Entries`. ParameterError for anything else."""
    matrices = {leaf.name: leaf for leaf in model.leaves if leaf.kind == "gaussian"}
    found: dict[str, Design] = {}
    for name, given in (design or {}).items():
        if name not in matrices:
            raise ParameterError(f"design: no Gaussian matrix {name!r} in the model; {did_you_mean(name, matrices)}")
        law: Any = given
        taken = Entries(law) if callable(given) or isinstance(given, str) else given
        if not isinstance(taken, Rows | Entries):
            raise ParameterError(f"design {name!r}: {type(given).__name__}; give Rows(features), Entries(law) or a function")
        if isinstance(taken, Rows) and copies != 1:
            raise ParameterError(f"design {name!r}: a data set has no size to replicate; use replicate=1")
        found[name] = taken
    return found
