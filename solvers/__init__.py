"""From theories to numbers: solve, sweep, simulate, check, verify, audit, plot. Names are imported when they are first used."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from solvers.siblings import check_siblings

check_siblings()

_WHERE = {
    "solve": "solvers.sweeps",
    "sweep": "solvers.sweeps",
    "march": "solvers.dynamical.trajectories",
    "largest_exponent": "solvers.dynamical.chaos",
    "steady": "solvers.dynamical.steady",
    "solve_dyson": "solvers.dyson",
    "evaluate": "solvers.precision",
    "optimise": "solvers.optimisation",
    "frontier": "solvers.frontiers",
    "largest_stable_rate": "solvers.sgd.stability",
    "simulate": "solvers.monte_carlo",
    "follow": "solvers.continuation",
    "intersect": "solvers.continuation",
    "trace": "solvers.critical_lines",
    "check": "solvers.agreement",
    "verify": "solvers.claims",
    "audit": "solvers.auditor",
    "plot": "solvers.plots",
    "Curve": "solvers.results",
    "Solution": "solvers.results",
    "Estimate": "solvers.monte_carlo",
    "Rows": "solvers.monte_carlo",
    "Entries": "solvers.monte_carlo",
    "PowerLaw": "solvers.modes.power_law",
    "density": "solvers.spectral.densities",
    "Density": "solvers.spectral.densities",
    "eigenvalue_cloud": "solvers.spectral.clouds",
    "Cloud": "solvers.spectral.clouds",
    "draw_eigenvalues": "solvers.monte_carlo.eigenvalues",
    "NTK": "solvers.kernels",
    "NNGP": "solvers.kernels",
    "GaussianKernel": "solvers.kernels",
    "PolynomialKernel": "solvers.kernels",
    "gegenbauer_spectrum": "solvers.kernels",
    "empirical_modes": "solvers.eigenproblem",
    "from_features": "solvers.features.population",
    "from_covariance": "solvers.features.population",
    "cross_validated": "solvers.features.cross_validation",
    "measured_errors": "solvers.features.cross_validation",
}
_MODULES = ("datasets", "kernels")

__all__ = [*_WHERE, *_MODULES]


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return import_module(f"solvers.{name}")
    if name in _WHERE:
        return getattr(import_module(_WHERE[name]), name)
    from theory.errors import did_you_mean

    raise AttributeError(f"module 'solvers' has no attribute {name!r}; {did_you_mean(name, __all__)}")


def __dir__() -> list[str]:
    return sorted(__all__)
