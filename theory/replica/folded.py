"""Trees of averages that stay folded: one expression for each average, however deep it nests, which solvers evaluate level by
level.

Written out, an average over k + 1 levels holds its weights once for every use; folded it holds the one-body function, the
increments and the blocks, once.
"""

from __future__ import annotations

import sympy as sp

from theory.averages import GaussianAverage
from theory.errors import DerivationError
from theory.replica.one_body import OMEGA
from theory.replica.tree import Outer, Tree


class TreeAverage(sp.Expr):
    """Average over all levels outside ``level`` of (the mean of ``body`` over the levels inside it) ** ``power``; with power 0 that
    of g_level. ``value`` is F, ``spreads`` and ``blocks`` are those of :class:`~theory.replica.tree.Tree`, ``mean`` and ``weight``
    those of its outermost average; ``OMEGA`` is bound in all but the mean."""

    is_commutative = True
    is_real = True
    precedence = 45

    def __new__(cls, level, power, body, value, spreads, blocks, mean=0, weight=1):
        parts = (sp.Integer(level), sp.Integer(power), sp.sympify(body), sp.sympify(value), sp.Tuple(*spreads), sp.Tuple(*blocks))
        return sp.Expr.__new__(cls, *parts, sp.sympify(mean), sp.sympify(weight))

    level = property(lambda self: int(self.args[0]))
    power = property(lambda self: int(self.args[1]))
    body = property(lambda self: self.args[2])
    value = property(lambda self: self.args[3])
    spreads = property(lambda self: tuple(self.args[4]))
    blocks = property(lambda self: tuple(self.args[5]))
    mean = property(lambda self: self.args[6])
    weight = property(lambda self: self.args[7])

    @property
    def free_symbols(self):
        return set().union(*(a.free_symbols for a in self.args)) - {OMEGA}

    def written_out(self) -> sp.Expr:
        """As nested Gaussian averages."""
        z = sp.Dummy("z", real=True)
        mass = GaussianAverage(self.weight.xreplace({OMEGA: self.mean + sp.sqrt(self.spreads[-1]) * z}), z)
        slopes = (self.value.diff(OMEGA), self.value.diff(OMEGA, 2))
        tree = Tree(self.value, *slopes, self.spreads, self.blocks, outer=Outer(self.mean, self.weight, mass))
        if not self.power:
            return tree.mean(self.level, tree.values[self.level])
        body = self.body
        for level in range(1, self.level + 1):
            body = tree.tilted(level, body)
        return tree.mean(self.level, body**self.power)

    def _eval_derivative(self, symbol):
        return Sensitivity(self, symbol) if symbol in self.free_symbols else sp.S.Zero

    def _inner(self, printed: str, opened: str, closed: str, power: str, weight: str) -> str:
        last = len(self.blocks) + 1
        if not self.power:
            return f"{opened}{weight}g_{self.level}{closed}_{last}"
        if self.power == 1:
            return f"{opened}{weight}{printed}{closed}_{last}"
        inside = f"{opened}{printed}{closed}_{self.level}" if self.level else printed if power == "^" else f"({printed})"
        return f"{opened}{weight}{inside}{power}{self.power}{closed}_{last}"

    def _sympystr(self, printer) -> str:
        weight = "" if self.weight == 1 else f"{printer.parenthesize(self.weight, 45)}*"
        return self._inner(printer._print(self.body), "<", ">", "**", weight)

    def _latex(self, printer) -> str:
        body = printer._print(self.body)
        body = rf"\left({body}\right)" if not self.level and self.power > 1 else body
        weight = "" if self.weight == 1 else rf"{printer.parenthesize(self.weight, 45)} \, "
        return self._inner(body, r"\left\langle ", r" \right\rangle", "^", weight)


class Sensitivity(sp.Expr):
    """Derivative of a folded average by a symbol."""

    is_commutative = True
    is_real = True

    def __new__(cls, average, symbol):
        return sp.Expr.__new__(cls, average, symbol)

    average = property(lambda self: self.args[0])
    symbol = property(lambda self: self.args[1])

    @property
    def free_symbols(self):
        return self.average.free_symbols

    def _eval_derivative(self, symbol):
        if symbol not in self.free_symbols:
            return sp.S.Zero
        raise DerivationError(f"second derivative of {self.average} by {symbol}: folded averages have one; use written_out()")

    def _sympystr(self, printer) -> str:
        return f"d({printer._print(self.average)})/d{printer._print(self.symbol)}"


class FoldedTree(Tree):
    """A tree whose averages over several levels stay folded."""

    def _fold(self, level: int, power: int, body: sp.Expr) -> TreeAverage:
        return TreeAverage(level, power, body, self.value, self.spreads, self.blocks, self.outer.mean, self.outer.weight)

    def mean(self, level: int, body: sp.Expr) -> sp.Expr:
        if not self.steps:
            return super().mean(level, body)
        if level:
            raise ValueError(f"tree: a mean from level {level}; folded ones begin at level 0")
        total = sp.S.Zero
        for term in sp.Add.make_args(body):
            outside, inside = term.as_independent(OMEGA, as_Add=False)
            total += outside * (self._fold(0, 1, inside) if OMEGA in inside.free_symbols else inside * self.outer.mass)
        return total

    def value_at(self, level: int) -> sp.Expr:
        return self._fold(level, 0, sp.S.Zero) if self.steps else super().value_at(level)

    def square(self, level: int) -> sp.Expr:
        if not self.steps:
            return super().square(level)
        outside, inside = self.slope.as_independent(OMEGA, as_Add=False)
        return outside**2 * self._fold(level, 2, inside)
