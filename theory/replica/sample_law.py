"""What one sample sees at the replica-symmetric saddle point: its fields in an effective potential, around Gaussian means."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

import sympy as sp

from theory.errors import DerivationError
from theory.piecewise import Pieces
from theory.replica.cells import cases, depends, indicator
from theory.replica.coupled import alone, coupled
from theory.replica.elimination import multiplied_out
from theory.replica.joint import Samples
from theory.replica.jointly import is_joint, jointly
from theory.replica.one_body import OMEGA, WIDTH
from theory.replica.products import Gaussians, Product, of
from theory.symbols import Internal, beta

Quantity = Callable[["Fields"], Product]


def separate(potential: sp.Expr, symbols: Sequence[sp.Symbol], linked: Callable[[int, int], bool]) -> list[tuple[int, ...]]:
    """Numbers of the symbols, in groups that neither a term of the potential nor a link connects."""
    groups = [{i} for i in range(len(symbols))]
    edges = [{i, j} for i in range(len(symbols)) for j in range(i) if linked(i, j)]
    edges += [{i for i, s in enumerate(symbols) if s in held} for held in _held(potential)]
    for edge in edges:
        touched = [g for g in groups if g & edge]
        if touched:
            groups = [g for g in groups if not g & edge] + [set().union(*touched)]
    return sorted(tuple(sorted(g)) for g in groups)


@lru_cache(maxsize=128)
def _held(potential: sp.Expr) -> list[set[sp.Symbol]]:
    """What each term of a potential depends on."""
    return [t.free_symbols for t in sp.Add.make_args(multiplied_out(potential))]


def part(potential: sp.Expr, group: Sequence[int], symbols: Sequence[sp.Symbol]) -> sp.Expr:
    """The terms of a potential that hold the symbols of a group; constants go to the first group."""
    if len(group) == len(symbols):
        return potential
    own = {symbols[i] for i in group}
    terms = sp.Add.make_args(multiplied_out(potential))
    constant = [t for t in terms if not t.free_symbols & set(symbols)] if 0 in group else []
    return sp.Add(*[t for t in terms if t.free_symbols & own], *constant)


@dataclass(frozen=True)
class Fields:
    """The effective problem of the fields of one sample at given passive fields."""

    potential: sp.Expr
    active: tuple[sp.Symbol, ...]
    omega: tuple[sp.Symbol, ...]
    width: sp.Matrix
    regime: str

    @cached_property
    def groups(self) -> list[tuple[int, ...]]:
        return separate(self.potential, self.active, lambda i, j: self.width[i, j] != 0)

    def _group(self, i: int) -> tuple[int, ...]:
        return next(g for g in self.groups if i in g)

    def _single(self, i: int):
        return _one_body(part(self.potential, (i,), self.active), self.active[i], self.regime)

    def _placed(self, body: Pieces, i: int) -> Product:
        placed = body.subs({WIDTH: self.width[i, i], OMEGA: self.omega[i]})
        return of(Pieces(self.omega[i], placed.edges, placed.bodies))

    def _coupled(self, group: tuple[int, ...]):
        h, omega = [self.active[i] for i in group], [self.omega[i] for i in group]
        inside = self.width.extract(list(group), list(group))
        own = part(self.potential, group, self.active)
        return _coupled_bodies(own, tuple(h), tuple(omega), sp.ImmutableMatrix(inside), self.regime)

    def values(self) -> list[Product]:
        """Terms of the logarithm of the sample's integral (over β at zero temperature)."""
        if not self.active:
            return [Product(-self.potential if self.regime == "UNSAT" else -beta * self.potential)]
        singles = [self._placed(self._single(g[0]).value, g[0]) for g in self.groups if len(g) == 1]
        return singles + [Product(self._coupled(g).value) for g in self.groups if len(g) > 1]

    def slope(self, i: int) -> Product:
        """Its derivative by the mean of field i."""
        group = self._group(i)
        if len(group) == 1:
            return self._placed(self._single(i).slope, i)
        return Product(self._coupled(group).slope[group.index(i)])

    def curvature(self, i: int, j: int) -> Product:
        """Its second derivative by the means of fields i and j."""
        group = self._group(i)
        if j not in group:
            return Product(sp.S.Zero)
        if len(group) == 1:
            return self._placed(self._single(i).curvature, i)
        return Product(self._coupled(group).curvature[group.index(i), group.index(j)])

    def expectation(self, observable: sp.Expr) -> list[Product]:
        """Terms of the thermal expectation of a function of the fields."""
        found = []
        for term in sp.Add.make_args(multiplied_out(observable)):
            product = Product(sp.S.One)
            for group in self.groups:
                own = {self.active[i] for i in group}
                rest, inside = term.as_independent(*own, as_Add=False)
                if inside.free_symbols & own == set():
                    continue
                term = rest
                if inside.free_symbols & (set(self.active) - own):
                    raise DerivationError(f"observable {observable}: {inside} couples fields that fluctuate apart; write products")
                if len(group) == 1:
                    product *= self._placed(self._single(group[0]).expectation(inside), group[0])
                else:
                    product *= Product(self._coupled(group).expectation(inside))
            found.append(product.scaled(term))
        return found


@lru_cache(maxsize=256)
def _one_body(potential: sp.Expr, h: sp.Symbol, regime: str):
    return alone(potential, h, regime)


@lru_cache(maxsize=64)
def _coupled_bodies(potential: sp.Expr, h: tuple, omega: tuple, width: sp.ImmutableMatrix, regime: str):
    return coupled(potential, h, omega, width.as_mutable(), regime)


@dataclass(frozen=True)
class SampleLaw:
    """One sample: the active fields h have means ω over thermal fluctuations of covariance ``width``; ``covariance`` and ``means``
    are those of (ω, u) between samples, u the passive fields."""

    samples: Samples
    width: sp.Matrix
    covariance: sp.Matrix
    means: tuple[sp.Expr, ...]
    regime: str

    @property
    def omega(self) -> tuple[sp.Symbol, ...]:
        count = len(self.samples.active)
        return (OMEGA,) if count == 1 else tuple(Internal(f"omega_{i + 1}", real=True) for i in range(count))

    def average(
        self, quantity: Callable[[Fields, sp.Expr], Product | list[Product]], observable: sp.Expr = sp.S.Zero,
        by: sp.Symbol | None = None,
    ) -> sp.Expr:  # fmt: skip
        """Average over samples of ``quantity(fields, observable)``, for an observable in h and u; where averages are ``joint``,
        also of its derivative by a passive field."""
        symbols = (*self.omega, *self.samples.passive)
        gaussian = Gaussians(
            dict(zip(symbols, self.means, strict=True)),
            {(a, b): self.covariance[i, j] for i, a in enumerate(symbols) for j, b in enumerate(symbols) if i <= j},
            self.omega,
        )
        total = sp.S.Zero
        for weight, edges, potential, seen in self._cases(observable):
            found = quantity(self._fields(potential), seen)
            bounds = {u: indicator(u, *pair) for u, pair in edges.items()}
            held = potential.free_symbols | seen.free_symbols
            # The bounds of a passive field may depend on those behind it.
            passive = self.samples.passive[::-1] if depends(bounds) else self.samples.passive
            outer, inner = [u for u in passive if u in held], [u for u in passive if u not in held]
            inside = Product(weight, tuple(bounds.items()))
            for product in found if isinstance(found, list) else [found]:
                if product.factor == 0:
                    continue
                value = jointly(gaussian, product, weight, edges, self.omega, passive, by) if self.joint else None
                if value is None:
                    value = gaussian.average(product * inside, [*outer, *self.omega, *inner])
                total += value
        return total

    def _fields(self, potential: sp.Expr) -> Fields:
        return Fields(potential, self.samples.active, self.omega, self.width, self.regime)

    @cached_property
    def joint(self) -> bool:
        """Whether averages are :class:`~theory.joint_average.JointAverage`."""
        every = self._cases(sp.S.Zero) if len(self.samples.active) > 1 else []
        found = [is_joint(self._fields(v).groups, v, edges, self.samples.passive) for _, edges, v, _ in every]
        return bool(found) and all(found)

    def _cases(self, observable: sp.Expr) -> Iterator[tuple[sp.Expr, dict, sp.Expr, sp.Expr]]:
        """(weight, edges of the passive fields, potential, observable) of every case; mirror images are counted once."""
        for values, weight in self.samples.classes:
            bodies = sp.Tuple(self.samples.potential, observable).xreplace(dict(values))
            even = weight == 1 and not any(self.means)
            found = cases(bodies, self.samples.active, self.samples.passive, even)
            yield from ((times * weight, edges, *parts) for times, edges, parts in found)

    def expectation(self, observable: sp.Expr) -> sp.Expr:
        """Expectation of a function of the fields at one sample."""
        return self.average(lambda fields, seen: fields.expectation(seen), observable)
