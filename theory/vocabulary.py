"""What a theory's quantities are called, and formulas typed in those names."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import sympy as sp

from theory.averages import Average, mode_derivative
from theory.equations import Theory
from theory.errors import ClaimError, DerivationError
from theory.modes import ModeArray, ModeIndex, ModeValue
from theory.parsing import parse


class TotalDerivative(sp.Expr):
    """Derivative of a quantity by a parameter, the order parameters following their equations: ``TotalDerivative(E_g, P)``."""

    is_commutative = True

    def _latex(self, printer) -> str:
        quantity, by = (printer._print(argument) for argument in self.args)
        return rf"\frac{{\mathrm{{d}} {quantity}}}{{\mathrm{{d}} {by}}}"

    def _sympystr(self, printer) -> str:
        quantity, by = (printer._print(argument) for argument in self.args)
        return f"d({quantity})/d({by})"


class Vocabulary:
    """Names of a theory: its parameters (by name and by symbol), order parameters and observables.

    An observable stands as a placeholder, a :class:`ModeArray` where it has one value per mode, until it is ``unfolded``.
    """

    def __init__(self, theory: Theory):
        self.theory = theory
        self.parameters = {p.name: p.symbol for p in theory.parameters}
        self.free = ModeIndex(next((p.dimension for p in theory.parameters if p.dimension), "M"), "r")
        self.dimension = self.free.dimension
        self.observables = {name: _placeholder(name, theory.expanded(name)) for name in theory.observables}
        order = {u.name: u.symbol for u in theory.unknowns} | {s.name: s for s in theory.definitions}
        by_symbol = {symbol.name: symbol for symbol in self.parameters.values() if symbol.name.isidentifier()}
        self.names: dict[str, sp.Expr] = by_symbol | order | self.observables | self.parameters
        self._scalars: dict[sp.Basic, sp.Expr] = {s: theory.expanded(s.name) for s in theory.definitions}
        self._arrays: dict[ModeArray, sp.Expr] = {}
        for name, placeholder in self.observables.items():
            target = self._arrays if isinstance(placeholder, ModeArray) else self._scalars
            target[placeholder] = at_index(theory.expanded(name), self.free)

    def parse(self, text: str, more: Mapping[str, sp.Expr] | None = None, per_mode: bool = False) -> sp.Basic:
        """A formula in the names of the theory and ``more``; array names may stand bare where ``per_mode``."""
        return parse(text, self.names | dict(more or {}), self.dimension, indices_like(self.free) if per_mode else None)

    def unfolded(self, expression: sp.Basic) -> sp.Basic:
        """The expression in unknowns and parameters alone."""
        return replaced(expression, self._scalars, self._arrays, self.free)


def indices_like(free: ModeIndex) -> tuple[ModeIndex, ModeIndex]:
    """The indices of a matrix's entry in a formula: another one before the ``free`` one."""
    return ModeIndex(free.dimension, f"{free.name}0"), free


def _placeholder(name: str, expression: sp.Expr) -> sp.Symbol:
    per_mode = any(isinstance(s, ModeIndex) for s in expression.free_symbols)
    return ModeArray(name) if per_mode else sp.Symbol(name, real=True)


def at_index(expression: sp.Expr, index: ModeIndex) -> sp.Expr:
    """A per-mode expression with its free index renamed; ClaimError where it has several."""
    free = [s for s in expression.free_symbols if isinstance(s, ModeIndex)]
    if len(free) > 1:
        raise ClaimError(f"{expression}: {len(free)} free mode indices; one is read")
    return expression.xreplace({free[0]: index}) if free else expression


def rebuilt(expression: sp.Basic, leaf: Callable[[sp.Basic], sp.Basic | None]) -> sp.Basic:
    """The expression with ``leaf(node)`` in the place of every node where it is not None; averages are opened on the way."""
    new = leaf(expression)
    if new is not None:
        return new
    if isinstance(expression, Average):
        return expression.map(lambda body: rebuilt(body, leaf))
    if not expression.args:
        return expression
    arguments = [rebuilt(argument, leaf) for argument in expression.args]
    if list(expression.args) == arguments:
        return expression
    options = {"evaluate": False} if isinstance(expression, sp.core.relational.Relational) else {}
    return expression.func(*arguments, **options)


def replaced(
    expression: sp.Basic,
    scalars: Mapping[sp.Basic, sp.Expr],
    arrays: Mapping[ModeArray, sp.Expr],
    free: ModeIndex,
) -> sp.Basic:
    """Symbols and array entries replaced at once; ``arrays`` holds each array's entry as an expression at the index ``free``, a
    matrix's at ``indices_like(free)``."""

    def leaf(node: sp.Basic) -> sp.Basic | None:
        if isinstance(node, ModeValue):
            entry = arrays.get(node.array)
            places = indices_like(free)[-len(node.indices) :]
            return node if entry is None else entry.xreplace(dict(zip(places, node.indices, strict=True)))
        if isinstance(node, ModeArray):
            return node
        return scalars.get(node)

    return rebuilt(expression, leaf)


def differentiated(expression: sp.Basic, theory: Theory) -> sp.Basic:
    """Every :class:`TotalDerivative` carried out by the implicit function theorem (single-valued unknowns).

    The expression holds unknowns and parameters alone. Raises DerivationError where the equations leave an unknown undetermined.
    """

    def leaf(node: sp.Basic) -> sp.Basic | None:
        if isinstance(node, TotalDerivative):
            quantity, by = node.args
            return total_derivative(differentiated(quantity, theory), by, theory)
        return None

    return rebuilt(expression, leaf)


def total_derivative(expression: sp.Expr, by: sp.Basic, theory: Theory) -> sp.Expr:
    """d expression / d by along the solutions of the theory's equations; ``by`` is a parameter or an array's entry."""
    unknowns = [u.symbol for u in theory.unknowns]
    residuals = [equation.lhs - equation.rhs for equation in theory.equations]
    explicit = mode_derivative if isinstance(by, ModeValue) else sp.diff
    if not isinstance(by, (ModeValue, sp.Symbol)):
        raise DerivationError(f"d/d({by}): not a parameter; differentiate by one of {[p.name for p in theory.parameters]}")
    if unknowns and len(residuals) != len(unknowns):
        raise DerivationError(f"{theory.name}: {len(residuals)} equations for {len(unknowns)} unknowns; derivatives need as many")
    total = explicit(expression, by)
    if unknowns:
        slopes = sp.Matrix([[residual.diff(u) for u in unknowns] for residual in residuals])
        forces = sp.Matrix([explicit(residual, by) for residual in residuals])
        response = -slopes.LUsolve(forces)
        total += sum(expression.diff(u) * response[i] for i, u in enumerate(unknowns))
    return total
