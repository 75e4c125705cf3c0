"""Hierarchical (Parisi) matrices between n replicas, exact in symbolic n: replica symmetry is the case without breaking.

A matrix is Σ_j c_j E_j, where E_j is the block matrix of ones with blocks of size m_j, 1 = m_0 < m_1 < ... < m_{k+1} = n. They
commute, so that products, inverses and determinants are elementwise on the eigenvalues λ_j = Σ_{i≤j} c_i m_i, of multiplicity
n/m_j − n/m_{j+1} (the last one: 1).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import sympy as sp

from theory.symbols import replicas as n


class Hierarchical:
    """A hierarchical matrix: ``coefficients`` c_0 ... c_{k+1} and ``blocks`` m_1 ... m_k (empty for replica symmetry)."""

    def __init__(self, coefficients: Sequence[sp.Expr], blocks: Sequence[sp.Expr] = ()):
        if len(coefficients) != len(blocks) + 2:
            raise ValueError(f"hierarchy: {len(coefficients)} coefficients for {len(blocks)} block sizes; give {len(blocks) + 2}")
        self.coefficients = tuple(sp.sympify(c) for c in coefficients)
        self.blocks = tuple(sp.sympify(m) for m in blocks)

    @property
    def sizes(self) -> tuple[sp.Expr, ...]:
        """m_0 = 1, m_1, ..., m_{k+1} = n."""
        return (sp.S.One, *self.blocks, n)

    @classmethod
    def from_entries(cls, entries: Sequence[sp.Expr], blocks: Sequence[sp.Expr] = ()) -> Hierarchical:
        """From the diagonal entry and the overlaps, innermost first."""
        padded = [*entries, sp.S.Zero]
        return cls([padded[j] - padded[j + 1] for j in range(len(entries))], blocks)

    @classmethod
    def from_eigenvalues(cls, eigenvalues: Sequence[sp.Expr], blocks: Sequence[sp.Expr] = ()) -> Hierarchical:
        """From the eigenvalues, innermost first."""
        sizes = (sp.S.One, *blocks, n)
        steps = [(eigenvalues[j] - eigenvalues[j - 1]) / sizes[j] for j in range(1, len(eigenvalues))]
        return cls([eigenvalues[0], *steps], blocks)

    def scaled_identity(self, factor: sp.Expr) -> Hierarchical:
        """``factor`` times the identity, with the same blocks."""
        return Hierarchical([factor, *[0] * (len(self.coefficients) - 1)], self.blocks)

    def scaled_ones(self, factor: sp.Expr) -> Hierarchical:
        """``factor`` in every entry, with the same blocks."""
        return Hierarchical([*[0] * (len(self.coefficients) - 1), factor], self.blocks)

    def entries(self) -> tuple[sp.Expr, ...]:
        """The diagonal entry, then the overlaps, innermost first."""
        return tuple(sp.Add(*self.coefficients[j:]) for j in range(len(self.coefficients)))

    def eigenvalues(self) -> tuple[sp.Expr, ...]:
        """Eigenvalues, innermost first; the last belongs to the vector of ones."""
        values, total = [], sp.S.Zero
        for coefficient, size in zip(self.coefficients, self.sizes, strict=True):
            total += coefficient * size
            values.append(total)
        return tuple(values)

    def multiplicities(self) -> tuple[sp.Expr, ...]:
        """Multiplicities of the eigenvalues; they add up to n."""
        sizes = self.sizes
        return (*(n / sizes[j] - n / sizes[j + 1] for j in range(len(sizes) - 1)), sp.S.One)

    def apply(self, function: Callable[[sp.Expr], sp.Expr]) -> Hierarchical:
        """Matrix function."""
        return Hierarchical.from_eigenvalues([function(value) for value in self.eigenvalues()], self.blocks)

    def hadamard(self, function: Callable[[sp.Expr], sp.Expr]) -> Hierarchical:
        """Function of each entry."""
        return Hierarchical.from_entries([function(entry) for entry in self.entries()], self.blocks)

    def __add__(self, other: Hierarchical) -> Hierarchical:
        pairs = zip(self.coefficients, other.coefficients, strict=True)
        return Hierarchical([a + b for a, b in pairs], self.blocks)

    def __mul__(self, scalar: sp.Expr) -> Hierarchical:
        return Hierarchical([scalar * c for c in self.coefficients], self.blocks)

    __rmul__ = __mul__

    def __matmul__(self, other: Hierarchical) -> Hierarchical:
        pairs = zip(self.eigenvalues(), other.eigenvalues(), strict=True)
        return Hierarchical.from_eigenvalues([a * b for a, b in pairs], self.blocks)

    def inverse(self) -> Hierarchical:
        """Matrix inverse."""
        return self.apply(lambda value: 1 / value)

    def trace(self) -> sp.Expr:
        """Trace, exact in n."""
        return sp.Add(*[m * e for m, e in zip(self.multiplicities(), self.eigenvalues(), strict=True)])

    def log_det(self) -> sp.Expr:
        """Logarithm of the determinant, exact in n."""
        return sp.Add(*[m * sp.log(e) for m, e in zip(self.multiplicities(), self.eigenvalues(), strict=True)])

    def total(self) -> sp.Expr:
        """Sum of all entries, exact in n."""
        return n * self.eigenvalues()[-1]

    def dense(self, size: int, values: dict[sp.Symbol, object] | None = None) -> sp.Matrix:
        """The matrix written out for ``size`` replicas."""
        rule = {**(values or {}), n: sp.Integer(size)}
        sizes = [int(m.xreplace(rule)) for m in self.sizes]
        entries = [e.xreplace(rule) for e in self.coefficients]

        def entry(a: int, b: int) -> sp.Expr:
            return sp.Add(*[c for c, m in zip(entries, sizes, strict=True) if a // m == b // m])

        return sp.Matrix(size, size, entry)


def per_replica(expression: sp.Expr) -> sp.Expr:
    """lim_{n→0} of an expression over n. It is analytic in n and vanishes at n = 0, so that this is one derivative."""
    return sp.diff(expression, n).xreplace({n: sp.S.Zero})
