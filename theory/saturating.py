"""Functions that level off, written so that neither large arguments nor small values cost digits."""

from __future__ import annotations

import sympy as sp

from theory.special import Exceeds


class softplus(sp.Function):
    """ln(1 + e^x)."""

    nargs = 1
    is_positive = True

    def fdiff(self, argindex=1):
        return expit(self.args[0])

    def _sympystr(self, printer):
        return f"log(1 + exp({printer._print(self.args[0])}))"

    def _latex(self, printer, exp=None):
        text = rf"\ln\left(1 + e^{{{printer._print(self.args[0])}}}\right)"
        return text if exp is None else rf"\left({text}\right)^{{{exp}}}"


class expit(sp.Function):
    """1/(1 + e^-x)."""

    nargs = 1
    is_positive = True

    def fdiff(self, argindex=1):
        return expit(self.args[0]) * expit(-self.args[0])

    def _sympystr(self, printer):
        return f"1/(1 + exp({printer._print(-self.args[0])}))"

    def _latex(self, printer, exp=None):
        text = rf"\frac{{1}}{{1 + e^{{{printer._print(-self.args[0])}}}}}"
        return text if exp is None else rf"\left({text}\right)^{{{exp}}}"


def levelled(expression: sp.Expr) -> sp.Expr:
    """With ln(1 + e^x) in one piece: its slopes then stay numbers where e^x overflows.

    >>> levelled(sp.log(1 + sp.exp(sp.Symbol("x")))).func.__name__
    'softplus'
    """
    rule = {}
    for node in expression.atoms(sp.log):
        rest = node.args[0] - 1
        if isinstance(rest, sp.exp):
            rule[node] = softplus(rest.args[0])
    return expression.xreplace(rule)


class Within(sp.Function):
    """The first argument, or the nearest number that is at most the second one in size."""

    nargs = 2

    @classmethod
    def eval(cls, x, most):
        return sp.Max(sp.Min(x, most), -most) if x.is_number and most.is_number else None

    def fdiff(self, argindex=1):
        x, most = self.args
        return Exceeds(x, -most) * Exceeds(most, x) if argindex == 1 else Exceeds(x, most) - Exceeds(-most, x)

    def _eval_is_real(self):
        return True

    def _latex(self, printer, exp=None):
        x, most = map(printer._print, self.args)
        text = rf"\left[{x}\right]_{{-{most}}}^{{{most}}}"
        return text if exp is None else rf"\left({text}\right)^{{{exp}}}"
