"""Integrals over the unit interval, as SymPy expressions."""

from __future__ import annotations

import sympy as sp

from theory.averages import Average, Bound, GaussianAverage, HalfLine


class UnitInterval(Average):
    """Integral over 0 < u < 1 of a body that is smooth there: ``UnitInterval(exp(u), u)``."""

    @staticmethod
    def _fresh(variable):
        return sp.Dummy("u", positive=True)

    @staticmethod
    def _bound_variable(variable, height: int) -> Bound:
        return Bound("|", height)

    @staticmethod
    def _of_one(variable):
        return sp.S.One

    def _latex(self, printer) -> str:
        bound = printer._print(self.bound)
        return rf"\int_0^1 d{bound}\, {printer.parenthesize(self.body, 45)}"

    def _sympystr(self, printer) -> str:
        return f"I1_{printer._print(self.bound)}({printer._print(self.body)})"


INTEGRALS = (GaussianAverage, HalfLine, UnitInterval)
"""Averages over continuous variables."""
