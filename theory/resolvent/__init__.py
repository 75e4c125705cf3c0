"""Resolvent engine: from an expression in random matrices to its Dyson equation, its effective ridges and its theory."""

from theory.resolvent.engine import derive

__all__ = ["derive"]
