"""Free probability: eigenvalue laws of large matrices in general position, added, multiplied, compressed and transformed.

>>> from theory.symbols import positive
>>> q = positive("q")
>>> law = marchenko_pastur(q) @ marchenko_pastur(q)
>>> law.moments(3), law.S(positive("w"))
([1, 2*q + 1, 5*q**2 + 6*q + 1], (q*w + 1)**(-2))
"""

from theory.free.law import Law
from theory.free.laws import atoms, empirical, marchenko_pastur, projector, semicircle, spectrum

__all__ = ["Law", "atoms", "empirical", "marchenko_pastur", "projector", "semicircle", "spectrum"]
