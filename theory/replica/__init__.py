"""Replica engine: from a declared energy to its saddle point, its observables and its theory."""

from theory.replica.engine import derive

__all__ = ["derive"]
