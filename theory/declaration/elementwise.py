"""Functions that act on a vector or matrix entry by entry, and on a scalar as in SymPy."""

from __future__ import annotations

import sympy as sp

from theory.declaration.mapped import mapped
from theory.declaration.matrix import Mat
from theory.declaration.vectors import Vec


class Wall(sp.Function):
    """0 where x <= 0 and infinite where x > 0: a constraint as an energy."""

    nargs = 1

    @classmethod
    def eval(cls, x):
        return sp.S.Zero if x.is_nonpositive else None

    def fdiff(self, argindex=1):
        return sp.S.Zero

    def _latex(self, printer, exp=None) -> str:
        text = rf"\infty\,\Theta\left({printer._print(self.args[0])}\right)"
        return text if exp is None else rf"{text}^{{{exp}}}"


def _elementwise(name: str, function, formula: str):
    def apply(v):
        if isinstance(v, Mat):
            return mapped(v, function)
        return v.map(function) if isinstance(v, Vec) else function(v)

    apply.__name__ = apply.__qualname__ = name
    apply.__doc__ = f"Elementwise {formula} of a vector or matrix; of a scalar, the SymPy expression."
    return apply


tanh = _elementwise("tanh", sp.tanh, "hyperbolic tangent")
erf = _elementwise("erf", sp.erf, "error function")
relu = _elementwise("relu", lambda x: sp.Max(0, x), "max(0, v)")
heaviside = _elementwise("heaviside", sp.Heaviside, "step function, 1 where v > 0")
wall = _elementwise("wall", Wall, "0 where v <= 0 and infinity where v > 0")
sign = _elementwise("sign", sp.sign, "sign")
sqrt = _elementwise("sqrt", sp.sqrt, "square root")
exp = _elementwise("exp", sp.exp, "exponential")
log = _elementwise("log", sp.log, "natural logarithm")
cosh = _elementwise("cosh", sp.cosh, "hyperbolic cosine")
sin = _elementwise("sin", sp.sin, "sine")
cos = _elementwise("cos", sp.cos, "cosine")
absolute = _elementwise("absolute", sp.Abs, "absolute value")
