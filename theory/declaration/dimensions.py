"""Dimensions and the per-mode data that live on them. A dimension is a symbol, and its own size: ``variance=1/N`` just works."""

from __future__ import annotations

import sympy as sp

from theory.declaration.checks import identifier, refuse, scalar, strict
from theory.declaration.printing import indexed_name


class Spectrum(sp.Symbol):
    """Per-mode data of a dimension: a nonnegative number at the generic site, ``diag`` in a matrix.

    All spectra of one dimension commute. ``scaling`` is the power of r by which values change under
    ``replicate(r)``, where every mode becomes r-fold: -1 (default) is eta -> eta/r.
    """

    __slots__ = ("key", "scaling")

    @strict
    def __new__(cls, name, scaling=-1):
        new = sp.Symbol.__xnew__(cls, identifier(name, "Spectrum"), nonnegative=True)
        new.scaling = power(scaling, name)
        new.key = f"spectrum:{new.name}^{new.scaling}"
        return new

    def _hashable_content(self):
        return (*super()._hashable_content(), self.key)

    def __reduce_ex__(self, protocol):
        return Spectrum, (self.name, self.scaling)

    def _latex(self, printer) -> str:
        return indexed_name(printer, self.name, spectrum=self)


class Dim(sp.Symbol):
    """A dimension, which is its own size: ``Dim("M", "eta", "a2")``, ``Dim("P")``, ``Dim("mu", finite=True)``.

    Further arguments are its spectra, :class:`Spectrum` symbols or names: per-mode data of one commuting family. Sizes go
    to infinity together, in fixed ratios; a size is a positive real, so that it can be swept continuously. A
    ``finite`` dimension stays finite, such as the index of a given data point. DeclarationError on anything else.
    """

    __slots__ = ("finite", "key", "spectra")

    @strict
    def __new__(cls, name, *spectra, finite=False):
        identifier(name, "Dim")
        made = tuple(Spectrum(s) if isinstance(s, str) else s for s in spectra)
        for s in made:
            if not isinstance(s, Spectrum):
                refuse(f"spectrum of {name}", repr(s), f"declare per-mode data as Spectrum({str(s)!r}) or by its name")
        names = [s.name for s in made]
        if len(set(names)) < len(names) or name in names:
            refuse(f"spectra of {name}", ", ".join(names), "give each one a name of its own")
        if not isinstance(finite, bool):
            refuse(f"finite of {name}", repr(finite), "pass True or False")
        if finite and made:
            refuse(f"spectra of the finite dimension {name}", ", ".join(names), "only infinite dimensions have modes")
        new = sp.Symbol.__xnew__(cls, name, positive=True)
        new.spectra, new.finite = made, finite
        new.key = f"dim:{name}[{','.join(sorted(s.key for s in made))}]{':finite' * finite}"
        return new

    def _hashable_content(self):
        return (*super()._hashable_content(), self.key, ",".join(s.name for s in self.spectra))

    def __reduce_ex__(self, protocol):
        return _dim, (self.name, self.spectra, self.finite)

    @property
    def declaration(self) -> str:
        """The text that declares it."""
        spectra = "".join(f", {s.name!r}" for s in self.spectra)
        return f"Dim({self.name!r}{spectra}{', finite=True' * self.finite})"


def _dim(name, spectra, finite):
    return Dim(name, *spectra, finite=finite)


def power(value, name) -> sp.Rational:
    """The power of r by which values change under ``replicate``, a rational number."""
    exponent = scalar(value, f"scaling of {name}")
    if not exponent.is_Rational:
        refuse(f"scaling of {name}", value, "pass a rational number, the power of r")
    return exponent


def dimension(value, owner: str) -> Dim:
    """``value`` if it is a :class:`Dim`; a DeclarationError otherwise."""
    if not isinstance(value, Dim):
        refuse(f"dimension of {owner}", repr(value), "declare it with Dim(name) first")
    return value


def over(dim: Dim | None) -> str:
    """How an error message names a dimension."""
    return "no dimension" if dim is None else dim.name


def mismatch(a: Dim | None, b: Dim | None) -> str:
    """How an error message tells two dimensions apart, even when they share a name."""
    if a is not None and b is not None and a.name == b.name:
        return f"{a.declaration} against {b.declaration}"
    return f"{over(a)} against {over(b)}"
