"""Descent engine: losses of (stochastic) gradient descent of a quadratic energy in time, from resolvents of its Hessian."""

from theory.descent.engine import derive

__all__ = ["derive"]
