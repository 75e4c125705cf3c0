"""What every part of a declaration checks as it is typed: names, numbers, keywords."""

from __future__ import annotations

import inspect
from functools import wraps
from keyword import iskeyword
from typing import NoReturn

import sympy as sp
from sympy.core.sympify import SympifyError

from theory.errors import DeclarationError, did_you_mean

RESERVED = frozenset(
    (
        "axes design digits executor model multiplicity observable observables on_failure progress replicate seed sizes start "
        "theory times tolerance trials values zip"
    ).split()
)
"""Names that solvers take as options, and that no object or parameter may have."""


class NotAScalar(DeclarationError, SympifyError):
    """A vector or matrix where SymPy wants a scalar; a SympifyError too, so that comparisons with ``==`` give False."""

    def __init__(self, message: str) -> None:
        Exception.__init__(self, message)

    def __str__(self) -> str:
        return str(self.args[0])


def refuse(what: str, value: object, repair: str) -> NoReturn:
    """Raise a DeclarationError that names the object, the value and the repair in one line."""
    raise DeclarationError(" ".join(f"{what}: {value}; {repair}".split()))


def identifier(name: object, what: str) -> str:
    """``name`` if it can name an object or a parameter; a DeclarationError otherwise."""
    if not isinstance(name, str) or not name.isidentifier() or name.startswith("_"):
        refuse(f"{what} name", repr(name), "take an identifier such as 'w0' that starts with a letter")
    if iskeyword(name) or name in RESERVED:
        refuse(f"{what} name", repr(name), "this name is reserved, take another one")
    return name


def scalar(value: object, what: str = "number") -> sp.Expr:
    """``value`` as an exact real SymPy expression; floats become the decimals that they print as.

    Text, None, booleans, arrays, complex, infinite and undefined values are refused with a DeclarationError.
    """
    if value is None or isinstance(value, (str, bool)):
        refuse(what, repr(value), "pass a number or a SymPy expression")
    if isinstance(value, (int, sp.Integer)):
        return sp.Integer(value)
    if getattr(value, "shape", ()) != ():
        refuse(what, f"an array ({type(value).__name__})", "declare it with Quenched(name, dim) and pass its values to the solver")
    try:
        expression = sp.sympify(value, strict=True)
    except DeclarationError:
        raise
    except SympifyError:
        refuse(what, f"{value!r} ({type(value).__name__})", "pass a number or a SymPy expression")
    if not isinstance(expression, sp.Expr) or expression.is_commutative is False:
        refuse(what, repr(value), "pass a number or a commutative SymPy expression")
    if expression.has(sp.nan, sp.oo, -sp.oo, sp.zoo):
        refuse(what, expression, "pass a finite number")
    if expression.has(sp.I) or expression.is_extended_real is False:
        refuse(what, expression, "declarations are real, split it into real and imaginary part")
    return exact(expression)


def exact(expression: sp.Expr) -> sp.Expr:
    """Every float replaced by the decimal that it prints as: 0.1 is 1/10."""
    floats = expression.atoms(sp.Float)
    return expression.xreplace({f: sp.Rational(repr(float(f))) for f in floats}) if floats else expression


def strict(function):
    """Decorator: keywords that ``function`` does not take, and arguments that lack, are refused with a DeclarationError."""
    signature = inspect.signature(function)
    known = [name for name in signature.parameters if name not in ("self", "cls")]
    label = function.__qualname__.split(".")[0]

    @wraps(function)
    def checked(*args, **keywords):
        for name in keywords:
            if name not in known:
                refuse(f"{label} has no keyword", repr(name), did_you_mean(name, known))
        try:
            signature.bind(*args, **keywords)
        except TypeError as error:
            refuse(label, error, f"it takes {', '.join(known)}")
        return function(*args, **keywords)

    return checked
