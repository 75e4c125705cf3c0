"""Spiked modes: finitely many modes with data of their own, which the density does not feel and which may carry an outlier.

At a mode the pencil without what it averages is a small matrix of traces. Where its determinant vanishes outside the spectrum, the
resolvent has a pole at that mode: an eigenvalue that the spike has pulled out (Baik, Ben Arous and Péché 2005, any matrix here).
"""

from __future__ import annotations

from dataclasses import dataclass

import sympy as sp

from theory.declaration.sites import generic
from theory.errors import DerivationError
from theory.replica.data import array_of, given, plain
from theory.spectral.green import GreenFunction


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
    for dim in dyson.dimensions:
        _, _, block = dyson.matrix_of(dim, {})
        symbols = {s for e in block for s in e.free_symbols if given(s)}
        if dim == dyson.pencil.rows[next(iter(dyson.pencil.v))]:
            symbols |= {s for x in (*dyson.pencil.u.values(), *dyson.pencil.v.values()) for s in generic(x) if given(s)}
        data = {array_of(s).name: s for s in symbols}
        if name in data:
            own = {s: sp.Symbol(f"{n}_spike", real=True) for n, s in data.items()}
            output = {plain(s): v for s, v in own.items()}
            here = dim == dyson.pencil.cols[next(iter(dyson.pencil.u))]
            diagonal = dyson.output(dyson.blocks({})) if here else None
            return SpikedMode(
                sp.factor(plain(block.xreplace(own).det())),
                None if diagonal is None else plain(diagonal.xreplace(output)),
                {n: own[s] for n, s in data.items()},
            )
    known = ", ".join(p.name for p in green.parameters if p.ndim == 1) or "none"
    raise DerivationError(f"spikes: {name!r} is no per-mode value inside {green.name}; known: {known}")
