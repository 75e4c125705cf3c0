"""Observables of expressions in which nothing commutes, as traces Tr(E A E B ...) and bilinear forms uᵀ E A ... v of means.

A vector that is affine in given vectors and noise is a sum of U s over them; two such vectors share the mean of Uᵀ C V, averages
have one mean each.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import sympy as sp

from theory.declaration.dimensions import Dim
from theory.declaration.learning import Outer
from theory.declaration.matrices import Diag, Prod
from theory.declaration.matrix import Mat
from theory.declaration.scalars import Average, Over, QuadraticForm, Trace
from theory.declaration.sites import Leaf, sites, tops
from theory.declaration.vectors import Vec
from theory.declaration.walks import collect, leaves, linear_coefficients, replace_tops
from theory.errors import DerivationError
from theory.replica.data import given
from theory.resolvent.equivalents import Equivalents
from theory.resolvent.matrix_traces import trace_of
from theory.resolvent.read import products, sources

Vectors = tuple[Vec, bool]
"""A vector, and whether its average is meant."""


@dataclass(frozen=True)
class Request:
    """``number`` times Tr(E M₁ E M₂ ...), or leftᵀ E M₁ E M₂ ... right with ``sides`` (left, right)."""

    number: sp.Expr
    matrices: tuple[Mat, ...]
    sides: tuple[Vec, Vec] | None = None

    def value(self, means: Mapping[str, Mat | None]) -> sp.Expr:
        """The trace, given the mean of each matrix that is random, None for one that vanishes."""
        factors = [means.get(m.key, m) for m in self.matrices]
        if any(f is None for f in factors):
            return sp.S.Zero
        matrix = Prod(*factors)
        if self.sides is not None:
            left, right = self.sides
            matrix = Prod(matrix, Outer(right, left))
        return trace_of(Prod(Diag(matrix.rows, self.number), matrix))


class MeanReader:
    """Reads observables; ``requests`` says what each of its symbols stands for, ``matrices`` are those whose means these need."""

    def __init__(self) -> None:
        self.equivalents = Equivalents()
        self.requests: dict[sp.Symbol, Request] = {}
        self._matrices: dict[str, Mat] = {}

    @property
    def matrices(self) -> list[Mat]:
        return list(self._matrices.values())

    def scalar(self, name: str, observable) -> sp.Expr:
        """A scalar observable in symbols of ``requests``; DerivationError for what has no such form."""
        if not isinstance(observable, sp.Expr):
            raise DerivationError(f"observable {name}: a number for each mode; with given matrices that do not commute, reduce it "
                                  "to one with sum_over")
        rule = {}
        for top in sorted(tops(observable), key=str):
            if isinstance(top, Trace):
                rule[top] = self._asked(sp.S.One, [top.matrix])
            elif isinstance(top, Over):
                rule[top] = self._sum(top.dim, top.expr)
            elif isinstance(top, QuadraticForm):
                rule[top] = self._quadratic(Vec(top.matrix.cols, top.expr), top.matrix)
            else:
                raise DerivationError(f"observable {name}: {top} is no sum or trace; write it with sum_over, mean or Tr")
        return replace_tops(observable, rule)

    def _asked(self, number: sp.Expr, matrices: list[Mat], sides: tuple[Vec, Vec] | None = None) -> sp.Symbol:
        found = []
        for matrix in map(self.equivalents.linear, matrices):
            if any(leaf.kind == "gaussian" for leaf in leaves(matrix)):
                self._matrices.setdefault(matrix.key, matrix)
            found.append(matrix)
        symbol = sp.Dummy(f"m{len(self.requests)}", real=True)
        self.requests[symbol] = Request(number, tuple(found), sides)
        return symbol

    def _quadratic(self, vector: Vec, matrix: Mat) -> sp.Expr:
        """E vᵀ O v."""
        return sp.Add(*[self._pair(u, matrix, v) for u in _parts(vector) for v in _parts(vector)])

    def _sum(self, dim: Dim, expression: sp.Expr) -> sp.Expr:
        """Expectation of a sum of a polynomial of degree two in what is random."""
        total = sp.S.Zero
        for coefficient, vectors in self._terms(collect(Vec(dim, expression)).expr, dim):
            weight = Diag(dim, coefficient)
            if not vectors:
                total += self._asked(sp.S.One, [weight])
            elif len(vectors) == 1:
                ones = (Vec(dim, 1), True)
                total += sp.Add(*[self._pair(ones, weight, v) for v in _parts(vectors[0])])
            else:
                total += sp.Add(*[self._pair(u, weight, v) for u in _parts(vectors[0]) for v in _parts(vectors[1])])
        return total

    def _pair(self, first: Vectors, middle: Mat, second: Vectors) -> sp.Expr:
        """E uᵀ C v, or with one mean for each factor where one of them is an average."""
        (u, apart), (v, apart_too) = first, second
        total = sp.S.Zero
        for a, left in sources(u).items():
            for b, right in sources(v).items():
                noisy = isinstance(a, Leaf) or isinstance(b, Leaf)
                if noisy and (apart or apart_too or a != b):
                    continue
                matrices = [left.T, middle, right] if apart or apart_too else [Prod(left.T, middle, right)]
                if noisy:
                    total += self._asked(a.how["variance"], matrices)
                else:
                    total += self._asked(sp.S.One, matrices, (Vec(left.cols, a), Vec(right.cols, b)))
        return total

    def _terms(self, expression: sp.Expr, dim: Dim) -> list[tuple[sp.Expr, tuple[Vec, ...]]]:
        """A site expression as coefficients times products of at most two vectors; what factors stays one product."""
        random = [t for t in sorted(tops(expression), key=str) if isinstance(t, Average) or not given(t)]
        stand_in = {t: sp.Dummy(real=True) for t in random}
        back = {d: t for t, d in stand_in.items()}
        return products(replace_tops(expression, stand_in), back, dim, expression)


def _parts(vector: Vec) -> list[Vectors]:
    """What is random in an affine vector, with what is given, and the averages in it; what is given goes with these alone."""
    averages = sorted((t for t in tops(vector.expr) if isinstance(t, Average)), key=str)
    if not averages:
        return [(vector, False)]
    slopes, rest = linear_coefficients(vector.expr, averages)
    mean = sp.Add(*[c * top.expr for top, c in slopes.items()])
    if all(map(given, sites(rest))):
        return [(Vec(vector.dim, mean + rest), True)]
    return [(Vec(vector.dim, mean), True), (Vec(vector.dim, rest), False)]
