"""Dynamical mean-field theory: from a declared dynamics to the process of one site, and to closed equations where it is linear."""

from theory.dmft.engine import derive

__all__ = ["derive"]
