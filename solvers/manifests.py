"""Where a result comes from: versions, mathematics and parameters, small enough to travel with every result."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from dataclasses import asdict, is_dataclass
from datetime import UTC, datetime
from functools import cache
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np

from solvers.modes.spectra import Modes

SCHEMA = 1
"""Version of the layout of stored results; files of a newer one are refused."""
PACKAGES = ("numpy", "scipy", "sympy", "mpmath")


def package_version(name: str) -> str | None:
    """Version of an installed package, None where there is none."""
    try:
        return version(name)
    except PackageNotFoundError:
        return None


@cache
def environment() -> dict[str, Any]:
    """Versions of the interpreter, the packages and the BLAS libraries that are loaded."""
    import scipy.linalg  # noqa: F401  (its BLAS is to be seen)
    from threadpoolctl import threadpool_info

    keys = ("internal_api", "version", "architecture", "num_threads")
    blas = [{k: lib.get(k) for k in keys} for lib in threadpool_info() if lib.get("user_api") == "blas"]
    packages = {name: package_version(name) for name in PACKAGES}
    return {"quenched": package_version("quenched"), "python": platform.python_version(), "packages": packages, "blas": blas}


def described(value: Any) -> Any:
    """A parameter value as JSON: numbers as they are, arrays by shape and SHA-256 of their little-endian float64 bytes."""
    if isinstance(value, Modes):
        arrays = {name: described(a) for name, a in value.arrays.items()}
        weights = None if value.multiplicity is None else described(value.multiplicity)
        return {"arrays": arrays, "multiplicity": weights, "size": float(value.size) if np.isfinite(value.size) else "inf"}
    if is_dataclass(value) and not isinstance(value, type):
        fields = {k: str(v) if isinstance(v, float) and not np.isfinite(v) else v for k, v in asdict(value).items()}
        return {"type": type(value).__name__, **fields}
    array = np.asarray(value, dtype="<f8")
    if array.ndim == 0:
        return float(array)
    return {"shape": list(array.shape), "sha256": sha256(np.ascontiguousarray(array).tobytes()).hexdigest()}


def manifest(name: str, signature: str, parameters: Mapping[str, Any], **extra: Any) -> dict[str, Any]:
    """The manifest of a result of the theory or declaration with that name and signature.

    ``parameters`` maps public names to values; ``extra`` (seeds, tolerance) is kept as it is and must be JSON.
    """
    return {
        "schema": SCHEMA,
        **environment(),
        "model": name,
        "signature": signature,
        "parameters": {key: described(value) for key, value in parameters.items()},
        **extra,
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
    }
