"""Monte Carlo from a declaration, which is all that it reads: the simulation shares no equation with a derived theory."""

from solvers.monte_carlo.designs import Entries, Rows
from solvers.monte_carlo.estimate import Estimate, Measured
from solvers.monte_carlo.simulation import simulate

__all__ = ["simulate", "Estimate", "Measured", "Rows", "Entries"]
