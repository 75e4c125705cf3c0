"""Random couplings of any order: a tensor contracted with one vector in every index."""

from __future__ import annotations

import sympy as sp

from theory.declaration.checks import identifier, refuse, strict
from theory.declaration.dimensions import Spectrum, dimension, over
from theory.declaration.keys import canonical, digest
from theory.declaration.printing import at_sites, indices
from theory.declaration.sites import Functional, Leaf, Site, batch, split_factor
from theory.declaration.vectors import Vec, law
from theory.labels import subscript

HIGHEST = 8
"""Largest order of a tensor."""


class Tensor:
    """Random tensor of ``order`` indices over ``dim``, entries independent Gaussians of mean 0; ``J(s)`` contracts it with s.

    ``J.gradient(s)`` is the vector of derivatives of J(s) by the entries of s: the force of a dynamics, a local field.
    J(s) = Σ J_{i1...ip} s_i1 ... s_ip over all indices, so that for given s and s' the covariance of J(s) with J(s') is exactly
    variance (s·s')^p. The p-spin Hamiltonian Σ_{i1<...<ip} J s...s whose couplings have variance p!/(2 N^(p-1)) has, to leading
    order in N, the covariance of ``Tensor("J", N, order=p, variance=1/(2*N**(p - 1)))``. The same name is the same draw.
    DeclarationError on anything else.
    """

    @strict
    def __init__(self, name, dim, order=3, variance=1):
        identifier(name, "Tensor")
        if dimension(dim, name).finite:
            refuse(f"dimension of {name}", dim, "a random tensor lives over an infinite dimension")
        if isinstance(order, bool) or not isinstance(order, int) or not 2 <= order <= HIGHEST:
            refuse(f"order of {name}", repr(order), f"pass a whole number from 2 to {HIGHEST}")
        self.leaf = Leaf("tensor", name, (dim,) * order, variance=law(variance, None, f"variance of {name}"))
        self.dim, self.order = dim, order

    def __call__(self, vector) -> sp.Expr:
        return Contraction(self.leaf, self._argument(vector))

    def gradient(self, vector) -> Vec:
        """d J(s)/ds_i = Σ over the places of i of J contracted with s in all others, by the entries of the vector itself."""
        return Vec(self.dim, sloped(self.leaf, self._argument(vector)))

    def _argument(self, vector) -> sp.Expr:
        if not isinstance(vector, Vec) or vector.dim != self.dim:
            found = f"over {over(vector.dim)}" if isinstance(vector, Vec) else f"a {type(vector).__name__}"
            refuse(f"argument of {self.leaf.name}", f"{vector} {found}", f"pass a vector over {self.dim}")
        return vector.expr

    def __repr__(self) -> str:
        return self.leaf.name


class Contraction(Functional):
    """The scalar Σ J_{i1...ip} v_i1 ... v_ip of a random tensor and a vector; its argument is the vector at the generic site."""

    __slots__ = ("tensor",)

    def __new__(cls, tensor: Leaf, expression):
        outside, inside = split_factor(sp.sympify(expression), tensor.dims[0])
        if outside == 0:
            return sp.S.Zero
        new = sp.Expr.__new__(cls, inside)
        new.tensor = tensor
        return outside ** len(tensor.dims) * new

    expr = property(lambda self: self.args[0])
    vector = property(lambda self: Vec(self.tensor.dims[0], self.expr))
    func = property(lambda self: lambda expression: Contraction(self.tensor, expression))

    def _hashable_content(self):
        return (*self.args, self.tensor.key)

    @property
    def key(self) -> str:
        return f"contraction({self.tensor.key},{canonical(self.expr)})"

    def __reduce_ex__(self, protocol):
        return Contraction, (self.tensor, self.expr)

    @property
    def by_sites(self) -> sp.Expr:
        """The same as a sum over sites of entry times slope, by Euler's theorem."""
        from theory.declaration.scalars import Over

        return Over(self.expr * sloped(self.tensor, self.expr), self.tensor.dims[0]) / len(self.tensor.dims)

    def at_site(self):
        return ()

    def batch(self):
        return batch(self.expr)

    def _eval_derivative(self, symbol):
        if symbol in self.expr.free_symbols:
            refuse("derivative of a contraction", f"{self} by {symbol}", "write parameters in front of it")
        return sp.S.Zero

    def _latex(self, printer) -> str:
        return rf"{sp.latex(sp.Symbol(self.tensor.name))}\left({printer._print(self.expr)}\right)"

    def _sympystr(self, printer) -> str:
        return f"{self.tensor.name}({printer._print(self.expr)})"


class Slope:
    """The derivatives of the contraction of a random tensor by the entries of its vector, at the generic site: a local field."""

    __slots__ = ("key", "name", "tensor", "vector")
    kind = "the slope of a random tensor"

    def __init__(self, tensor: Leaf, vector: Vec) -> None:
        self.tensor, self.vector = tensor, vector
        self.name, self.key = f"{tensor.name}.gradient({vector})", digest("slope", tensor, vector)

    dim = property(lambda self: self.tensor.dims[0])

    @property
    def parameters(self) -> set[sp.Symbol]:
        """Sizes and scalar symbols that stand in it."""
        return {s for s in self.vector.expr.free_symbols if not isinstance(s, (Site, Spectrum))}

    def derivative(self, symbol) -> sp.Expr:
        """Refused: only a constant factor, which stands in front, has one."""
        if symbol in self.parameters:
            refuse("derivative of a slope", f"{self} by {symbol}", "write parameters in front of it")
        return sp.S.Zero

    def __eq__(self, other) -> bool:
        return isinstance(other, Slope) and self.key == other.key

    def __hash__(self) -> int:
        return hash(self.key)

    def __reduce__(self):
        return Slope, (self.tensor, self.vector)

    def __repr__(self) -> str:
        return self.name

    def _latex(self, printer) -> str:
        now = indices(printer)
        with at_sites(printer, {d: i for d, i in now.items() if d.finite}):
            inner = printer._print(self.vector.expr)
        slope = rf"\left[\nabla {sp.latex(sp.Symbol(self.tensor.name))}\left({inner}\right)\right]"
        return subscript(slope, now.get(self.dim, ""))


def sloped(tensor: Leaf, expression) -> sp.Expr:
    """The slope at the generic site, constant factors of the vector in front."""
    outside, inside = split_factor(sp.sympify(expression), tensor.dims[0])
    if outside == 0:
        return sp.S.Zero
    return outside ** (len(tensor.dims) - 1) * Site(Slope(tensor, Vec(tensor.dims[0], inside)))
