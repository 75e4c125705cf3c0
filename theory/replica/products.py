"""Products of piecewise functions of several Gaussian variables, and their averages, one variable after the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import sympy as sp

from theory.errors import DerivationError
from theory.piecewise import Pieces
from theory.special import Spread

DEEPEST = 4
"""Numbers of nested integrals that a solver can do."""


@dataclass(frozen=True)
class Product:
    """``factor`` times one piecewise function of each variable in ``parts``."""

    factor: sp.Expr
    parts: tuple[tuple[sp.Symbol, Pieces], ...] = ()

    def __mul__(self, other: Product) -> Product:
        merged = dict(self.parts)
        for x, new in other.parts:
            merged[x] = new if x not in merged else _joint(merged[x], new)
        return Product(self.factor * other.factor, tuple(merged.items()))

    def scaled(self, factor: sp.Expr) -> Product:
        return Product(self.factor * factor, self.parts)

    def subs(self, rule: Mapping[sp.Symbol, sp.Expr]) -> Product:
        """A substitution that leaves the variables of the parts alone."""
        return Product(self.factor.xreplace(rule), tuple((x, cut.subs(rule)) for x, cut in self.parts)) if rule else self

    @property
    def free_symbols(self) -> set[sp.Symbol]:
        found = set(self.factor.free_symbols)
        for x, pieces in self.parts:
            found.add(x)
            found = found.union(*(e.free_symbols for e in (*pieces.bodies, *pieces.edges)))
        return found


def of(pieces: Pieces) -> Product:
    """A single factor; a constant one has no variable."""
    if len(pieces.bodies) == 1 and pieces.variable not in pieces.bodies[0].free_symbols:
        return Product(pieces.bodies[0])
    return Product(sp.S.One, ((pieces.variable, pieces),))


def _joint(one: Pieces, two: Pieces) -> Pieces:
    """The product of functions of the same variable, which have the same edges or none."""
    if len(one.bodies) == 1 or len(two.bodies) == 1:
        cut, other = (two, one) if len(one.bodies) == 1 else (one, two)
        return cut.map(lambda e: e * other.bodies[0])
    if one.edges != two.edges:
        raise DerivationError(f"observable: pieces with edges {one.edges} and {two.edges} in one product; observe them apart")
    return Pieces(one.variable, one.edges, tuple(a * b for a, b in zip(one.bodies, two.bodies, strict=True)))


@dataclass(frozen=True)
class Gaussians:
    """Jointly Gaussian variables: means and covariances (missing ones are zero)."""

    means: Mapping[sp.Symbol, sp.Expr]
    covariance: Mapping[tuple[sp.Symbol, sp.Symbol], sp.Expr]
    dependent: tuple[sp.Symbol, ...] = ()
    """Variables that may be linearly dependent."""
    short: bool = False
    """Whether covariances are so short that what is left of a variance is factored: it may be far smaller than the whole."""

    def between(self, a: sp.Symbol, b: sp.Symbol) -> sp.Expr:
        return self.covariance.get((a, b), self.covariance.get((b, a), sp.S.Zero))

    def chain(self, order: Sequence[sp.Symbol]) -> list[tuple[sp.Symbol, sp.Expr, sp.Expr]]:
        """Each variable with its mean, given those before it, and its deviation."""
        left = {(a, b): self.between(a, b) for a in order for b in order}
        means = {x: self.means.get(x, sp.S.Zero) for x in order}
        found = []
        for i, x in enumerate(order):
            variance = sp.factor(left[x, x]) if self.short else left[x, x]
            deviation = Spread(variance, self.between(x, x)) if i and x in self.dependent else sp.sqrt(variance)
            found.append((x, means[x], deviation))
            later = order[i + 1 :]
            for a in later:
                if left[x, a] != 0:
                    means[a] = means[a] + left[x, a] / variance * (x - found[i][1])
            gains = {a: left[x, a] for a in later}
            for a in later:
                for b in later:
                    if gains[a] != 0 and gains[b] != 0:
                        left[a, b] = left[a, b] - gains[a] * gains[b] / variance
        return found

    def moment(self, polynomial: sp.Poly) -> sp.Expr:
        """Average of a polynomial, by pairs."""
        variables, total = polynomial.gens, sp.S.Zero

        def pairs(order: list[int]) -> sp.Expr:
            if not order:
                return sp.S.One
            (first, *rest), value = order, sp.S.Zero
            value = self.means.get(variables[first], sp.S.Zero) * pairs(rest)
            for k, other in enumerate(rest):
                value += self.between(variables[first], variables[other]) * pairs(rest[:k] + rest[k + 1 :])
            return value

        for powers, c in polynomial.terms():
            total += c * pairs([i for i, p in enumerate(powers) for _ in range(p)])
        return total

    def average(self, product: Product, order: Sequence[sp.Symbol]) -> sp.Expr:
        """Average of a product over the variables in ``order``, outermost first; those that it does not hold are left out."""
        held = product.free_symbols
        order = [x for x in order if x in held]
        if not order and not product.parts:
            return product.factor
        if not product.parts and product.factor.is_polynomial(*order):
            return self.moment(sp.Poly(product.factor, *order))
        value = nested(self.chain(order), dict(product.parts), product.factor)
        if depth(value) > DEEPEST:
            raise DerivationError(
                f"energy: averages over {', '.join(map(str, order))} need {depth(value)} nested integrals, {DEEPEST} are done; "
                "let it act through fewer fields that are coupled"
            )
        return value


def nested(chain: list[tuple[sp.Symbol, sp.Expr, sp.Expr]], parts: Mapping[sp.Symbol, Pieces], factor: sp.Expr) -> sp.Expr:
    """Average of a product over a chain of variables, the outermost first."""
    if not chain:
        return factor
    (x, mean, deviation), rest = chain[0], chain[1:]
    inner = nested(rest, parts, factor)
    pieces = parts.get(x, Pieces(x, (-sp.oo, sp.oo), (sp.S.One,)))
    return pieces.average(mean, deviation, lambda z: inner.xreplace({x: mean + deviation * z}))


def depth(expression: sp.Expr) -> int:
    """How many integrals nest in an expression."""
    from theory.averages import ModeSum, outermost

    return max(((not isinstance(a, ModeSum)) + depth(a.body) for a in outermost(expression)), default=0)
