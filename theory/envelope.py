"""The Moreau envelope of a smooth convex potential of several variables, min_h V(h) + (h - ω)·χ⁻¹(h - ω)/2, and its derivatives."""

from __future__ import annotations

from functools import cached_property

import sympy as sp

from theory.errors import DerivationError
from theory.symbols import Internal

HIGHEST = 3
"""Order of derivatives up to which they are evaluated."""


def names_of(count: int) -> tuple[sp.Symbol, ...]:
    """The variables in which potentials and observables are written."""
    return tuple(Internal(f"_x{i}", real=True) for i in range(count))


def hidden(expression: sp.Expr, kind: type) -> tuple[sp.Expr, dict[sp.Symbol, sp.Expr]]:
    """The expression with atoms of a kind as dummies, and the way back."""
    atoms = sorted(expression.atoms(kind), key=sp.default_sort_key)
    stand_in = {a: sp.Dummy(f"d{k}", real=True) for k, a in enumerate(atoms)}
    return expression.xreplace(stand_in), {d: a for a, d in stand_in.items()}


class Envelope(sp.Expr):
    """Derivative of the envelope by the entries of ω with the numbers ``indices``: ``Envelope(V, h, omega, chi, indices)`` with V
    written in the symbols h and χ a positive symmetric matrix; without indices the envelope itself.

    Its gradient is that of V at the minimum, h = ω - χ ∇M; by an entry of χ, ∂M/∂χ_kl = -∂_k M ∂_l M/2. So every derivative is a
    polynomial of others, which stay single symbols of the mathematics however long V is.
    """

    is_commutative = True
    is_real = True
    precedence = 45

    def __new__(cls, potential, h, omega, chi, indices=()):
        potential = sp.sympify(potential).xreplace(dict(zip(h, names_of(len(h)), strict=True)))
        if len(indices) > HIGHEST:
            raise DerivationError(f"potential {potential}: derivatives of its envelope of order {len(indices)}; {HIGHEST} are done")
        order = sp.Tuple(*sorted(map(sp.Integer, indices)))
        return sp.Expr.__new__(cls, potential, sp.Tuple(*omega), sp.Tuple(*chi), order)

    func = property(lambda self: lambda v, omega, chi, indices: Envelope(v, names_of(len(omega)), omega, chi, indices))
    potential = property(lambda self: self.args[0])
    omega = property(lambda self: self.args[1])
    indices = property(lambda self: tuple(int(i) for i in self.args[3]))
    names = property(lambda self: names_of(len(self.args[1])))

    @property
    def chi(self) -> sp.Matrix:
        return sp.Matrix(len(self.omega), len(self.omega), list(self.args[2]))

    @cached_property
    def free_symbols(self):
        return set().union(*(a.free_symbols for a in self.args)) - set(self.names)

    def at(self, *indices: int) -> Envelope:
        """The derivative with these indices."""
        return Envelope(self.potential, self.names, self.omega, self.args[2], indices)

    def by(self, index: int) -> Envelope:
        """The derivative by one more entry of ω."""
        return self.at(*self.indices, index)

    @property
    def points(self) -> list[sp.Expr]:
        """The minimum."""
        chi, count = self.chi, len(self.omega)
        return [w - sp.Add(*[chi[i, j] * self.at(j) for j in range(count)]) for i, w in enumerate(self.omega)]

    def _eval_derivative(self, symbol):
        count, chi = len(self.omega), self.chi
        total = sp.Add(*[w.diff(symbol) * self.by(i) for i, w in enumerate(self.omega) if w.has(symbol)])
        for k in range(count):
            for l in range(count):
                if chi[k, l].has(symbol):
                    total += chi[k, l].diff(symbol) * self._moved(-self.at(k) * self.at(l) / 2)
        if symbol in self.potential.free_symbols:
            total += self._at_minimum(self._moved(self.potential.diff(symbol)))
        return total

    def _moved(self, expression: sp.Expr) -> sp.Expr:
        """The derivatives by ω with the indices of this one of an expression in h and derivatives of the envelope."""
        chi, count = self.chi, len(self.omega)
        for i in self.indices:
            written, back = hidden(expression, Envelope)
            total = sp.Add(*[written.diff(d) * a.by(i) for d, a in back.items()])
            for a, x in enumerate(self.names):
                if written.has(x):
                    gain = int(a == i) - sp.Add(*[chi[a, b] * self.at(b, i) for b in range(count)])
                    total += written.diff(x) * gain
            expression = total.xreplace(back)
        return expression

    def _at_minimum(self, expression: sp.Expr) -> sp.Expr:
        """An expression in h and derivatives of the envelope, whose own potential is written in the same symbols."""
        written, back = hidden(expression, Envelope)
        return written.xreplace(dict(zip(self.names, self.points, strict=True))).xreplace(back)

    def _latex(self, printer, exp=None):
        potential, omega = printer._print(self.potential), ", ".join(map(printer._print, self.omega))
        slopes = "".join(rf"\partial_{{{i + 1}}}" for i in self.indices)
        text = rf"{slopes}\mathcal{{M}}_{{{potential}}}\left({omega}\right)"
        return text if exp is None else rf"\left({text}\right)^{{{exp}}}"

    def _sympystr(self, printer):
        slopes = "".join(f"d{i + 1}" for i in self.indices)
        return f"{slopes}M[{printer._print(self.potential)}]({', '.join(map(printer._print, self.omega))})"
