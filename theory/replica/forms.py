"""Covariances of the fields of samples as sums over sites: each distinct form of the states is one order parameter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import sympy as sp

from theory.declaration.dimensions import Dim
from theory.declaration.ensembles import Gaussian
from theory.declaration.sites import Dot, Functional, Site, sites
from theory.errors import DerivationError
from theory.modes import ModeIndex, ModeValue
from theory.replica.data import at_mode, plain
from theory.replica.populations import Population


@dataclass(frozen=True)
class Bilinear:
    """For each population the form of one site in the states of two replicas."""

    parts: tuple[sp.Poly, ...]


@dataclass(frozen=True)
class Linear:
    """For each population the form of one site in the states."""

    parts: tuple[sp.Poly, ...]


@dataclass(frozen=True)
class Entry:
    """A covariance or mean: factors by the number of a form, besides what no state enters."""

    factors: tuple[tuple[sp.Expr, int], ...]
    rest: sp.Expr


@dataclass
class Registry:
    """The distinct forms of a model."""

    people: tuple[Population, ...]
    bilinear: list[Bilinear] = field(default_factory=list)
    linear: list[Linear] = field(default_factory=list)

    def number(self, parts: Sequence[sp.Expr], two: bool) -> tuple[sp.Expr, int]:
        """The factor and the number of a form, which is new where it is no multiple of a known one."""
        made = []
        for part, people in zip(parts, self.people, strict=True):
            made.append(sp.Poly(part, *people.variables, *(people.copies if two else ())))
        known: list = self.bilinear if two else self.linear
        for number, form in enumerate(known):
            factor = self._ratio(made, form.parts)
            if factor is not None:
                return factor, number
        known.append(Bilinear(tuple(made)) if two else Linear(tuple(made)))
        return sp.S.One, len(known) - 1

    def _ratio(self, new: Sequence[sp.Poly], old: Sequence[sp.Poly]) -> sp.Expr | None:
        factors = set()
        for a, b in zip(new, old, strict=True):
            if a.is_zero and b.is_zero:
                continue
            if a.monoms() != b.monoms():
                return None
            factors |= {sp.cancel(x / y) for x, y in zip(a.coeffs(), b.coeffs(), strict=True)}
        local = {s for p in self.people for s in (p.index, *p.noise)}
        if len(factors) != 1 or next(iter(factors)).free_symbols & local:
            return None
        return factors.pop()


class Covariances:
    """Covariances and means of combinations of the random sites ``every`` of one set of samples."""

    def __init__(self, every: Sequence, over: Dim, along: ModeIndex, people: Sequence[Population], registry: Registry):
        self.every, self.over, self.along, self.people, self.registry = every, over, along, people, registry

    def pair(self, one: Sequence[sp.Expr], two: Sequence[sp.Expr]) -> Entry:
        """The covariance of two combinations."""
        by_gain: dict[sp.Expr, list[sp.Expr]] = {}
        left, right = self._by_matrix(one), self._by_matrix(two)
        for matrix in sorted(set(left) & set(right), key=str):
            how, people = matrix.leaf.how, self._people(matrix)
            columns, lines = how["column_covariance"], how["row_covariance"]
            if matrix.transposed:
                columns, lines = lines, columns
            gain, number = plain(at_mode(lines, self.along)), self.people.index(people)
            inner = people.at_site(left[matrix]) * people.at_site(right[matrix], 1)
            parts = by_gain.setdefault(gain, [sp.S.Zero] * len(self.people))
            parts[number] += sp.expand(plain(how["variance"] * at_mode(columns, people.index) * inner))
        factors, rest = [], self._noise(one, two)
        for gain, parts in by_gain.items():
            parts = [sp.expand(p) for p in parts]
            if not any(self._moving(p, people) for p, people in zip(parts, self.people, strict=True)):
                rest += gain * sum(people.total(p) for p, people in zip(parts, self.people, strict=True))
            else:
                self._check(parts)
                factor, number = self.registry.number(*self._form(parts))
                factors.append((gain * factor, number))
        return Entry(tuple(factors), sp.expand(rest))

    def mean(self, row: Sequence[sp.Expr]) -> Entry:
        """The mean of a combination: what means of matrices and sums over sites put into it."""
        parts = [sp.S.Zero] * len(self.people)
        for matrix, inner in self._by_matrix(row).items():
            if matrix.leaf.how["mean"] != 0:
                people = self._people(matrix)
                parts[self.people.index(people)] += plain(matrix.leaf.how["mean"]) * people.at_site(inner)
        for c, top in zip(row, self.every, strict=True):
            if c != 0 and isinstance(top, Functional):
                people = next((p for p in self.people if p.dim == top.dim), None)
                if people is None:
                    raise DerivationError(f"samples {self.over}: {top} is a sum over no dimension of a state; use a parameter")
                parts[self.people.index(people)] += plain(c) * people.at_site(top.expr)
        parts = [sp.expand(p) for p in parts]
        if not any(self._moving(p, people) for p, people in zip(parts, self.people, strict=True)):
            return Entry((), sum((people.total(p) for p, people in zip(parts, self.people, strict=True)), sp.S.Zero))
        for part, people in zip(parts, self.people, strict=True):
            if not part.is_polynomial(*people.variables) or sp.Poly(part, *people.variables).total_degree() > 1:
                raise DerivationError(f"samples {self.over}: {part} in their energy is not linear in the state; use a penalty")
        return Entry((self.registry.number(parts, False),), sp.S.Zero)

    def _form(self, parts: Sequence[sp.Expr]) -> tuple[Sequence[sp.Expr], bool]:
        two = any(p.free_symbols & set(people.copies) for p, people in zip(parts, self.people, strict=True))
        one = any(p.free_symbols & set(people.variables) for p, people in zip(parts, self.people, strict=True))
        return parts, two and one

    def _moving(self, part: sp.Expr, people: Population) -> bool:
        return bool(part.free_symbols & {*people.variables, *people.copies})

    def _check(self, parts: Sequence[sp.Expr]) -> None:
        for part, people in zip(parts, self.people, strict=True):
            symbols = (*people.variables, *people.copies)
            if not part.is_polynomial(*symbols) or any(max(m) > 1 for m in sp.Poly(part, *symbols).monoms()):
                raise DerivationError(f"overlap {part}: it is not bilinear in the two replicas; only such fields are derived")

    def _noise(self, one: Sequence[sp.Expr], two: Sequence[sp.Expr]) -> sp.Expr:
        total = sp.S.Zero
        for a, b, site in zip(one, two, self.every, strict=True):
            if isinstance(site, Functional) or isinstance(site.node, Dot) or (a == 0 and b == 0):
                continue
            if site.node.kind != "noise":
                raise DerivationError(
                    f"local field over {self.over}: {site} is {site.node.kind}; only Gaussian disorder is averaged"
                )
            total += a * b * plain(at_mode(site.node.how["variance"], self.along))
        return total

    def _by_matrix(self, row: Sequence[sp.Expr]) -> dict[Gaussian, sp.Expr]:
        found: dict[Gaussian, sp.Expr] = {}
        for c, site in zip(row, self.every, strict=True):
            if c != 0 and isinstance(site, Site) and isinstance(site.node, Dot):
                matrix = self._matrix(site)
                found[matrix] = found.get(matrix, 0) + c * site.node.vector.expr
        return found

    def _people(self, matrix: Gaussian) -> Population:
        return next(p for p in self.people if p.dim == matrix.cols)

    def _matrix(self, site: Site) -> Gaussian:
        matrix = site.node.matrix
        if not isinstance(matrix, Gaussian):
            raise DerivationError(f"local field {site}: {matrix} is no Gaussian matrix; a nested one needs the resolvent engine")
        if any(isinstance(s.node, Dot) for s in sites(site.node.vector.expr)):
            raise DerivationError(f"local field {site}: a random matrix inside another one needs the resolvent engine")
        if not any(p.dim == matrix.cols for p in self.people):
            homes = ", ".join(p.dim.name for p in self.people)
            raise DerivationError(f"local field {site}: it sums over {matrix.cols}, not {homes} of the state; transpose the matrix")
        for key in ("symmetry", "fresh", "correlation"):
            if matrix.leaf.how.get(key):
                raise DerivationError(f"matrix {matrix}: {key}={matrix.leaf.how[key]} is not averaged by replicas; leave it out")
        return matrix


def is_local(expression: sp.Expr, people: Population) -> bool:
    """Whether an expression differs from site to site."""
    return bool(expression.free_symbols & {people.index, *people.noise}) or bool(expression.atoms(ModeValue))
