"""Averages as SymPy expressions: sums over the modes of a dimension and Gaussian averages.

Both are linear functionals over one bound variable. The bound variable is canonical: it is numbered by its nesting height, so that
equal averages are equal expressions, with the same hash and the same text in every process, whatever the index was called.
Every operation that reaches inside first opens the average with a fresh dummy, so that nothing can be captured.
"""

from __future__ import annotations

import sympy as sp
from sympy.core.cache import cacheit

from theory.modes import ModeIndex, ModeValue
from theory.symbols import size

LETTERS = "klmnpqrs"
CONTINUOUS = {"": "z", "+": "t", "|": "u"}
"""Letters of bound variables that are no index."""


class Bound(sp.Symbol):
    """The bound variable of an average, with its nesting height: ``kind`` is a dimension, "" for a standard Gaussian, "+" for a
    half line, or "|" for the unit interval."""

    __slots__ = ("kind", "height")

    def __new__(cls, kind: str, height: int) -> Bound:
        return _bound(cls, str(kind), int(height))

    def _hashable_content(self):
        return (*super()._hashable_content(), self.kind, self.height)

    def __reduce_ex__(self, protocol):
        return Bound, (self.kind, self.height)

    def _latex(self, printer) -> str:
        if self.kind in CONTINUOUS:
            return f"{CONTINUOUS[self.kind]}_{{{self.height}}}"
        return LETTERS[(self.height - 1) % len(LETTERS)]

    def _sympystr(self, printer) -> str:
        if self.kind in CONTINUOUS:
            return f"{CONTINUOUS[self.kind]}{self.height}"
        return LETTERS[(self.height - 1) % len(LETTERS)]


@cacheit
def _bound(cls: type[Bound], kind: str, height: int) -> Bound:
    assumptions = {"": {"real": True}, "+": {"positive": True}, "|": {"positive": True}}.get(kind, {"integer": True})
    new = sp.Symbol.__xnew__(cls, f"_{kind}{height}", **assumptions)
    new.kind, new.height = kind, height
    return new


class Average(sp.Expr):
    """A linear functional over one bound variable; ``args`` are the body and the bound variable.

    Factors that do not depend on the variable are pulled out. Differentiation and substitution act on the body.
    """

    is_commutative = is_finite = True
    precedence = 45

    def __new__(cls, body, variable):
        body = sp.sympify(body)
        # What no inner average binds too can stay while it is looked at.
        fresh = cls._fresh(variable) if isinstance(variable, Bound) and _height(body) >= variable.height else variable
        body = _settled(body.xreplace({variable: fresh}) if variable != fresh else body)
        if body == 0:
            return sp.S.Zero
        factor, rest = body.as_independent(fresh, as_Add=False)
        if fresh not in rest.free_symbols:
            return body * cls._of_one(variable)
        height, free = 1 + _height(rest), rest.free_symbols - {fresh}
        while (bound := cls._bound_variable(variable, height)) in free:
            height += 1
        return factor * sp.Expr.__new__(cls, rest.xreplace({fresh: bound}) if fresh != bound else rest, bound)

    body = property(lambda self: self.args[0])
    bound = property(lambda self: self.args[1])

    def opened(self):
        """The body and a fresh dummy in the place of the bound variable."""
        fresh = self._fresh(self.bound)
        return self.body.xreplace({self.bound: fresh}), fresh

    def map(self, function):
        """The average of ``function(body)``."""
        body, fresh = self.opened()
        return self._rebuilt(function(body), fresh)

    def _rebuilt(self, body, fresh):
        return self.func(body.xreplace({fresh: self.bound}) if fresh in body.free_symbols else body, self.bound)

    @property
    def free_symbols(self):
        return self.body.free_symbols - {self.bound}

    @property
    def bound_symbols(self):
        return [self.bound]

    def _eval_derivative(self, symbol):
        return self.func(self.body.diff(symbol), self.bound)

    def _eval_subs(self, old, new):
        if self == old:
            return sp.sympify(new)
        body, fresh = self.opened()
        replaced = body._subs(old, new)
        return self if replaced == body else self.func(replaced, fresh)

    def _xreplace(self, rule):
        if self in rule:
            return rule[self], True
        # Rules of SymPy's own may be functions, no mappings.
        apart = hasattr(rule, "items") and all(self.bound not in e.free_symbols for pair in rule.items() for e in pair)
        body, fresh = (self.body, self.bound) if apart else self.opened()
        replaced, changed = body._xreplace(rule)
        return (self.func(replaced, fresh), True) if changed else (self, False)

    def _eval_is_real(self):
        return self.body.is_real

    def _eval_is_nonnegative(self):
        return self.body.is_nonnegative

    def _eval_is_positive(self):
        return self.body.is_positive


class ModeSum(Average):
    """Plain sum over the modes of a dimension: ``ModeSum(eta[k]/(kappa + P*eta[k]), k)``; the sum of 1 is the dimension's size."""

    def _eval_derivative(self, symbol):
        body, fresh = self.opened()
        by_parts = self.func(body.diff(symbol), fresh)
        if not isinstance(symbol, ModeValue):
            return by_parts
        return by_parts + _explicit(body, symbol.func(symbol.array, fresh)).xreplace({fresh: symbol.indices[0]})

    @staticmethod
    def _fresh(index):
        dimension = index.kind if isinstance(index, Bound) else index.dimension
        return ModeIndex.dummy(dimension)

    @staticmethod
    def _bound_variable(index, height: int) -> Bound:
        return Bound(index.kind if isinstance(index, Bound) else index.dimension, height)

    @staticmethod
    def _of_one(index):
        return size(index.kind if isinstance(index, Bound) else index.dimension)

    dimension = property(lambda self: self.bound.kind)

    def _latex(self, printer) -> str:
        return rf"\sum_{{{printer._print(self.bound)}}} {printer.parenthesize(self.body, 45)}"

    def _sympystr(self, printer) -> str:
        return f"S_{printer._print(self.bound)}({printer._print(self.body)})"


class GaussianAverage(Average):
    """Average over a standard Gaussian variable: ``GaussianAverage(tanh(beta*z)**2, z)``; nest for several variables."""

    @staticmethod
    def _fresh(variable):
        return sp.Dummy("z", real=True)

    @staticmethod
    def _bound_variable(variable, height: int) -> Bound:
        return Bound("", height)

    @staticmethod
    def _of_one(variable):
        return sp.S.One

    def _latex(self, printer) -> str:
        return rf"\left\langle {printer._print(self.body)} \right\rangle_{{{printer._print(self.bound)}}}"

    def _sympystr(self, printer) -> str:
        return f"<{printer._print(self.body)}>_{printer._print(self.bound)}"

    def by_parts(self):
        """Stein's lemma, <z f(z)> = <f'(z)>, applied once to every term with one explicit factor of the variable."""
        body, z = self.opened()
        total = sp.S.Zero
        for term in sp.Add.make_args(sp.expand(body)):
            explicit = term.as_powers_dict().get(z, 0) == 1
            total += self.func((term / z).diff(z) if explicit else term, z)
        return total


class HalfLine(Average):
    """Integral over t > 0 of a body that decays like a Gaussian of width one: ``HalfLine(exp(-t**2/2)*tanh(t), t)``."""

    @staticmethod
    def _fresh(variable):
        return sp.Dummy("t", positive=True)

    @staticmethod
    def _bound_variable(variable, height: int) -> Bound:
        return Bound("+", height)

    @staticmethod
    def _of_one(variable):
        return sp.oo

    def _latex(self, printer) -> str:
        bound = printer._print(self.bound)
        return rf"\int_0^\infty d{bound}\, {printer.parenthesize(self.body, 45)}"

    def _sympystr(self, printer) -> str:
        return f"I_{printer._print(self.bound)}({printer._print(self.body)})"


def outermost(expression) -> list[Average]:
    """The averages of an expression that do not lie inside another one, in a reproducible order."""
    found: set[Average] = set()
    stack = [sp.sympify(expression)]
    while stack:
        node = stack.pop()
        if isinstance(node, Average):
            found.add(node)
        else:
            stack.extend(node.args)
    return sorted(found, key=sp.default_sort_key)


def _explicit(body, entry: ModeValue):
    """Derivative by an entry where it is written out, inner sums not running through it."""
    stand_in = sp.Dummy("entry", real=True)
    return body.xreplace({entry: stand_in}).diff(stand_in).xreplace({stand_in: entry})


def mode_derivative(expression, value: ModeValue):
    """Derivative by the data of one free mode, for instance ``eta[r]``: the sums over modes contribute their term k = r."""
    return sp.sympify(expression).diff(value)


@cacheit
def _height(expression) -> int:
    return max((average.bound.height for average in outermost(expression)), default=0)


def _settled(body):
    """Inner averages whose numbering is not the lowest one (left by a traversal that rebuilt from below) are rebuilt."""
    loose = {a: a.func(*a.args) for a in outermost(body) if a.bound.height != 1 + _height(a.body)}
    return body.xreplace(loose) if loose else body
