"""The proximal point of a smooth convex potential, which has no closed form: an implicit function with exact derivatives."""

from __future__ import annotations

import sympy as sp

from theory.symbols import Internal

X = Internal("_x", real=True)
"""The variable of the potential inside a :class:`Proximal`."""


class Proximal(sp.Expr):
    """argmin_h V(h) + (h - ω)²/(2χ), that is h + χ V'(h) = ω: ``Proximal(V(X), omega, chi)`` with V written in ``X``."""

    is_commutative = True
    is_real = True

    def __new__(cls, potential, omega, chi):
        return sp.Expr.__new__(cls, *map(sp.sympify, (potential, omega, chi)))

    potential = property(lambda self: self.args[0])

    @property
    def free_symbols(self):
        return set().union(*(a.free_symbols for a in self.args)) - {X}

    def _eval_derivative(self, symbol):
        potential, omega, chi = self.args
        slope = potential.diff(X).xreplace({X: self})
        moved = potential.diff(X).diff(symbol).xreplace({X: self})
        gain = 1 + chi * potential.diff(X, 2).xreplace({X: self})
        return (omega.diff(symbol) - chi.diff(symbol) * slope - chi * moved) / gain

    def _latex(self, printer, exp=None):
        potential, omega, chi = map(printer._print, self.args)
        text = rf"\operatorname{{prox}}_{{{chi}\,{potential}}}\left({omega}\right)".replace("_{x}", "x")
        return text if exp is None else rf"{text}^{{{exp}}}"

    def _sympystr(self, printer):
        return f"prox({', '.join(map(printer._print, self.args))})"
