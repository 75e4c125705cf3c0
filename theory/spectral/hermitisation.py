"""Hermitisation: the spectrum of a matrix that is not Hermitian from the singular values of B = A - z.

The inverse of (y, B; -B†, y) has y (B†B + y²)⁻¹ and (B†B + y²)⁻¹B† among its blocks. For y → 0 the trace of minus the latter is the
Green's function Tr (z - A)⁻¹, which exists inside the spectrum too and is no analytic function there: the density of eigenvalues is
its derivative by z̄, over π. Where A = u L⁻¹ v is linearised, so is the doubled matrix; z and z̄ are independent symbols in it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import sympy as sp

from theory.declaration.expression import Expression
from theory.declaration.matrix import Mat
from theory.declaration.scalars import Tr
from theory.errors import DerivationError
from theory.replica.results import parameter_of
from theory.resolvent.dyson import Dyson, traced
from theory.resolvent.names import Namer
from theory.resolvent.pencil import Pencil, Random, linearise
from theory.resolvent.series import coincidences, expansions
from theory.spectral.green import GreenFunction
from theory.spectral.ranks import generic_rank
from theory.symbols import size

Z, ZBAR = sp.Symbol("z", positive=True), sp.Symbol("z_bar", positive=True)
HEIGHT = sp.Symbol("height", positive=True)
FIRST, SECOND = -1, -2
"""Numbers of the two outer blocks, as equations and as variables."""


@dataclass(frozen=True, eq=False)
class Hermitised(GreenFunction):
    """``value`` = y Tr (B†B + y²)⁻¹ with the height y as the shift; ``outer`` = -Tr (B†B + y²)⁻¹B†, Tr (z - A)⁻¹ for y → 0."""

    outer: sp.Expr = sp.S.Zero


def hermitised(given: Any) -> Hermitised:
    """The equations of A - z for a declared square matrix; DerivationError for what is none."""
    if not isinstance(given, Mat):
        raise DerivationError(f"eigenvalues of {given!r}: a {type(given).__name__}; pass a matrix such as X @ Y")
    if given.rows != given.cols:
        raise DerivationError(f"eigenvalues of {given}: it is {given.rows}x{given.cols}; only a square matrix has them")
    if given.T == given:
        raise DerivationError(f"eigenvalues of {given}: it is its own transpose and they are real; ask for its density")
    if given.T == -1 * given:
        raise DerivationError(f"eigenvalues of {given}: it is minus its own transpose and they are imaginary; ask for the density "
                              f"of ({given}).T @ ({given}), their squares")
    return _derived(given)


@lru_cache(maxsize=64)
def _derived(matrix: Mat) -> Hermitised:
    model = Expression(Tr(matrix), name=str(matrix))
    taken = {s.name for s in matrix.free_symbols} & {Z.name, ZBAR.name, HEIGHT.name}
    if taken:
        raise DerivationError(f"symbol {sorted(taken)[0]} of {matrix}: it is a name of the spectral parameter here; rename it")
    dyson = Dyson(doubled(matrix, linearise(matrix)), Namer())
    zero = {t: v for t, v in coincidences(expansions([dyson])).items() if v == 0}
    blocks, dim = dyson.blocks(zero), matrix.rows
    maps = {t: traced(u.dim, u.weight * blocks.get(u.block, sp.S.Zero)) for t, u in dyson.unknowns.items() if t not in zero}
    return Hermitised(
        model.name, tuple(maps), tuple(maps.values()), traced(dim, blocks[SECOND, SECOND]), size(dim.name),
        tuple(map(parameter_of, model.parameters)), HEIGHT, generic_rank(matrix), outer=-traced(dim, blocks[SECOND, FIRST]),
    )  # fmt: skip


def doubled(matrix: Mat, inner: Pencil) -> Pencil:
    """The pencil of (y, B; -B†, y) for B = A - z, where ``inner`` is one of A.

    Its equations, for variables x₁, x₂ outside and those of L and Lᵀ inside:
    y x₁ - z x₂ + u·a = 0,  z̄ x₁ + y x₂ - vᵀ·b = 0,  L a = v x₂,  Lᵀ b = uᵀ x₁.
    """
    shift = 1 + max((*inner.rows, *inner.cols), default=0)
    dim = matrix.rows
    rows = {FIRST: dim, SECOND: dim, **inner.rows, **{shift + b: d for b, d in inner.cols.items()}}
    cols = {FIRST: dim, SECOND: dim, **inner.cols, **{shift + c: d for c, d in inner.rows.items()}}
    fixed = {(FIRST, FIRST): HEIGHT, (FIRST, SECOND): -Z, (SECOND, FIRST): ZBAR, (SECOND, SECOND): HEIGHT}
    fixed |= {(FIRST, b): x for b, x in inner.u.items()} | {(shift + b, FIRST): -x for b, x in inner.u.items()}
    fixed |= {(c, SECOND): -x for c, x in inner.v.items()} | {(SECOND, shift + c): -x for c, x in inner.v.items()}
    fixed |= {(c, b): x for (c, b), x in inner.fixed.items()} | {(shift + b, shift + c): x for (c, b), x in inner.fixed.items()}
    random = {entry: list(terms) for entry, terms in inner.random.items()}
    random |= {(shift + b, shift + c): [_transposed(term) for term in terms] for (c, b), terms in inner.random.items()}
    response = _responses(matrix, inner, shift)
    one = sp.S.One
    return Pencil(rows, cols, fixed, random, {SECOND: one}, {FIRST: one, SECOND: one}, {}, {}, response)


def _transposed(term: Random) -> Random:
    return Random(term.right, term.leaf, not term.transposed, term.left)


def _responses(matrix: Mat, inner: Pencil, shift: int) -> Callable[[int, int], Mat | None]:
    """Blocks of the inverse as matrices, by variable and equation: they name the traces."""
    right, left = matrix - Z, matrix.T - ZBAR
    far, near = (right @ left / HEIGHT + HEIGHT).inv, (left @ right / HEIGHT + HEIGHT).inv
    outer = {(FIRST, FIRST): far, (FIRST, SECOND): -(right @ near) / HEIGHT, (SECOND, FIRST): left @ far / HEIGHT}
    outer[SECOND, SECOND] = near

    def response(variable: int, equation: int) -> Mat | None:
        direct, after, source, before = None, variable, equation, None
        to = None
        if variable >= shift:
            after, to = FIRST, inner.out[variable - shift].T
        elif variable >= 0:
            after, to = SECOND, inner.into[variable]
        if equation >= shift:
            source, before = SECOND, inner.into[equation - shift].T
        elif equation >= 0:
            source, before = FIRST, -inner.out[equation]
        if variable >= shift and equation >= shift:
            found = inner.response(equation - shift, variable - shift)
            direct = None if found is None else found.T
        elif 0 <= variable < shift and 0 <= equation < shift:
            direct = inner.response(variable, equation)
        around = outer[after, source]
        around = around if to is None else to @ around
        around = around if before is None else around @ before
        return around if direct is None else direct + around

    return response
