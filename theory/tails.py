"""Logarithms that users write, in forms that do not underflow."""

from __future__ import annotations

import sympy as sp

from theory.special import log_H


def with_tails(expression: sp.Expr) -> sp.Expr:
    """Logarithms of 1 + erf(x), and of multiples of it, as those of Gaussian tails, which do not underflow.

    >>> with_tails(sp.log(1 + sp.erf(sp.Symbol("x"))))
    log_H(-sqrt(2)*x) + log(2)
    """
    return expression.replace(sp.log, _tail)


def _tail(inside: sp.Expr) -> sp.Expr:
    body = sp.expand(inside.rewrite(sp.erf))
    errors = list(body.atoms(sp.erf))
    if len(errors) == 1:
        factor, rest = body.coeff(errors[0], 1), body.coeff(errors[0], 0)
        ratio = sp.cancel(factor / rest) if rest != 0 else sp.S.Zero
        if ratio in (1, -1) and sp.expand(body - factor * errors[0] - rest) == 0:
            return sp.expand_log(sp.log(2 * rest)) + log_H(-ratio * sp.sqrt(2) * errors[0].args[0])
    return sp.log(inside)
