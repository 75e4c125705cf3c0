"""Special functions of mean-field theory with stable numerical forms and exact derivatives."""

from __future__ import annotations

import sympy as sp


class Support(sp.Function):
    """1 where the argument is non-zero, else 0: the modes that a kernel has. Locally constant."""

    nargs = 1

    @classmethod
    def eval(cls, x):
        return sp.Integer(int(x != 0)) if x.is_Number else None

    def fdiff(self, argindex=1):
        return sp.S.Zero

    def _eval_is_nonnegative(self):
        return True

    def _latex(self, printer, exp=None):
        return rf"\mathbb{{1}}_{{{printer._print(self.args[0])} > 0}}"


class H(sp.Function):
    """Gaussian tail, H(x) = ∫_x^∞ Dt."""

    nargs = 1

    def fdiff(self, argindex=1):
        return -sp.exp(-(self.args[0] ** 2) / 2) / sp.sqrt(2 * sp.pi)

    def _latex(self, printer, exp=None):
        text = rf"H\left({printer._print(self.args[0])}\right)"
        return text if exp is None else rf"{text}^{{{exp}}}"


class log_H(sp.Function):
    """Logarithm of the Gaussian tail; its derivative is minus the hazard."""

    nargs = 1

    def fdiff(self, argindex=1):
        return -hazard(self.args[0])

    def _latex(self, printer, exp=None):
        text = rf"\ln H\left({printer._print(self.args[0])}\right)"
        return text if exp is None else rf"\left({text}\right)^{{{exp}}}"


class hazard(sp.Function):
    """Hazard of the Gaussian tail, exp(-x²/2) / (√(2π) H(x))."""

    nargs = 1

    def fdiff(self, argindex=1):
        return hazard(self.args[0]) * (hazard(self.args[0]) - self.args[0])

    def _latex(self, printer, exp=None):
        text = rf"\mathcal{{h}}\left({printer._print(self.args[0])}\right)"
        return text if exp is None else rf"{text}^{{{exp}}}"


class log_cosh(sp.Function):
    """ln cosh x."""

    nargs = 1

    def fdiff(self, argindex=1):
        return sp.tanh(self.args[0])

    def _latex(self, printer, exp=None):
        text = rf"\ln\cosh\left({printer._print(self.args[0])}\right)"
        return text if exp is None else rf"\left({text}\right)^{{{exp}}}"
