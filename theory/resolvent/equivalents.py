"""Gaussian equivalents of nonlinear features: φ(A) acts as μ₁ A + μ* Θ with Θ white and independent of A.

A is a product of independent Gaussian matrices, so that its entries are Gaussian with a variance q that the declaration fixes;
μ₁ = <φ'(√q z)> and μ*² = <φ²> − <φ>² − q μ₁². It holds for the spectra, and for errors, of features in high dimension. A mean of
the features would be a spike of rank one: they are centred.
"""

from __future__ import annotations

import sympy as sp

from theory.declaration.dimensions import Dim
from theory.declaration.ensembles import Gaussian
from theory.declaration.mapped import ENTRY, Mapped
from theory.declaration.matrices import Diag, Prod
from theory.declaration.matrix import Mat
from theory.declaration.sites import Leaf, varies
from theory.errors import DerivationError
from theory.piecewise import pieces
from theory.replica.data import plain
from theory.resolvent.dyson import traced
from theory.special import H


class Equivalents:
    """Replaces nonlinear features; ``meaning`` gives the symbols μ₁ and μ* of each activation in parameters, in order."""

    def __init__(self) -> None:
        self.meaning: dict[sp.Symbol, sp.Expr] = {}
        self._strengths: dict[tuple[sp.Expr, sp.Expr], tuple[sp.Expr, sp.Expr]] = {}
        self._noise: dict[str, tuple[Mapped, Gaussian]] = {}

    def linear(self, matrix: Mat) -> Mat:
        """The matrix with Gaussian equivalents in the place of the functions of entries in it."""
        if isinstance(matrix, Mapped):
            return self._equivalent(matrix)
        if not matrix.args or not any(isinstance(a, Mat) for a in matrix.args):
            return matrix
        return type(matrix)(*[self.linear(a) for a in matrix.args])

    def _equivalent(self, features: Mapped) -> Mat:
        first, second = features.matrix.key, features.matrix.T.key
        if second < first:
            return self._equivalent(features.T).T
        known, noise = self._noise.setdefault(first, (features, self._noise_of(features)))
        if known.key != features.key:
            raise DerivationError(f"features {features} and {known}: two functions of one matrix have correlated remainders, which "
                                  "are not derived; use one function")
        slope, rest = self._strength(features.body, variance(features.matrix, features), features)
        return slope * self.linear(features.matrix) + rest * noise

    def _noise_of(self, features: Mapped) -> Gaussian:
        name = f"Theta*{len(self._noise) + 1}" if self._noise else "Theta*"
        one = sp.S.One
        how = {"variance": one, "mean": sp.S.Zero, "row_covariance": one, "column_covariance": one}
        return Gaussian._of(Leaf("gaussian", name, (features.rows, features.cols), **how), False)

    def _strength(self, body: sp.Expr, q: sp.Expr, features: Mapped) -> tuple[sp.Expr, sp.Expr]:
        if (body, q) not in self._strengths:
            mean, slope, square = hermite(body, q)
            if mean != 0 and features.centred != sp.true:
                raise DerivationError(f"features {features}: their entries have the mean {mean}, a spike of rank one; centre them "
                                      "with centred(...)")
            label = f"_{len(self._strengths) + 1}" if self._strengths else ""
            found = []
            for name, value in (("mu_1", slope), ("mu_star", sp.sqrt(square - mean**2 - q * slope**2))):
                symbol = sp.Symbol(f"{name}{label}", positive=True)
                if value != 0:
                    self.meaning[symbol] = value
                found.append(symbol if value != 0 else sp.S.Zero)
            self._strengths[body, q] = found[0], found[1]
        return self._strengths[body, q]


def hermite(body: sp.Expr, q: sp.Expr) -> tuple[sp.Expr, sp.Expr, sp.Expr]:
    """<φ>, <φ'> = <z φ>/√q and <φ²> of a function φ(√q z); zero where the function is odd or even."""
    cut, deviation = pieces(body, ENTRY), sp.Symbol("deviation", positive=True)
    mirrored = body.xreplace({ENTRY: -ENTRY})
    odd, even = mirrored == -body, mirrored == body
    values = []
    for vanishes, weight, power in ((odd, lambda z: sp.S.One, 1), (even, lambda z: z, 1), (False, lambda z: sp.S.One, 2)):
        averaged = sp.S.Zero if vanishes else cut.map(lambda e, power=power: e**power).average(sp.S.Zero, deviation, weight)
        values.append(averaged.replace(H, lambda x: sp.Rational(1, 2) if x == 0 else H(x)))
    mean, first, square = values
    return tuple(v.xreplace({deviation: sp.sqrt(q)}) for v in (mean, first / deviation, square))


def variance(matrix: Mat, features: Mapped) -> sp.Expr:
    """Variance of the entries of a product of Gaussian matrices; DerivationError where they are not Gaussian with one variance."""
    factors = list(matrix.args) if isinstance(matrix, Prod) else [matrix]
    total, profile, dim, seen = sp.S.One, sp.S.One, matrix.rows, set()
    for factor in factors:
        if isinstance(factor, Diag):
            profile *= factor.vector.expr**2
            continue
        across, scale, along, name = _profiles(factor, features)
        if name in seen:
            raise DerivationError(f"features {features}: {factor} stands in them twice, and their entries are not Gaussian")
        seen.add(name)
        total *= scale * _summed(dim, profile * across, factor is factors[0] or not seen - {name}, features)
        profile, dim = along, factor.cols
    if varies(profile) or not seen:
        raise DerivationError(f"features {features}: the variance of their entries differs between columns; take it equal")
    return sp.factor(plain(total * profile))


def _summed(dim: Dim, profile: sp.Expr, first: bool, features: Mapped) -> sp.Expr:
    if not first:
        return traced(dim, profile)
    if varies(profile):
        raise DerivationError(f"features {features}: the variance of their entries differs between rows; take it equal")
    return profile


def _profiles(factor: Mat, features: Mapped) -> tuple[sp.Expr, sp.Expr, sp.Expr, str]:
    """Row profile, scale and column profile of the second moments of a factor, and what it is a draw of."""
    if isinstance(factor, Mapped):
        mean, _, square = hermite(factor.body, variance(factor.matrix, factor))
        return sp.S.One, square - mean**2, sp.S.One, min(factor.key, factor.T.key)
    if isinstance(factor, Gaussian) and factor.leaf.how["mean"] == 0 and "symmetry" not in factor.leaf.how:
        how = factor.leaf.how
        sides = (how["row_covariance"], how["column_covariance"])
        across, along = reversed(sides) if factor.transposed else sides
        return across, how["variance"], along, factor.leaf.name
    raise DerivationError(f"features {features}: {factor} in them is no Gaussian matrix with mean 0; write a product of such")
