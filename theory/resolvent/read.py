"""Observables of an expression as traces: of quadratic forms in given vectors and noise, only diagonals of matrices matter.

A vector that is affine in given vectors s and noise e is a sum of U s; then E Σ c u v is a sum of (Uᵀ C V)_kk s_k s'_k over the
modes, and of Tr(Uᵀ C V) times the variance for noise. Given matrices that need not commute are :mod:`theory.resolvent.insertions`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import sympy as sp

from theory.declaration.dimensions import Dim
from theory.declaration.ensembles import Deterministic
from theory.declaration.matrices import Diag, Prod
from theory.declaration.matrix import Mat
from theory.declaration.scalars import Average, Over, QuadraticForm, Trace
from theory.declaration.sites import Dot, Leaf, Site, generic, sites, tops
from theory.declaration.vectors import Vec
from theory.declaration.walks import collect, linear_coefficients, replace_tops
from theory.errors import DerivationError
from theory.replica.data import given
from theory.resolvent.equivalents import Equivalents
from theory.resolvent.insertions import Insertion, chains, diagonal_of, holds_given, traces, weighted
from theory.resolvent.isolated import averaged_form

Weighted = list[tuple[Dim, sp.Expr]]
"""Sums over dimensions of site expressions, in which the symbols of :class:`Reader` stand for diagonals."""


class Reader:
    """Reads observables; ``matrices`` maps the symbol that stands for the diagonal of a matrix, at the generic site, to it."""

    def __init__(self) -> None:
        self.equivalents = Equivalents()
        self.matrices: dict[sp.Symbol, Mat] = {}
        self._known: dict[str, sp.Symbol] = {}

    def diagonal(self, matrix: Mat) -> sp.Expr:
        """The diagonal of a square matrix at the generic site."""
        matrix = self.equivalents.linear(matrix)
        if isinstance(matrix, Diag):
            return matrix.vector.expr
        if matrix.key not in self._known:
            symbol = sp.Dummy(f"d{len(self.matrices)}", real=True)
            self._known[matrix.key], self.matrices[symbol] = symbol, matrix
        return self._known[matrix.key]

    def scalar(self, expression: sp.Expr) -> dict[sp.Expr, Weighted]:
        """What stands for each sum and trace of a scalar observable; DerivationError for what has no such form."""
        found: dict[sp.Expr, Weighted] = {}
        for top in sorted(tops(expression), key=str):
            if isinstance(top, Trace):
                found[top] = self._trace(top.matrix)
            elif isinstance(top, Over):
                found[top] = self._sum(top.dim, top.expr)
            elif isinstance(top, QuadraticForm):
                found[top] = self._form(top)
            else:
                raise DerivationError(f"observable: {top} is no sum or trace; write it with sum_over, mean or Tr")
        return found

    def site(self, vector: Vec) -> sp.Expr:
        """A per-mode observable, at its site; DerivationError for one that is not affine in what is random."""
        total = sp.S.Zero
        for coefficient, vectors in self._terms(vector.expr, vector.dim):
            if len(vectors) > 1:
                raise DerivationError(f"observable {vector}: the square of a random vector at one mode is not the diagonal of a "
                                      f"matrix; observe its sum over {vector.dim}")
            total += coefficient * sp.Mul(*[self._mean(v.expr, vector.dim) for v in vectors])
        return total

    def _trace(self, matrix: Mat, weight: sp.Expr = sp.S.One, vectors: Insertion | None = None) -> Weighted:
        """``weight`` times E Tr of a matrix, behind a column and a row of given data if there are any."""
        found: Weighted = []
        for factors in chains(matrix):
            first = Prod(*factors)
            if vectors is None and not holds_given(first):
                found.append((first.rows, weight * self.diagonal(first)))
            else:
                found += [(d, weighted(e, weight)) for d, e in traces([vectors, *factors] if vectors else factors, self.diagonal)]
        return found

    def _form(self, form: QuadraticForm) -> Weighted:
        """vᵀOv: away from the diagonal of O the means of v multiply, on it O is a spectrum like any other."""
        dim, matrix = form.matrix.rows, form.matrix
        mean, own = self._mean(form.expr, dim), diagonal_of(matrix)
        pairs = Pairs(matrix, mean)
        return [(dim, pairs), (dim, -own * mean**2), *self._sum(dim, own * form.expr**2)]

    def _sum(self, dim: Dim, expression: sp.Expr) -> Weighted:
        """Expectation of a sum of a polynomial of degree two in what is random."""
        expression = collect(Vec(dim, expression)).expr
        found: Weighted = []
        for coefficient, vectors in self._terms(expression, dim):
            if not vectors:
                found.append((dim, coefficient))
            elif len(vectors) == 1:
                found += self._single(dim, coefficient, vectors[0])
            else:
                found += self._pair(dim, coefficient, *vectors)
        return found

    def _mean(self, expression: sp.Expr, dim: Dim) -> sp.Expr:
        """Expectation of an affine expression at the generic site."""
        parts = sources(Vec(dim, expression))
        total = sp.S.Zero
        for source, matrix in parts.items():
            if not isinstance(source, Leaf) and matrix.cols == dim:
                total += source * self.diagonal(matrix)
        return total

    def _single(self, dim: Dim, coefficient: sp.Expr, vector: Vec) -> Weighted:
        """Expectation of a sum over c (A s), with given vectors s; given matrices in A see c and s together."""
        parts = {source: matrix for source, matrix in sources(vector).items() if not isinstance(source, Leaf)}
        through = {source: matrix for source, matrix in parts.items() if holds_given(matrix)}
        if through and coefficient.free_symbols & set(self.matrices):
            raise DerivationError(f"observable over {dim}: an average times a given matrix; observe it apart")
        found = [(dim, coefficient * s * self.diagonal(m)) for s, m in parts.items() if m.cols == dim and s not in through]
        for source, matrix in through.items():
            found += self._trace(matrix, sp.S.One, Insertion(matrix.cols, dim, None, source, coefficient))
        return found

    def _pair(self, dim: Dim, coefficient: sp.Expr, u: Vec, v: Vec) -> Weighted:
        if coefficient.free_symbols & set(self.matrices):
            raise DerivationError(f"observable over {dim}: an average times a product of random vectors; take one of degree 2")
        first, second, found = list(sources(u).items()), list(sources(v).items()), []
        for i, (a, left) in enumerate(first):
            for j, (b, right) in enumerate(second):
                matrix, noisy = left.T @ Diag(dim, coefficient) @ right, isinstance(a, Leaf) or isinstance(b, Leaf)
                apart = left.cols != right.cols and (noisy or not holds_given(matrix))
                if apart or (noisy and a != b) or (u == v and j < i):
                    continue
                times = 2 if u == v and j > i else 1
                if not holds_given(matrix):
                    weight = a.how["variance"] if isinstance(a, Leaf) else a * b
                    found.append((left.cols, times * weight * self._form_of(left, dim, coefficient, right)))
                elif isinstance(a, Leaf):
                    found += self._trace(matrix, times * a.how["variance"])
                else:
                    found += self._trace(matrix, sp.Integer(times), Insertion(right.cols, left.cols, None, b, a))
        return found

    def _form_of(self, left: Mat, dim: Dim, coefficient: sp.Expr, right: Mat) -> sp.Expr:
        """The diagonal of leftᵀ C right; what only one of many samples sees is averaged at once."""
        left, right = self.equivalents.linear(left), self.equivalents.linear(right)
        matrix = averaged_form(left, coefficient, right)
        return self.diagonal(left.T @ Diag(dim, coefficient) @ right if matrix is None else matrix)

    def _terms(self, expression: sp.Expr, dim: Dim) -> list[tuple[sp.Expr, tuple[Vec, ...]]]:
        """A site expression as coefficients times products of at most two random vectors; what factors stays one product."""
        averages = {top: sp.Dummy(real=True) for top in tops(expression) if isinstance(top, Average)}
        values = {averages[top]: self._mean(top.expr, dim) for top in averages}
        random = [s for s in sites(expression) if not given(s)]
        stand_in = {s: sp.Dummy(real=True) for s in random}
        back = {d: s for s, d in stand_in.items()}
        opened = replace_tops(expression, {**stand_in, **averages})
        found = products(opened, back, dim, expression, whole=not averages)
        return [(coefficient.xreplace(values), vectors) for coefficient, vectors in found]


class Pairs(sp.Expr):
    """Σ over l of mean_k O_kl mean_l, at the generic site k."""

    __slots__ = ("matrix",)
    is_commutative = True

    def __new__(cls, matrix: Deterministic, mean: sp.Expr):
        new = sp.Expr.__new__(cls, mean)
        new.matrix = matrix
        return new

    func = property(lambda self: lambda mean: Pairs(self.matrix, mean))

    def _hashable_content(self):
        return (*self.args, self.matrix.key)


def sources(vector: Vec) -> dict[sp.Expr | Leaf, Mat]:
    """A vector as a sum of matrices applied to given vectors (site expressions) and noise (leaves)."""
    found: dict[sp.Expr | Leaf, Mat] = {}

    def add(source: sp.Expr | Leaf, matrix: Mat) -> None:
        found[source] = found[source] + matrix if source in found else matrix

    random = [s for s in sites(vector.expr) if not given(s)]
    slopes, rest = linear_coefficients(vector.expr, random)
    for site, slope in slopes.items():
        front = Diag(vector.dim, slope)
        if isinstance(site.node, Dot):
            for source, matrix in sources(site.node.vector).items():
                add(source, front @ site.node.matrix @ matrix)
        elif site.node.kind == "noise":
            add(site.node, front)
        else:
            raise DerivationError(f"observable: {site} is {site.node.kind}, neither given nor noise; declare it as one of these")
    for outside, source in _given_parts(sp.expand(rest)):
        add(source, Diag(vector.dim, outside))
    return found


def _given_parts(expression: sp.Expr) -> Iterable[tuple[sp.Expr, sp.Expr]]:
    """Terms as (coefficient in spectra and parameters, given vector or 1)."""
    for term in sp.Add.make_args(expression):
        if term == 0:
            continue
        factors = sp.Mul.make_args(term)
        # Square roots of spectra stand for signed data, as in targets of which the powers are given.
        vector = [f for f in factors if any(isinstance(a, Site) for a in generic(f))]
        vector = sp.Mul(*(vector or [f for f in factors if f.is_Pow and not f.exp.is_Integer]))
        yield term / vector, vector


def products(
    opened: sp.Expr, back: Mapping[sp.Symbol, sp.Expr], dim: Dim, expression: sp.Expr, whole: bool = True
) -> list[tuple[sp.Expr, tuple[Vec, ...]]]:
    """Coefficients times products of at most two vectors, of ``expression`` as it is ``opened`` in stand-ins for what is random;
    ``back`` is the way to it. Where ``whole``, what factors stays one product. DerivationError for anything else."""
    if not back:
        return [(opened, ())]
    if not opened.is_polynomial(*back):
        raise DerivationError(f"observable over {dim}: {expression} is no polynomial in what is random; take one of degree 2")
    product = factored(opened, list(back)) if whole else None
    if product is not None:
        number, *linear = product
        return [(number, tuple(Vec(dim, l.xreplace(back)) for l in linear))]
    found = []
    for powers, coefficient in sp.Poly(opened, *back).terms():
        vectors = tuple(Vec(dim, s) for s, p in zip(back.values(), powers, strict=True) for _ in range(p))
        if len(vectors) > 2:
            raise DerivationError(f"observable over {dim}: {expression} has degree {len(vectors)} in what is random; take 2")
        found.append((coefficient, vectors))
    return found


def factored(expression: sp.Expr, symbols: list[sp.Symbol]) -> tuple[sp.Expr, sp.Expr, sp.Expr] | None:
    """``expression = c l m`` with l and m linear in the symbols, as (c, l, m): one quadratic form instead of several."""
    number, factors = sp.factor_list(expression, *symbols)
    moving = [f for f, p in factors if f.free_symbols & set(symbols) for _ in range(p)]
    if len(moving) != 2 or any(sp.Poly(f, *symbols).total_degree() != 1 for f in moving):
        return None
    return sp.Mul(number, *[f**p for f, p in factors if not f.free_symbols & set(symbols)]), *moving
