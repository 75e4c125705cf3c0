"""Vectors: a SymPy expression at the generic site of a dimension. Indices are never written."""

from __future__ import annotations

import operator

import sympy as sp

from theory.declaration.checks import identifier, refuse, scalar, strict
from theory.declaration.dimensions import Dim, Spectrum, dimension, mismatch, over, power
from theory.declaration.keys import digest
from theory.declaration.mixtures import Mixture, mixture
from theory.declaration.operands import Operand
from theory.declaration.printing import entry
from theory.declaration.sites import Leaf, Site, batch, generic

PRIORS = ("spherical", "ising", "gaussian")


class Vec(Operand):
    """A vector over ``dim``; ``expr`` is its entry at the generic site, and ``+ - * / **`` and functions act elementwise.

    ``dim`` is None for a vector with finite dimensions only. ``Vec(M, sqrt(a2))`` turns per-mode data into a vector; operations
    also take such an expression as it is. A shape that does not fit raises a DeclarationError where it is typed.
    """

    __slots__ = ("dim", "expr")
    kind = "vector"
    functions = "use v.map(sympy.tanh), or tanh, erf, relu, ... of theory"

    def __init__(self, dim: Dim | None, expr) -> None:
        if dim is not None and (not isinstance(dim, Dim) or dim.finite):
            refuse("dimension of a vector", repr(dim), "a vector lives over an infinite Dim")
        self.dim, self.expr = dim, scalar(expr, "entry of a vector")
        for atom in generic(self.expr):
            if isinstance(atom, Spectrum) and (dim is None or atom not in dim.spectra):
                hint = f"declare Dim({over(dim)!r}, {atom.name!r})" if dim is not None else "apply a matrix or sum first"
                refuse("spectrum of another dimension", f"{atom} on {over(dim)}", hint)
            if isinstance(atom, Site) and atom.dim not in (None, dim):
                refuse("shape mismatch", f"{atom} in a vector, {mismatch(atom.dim, dim)}", "insert a matrix or sum_over")

    @property
    def key(self) -> str:
        return digest("vec", self.dim, self.expr)

    @property
    def leaf(self) -> Leaf:
        """The declared vector that this is; a DeclarationError for a compound one."""
        if isinstance(self.expr, Site) and isinstance(self.expr.node, Leaf):
            return self.expr.node
        refuse("not a declared vector", self, "pass the object that Quenched, Noise, Signs or State returned")

    def map(self, function) -> Vec:
        """Elementwise function, given as one that takes and returns a SymPy expression."""
        return Vec(self.dim, function(self.expr))

    def square(self) -> sp.Expr:
        """Sum of squares over its one dimension: a scalar."""
        from theory.declaration.scalars import sum_over

        carried = ([] if self.dim is None else [self.dim]) + sorted(batch(self.expr), key=str)
        if len(carried) != 1:
            dims = ", ".join(map(str, carried)) or "no dimension"
            refuse("square()", f"{self} over {dims}", "use sum_over for each dimension of v**2")
        return sum_over(carried[0], self**2)

    def _with(self, other, operation) -> Vec:
        if isinstance(other, Vec):
            if self.dim != other.dim and None not in (self.dim, other.dim):
                sides = f"{self} (over {over(self.dim)}) with {other} (over {over(other.dim)})"
                same = self.dim.name == other.dim.name
                refuse("shape mismatch", f"{sides}, {mismatch(self.dim, other.dim)}" if same else sides,
                       "declare that dimension once" if same else "insert a matrix or sum_over")
            return Vec(other.dim if self.dim is None else self.dim, operation(self.expr, other.expr))
        if hasattr(other, "rows"):
            refuse("vector with matrix", f"{self} with {other}", "apply a matrix with @, or use Diag(dim, vector)")
        return Vec(self.dim, operation(self.expr, scalar(other, f"operand of {self}")))

    def __add__(self, other):
        return self._with(other, operator.add)

    def __sub__(self, other):
        return self._with(other, operator.sub)

    def __rsub__(self, other):
        return self._with(other, lambda a, b: b - a)

    def __mul__(self, other):
        return self._with(other, operator.mul)

    def __truediv__(self, other):
        return self._with(other, operator.truediv)

    def __rtruediv__(self, other):
        return self._with(other, lambda a, b: b / a)

    def __pow__(self, other):
        return self._with(other, operator.pow)

    def __rpow__(self, other):
        return self._with(other, lambda a, b: b**a)

    __radd__, __rmul__ = __add__, __mul__

    def __neg__(self):
        return Vec(self.dim, -self.expr)

    def __pos__(self):
        return self

    def __abs__(self):
        return self.map(sp.Abs)

    def __matmul__(self, other):
        if hasattr(other, "rows"):
            refuse("vector @ matrix", f"{self} @ {other}", "vectors multiply from the right: use A.T @ v")
        refuse("vector @ vector", f"{self} @ {other}", f"an inner product is sum_over({over(self.dim)}, v*u), or v.square()")

    def __eq__(self, other) -> bool:
        return isinstance(other, Vec) and self.dim == other.dim and self.expr == other.expr

    def __hash__(self) -> int:
        return hash((self.dim, self.expr))

    def __reduce__(self):
        return Vec, (self.dim, self.expr)

    def __repr__(self) -> str:
        return str(self.expr)

    def _latex(self, printer) -> str:
        return printer._print(self.expr)

    def _repr_latex_(self) -> str:
        return f"$\\displaystyle {entry(self)}$"


def _declared(kind: str, name, dims, **how) -> Vec:
    identifier(name, kind)
    for d in dims:
        dimension(d, name)
    if not dims or len(set(dims)) < len(dims):
        refuse(f"dimensions of {name}", ", ".join(map(str, dims)) or "none", "give each dimension once")
    if sum(not d.finite for d in dims) > 1:
        refuse(f"dimensions of {name}", ", ".join(map(str, dims)), "a vector has one infinite dimension; use Gaussian for a matrix")
    leaf = Leaf(kind, name, dims, **how)
    return Vec(leaf.dim, Site(leaf))


def law(value, dim: Dim | None, what: str) -> sp.Expr:
    """A variance or covariance: a nonnegative number, or an expression in the spectra of ``dim``."""
    value = getattr(value, "vector", value)  # a diagonal matrix
    value = Vec(dim, value.expr if isinstance(value, Vec) else scalar(value, what))
    if any(isinstance(atom, Site) for atom in generic(value.expr)):
        refuse(what, value, "write it in numbers, parameters and spectra")
    if value.expr.is_negative or (value.expr.is_nonpositive and not value.expr.is_zero):
        refuse(what, value, "it cannot be negative")
    return value.expr


@strict
def Quenched(name, *dims, scaling=0):
    """Given values, one per mode or site (signed); ``scaling`` is the power of r by which they change under ``replicate(r)``."""
    return _declared("quenched", name, dims, scaling=power(scaling, name))


@strict
def Noise(name, dim, variance=1, fresh=None):
    """Centred Gaussian vector with independent entries, drawn per trial; ``variance`` may hold the dimension's spectra.

    ``fresh="step"`` draws it anew at every step of a dynamics; in a flow it is white, of that variance per time.
    """
    site = None if dimension(dim, str(name)).finite else dim
    if fresh not in (None, "step"):
        refuse(f"fresh of {name}", repr(fresh), "take 'step' or None")
    return _declared("noise", name, (dim,), variance=law(variance, site, f"variance of {name}"), fresh=fresh)


@strict
def Signs(name, dim):
    """Independent fair signs +1 and -1, drawn per trial."""
    return _declared("signs", name, (dim,))


@strict
def Drawn(name, dim, law):
    """Vector with independent entries of one law, a :class:`Mixture` of points and densities, drawn per trial."""
    if dimension(dim, str(name)).finite:
        refuse(f"dimension of {name}", dim, "draw it over an infinite Dim")
    return _declared("drawn", name, (dim,), law=mixture(law, str(name), dim))


@strict
def State(name, *dims, prior=None, initial_variance=None):
    """What the law acts on: a vector with a prior measure (spherical, ising, gaussian, a :class:`Mixture`) or none, or an initial
    draw."""
    if isinstance(prior, Mixture):
        prior = mixture(prior, str(name), next((d for d in dims if isinstance(d, Dim) and not d.finite), None))
    elif prior is not None and prior not in PRIORS:
        refuse(f"prior of {name}", repr(prior), f"take one of {', '.join(PRIORS)}, a Mixture or None")
    if initial_variance is not None:
        initial_variance = law(initial_variance, None, f"initial variance of {name}")
    return _declared("state", name, dims, prior=prior, initial_variance=initial_variance)
