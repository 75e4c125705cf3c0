"""Sites of a glass: spins, and Gaussian or spherical sites, whose integral is an algebra of the overlaps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

import sympy as sp

from theory.errors import DerivationError
from theory.replica.breaking import Breaking
from theory.replica.couplings import Glass
from theory.replica.fields import W
from theory.replica.forms import is_local
from theory.replica.gaussian import quadratic
from theory.replica.hierarchy import Hierarchical, per_replica
from theory.replica.ising_sites import IsingSites
from theory.replica.real_sites import RealSites
from theory.replica.tree_sites import TreeSites
from theory.replica.zero_temperature import per_beta
from theory.small_matrices import inverse
from theory.symbols import beta
from theory.symbols import replicas as n

Closed = Callable[[sp.Expr], sp.Expr]


@dataclass(frozen=True)
class GaussianSites:
    """Real states of fixed norm, or with a standard Gaussian prior, in a quadratic penalty; the conjugates are integrated over.

    Sums are those of the state with vectors, of a teacher or of ones: the overlaps of replicas contain the squares of what the
    states have along these vectors, whose Gram matrix is ``gram``.
    """

    glass: Glass
    order: Breaking
    penalty: sp.Expr
    fields: dict[sp.Symbol, sp.Symbol]
    closed: Closed = sp.sympify

    @cached_property
    def directions(self) -> list[sp.Expr]:
        """Entries at a site of the vectors whose products with the state are the sums."""
        found = []
        for total, function in self.glass.sums.items():
            square, slope, constant = quadratic(function, W, f"sum {total}")
            if square != 0 or constant != 0:
                prior = self.glass.prior or "free"
                raise DerivationError(f"sum of {function}: with a {prior} state only sums linear in it are derived")
            found.append(slope)
        return found

    @cached_property
    def gram(self) -> sp.Matrix:
        count = len(self.directions)
        return sp.Matrix(count, count, lambda i, j: self.glass.per_site(sp.expand(self.directions[i] * self.directions[j])))

    @cached_property
    def along(self) -> sp.Matrix:
        """Coefficients of the vectors in the mean state."""
        return inverse(self.gram) * sp.Matrix(list(self.glass.sums)) if self.directions else sp.Matrix(0, 1, [])

    @property
    def _shared(self) -> sp.Expr:
        """Overlap of the mean state with itself."""
        return sp.Add(*[total * a for total, a in zip(self.glass.sums, self.along, strict=True)])

    def coefficients(self) -> tuple[sp.Expr, sp.Expr]:
        """Those of W**2 and 1 in the penalty."""
        square, _, constant = quadratic(self.penalty, W, f"penalty of {self.glass.state.name}")
        if is_local(square, self.glass.people):
            raise DerivationError(f"penalty {self.penalty}: {square} makes sites differ; with broken replicas only sums may")
        return square, self.glass.per_site(constant)

    def matrix(self) -> Hierarchical:
        """Overlaps around the mean state."""
        overlap = self.order.overlap
        return overlap + overlap.scaled_ones(-self._shared) if self.directions else overlap

    def value(self) -> sp.Expr:
        square, constant = self.coefficients()
        measure = -(self.order.norm + sp.log(2 * sp.pi)) / 2 if self.glass.prior == "gaussian" else sp.S.Zero
        entropy = (per_replica(self.matrix().log_det()) + 1 + sp.log(2 * sp.pi)) / 2
        energy = square * self.order.norm + constant + sp.Add(*[total * field for total, field in self.fields.items()])
        value = entropy + measure - beta * energy
        return self.closed(self.glass.size * (per_beta(value) if self.order.cold else value))

    def derivative(self, symbol: sp.Symbol) -> sp.Expr:
        open_ = replace(self, closed=sp.sympify)
        return self.closed(sp.diff(open_.value(), symbol))

    def overlaps(self) -> list[sp.Expr]:
        """The overlap is the inverse of minus the conjugate off the diagonal: increments of one over those of the other are
        products of eigenvalues."""
        own, inverse = self.matrix().coefficients, self.matrix().inverse().coefficients
        conjugates = self.order.spreads(self.order.conjugates)
        found: list[sp.Expr] = []
        for j in range(len(own) - 1, 0, -1):
            ratio = sp.factor(-own[j] / inverse[j]).xreplace({n: sp.S.Zero})
            step = conjugates[j - 1] * (per_beta(beta**2 * ratio, 0) if self.order.cold else beta**2 * ratio)
            found.append((found[-1] if found else self._shared) + step)
        return [self.closed(e) for e in found]

    def free_width(self, slope: sp.Expr) -> sp.Expr:
        """The width, from the slope in the innermost overlap of all that is not the sites, per site, the norm moving with it.

        A free norm makes it the inverse of a stiffness. A fixed one at temperature zero is reached by it: overlaps are of degree
        two in the width and what blocks add to it.
        """
        if self.glass.prior == "spherical":
            return self.closed(self.order.free_width / sp.sqrt(self.overlaps()[-1]))
        square, _ = self.coefficients()
        block = self.order.blocks[-1] if self.order.count else sp.S.Zero
        prior = 1 if self.glass.prior == "gaussian" else 0
        unit = self.order.unit
        return self.closed(1 / (prior + 2 * unit * square + unit**2 * block * self.order.conjugates[-1] - 2 * slope))

    def expectation(self, function: sp.Expr) -> sp.Expr:
        """Expectation of a polynomial of degree two in the state, with random vectors and data at the site."""
        square, slope, constant = quadratic(function, W, "observable of a site")
        mean = sp.Add(*[a * t for a, t in zip(self.along, self.directions, strict=True)])
        second = self.order.overlaps[-1] if self.order.cold else self.order.norm
        if is_local(square, self.glass.people):
            second += mean**2 - self._shared
        return self.closed(self.glass.per_site(sp.expand(square * second + slope * mean + constant)))

    def bending(self) -> sp.Expr:
        value = beta**2 * self.order.width**2
        return self.closed(per_beta(value, 0) if self.order.cold else value)

    def means(self, fields: dict[sp.Symbol, sp.Symbol]) -> dict[sp.Symbol, sp.Expr]:
        """The sums from stationarity in them, at given fields: these pull the mean state along their vectors."""
        if not self.directions:
            return {}
        response = beta * self.matrix().eigenvalues()[-1].xreplace({n: sp.S.Zero})
        response = per_beta(response, 0) if self.order.cold else response
        pulled = -response * self.gram * sp.Matrix(list(self.fields.values()))
        return dict(zip(self.glass.sums, map(self.closed, pulled), strict=True))


def sites_of(
    glass: Glass, order: Breaking, fields: dict[sp.Symbol, sp.Symbol], closed: Closed = sp.sympify
) -> TreeSites | GaussianSites:
    """The sites with the fields of collective variables in their penalty; DerivationError for other priors."""
    penalty = glass.penalty + sp.Add(*[field * glass.sums[total] for total, field in fields.items()])
    if glass.prior == "ising":
        return IsingSites(glass, order, penalty, closed)
    if glass.prior not in ("spherical", None if order.cold or W in glass.penalty.free_symbols else "gaussian", "gaussian"):
        what = f"state {glass.state.name}: with couplings or broken replicas it needs a prior"
        raise DerivationError(f"{what}, ising, spherical or gaussian, or a penalty; declare one")
    if order.cold and glass.prior == "gaussian":
        what = f"prior {glass.prior!r} of {glass.state.name}: at temperature 0 the energy outweighs it; declare a temperature"
        raise DerivationError(f"{what}, or no prior and a penalty")
    if glass.prior != "spherical" and glass.couplings:
        raise DerivationError(
            f"state {glass.state.name}: couplings {glass.couplings[0].leaf.name} of states of any norm fall without bound; "
            "give it the spherical prior"
        )
    if glass.prior == "spherical" or _is_gaussian(penalty, glass):
        return GaussianSites(glass, order, glass.penalty, fields, closed)
    return RealSites(glass, order, penalty, closed)


def _is_gaussian(penalty: sp.Expr, glass: Glass) -> bool:
    """Whether states are Gaussian at given fields, all with the same variance."""
    if not penalty.is_polynomial(W) or sp.degree(penalty, W) > 2:
        return False
    linear_sums = all(sp.expand(f - f.coeff(W, 1) * W) == 0 for f in map(sp.expand, glass.sums.values()))
    return linear_sums and not is_local(sp.expand(penalty).coeff(W, 2), glass.people)
