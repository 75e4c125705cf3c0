"""Special functions of mean-field theory with stable numerical forms and exact derivatives."""

from __future__ import annotations

import math

import sympy as sp

LEAST = sp.Rational(1, 10**12)
"""Share of a variance below which what is left of it is rounding."""


class Indicator(sp.Function):
    """1 or 0, locally constant."""

    def fdiff(self, argindex=1):
        return sp.S.Zero

    def _eval_is_nonnegative(self):
        return True


class Support(Indicator):
    """1 where the argument is non-zero, else 0: the modes that a kernel has."""

    nargs = 1

    @classmethod
    def eval(cls, x):
        return sp.Integer(int(x != 0)) if x.is_Number else None

    def _latex(self, printer, exp=None):
        return rf"\mathbb{{1}}_{{{printer._print(self.args[0])} > 0}}"


class H(sp.Function):
    """Gaussian tail, H(x) = ∫_x^∞ Dt."""

    nargs = 1
    is_positive = True

    @classmethod
    def eval(cls, x):
        return sp.S.Half if x == 0 else None

    def fdiff(self, argindex=1):
        return -sp.exp(-(self.args[0] ** 2) / 2) / sp.sqrt(2 * sp.pi)

    def _latex(self, printer, exp=None):
        text = rf"H\left({printer._print(self.args[0])}\right)"
        return text if exp is None else rf"{text}^{{{exp}}}"


class log_H(sp.Function):
    """Logarithm of the Gaussian tail; its derivative is minus the hazard."""

    nargs = 1
    is_negative = True

    def fdiff(self, argindex=1):
        return -hazard(self.args[0])

    def _latex(self, printer, exp=None):
        text = rf"\ln H\left({printer._print(self.args[0])}\right)"
        return text if exp is None else rf"\left({text}\right)^{{{exp}}}"


class log_between(sp.Function):
    """Logarithm of the weight of a standard Gaussian between two points, the lower one first."""

    nargs = 2

    def fdiff(self, argindex=1):
        end = self.args[argindex - 1]
        return (-1) ** argindex * sp.exp(-(end**2) / 2 - self) / sp.sqrt(2 * sp.pi)

    def _eval_is_real(self):
        return True

    def _latex(self, printer, exp=None):
        text = r"\ln\left(H\left({}\right) - H\left({}\right)\right)".format(*map(printer._print, self.args))
        return text if exp is None else rf"\left({text}\right)^{{{exp}}}"


class hazard(sp.Function):
    """Hazard of the Gaussian tail, exp(-x²/2) / (√(2π) H(x))."""

    nargs = 1
    is_positive = True

    def fdiff(self, argindex=1):
        return hazard(self.args[0]) * residual_life(self.args[0])

    def _latex(self, printer, exp=None):
        text = rf"\mathcal{{h}}\left({printer._print(self.args[0])}\right)"
        return text if exp is None else rf"{text}^{{{exp}}}"


class residual_life(sp.Function):
    """Mean distance of the Gaussian tail from its beginning, hazard(x) - x, without the cancellation at large x."""

    nargs, is_positive = 1, True

    def fdiff(self, argindex=1):
        return hazard(self.args[0]) * residual_life(self.args[0]) - 1

    def _latex(self, printer, exp=None):
        x = printer._print(self.args[0])
        text = rf"\left(\mathcal{{h}}\left({x}\right) - \left({x}\right)\right)"
        return text if exp is None else rf"{text}^{{{exp}}}"


class Exceeds(Indicator):
    """1 where the first argument is larger than the second, else 0; a Heaviside step would have a slope."""

    nargs = 2

    @classmethod
    def eval(cls, x, bound):
        return sp.Integer(bool(x > bound)) if x.is_number and bound.is_number else None

    def _latex(self, printer, exp=None):
        return rf"\mathbb{{1}}_{{{printer._print(self.args[0])} > {printer._print(self.args[1])}}}"


class Spread(sp.Function):
    """Square root of the variance that is left of a Gaussian variable once others are known, at least 1e-6 of its whole deviation:
    ``Spread(left, whole)``. It is exactly zero where fields are linearly dependent, and then rounding makes it negative."""

    nargs = 2

    @classmethod
    def eval(cls, left, whole):
        return sp.sqrt(left) if left.is_positive or left.is_Number else None

    def fdiff(self, argindex=1):
        left, whole = self.args
        free = Exceeds(left, LEAST * whole)
        return free / (2 * self) if argindex == 1 else LEAST * (1 - free) / (2 * self)

    def _eval_is_positive(self):
        return True

    def _sympystr(self, printer):
        return f"sqrt({printer._print(self.args[0])})"

    def _latex(self, printer, exp=None):
        text = rf"\sqrt{{{printer._print(self.args[0])}}}"
        return text if exp is None else rf"{text}^{{{exp}}}"


class log_cosh(sp.Function):
    """ln cosh x."""

    nargs = 1
    is_nonnegative = True

    def fdiff(self, argindex=1):
        return sp.tanh(self.args[0])

    def _latex(self, printer, exp=None):
        text = rf"\ln\cosh\left({printer._print(self.args[0])}\right)"
        return text if exp is None else rf"\left({text}\right)^{{{exp}}}"


class LogSum(sp.Function):
    """ln Σ exp(x_i) of its arguments; its slopes are the shares of the terms."""

    def fdiff(self, argindex=1):
        return share(self.args, argindex - 1)

    def _eval_is_real(self):
        return True

    def _latex(self, printer, exp=None):
        terms = " + ".join(f"e^{{{printer._print(a)}}}" for a in self.args)
        text = rf"\ln\left({terms}\right)"
        return text if exp is None else rf"\left({text}\right)^{{{exp}}}"


def share(levels, i: int) -> sp.Expr:
    """exp(x_i) / Σ exp(x_j), written in differences: a share next to one does not see how large the levels are."""
    return sp.exp(-LogSum(*[level - levels[i] for level in levels]))


class LargestEigenvalue(sp.Function):
    """Largest real part of the eigenvalues of a square matrix, whose entries are given row by row."""

    @classmethod
    def eval(cls, *entries):
        return entries[0] if len(entries) == 1 else None

    def fdiff(self, argindex=1):
        return LargestEigenvalueSlope(sp.Integer(argindex - 1), *self.args)

    def _eval_is_real(self):
        return True

    def _latex(self, printer, exp=None):
        size = round(len(self.args) ** 0.5)
        rows = [" & ".join(map(printer._print, self.args[i * size : (i + 1) * size])) for i in range(size)]
        text = r"\lambda_{\max}\begin{pmatrix}" + r" \\ ".join(rows) + r"\end{pmatrix}"
        return text if exp is None else rf"\left({text}\right)^{{{exp}}}"


class LargestEigenvalueSlope(sp.Function):
    """Derivative of :class:`LargestEigenvalue` by the entry of that number."""

    def _eval_is_real(self):
        return True


class InverseEntry(sp.Function):
    """Entry of the inverse of a square matrix: ``InverseEntry(i, j, *entries)`` with the entries of the matrix row by row."""

    def fdiff(self, argindex=1):
        (i, j), entries = self.args[:2], self.args[2:]
        row, column = divmod(argindex - 3, math.isqrt(len(entries)))
        return -InverseEntry(i, sp.Integer(row), *entries) * InverseEntry(sp.Integer(column), j, *entries)

    def _eval_is_real(self):
        return True

    def _latex(self, printer, exp=None):
        size = math.isqrt(len(self.args) - 2)
        rows = [" & ".join(map(printer._print, self.args[2 + i * size : 2 + (i + 1) * size])) for i in range(size)]
        text = r"\begin{pmatrix}" + r" \\ ".join(rows) + rf"\end{{pmatrix}}^{{-1}}_{{{self.args[0] + 1},{self.args[1] + 1}}}"
        return text if exp is None else rf"\left({text}\right)^{{{exp}}}"


class Clipped(sp.Function):
    """The larger of two arguments, as ``Max``, which SymPy leaves as it stands: it would spend its time on which is larger."""

    nargs = 2

    @classmethod
    def eval(cls, x, bound):
        return sp.Max(x, bound) if x.is_number and bound.is_number else None

    def fdiff(self, argindex=1):
        x, bound = self.args
        return Exceeds(x, bound) if argindex == 1 else 1 - Exceeds(x, bound)

    def _eval_is_real(self):
        return True

    def _latex(self, printer, exp=None):
        text = rf"\max\left({', '.join(map(printer._print, self.args))}\right)"
        return text if exp is None else rf"{text}^{{{exp}}}"
