"""Moments of stochastic recursions over modes, closed by Wick's theorem."""

from theory.moments.wick import Factor, Term, averaged, product

__all__ = ["Factor", "Term", "averaged", "product"]
