"""Laws of independent entries: mixtures of points and densities, for what is drawn and as the prior of a state."""

from __future__ import annotations

from typing import Any

import sympy as sp

from theory.declaration.checks import refuse, scalar
from theory.declaration.sites import ENTRY, Site, generic
from theory.errors import DerivationError


class Part(sp.Basic):
    """One part of a mixture."""


class Atom(Part):
    """All weight at one ``position``: a number or parameter, or per-mode data."""

    def __new__(cls, position):
        return sp.Basic.__new__(cls, _number(position, "position of an atom"))

    position = property(lambda self: self.args[0])

    def _sympystr(self, printer) -> str:
        return f"delta(x - {printer._print(self.position)})" if self.position != 0 else "delta(x)"

    def _latex(self, printer) -> str:
        return rf"\delta_{{{printer._print(self.position)}}}"


class Normal(Part):
    """A Gaussian of this ``mean`` and ``variance``, which is positive."""

    def __new__(cls, mean: Any = 0, variance: Any = 1):
        mean, variance = _number(mean, "mean of a Gaussian"), _number(variance, "variance of a Gaussian")
        if variance.is_nonpositive:
            refuse("variance of a Gaussian", variance, "pass a positive one; a point is an Atom")
        return sp.Basic.__new__(cls, mean, variance)

    mean = property(lambda self: self.args[0])
    variance = property(lambda self: self.args[1])

    def _sympystr(self, printer) -> str:
        return f"N({printer._print(self.mean)}, {printer._print(self.variance)})"

    def _latex(self, printer) -> str:
        return rf"\mathcal{{N}}\left({printer._print(self.mean)}, {printer._print(self.variance)}\right)"


class Density(Part):
    """Any density, as a function of the entry: ``Density(lambda w: lam/2*exp(-lam*abs(w)))``. It is taken to be normalised."""

    def __new__(cls, function):
        body = scalar(function(ENTRY), "density") if callable(function) else sp.sympify(function)
        if ENTRY not in body.free_symbols:
            refuse("density", body, "pass a function of the entry, such as lambda w: exp(-abs(w))/2")
        _local(body, "density")
        return sp.Basic.__new__(cls, body)

    def at(self, entry: sp.Expr) -> sp.Expr:
        """Its value at an entry."""
        return self.args[0].xreplace({ENTRY: entry})

    def _sympystr(self, printer) -> str:
        return printer._print(self.args[0])

    def _latex(self, printer) -> str:
        return printer._print(self.args[0])


class Mixture(sp.Basic):
    """A law of one entry: parts with their weights, ``Mixture((1 - rho, Atom(0)), (rho, Normal(0, 1)))`` is spike and slab.

    Weights add up to one; they hold numbers, parameters and per-mode data. DeclarationError for anything else.
    """

    def __new__(cls, *parts):
        found = []
        for pair in parts:
            if not isinstance(pair, (tuple, sp.Tuple)) or len(pair) != 2 or not isinstance(pair[1], Part):
                refuse("part of a mixture", repr(pair), "pass pairs (weight, Atom(0)), (weight, Normal(mean, variance)) or Density")
            weight = _number(pair[0], "weight in a mixture")
            if weight.is_negative or (weight.is_number and weight > 1):
                refuse("weight in a mixture", weight, "weights lie from 0 to 1")
            if weight != 0:
                found.append(sp.Tuple(weight, pair[1]))
        total = sp.Add(*[weight for weight, _ in found])
        if not found or sp.simplify(total - 1) != 0:
            refuse("weights of a mixture", f"they add up to {total}", "let them add up to 1")
        return sp.Basic.__new__(cls, *found)

    weights = property(lambda self: tuple(weight for weight, _ in self.args))
    parts = property(lambda self: tuple(part for _, part in self.args))

    def _sympystr(self, printer) -> str:
        return " + ".join(f"({printer._print(weight)})*{printer._print(part)}" for weight, part in self.args)

    def _latex(self, printer) -> str:
        terms = [rf"\left({printer._print(weight)}\right) {printer._print(part)}" for weight, part in self.args]
        return " + ".join(terms)


def mixture(value, owner: str, dim) -> Mixture:
    """A mixture whose per-mode data live on the dimension; DeclarationError otherwise."""
    if not isinstance(value, Mixture):
        refuse(f"law of {owner}", repr(value), "pass Mixture((weight, Atom(0)), (weight, Normal(0, 1)))")
    for atom in generic(value):
        if dim is None or atom not in dim.spectra:
            refuse(f"law of {owner}", f"{atom} is no per-mode data of {dim}", "write it in numbers, parameters and such data")
    return value


def refuse_drawn(leaves, where: str) -> None:
    """DerivationError where one of the leaves is drawn from a mixture, or is a label."""
    for leaf in leaves:
        if leaf.kind == "label":
            raise DerivationError(f"{leaf} is a label that is drawn: {where} has none; an energy derives it at replica symmetry")
        if leaf.kind == "drawn":
            raise DerivationError(f"{leaf} is drawn from {leaf.how['law']}: {where} averages Gaussian vectors; declare it as Noise")


def _number(value, what: str) -> sp.Expr:
    return _local(scalar(value, what), what)


def _local(value: sp.Expr, what: str) -> sp.Expr:
    if any(isinstance(atom, Site) for atom in generic(value)):
        refuse(what, value, "write it in numbers, parameters and per-mode data")
    return value
