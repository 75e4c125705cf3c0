"""The Green's function of a Hermitian matrix: closed equations for Tr (A + w)⁻¹, to be continued to w = -z."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any

import sympy as sp

from theory.declaration.expression import Expression
from theory.declaration.matrices import Diag, Inv, Sum
from theory.declaration.matrix import Mat
from theory.declaration.scalars import Tr, Trace
from theory.equations import Theory, Unknown
from theory.errors import DerivationError
from theory.replica.results import parameter_of
from theory.resolvent import derive
from theory.spectral.ranks import generic_rank
from theory.symbols import size

SHIFT = sp.Symbol("minus_z", positive=True)
"""w of Tr (A + w)⁻¹: a ridge for the derivation, minus the spectral parameter z for the solver."""


@dataclass(frozen=True, eq=False)
class GreenFunction:
    """``unknowns`` t = ``maps``(t, w), and the Green's function ``value`` = Tr (A + w)⁻¹ of a matrix of ``size`` rows.

    The solution is the one that the iteration from t = 0 reaches at large \\|w\\|, continued analytically. ``rank`` is the
    rank of A in general position where it is known, ``dyson`` the Dyson equation that the maps come from, if any; ``conditions``
    are what must not be negative at the parameters, with what to say where it is; ``definitions`` are numbers that stand in the
    rest under a name of their own, in an order in which they build up.
    """

    name: str
    unknowns: tuple[sp.Symbol, ...]
    maps: tuple[sp.Expr, ...]
    value: sp.Expr
    size: sp.Expr
    parameters: tuple[Any, ...]
    shift: sp.Symbol = SHIFT
    rank: sp.Expr | None = None
    dyson: Any = field(default=None, repr=False)
    conditions: tuple[tuple[sp.Expr, str], ...] = ()
    definitions: tuple[tuple[sp.Symbol, sp.Expr], ...] = ()

    @cached_property
    def theory(self) -> Theory:
        """The equations as a theory, with the shift among its symbols: what prints, and what binds values."""
        equations = tuple(sp.Eq(t, f, evaluate=False) for t, f in zip(self.unknowns, self.maps, strict=True))
        return Theory(
            name=self.name,
            unknowns=tuple(Unknown(t, "trace", -sp.oo) for t in self.unknowns),
            equations=equations,
            residuals=tuple((f - t,) for t, f in zip(self.unknowns, self.maps, strict=True)),
            definitions=dict(self.definitions),
            observables={"green": self.value},
            stable={},
            parameters=self.parameters,
        )

    def _repr_latex_(self) -> str:
        return self.theory.latex()

    def __str__(self) -> str:
        return str(self.theory)


class Resolvent(Expression):
    """Tr (A + w)⁻¹ for any w off the real line, where it exists whatever A is; inverses inside A are held to account."""

    def _inverses(self):
        return tuple(inverse for inverse in super()._inverses() if SHIFT not in inverse.free_symbols)


def hermitian_matrix(given: Any) -> Mat:
    """The matrix whose spectrum is asked for: a matrix, or what an Expression Tr (A + λ)⁻¹ inverts, without its ridge.

    DerivationError where it is neither, or not equal to its transpose as written.
    """
    matrix = given
    if isinstance(given, Expression):
        traces: list[Any] = [v for v in given.observe.values() if isinstance(v, sp.Expr)]
        found = {t.matrix for v in traces for t in v.atoms(Trace) if isinstance(t.matrix, Inv)}
        if len(found) != 1:
            raise DerivationError(f"density of {given.name}: {len(found)} resolvents; pass the matrix, or one Tr((A + lam).inv)")
        matrix = _unshifted(found.pop().args[0])
    if not isinstance(matrix, Mat):
        raise DerivationError(f"density of {given!r}: a {type(given).__name__}; pass a matrix such as X.T @ X / P")
    if matrix.rows != matrix.cols:
        raise DerivationError(f"density of {matrix}: it is {matrix.rows}x{matrix.cols}; only a square matrix has eigenvalues")
    if matrix.T != matrix:
        raise DerivationError(f"density of {matrix}: it is not its own transpose; write it symmetrically, such as "
                              "S @ X.T @ X @ S, or ask for eigenvalue_cloud of a non-Hermitian one")
    return matrix


def _unshifted(matrix: Mat) -> Mat:
    if not isinstance(matrix, Sum):
        return matrix
    kept = [m for m in matrix.args if not (isinstance(m, Diag) and m.is_scalar)]
    return Sum(*kept) if kept else matrix


def green_function(given: Any) -> GreenFunction:
    """The Green's function of a declared Hermitian matrix, derived by the resolvent engine.

    ``given`` is a matrix in Gaussian matrices and spectra, or an Expression of one resolvent (its ridge is left out). Raises
    DerivationError for what is not Hermitian as written, and for what the engine cannot derive.
    """
    return _derived(hermitian_matrix(given))


@lru_cache(maxsize=64)
def _derived(matrix: Mat) -> GreenFunction:
    expression = Resolvent(Tr((matrix + SHIFT).inv), name=str(matrix))
    derivation = derive(expression, reduce=False)
    step, named = derivation["Dyson equation"], derivation["expression"]["activations"]
    dysons = [dyson for _, dyson in step["dysons"]]
    parameters = tuple(parameter_of(p) for p in expression.parameters if p.symbol != SHIFT)
    return GreenFunction(
        expression.name, tuple(step["equations"]), tuple(step["equations"].values()), step["values"][sp.Symbol("value")],
        size(matrix.rows.name), parameters, SHIFT, generic_rank(matrix), dysons[0] if dysons else None,
        definitions=tuple(named.items()),
    )  # fmt: skip
