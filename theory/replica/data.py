"""From the symbols of a declaration to those of a theory: per-mode data get an index, dimensions become sizes."""

from __future__ import annotations

from collections.abc import Mapping

import sympy as sp

from theory.averages import ModeSum
from theory.declaration.dimensions import Dim, Spectrum
from theory.declaration.sites import Leaf, Site
from theory.labels import squared
from theory.modes import ModeArray, ModeIndex, ModeValue
from theory.symbols import size


def array_of(symbol: sp.Symbol) -> ModeArray:
    """The per-mode array that stands in a theory for a spectrum, or for the values of a quenched vector."""
    if isinstance(symbol, Spectrum):
        name, root = symbol.name, squared(symbol.name)
        entry = rf"{sp.latex(sp.Symbol(root))}_{{#}}^{{2}}" if root else None
        return ModeArray(name, latex_entry=entry, nonnegative=True)
    return ModeArray(symbol.name, real=True)


def given(symbol: sp.Basic) -> bool:
    """Whether a symbol of a site expression is data that is known per mode or per sample."""
    return isinstance(symbol, Spectrum) or (
        isinstance(symbol, Site) and isinstance(symbol.node, Leaf) and symbol.node.kind == "quenched"
    )


def at_mode(expression: sp.Expr, index: ModeIndex) -> sp.Expr:
    """A site expression with the data of mode ``index``: eta becomes eta[index]."""
    rule = {s: array_of(s)[index] for s in expression.free_symbols if given(s)}
    return plain(expression.xreplace(rule))


def plain(expression: sp.Expr) -> sp.Expr:
    """Dimensions as ordinary symbols: their sizes."""
    return expression.xreplace({d: size(d.name) for d in expression.free_symbols if isinstance(d, Dim)})


def total(dim: Dim, expression: sp.Expr, index: ModeIndex) -> sp.Expr:
    """Sum over the sites of a dimension; a multiple of its size where no data differ from site to site."""
    return ModeSum(expression, index) if index in expression.free_symbols else size(dim.name) * expression


def free_of_data(expression: sp.Expr) -> sp.Expr:
    """The expression with per-mode entries as ordinary symbols, for algebra on one site."""
    return expression.xreplace({v: sp.Dummy(str(v), real=True) for v in expression.atoms(ModeValue)})


def moments(expression: sp.Expr, variances: Mapping[sp.Symbol, sp.Expr]) -> sp.Expr:
    """Average of a polynomial over independent centred Gaussians of the given variances."""
    for symbol, variance in variances.items():
        if symbol not in expression.free_symbols:
            continue
        polynomial = sp.Poly(sp.expand(expression), symbol)
        expression = sp.Add(*[c * sp.factorial2(p - 1) * variance ** (p // 2) for (p,), c in polynomial.terms() if p % 2 == 0])
    return expression
