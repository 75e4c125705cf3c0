"""Declarations as mathematics: indices, which are never typed, appear in print where a sum or an entry needs them."""

from __future__ import annotations

from contextlib import contextmanager

import sympy as sp

from theory.labels import squared, subscript


@contextmanager
def at_sites(printer, indices: dict):
    """Print with these indices, ``{dimension: letter}``, on the vectors and spectra inside."""
    before = getattr(printer, "site_indices", {})
    printer.site_indices = indices
    try:
        yield
    finally:
        printer.site_indices = before


def indices(printer) -> dict:
    """The indices in force."""
    return getattr(printer, "site_indices", {})


def letter(dim, taken: dict | None = None) -> str:
    """The index of a dimension: its name in lower case, primed while a sum over the same dimension is open."""
    index = sp.latex(sp.Symbol(dim.name.lower()))
    while taken and index in taken.values():
        index += "'"
    return index


def name_latex(name: str) -> str:
    return sp.latex(sp.Symbol(name))


def indexed_name(printer, name: str, dims=(), spectrum=None) -> str:
    """A vector over ``dims``, or a spectrum, with the indices in force."""
    found = [i for d, i in indices(printer).items() if d in dims or (spectrum is not None and spectrum in d.spectra)]
    root = squared(name) if spectrum is not None else None
    return subscript(name_latex(root or name), "".join(found)) + ("^{2}" if root else "")


def summed(printer, expression, dim) -> str:
    r"""``\sum_{m=1}^{M} ...`` with the sites of ``dim`` indexed."""
    now = indices(printer)
    index = letter(dim, now)
    with at_sites(printer, {**now, dim: index}):
        body = printer.parenthesize(expression, 45)
    size = name_latex(dim.name)
    return rf"\sum_{{{index}}} {body}" if size == index else rf"\sum_{{{index}=1}}^{{{size}}} {body}"


def entry(value) -> str:
    """LaTeX of a vector at its site, indexed."""
    from sympy.printing.latex import LatexPrinter

    printer = LatexPrinter()
    with at_sites(printer, {} if value.dim is None else {value.dim: letter(value.dim)}):
        return printer._print(value.expr)


def applied(printer, matrix, vector) -> str:
    r"""A matrix times a vector, ``\left[X w\right]_{p}`` or ``\left(X w\right)``: finite indices stay inside."""
    now = indices(printer)
    with at_sites(printer, {d: i for d, i in now.items() if d.finite}):
        body = printer._print(vector.expr)
        # A compound vector is one factor; a further product already brings its own parentheses.
        if not vector.expr.is_Symbol:
            body = rf"\left({body}\right)"
        inner = f"{matrix._latex(printer)} {body}"
    index = now.get(matrix.rows, "")
    return subscript(rf"\left[{inner}\right]", index) if index else rf"\left({inner}\right)"
