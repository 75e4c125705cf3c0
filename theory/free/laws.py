"""Laws by name: Marchenko and Pastur's, the semicircle, projectors, atoms, spectra, given values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import sympy as sp

from theory.declaration.checks import refuse, scalar
from theory.declaration.dimensions import Dim
from theory.declaration.sites import Leaf
from theory.free.law import Law
from theory.free.leaves import Atoms, MarchenkoPastur, Semicircle, Values
from theory.free.series import tidied


def marchenko_pastur(ratio: Any) -> Law:
    """The law of XᵀX/P for X of P rows and N columns with independent entries of variance 1; ``ratio`` is N/P.

    Marchenko and Pastur 1967. DeclarationError unless the ratio is positive.
    """
    return MarchenkoPastur(_positive(ratio, "aspect ratio of marchenko_pastur", "it is columns over rows"))


def semicircle(variance: Any = 1) -> Law:
    """Wigner's: a symmetric matrix of size N, its entries independent and of variance ``variance``/N; the radius is 2√variance."""
    return Semicircle(_positive(variance, "variance of semicircle", "it is the mean square eigenvalue"))


def projector(rank: Any) -> Law:
    """The law of a projector onto a share ``rank`` of all directions: S(w) = (1 + w)/(rank + w)."""
    share = share_of(rank, "rank of projector")
    return Atoms(((sp.S.Zero, 1 - share), (sp.S.One, share))) if share != 1 else Atoms(((sp.S.One, sp.S.One),))


def atoms(masses: Mapping[Any, Any] | Iterable[tuple[Any, Any]]) -> Law:
    """The law of finitely many eigenvalues, ``{position: mass}``; the masses sum to one.

    DeclarationError for masses that are negative or do not sum to one.
    """
    if not isinstance(masses, Mapping | list | tuple) or not masses:
        refuse("atoms", repr(masses), "pass {position: mass, ...}")
    found: dict[sp.Expr, sp.Expr] = {}
    for pair in masses.items() if isinstance(masses, Mapping) else masses:
        if not isinstance(pair, tuple | list) or len(pair) != 2:
            refuse("atoms", repr(pair), "pass (position, mass)")
        x, m = scalar(pair[0], "position of an atom"), scalar(pair[1], f"mass at {pair[0]}")
        if m.is_negative:
            refuse(f"mass at {x}", m, "masses are shares, between 0 and 1")
        found[x] = found.get(x, sp.S.Zero) + m
    total = tidied(sp.Add(*found.values()))
    if total != 1:
        refuse("masses of atoms", f"they sum to {total}", "divide them by their sum")
    return Atoms(tuple((x, m) for x, m in found.items() if m != 0))


def spectrum(dim: Any, which: Any = None) -> Law:
    """The law of the spectrum of a Dim, or of the one of its spectra that is named; its values are given to the solver."""
    if not isinstance(dim, Dim) or not dim.spectra:
        refuse("spectrum", repr(dim), "pass a dimension with a spectrum, Dim('M', 'eta')")
    named = [s for s in dim.spectra if which is None or s in (which, sp.Symbol(str(which))) or s.name == str(which)]
    if len(named) != 1:
        refuse(f"spectrum of {dim.name}", repr(which), f"name one of {', '.join(s.name for s in dim.spectra)}")
    return Values(named[0], dim)


def empirical(values: Any) -> Law:
    """The law of given eigenvalues: those of ``Quenched("d", D)``, passed to the solver, or a list of at most 64 numbers."""
    leaf = getattr(values, "leaf", None)
    if isinstance(leaf, Leaf) and leaf.kind == "quenched":
        return Values(leaf.symbol, leaf.dims[0])
    try:
        numbers = [scalar(v if isinstance(v, int | sp.Expr) else float(v), "eigenvalue") for v in values]
    except TypeError:
        refuse("empirical", repr(values), "pass Quenched(name, dim) or a list of numbers")
    if not numbers or len(set(numbers)) > 64:
        refuse("empirical", f"{len(set(numbers))} values", "declare Quenched(name, dim) and pass its values to the solver")
    return atoms([(x, sp.Rational(1, len(numbers))) for x in numbers])


def _positive(value: Any, what: str, meaning: str) -> sp.Expr:
    number = scalar(value, what)
    if number.is_positive is None:
        refuse(what, f"{number}, of unknown sign", f"{meaning}; take a Symbol(..., positive=True)")
    if not number.is_positive:
        refuse(what, number, f"{meaning}, and positive")
    return number


def share_of(value: Any, what: str) -> sp.Expr:
    """A share of one, above zero."""
    share = _positive(value, what, "it is a share of all directions")
    if (1 - share).is_negative:
        refuse(what, share, "it is a share of all directions, at most 1")
    return share
