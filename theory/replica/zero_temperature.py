"""Temperature zero of a replica calculation with a hierarchical ansatz: β -> oo with blocks y/β and a width χ/β.

All that is algebra of hierarchical matrices is proportional to β then, and its limit is the leading coefficient; of the innermost
average, a logarithm of a sum of exponentials, the maximum is left.
"""

from __future__ import annotations

import sympy as sp

from theory.asymptotics import RULES, Leading, leading
from theory.errors import DerivationError
from theory.special import log_cosh
from theory.symbols import Internal, beta

SMALL, LOG = Internal("varepsilon", positive=True), Internal("log_varepsilon", real=True)


def per_beta(expression: sp.Expr, power: int = 1) -> sp.Expr:
    """lim expression / β**power for β -> oo; DerivationError where it diverges."""
    written = sp.sympify(expression).xreplace({beta: 1 / SMALL})
    written = written.xreplace({log: _log(log.args[0]) for log in written.atoms(sp.log) if SMALL in log.free_symbols})
    by_log = sp.collect(sp.expand(written), LOG, evaluate=False)
    for factor, coefficient in by_log.items():
        order, value = leading(coefficient, SMALL)
        if value != 0 and (order < -power or (order == -power and factor != 1)):
            raise DerivationError(f"temperature 0: {expression} grows faster than beta**{power}; the ansatz scales otherwise")
    order, value = leading(by_log.get(sp.S.One, sp.S.Zero), SMALL)
    return value if order == -power else sp.S.Zero


def _log(argument: sp.Expr) -> sp.Expr:
    """log(a ε^p (1 + δ)) = p log ε + log a + δ, to first order in δ."""
    order, coefficient = leading(argument, SMALL)
    ratio = sp.cancel(argument / (coefficient * SMALL**order)) - 1
    off, rest = leading(sp.expand(ratio), SMALL)
    return order * LOG + sp.log(coefficient) + rest * SMALL**off


def _log_cosh(expression: sp.Expr, small: sp.Symbol) -> Leading:
    """The larger of both exponents."""
    order, coefficient = leading(expression.args[0], small)
    return (order, sp.Abs(coefficient)) if order < 0 else (sp.S.Zero, log_cosh(coefficient) if order == 0 else sp.S.Zero)


RULES |= {log_cosh: _log_cosh}
