"""Rational functions whose denominators stay products of irreducible factors: sums and products without greatest common divisors.

Systems solved from their innermost part outwards have few factors in their denominators, which are known when they come up. What
may cancel is then found by trial division, which a value in a finite field excludes first.
"""

from theory.ratios.field import Ratios
from theory.ratios.ratio import Ratio

__all__ = ["Ratio", "Ratios"]
