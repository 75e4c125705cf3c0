"""Which algorithm finds the states of a model: those that a declaration may name, each a class with one interface."""

from __future__ import annotations

from typing import Any

from solvers.monte_carlo.algorithm import Algorithm, Drawn
from solvers.monte_carlo.circles import Circles
from solvers.monte_carlo.convex import Convex
from solvers.monte_carlo.coordinates import Coordinates
from solvers.monte_carlo.descents import Descending
from solvers.monte_carlo.dynamics import Dynamics
from solvers.monte_carlo.great_circles import GreatCircles
from solvers.monte_carlo.hamiltonian import Hamiltonian, Langevin
from solvers.monte_carlo.linear_programme import LinearProgramme
from solvers.monte_carlo.margin import Margin
from solvers.monte_carlo.messages.passing import MessagePassing, Spinwise
from solvers.monte_carlo.quadratic_law import QuadraticLaw
from solvers.monte_carlo.slices import Slices
from solvers.monte_carlo.spins import Spins
from theory.declaration.descent import Descent
from theory.declaration.expression import Expression
from theory.declaration.mixtures import Mixture
from theory.declaration.step import Step
from theory.errors import DeclarationError

ALGORITHMS: dict[str, tuple[type[Algorithm], ...]] = {
    "argmin": (QuadraticLaw, Convex),
    "lp": (LinearProgramme,),
    "margin": (Margin,),
    "gibbs": (QuadraticLaw, Coordinates, GreatCircles, Spins, Circles, Slices),
    "metropolis": (Spins,),
    "hmc": (Hamiltonian,),
    "langevin": (Langevin,),
    "amp": (MessagePassing,),
    "tap": (Spinwise,),
}
"""By the name that a declaration gives, ``Energy(..., algorithm=name)``: the first class that takes the model is used."""


def check_law(model: Any) -> type[Algorithm] | type[Dynamics]:
    """The algorithm of a model; DeclarationError where its law is simulated by none."""
    if isinstance(model, Expression):
        return Drawn
    if isinstance(model, Step):
        return Dynamics
    if isinstance(model, Descent):
        return Descending
    if not hasattr(model, "energy"):
        raise DeclarationError(f"{model.name}: law {type(model).__name__} is not simulated; declare an Energy or a Step")
    name = model.algorithm or natural(model)
    if name not in ALGORITHMS:
        known = " or ".join(ALGORITHMS)
        raise DeclarationError(f"{model.name}: algorithm {name!r} is not simulated; declare algorithm={known}")
    *others, last = ALGORITHMS[name]
    for algorithm in others:
        if _takes(algorithm, model):
            return algorithm
    if name == "gibbs" and model.temperature == 0 and model.phase == "SAT":
        raise DeclarationError(
            f"{model.name}: states of zero energy are drawn under steps of affine fields, heaviside(...), for one spherical or "
            "Gaussian state; declare a temperature, or algorithm='amp'"
        )
    if Spins in others and any(leaf.how.get("prior") == "ising" for leaf in model.states):
        last = Spins
    if Coordinates in others and any(isinstance(leaf.how.get("prior"), Mixture) for leaf in model.states):
        last = Coordinates
    last.check(model)
    return last


def natural(model: Any) -> str:
    """The algorithm of a declaration that names none: the minimum at temperature 0, else a draw from the measure."""
    return "argmin" if model.temperature == 0 and model.phase == "UNSAT" else "gibbs"


def _takes(algorithm: type[Algorithm], model: Any) -> bool:
    try:
        algorithm.check(model)
    except DeclarationError:
        return False
    return True
