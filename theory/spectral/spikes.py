"""Spikes, which the density does not feel and which may carry an outlier: modes with data of their own, and means of rank one.

At a mode the pencil without what it averages is a small matrix of traces. Where its determinant vanishes outside the spectrum, the
resolvent has a pole at that mode: an eigenvalue that the spike has pulled out (Baik, Ben Arous and Péché 2005, any matrix here).

A mean θ u vᵀ of a Gaussian matrix, with u and v in general position, adds a term of finite rank to the pencil: a sum of l θ rᵀ, one
for each place of the matrix. Its poles are the zeros of det(1 + θ rᵀ G l), and rᵀ G l is a normalised trace of a block of G
(Benaych-Georges and Nadakuditi 2012, any matrix here).
"""

from __future__ import annotations

from dataclasses import dataclass

import sympy as sp

from theory.declaration.sites import generic
from theory.errors import DerivationError
from theory.replica.data import array_of, given, plain
from theory.resolvent.dyson import Dyson, Rule, traced
from theory.spectral.green import GreenFunction
from theory.symbols import size


@dataclass(frozen=True)
class SpikedMode:
    """``determinant`` vanishes at an outlier; ``diagonal`` is the resolvent at the mode, None where the matrix does not act on its
    dimension. Both in the unknowns, the shift and ``data``, the symbols of the mode's own values by name."""

    determinant: sp.Expr
    diagonal: sp.Expr | None
    data: dict[str, sp.Symbol]


def spiked_mode(green: GreenFunction, name: str) -> SpikedMode:
    """A mode of the dimension on which the per-mode parameter ``name`` lives; DerivationError where no pencil knows it."""
    dyson = green.dyson
    if dyson is None:
        raise DerivationError(f"spikes: {green.name} is given by transforms; spikes need a matrix in Gaussian matrices")
    vanishing = {t: sp.S.Zero for t in dyson.unknowns if t not in green.unknowns}
    if name in _matrices(dyson):
        return _spiked_mean(dyson, name, vanishing)
    for dim in dyson.dimensions:
        _, _, block = dyson.matrix_of(dim, vanishing)
        symbols = {s for e in block for s in e.free_symbols if given(s)}
        if dim == dyson.pencil.rows[next(iter(dyson.pencil.v))]:
            symbols |= {s for x in (*dyson.pencil.u.values(), *dyson.pencil.v.values()) for s in generic(x) if given(s)}
        data = {array_of(s).name: s for s in symbols}
        if name in data:
            own = {s: sp.Symbol(f"{n}_spike", real=True) for n, s in data.items()}
            output = {plain(s): v for s, v in own.items()}
            here = dim == dyson.pencil.cols[next(iter(dyson.pencil.u))]
            diagonal = dyson.output(dyson.blocks(vanishing)) if here else None
            return SpikedMode(
                sp.factor(plain(block.xreplace(own).det())),
                None if diagonal is None else plain(diagonal.xreplace(output)),
                {n: own[s] for n, s in data.items()},
            )
    known = ", ".join([*(p.name for p in green.parameters if p.ndim == 1), *sorted(_matrices(dyson))]) or "none"
    raise DerivationError(f"spikes: {name!r} is no per-mode value and no matrix inside {green.name}; known: {known}")


def _matrices(dyson: Dyson) -> set[str]:
    return {term.leaf.name for terms in dyson.pencil.random.values() for term in terms}


def _spiked_mean(dyson: Dyson, name: str, vanishing: Rule) -> SpikedMode:
    """A mean of rank one of the matrix ``name``; its only datum is the singular value."""
    pencil, strength, blocks = dyson.pencil, sp.Symbol(f"{name}_spike", real=True), dyson.blocks(vanishing)
    places = [(e, term) for e, terms in pencil.random.items() for term in terms if term.leaf.name == name]

    def overlap(first: tuple, second: tuple) -> sp.Expr:
        ((_, b), one), ((a, _), two) = first, second
        same = one.transposed != two.transposed or one.leaf.how.get("symmetry", 0) != 0
        dim = pencil.cols[b]
        if not same or dim != pencil.rows[a] or (b, a) not in blocks:
            return sp.S.Zero
        return traced(dim, plain(one.right * two.left) * blocks[b, a]) / size(dim.name)

    matrix = sp.Matrix([[strength * overlap(i, j) + int(i == j) for j in places] for i in places])
    return SpikedMode(matrix.det(), None, {name: strength})
