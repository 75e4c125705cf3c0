"""Normal forms: every sum over modes in one basis of a resolvent, with u = b η/(κ + b η) of each mode.

Plain sums go into the degrees of freedom of the literature, df_m = Σ u^m; sums weighted with further data, such as the target, into
what is left to learn, dfc_m[rest] = Σ rest (1−u)^m. In this basis equal results are equal expressions, and forms without
cancellation can be found: on the solutions of the fixed point, differences of large sums become sums of positive terms.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import sympy as sp

from theory.averages import ModeSum, outermost
from theory.modes import ModeArray, ModeIndex, ModeValue
from theory.saddle import opaque, solve_linear
from theory.special import Support
from theory.symbols import size


class SumName(sp.Symbol):
    """Name of Σ rest u^order (1−u)^falling: ``df_2``, ``dfc_2[a2_k]`` (falling only), ``df_1,1`` (both)."""

    __slots__ = ("falling", "order", "rest")

    def __new__(cls, order: int, falling: int, rest: sp.Expr):
        powers = f"dfc_{falling}" if falling and not order else f"df_{order}" + (f",{falling}" if falling else "")
        powers = powers if order or falling else "sum"
        new = sp.Symbol.__xnew__(cls, powers + ("" if rest == 1 else f"[{rest}]"), nonnegative=True)
        new.order, new.falling, new.rest = int(order), int(falling), sp.sympify(rest)
        return new

    def _hashable_content(self):
        return (*super()._hashable_content(), self.order, self.falling, self.rest)

    def __reduce_ex__(self, protocol):
        return SumName, (self.order, self.falling, self.rest)

    def _latex(self, printer) -> str:
        both = rf"\mathrm{{df}}_{{{self.order},{self.falling}}}"
        one = rf"\mathrm{{df}}_{{{self.order}}}" if not self.falling else rf"\overline{{\mathrm{{df}}}}_{{{self.falling}}}"
        if not self.order and not self.falling:
            return rf"\sum_k {printer._print(self.rest)}"
        rest = "" if self.rest == 1 else rf"\!\left[{printer._print(self.rest)}\right]"
        return (both if self.order and self.falling else one) + rest


@dataclass(frozen=True)
class Resolvent:
    """The factor κ + slope·η that stands in the denominators; ``array`` holds η."""

    pole: sp.Symbol
    slope: sp.Expr
    array: ModeArray
    dimension: str
    index: ModeIndex = field(init=False)

    def __post_init__(self):
        object.__setattr__(self, "index", ModeIndex(self.dimension, "k"))

    def sum_of(self, name: SumName) -> sp.Expr:
        """The sum that a name stands for."""
        eta = self.array[self.index]
        below = self.pole + self.slope * eta
        above = (self.slope * eta) ** name.order * self.pole**name.falling
        return ModeSum(name.rest * above / below ** (name.order + name.falling), self.index)

    def named(self, expression: sp.Expr) -> tuple[sp.Expr, dict[SumName, sp.Expr]]:
        """The expression with every sum over modes in the basis, and what the names stand for; other sums stay as they are."""
        names: dict[SumName, sp.Expr] = {}
        rule = {}
        for average in outermost(expression):
            written = self._in_basis(average)
            if written is not None:
                rule[average] = written
                names |= {s: self.sum_of(s) for s in written.free_symbols if isinstance(s, SumName)}
        plain, back = opaque(expression.xreplace(rule))
        return sp.factor(plain).xreplace(back), names

    def _in_basis(self, average) -> sp.Expr | None:
        if not isinstance(average, ModeSum) or average.dimension != self.dimension or outermost(average.body):
            return None
        body, index = average.opened()
        eta, v = sp.Dummy("eta", positive=True), sp.Dummy("v")
        entry = ModeValue(self.array, index)
        body = body.xreplace({entry: eta})
        if body.has(Support):
            return None
        shifted = sp.cancel(body.xreplace({eta: self.pole * (1 - v) / (self.slope * v)}))
        above, below = sp.fraction(shifted)
        power = sp.degree(below, v) if v in below.free_symbols else 0
        scale = sp.cancel(below / v**power)
        if v in scale.free_symbols or not above.is_polynomial(v):
            return None
        weighted = index in shifted.free_symbols
        total = sp.S.Zero
        for (degree,), coefficient in sp.Poly(sp.expand(above), v).terms():
            for term in sp.Add.make_args(sp.expand(coefficient / scale)):
                outside, rest = term.as_independent(index, as_Add=False)
                total += outside * self.power(degree - power, rest.xreplace({index: self.index}), weighted)
        return total

    def power(self, degree: int, rest: sp.Expr, weighted: bool) -> sp.Expr:
        """Σ rest (1−u)^degree in names, with falling powers where ``weighted``; negative powers are moments of the spectrum."""
        if degree < 0:
            eta, ratio = self.array[self.index], self.slope / self.pole
            return sp.Add(*[sp.binomial(-degree, j) * ratio**j * self._name(0, 0, rest * eta**j) for j in range(1 - degree)])
        if weighted:
            return self._name(0, degree, rest)
        return sp.Add(*[sp.binomial(degree, j) * (-1) ** j * self._name(j, 0, rest) for j in range(degree + 1)])

    def _name(self, order: int, falling: int, rest: sp.Expr) -> sp.Expr:
        return SumName(order, falling, rest) if order or falling or rest != 1 else size(self.dimension)


def resolvent_of(expression: sp.Expr, pole: sp.Symbol) -> Resolvent | None:
    """The factor ``pole + slope η`` in a denominator of the expression's mode sums, if there is one."""
    for mode_sum in sorted(expression.atoms(ModeSum), key=sp.default_sort_key):
        body, index = mode_sum.opened()
        for factor, _ in sp.factor_list(sp.fraction(sp.together(body))[1])[1]:
            entries = [v for v in factor.atoms(ModeValue) if v.indices == (index,)]
            if len(entries) == 1 and sp.degree(factor, entries[0]) == 1 and pole in factor.free_symbols:
                slope, constant = sp.Poly(factor, entries[0]).all_coeffs()
                scale = sp.cancel(constant / pole)
                if pole not in scale.free_symbols | slope.free_symbols:
                    return Resolvent(pole, sp.cancel(slope / scale), entries[0].array, mode_sum.dimension)
    return None


def falling_form(expression: sp.Expr) -> sp.Expr:
    """df_m through df_1 and the positive sums Σ u (1−u)^j."""
    rule = {}
    for name in expression.free_symbols:
        if isinstance(name, SumName) and name.order > 1 and not name.falling:
            m = name.order - 1
            rule[name] = sp.Add(*[(-1) ** j * sp.binomial(m, j) * SumName(1, j, name.rest) for j in range(m + 1)])
    return expression.xreplace(rule)


def complement_form(expression: sp.Expr, support: sp.Expr) -> sp.Expr:
    """df_m through the number of modes N₊ and the sums Σ (1−u)^j over them: the form for few modes and many samples."""
    rule = {}
    for name in expression.free_symbols:
        if isinstance(name, SumName) and name.order >= 1 and not name.falling and name.rest == 1:
            m = name.order
            rule[name] = sp.Add(*[(-1) ** j * sp.binomial(m, j) * SumName(0, j, support) for j in range(m + 1)])
    return expression.xreplace(rule)


def without_cancellation(expression: sp.Expr, resolvent: Resolvent, fixed_point: sp.Expr) -> sp.Expr:
    """An equal expression on the solutions of ``fixed_point = 0``; differences are sums of positive terms where possible."""
    if not expression.args or not outermost(expression):
        return expression
    if expression.is_Add and any(t.could_extract_minus_sign() for t in expression.args):
        positive = _positive(expression, resolvent, fixed_point)
        if positive is not None:
            return positive
    if isinstance(expression, ModeSum):
        return expression
    return expression.func(*[without_cancellation(a, resolvent, fixed_point) for a in expression.args])


def _positive(expression: sp.Expr, resolvent: Resolvent, fixed_point: sp.Expr) -> sp.Expr | None:
    named, _ = resolvent.named(expression)
    relation, _ = resolvent.named(fixed_point)
    first = SumName(1, 0, sp.S.One)
    value = solve_linear(relation, first)
    if value is None or outermost(named):
        return None
    candidate = sp.expand(falling_form(named).xreplace({first: value}))
    if candidate == 0 or any(t.could_extract_minus_sign() for t in sp.Add.make_args(candidate)):
        return None
    return written_out(candidate, resolvent)


def written_out(expression: sp.Expr, resolvent: Resolvent) -> sp.Expr:
    """Names replaced by their sums."""
    return expression.xreplace({s: resolvent.sum_of(s) for s in expression.free_symbols if isinstance(s, SumName)})


def residual_forms(equation: sp.Eq, resolvent: Resolvent | None) -> tuple[sp.Expr, ...]:
    """Expressions that vanish with the equation: relative to its unknown, and with the sums complemented."""
    unknown = equation.lhs
    if not isinstance(unknown, sp.Symbol):
        return (equation.lhs - equation.rhs,)
    direct = sp.expand(equation.rhs / unknown) - 1
    if resolvent is None:
        return (direct,)
    named, _ = resolvent.named(direct)
    support = Support(resolvent.array[resolvent.index])
    complemented = sp.expand(complement_form(sp.expand(named), support))
    count = SumName(0, 0, support)
    if outermost(named) or count not in complemented.free_symbols:
        return (direct,)
    terms = sp.Add.make_args(complemented)
    constant = [t for t in terms if count in t.free_symbols or t.is_Number]
    rest = [t for t in terms if t not in constant]
    complement = sp.Add(sp.together(sp.Add(*constant)), *rest)
    return direct, written_out(complement, resolvent)


def eliminated(expression: sp.Expr, parameter: sp.Symbol, equation: sp.Eq) -> sp.Expr:
    """The expression with a parameter (the ridge) expressed by the fixed point."""
    value = solve_linear(equation.lhs - equation.rhs, parameter)
    return expression if value is None else expression.xreplace({parameter: value})


def normal_form(
    expression: sp.Expr, resolvent: Resolvent, parameter: sp.Symbol, equation: sp.Eq
) -> tuple[sp.Expr, Mapping[SumName, sp.Expr]]:
    """The one form of a result: the parameter eliminated by the fixed point, sums named; equal results are equal expressions."""
    return resolvent.named(eliminated(expression, parameter, equation))
