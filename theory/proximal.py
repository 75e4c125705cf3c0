"""The proximal point of a smooth convex potential, which has no closed form: an implicit function with exact derivatives."""

from __future__ import annotations

import sympy as sp

from theory.small_matrices import inverse

X = sp.Symbol("_x", real=True)
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


def _names(count: int) -> tuple[sp.Symbol, ...]:
    return tuple(sp.Symbol(f"_x{i}", real=True) for i in range(count))


class JointProximal(sp.Expr):
    """One component of argmin_h V(h) + (h - ω)·χ⁻¹(h - ω)/2 over several h, that is h + χ ∇V(h) = ω.

    ``JointProximal(V, h, omega, chi, i)`` with V written in the symbols h and χ a positive matrix.
    """

    is_commutative = True
    is_real = True

    def __new__(cls, potential, h, omega, chi, component):
        names = _names(len(h))
        potential = sp.sympify(potential).xreplace(dict(zip(h, names, strict=True)))
        return sp.Expr.__new__(cls, potential, sp.Tuple(*omega), sp.Tuple(*chi), sp.Integer(component))

    func = property(lambda self: lambda v, omega, chi, i: JointProximal(v, _names(len(omega)), omega, chi, i))
    potential = property(lambda self: self.args[0])
    omega = property(lambda self: self.args[1])
    component = property(lambda self: int(self.args[3]))
    names = property(lambda self: _names(len(self.args[1])))

    @property
    def chi(self) -> sp.Matrix:
        count = len(self.omega)
        return sp.Matrix(count, count, list(self.args[2]))

    @property
    def points(self) -> list[JointProximal]:
        """All components."""
        return [JointProximal(self.potential, self.names, self.omega, self.chi, i) for i in range(len(self.omega))]

    @property
    def free_symbols(self):
        return set().union(*(a.free_symbols for a in self.args)) - set(self.names)

    def _eval_derivative(self, symbol):
        names, chi, potential = self.names, self.chi, self.potential
        there = dict(zip(names, self.points, strict=True))
        slope = sp.Matrix([potential.diff(x) for x in names])
        bend = sp.Matrix(len(names), len(names), lambda i, j: potential.diff(names[i], names[j]))
        moved = sp.Matrix([w.diff(symbol) for w in self.omega]) - chi.diff(symbol) * slope - chi * slope.diff(symbol)
        answer = inverse(sp.eye(len(names)) + chi * bend) * moved
        return answer[self.component].xreplace(there)

    def _latex(self, printer, exp=None):
        potential, omega = printer._print(self.potential), ", ".join(map(printer._print, self.omega))
        text = rf"\operatorname{{prox}}_{{{potential}}}\left({omega}\right)_{{{self.component + 1}}}"
        return text if exp is None else rf"{text}^{{{exp}}}"

    def _sympystr(self, printer):
        return f"prox_{self.component + 1}({printer._print(self.potential)}, {', '.join(map(printer._print, self.omega))})"
