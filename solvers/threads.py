"""One BLAS thread for a while: threads on small systems take longer to start than the work that they share."""

from __future__ import annotations

from contextlib import AbstractContextManager
from functools import cache
from typing import Any


def single_thread() -> AbstractContextManager[Any]:
    """A context in which the BLAS libraries of NumPy and SciPy use one thread each."""
    return _libraries().limit(limits=1)


@cache
def _libraries() -> Any:
    """The libraries that are loaded; to look for them takes longer than many a solution."""
    import scipy.linalg  # noqa: F401  (its BLAS is to be seen)
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()
