"""One numeric environment for every test and doctest: one BLAS thread, fixed examples, default precision."""

import os

# Before NumPy is imported anywhere, and inherited by the processes that tests start.
for _name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"):
    os.environ[_name] = "1"
os.environ["MPLBACKEND"] = "Agg"
os.environ["PYTHONWARNINGS"] = "error"

import mpmath
import pytest
from hypothesis import HealthCheck, settings

# The same examples in every run, and no verdict that depends on how busy the machine is.
settings.register_profile(
    "quenched", derandomize=True, deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("quenched")


@pytest.fixture(autouse=True)
def _default_precision():
    """Every test starts from 15 digits, whatever the one before it asked for."""
    mpmath.mp.dps = 15
    mpmath.iv.dps = 15
    yield
    mpmath.mp.dps = 15
    mpmath.iv.dps = 15
