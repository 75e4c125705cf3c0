"""Matrices that are drawn or given: the leaves of the matrix tree."""

from __future__ import annotations

import sympy as sp

from theory.declaration.checks import identifier, refuse, scalar, strict
from theory.declaration.dimensions import dimension, power
from theory.declaration.matrices import Diag, Prod
from theory.declaration.matrix import Mat
from theory.declaration.printing import name_latex
from theory.declaration.sites import Leaf, generic
from theory.declaration.vectors import law

FRESH = ("step", "layer")


class MatrixLeaf(Mat):
    """A leaf of the tree or its transpose; ``leaf`` holds name and law, ``transposed`` says which."""

    free_symbols = frozenset()

    def _place(self, leaf: Leaf, transposed: bool) -> None:
        self.leaf, self.transposed, self.args = leaf, transposed, (leaf, transposed)
        rows, cols = leaf.dims
        self.rows, self.cols = (cols, rows) if transposed else (rows, cols)

    @classmethod
    def _of(cls, leaf: Leaf, transposed: bool):
        new = object.__new__(cls)
        new._place(leaf, transposed)
        return new

    def __reduce__(self):
        return type(self)._of, self.args

    def __repr__(self) -> str:
        return self.leaf.name + ".T" * self.transposed

    def _latex(self, printer) -> str:
        return name_latex(self.leaf.name) + r"^{\top}" * self.transposed


class Gaussian(MatrixLeaf):
    """Random matrix ``rows`` x ``cols``, entries mean + sqrt(variance r_i c_j) z_ij with z_ij standard normal.

    ``row_covariance`` and ``column_covariance`` are the diagonals r and c: numbers or expressions in the spectra of the rows and of
    the columns. ``symmetry`` is the correlation of z_ij with z_ji of a square matrix, from -1 to 1 (None: independent). ``fresh``
    says that it is drawn anew at every "step" or "layer". ``correlation=(W, rho)`` is that of z_ij with the entry of another matrix
    of the same shape and covariances, which may be a transpose: ``(W.T, rho)``. The same name is the same draw.

    A ``mean`` or covariance may be a given matrix: ``mean=M`` is M + X with a centred X, and ``column_covariance=C``, which must be
    positive semidefinite, X C^(1/2). Such a declaration is this sum or product. DeclarationError on anything else.
    """

    def __new__(cls, *args, **how):
        from theory.declaration.compound import compound

        made = compound(cls, args, how)
        return super().__new__(cls) if made is None else made

    @strict
    def __init__(self, name, rows, cols, variance=1, row_covariance=1, column_covariance=1, mean=0, symmetry=None, fresh=None,
                 correlation=None):  # fmt: skip
        identifier(name, "Gaussian")
        for d in (rows, cols):
            if dimension(d, name).finite:
                refuse(f"dimensions of {name}", f"{rows} x {cols}", "a random matrix has two infinite dimensions")
        how = {"variance": law(variance, None, f"variance of {name}"), "mean": scalar(mean, f"mean of {name}")}
        how["row_covariance"] = law(row_covariance, rows, f"row covariance of {name}")
        how["column_covariance"] = law(column_covariance, cols, f"column covariance of {name}")
        if generic(how["mean"]):
            refuse(f"mean of {name}", mean, "pass a number, a parameter or a matrix, such as Diag of a spectrum")
        if symmetry is not None:
            how["symmetry"] = scalar(symmetry, f"symmetry of {name}")
            if rows != cols or how["row_covariance"] != how["column_covariance"]:
                refuse(f"symmetry of {name}", f"{rows} x {cols}", "rows and columns need one dimension and one covariance")
            if (1 - how["symmetry"]).is_negative or (1 + how["symmetry"]).is_negative or generic(how["symmetry"]):
                refuse(f"symmetry of {name}", symmetry, "pass a number from -1 to 1")
        if fresh is not None and fresh not in FRESH:
            refuse(f"fresh of {name}", repr(fresh), f"take one of {', '.join(FRESH)} or None")
        if correlation is not None:
            if symmetry is not None or fresh is not None:
                refuse(f"correlation of {name}", "it is symmetric or redrawn", "a partner needs independent entries")
            how |= _partner(name, (rows, cols), how, correlation)
        self._place(Leaf("gaussian", name, (rows, cols), fresh=fresh, **how), False)

    @property
    def T(self) -> Mat:
        symmetry = self.leaf.how.get("symmetry")
        if symmetry == 1:
            return self
        if symmetry == -1 and self.leaf.how["mean"] == 0:
            return Prod(Diag(self.rows, -1), self)
        return Gaussian._of(self.leaf, not self.transposed)


def _partner(name: str, shape: tuple, how: dict, given) -> dict:
    """The matrix with which another correlates, checked."""
    what = f"correlation of {name}"
    if not isinstance(given, tuple) or len(given) != 2 or not isinstance(given[0], Gaussian):
        refuse(what, repr(given), "pass a pair of another Gaussian matrix, or its transpose, and a number")
    other, share = given[0], scalar(given[1], what)
    leaf = other.leaf
    if (1 - share).is_negative or (1 + share).is_negative or generic(share):
        refuse(what, share, "pass a number from -1 to 1")
    if leaf.name == name or {"symmetry", "fresh", "partner"} & set(leaf.how):
        refuse(what, f"{other} is itself, symmetric, redrawn or correlated", "take a matrix with independent entries of its own")
    covariances = [leaf.how[key] for key in ("row_covariance", "column_covariance")]
    own = [how[key] for key in ("row_covariance", "column_covariance")]
    if (other.rows, other.cols) != shape or own != (covariances[::-1] if other.transposed else covariances):
        refuse(what, f"{other} is {other.rows}x{other.cols}", f"it needs {shape[0]}x{shape[1]} and the same covariances")
    return {"correlation": share, "partner": leaf, "turned": other.transposed}


class Deterministic(MatrixLeaf):
    """A given matrix that need not commute with the spectra; its values are passed when solving or simulating.

    Over one dimension it is symmetric; ``cols`` makes it a rectangular block. ``scaling`` is the power of r by which values change
    under ``replicate(r)``, where every entry becomes a multiple of the r x r identity.
    """

    @strict
    def __init__(self, name, rows, cols=None, scaling=-1):
        identifier(name, "Deterministic")
        cols = rows if cols is None else cols
        if dimension(rows, name).finite or dimension(cols, name).finite:
            refuse(f"dimensions of {name}", f"{rows} x {cols}", "a given matrix is over infinite dimensions")
        self._place(Leaf("deterministic", name, (rows, cols), scaling=power(scaling, name)), False)

    @property
    def T(self) -> Mat:
        return self if self.rows == self.cols else Deterministic._of(self.leaf, not self.transposed)


def symbol_of(value) -> sp.Symbol:
    """The symbol that stands for the values of a declared vector or given matrix, or ``value`` itself."""
    leaf = getattr(value, "leaf", None)
    return leaf.symbol if isinstance(leaf, Leaf) else value
