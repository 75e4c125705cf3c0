"""The effective potential of several variables in a Gaussian, log ⟨exp(−A(h))⟩, expectations in it, and their derivatives."""

from __future__ import annotations

from functools import cached_property, lru_cache

import sympy as sp

from theory.envelope import hidden, names_of
from theory.errors import DerivationError
from theory.piecewise import pieces
from theory.truncated import average

HIGHEST = 4
"""Order of derivatives by the mean up to which they are evaluated."""


@lru_cache(maxsize=1024)
def is_kinked(expression: sp.Expr, variables: tuple[sp.Symbol, ...]) -> bool:
    """Whether a function is not smooth in some of the variables."""
    for x in variables:
        try:
            if pieces(expression, x).bodies != (expression,):
                return True
        except DerivationError:
            # Kinks whose order depends on the other variables.
            return True
    return False


class Effective(sp.Expr):
    """Derivative of F = log ⟨exp(−A(h))⟩, h Gaussian of mean ω and covariance v, or of the expectation ⟨g exp(−A)⟩/⟨exp(−A)⟩.

    ``Effective(A, g, h, omega, v, indices, by, volume)``: by the entries of ω with the numbers ``indices`` and by the parameters
    ``by``; g = 1 stands for F. Where ``volume``, exp(−A) is the indicator of A = 0. By the heat equation
    ∂F/∂v_kl = (F_kl + F_k F_l)/2 and ∂⟨g⟩/∂v_kl = (⟨g⟩_kl + ⟨g⟩_k F_l + ⟨g⟩_l F_k)/2, so that every derivative is a polynomial of
    others, which stay single symbols of the mathematics however long A is. DerivationError beyond order 4.
    """

    is_commutative = True
    is_real = True
    precedence = 45

    def __new__(cls, action, observable, h, omega, width, indices=(), by=(), volume=False):
        names = dict(zip(h, names_of(len(h)), strict=True))
        action, observable = (sp.sympify(e).xreplace(names) for e in (action, observable))
        if observable != 1 and not observable.free_symbols & set(names.values()):
            return sp.S.Zero if len(indices) else observable
        if len(indices) > HIGHEST:
            raise DerivationError(f"potential {action}: effective ones to order {len(indices)}; {HIGHEST} are done")
        order, by = sp.Tuple(*sorted(map(sp.Integer, indices))), sp.Tuple(*sorted(by, key=str))
        flag = sp.true if volume else sp.false
        return sp.Expr.__new__(cls, action, observable, sp.Tuple(*omega), sp.Tuple(*width), order, by, flag)

    func = property(lambda self: lambda a, g, omega, *rest: Effective(a, g, names_of(len(omega)), omega, *rest))
    action = property(lambda self: self.args[0])
    observable = property(lambda self: self.args[1])
    omega = property(lambda self: self.args[2])
    indices = property(lambda self: tuple(int(i) for i in self.args[4]))
    by = property(lambda self: tuple(self.args[5]))
    volume = property(lambda self: bool(self.args[6]))
    names = property(lambda self: names_of(len(self.args[2])))

    @property
    def width(self) -> sp.Matrix:
        return sp.Matrix(len(self.omega), len(self.omega), list(self.args[3]))

    @cached_property
    def free_symbols(self):
        return set().union(*(a.free_symbols for a in self.args)) - set(self.names)

    @property
    def kinked(self) -> bool:
        """Whether averages are cut at kinks."""
        return self.volume or is_kinked(sp.Tuple(self.action, self.observable), self.names)

    def at(self, *indices: int, of: sp.Expr | None = None, by=()) -> sp.Expr:
        """The derivative with these indices, of the same or of another observable."""
        observable = self.observable if of is None else of
        return Effective(self.action, observable, self.names, self.omega, self.args[3], indices, by, self.volume)

    def weight(self, observable: sp.Expr, omega: list, width: sp.Matrix) -> sp.Expr:
        """⟨g exp(−A)⟩ of any observable at other means and covariances, cut at the kinks of g and A."""
        return cut_average(self.action, observable, list(self.names), omega, width, self.volume)

    def _eval_derivative(self, symbol):
        count, width = len(self.omega), self.width
        total = sp.Add(*[w.diff(symbol) * self.at(*self.indices, i, by=self.by) for i, w in enumerate(self.omega) if w.has(symbol)])
        for k in range(count):
            for l in range(count):
                if width[k, l].has(symbol):
                    total += width[k, l].diff(symbol) * self._moved(self._heat(k, l))
        if symbol in (self.action.free_symbols | self.observable.free_symbols):
            total += self._by_parameter(symbol)
        return total

    def _heat(self, k: int, l: int) -> sp.Expr:
        def potential(*indices: int) -> sp.Expr:
            return self.at(*indices, of=sp.S.One)

        if self.observable == 1:
            return (potential(k, l) + potential(k) * potential(l)) / 2
        return (self.at(k, l) + self.at(k) * potential(l) + self.at(l) * potential(k)) / 2

    def _by_parameter(self, symbol: sp.Symbol) -> sp.Expr:
        if self.kinked:
            return self.at(*self.indices, by=(*self.by, symbol))
        slope = self.action.diff(symbol)
        if self.observable == 1:
            return -self.at(*self.indices, of=slope)
        inside = self.at(of=self.observable.diff(symbol) - self.observable * slope)
        return self._moved(inside + self.at() * self.at(of=slope))

    def _moved(self, expression: sp.Expr) -> sp.Expr:
        """The derivative, by what this one is derived by, of a polynomial of others."""
        for step in (*self.indices, *self.by):
            plain, back = hidden(expression, Effective)
            total = sp.S.Zero
            for d, a in back.items():
                indices, by = ((*a.indices, step), a.by) if isinstance(step, int) else (a.indices, (*a.by, step))
                total += plain.diff(d) * a.at(*indices, by=by)
            expression = total.xreplace(back)
        return expression

    def _latex(self, printer, exp=None):
        omega = ", ".join(map(printer._print, self.omega))
        slopes = "".join(rf"\partial_{{{i + 1}}}" for i in self.indices) + "".join(rf"\partial_{{{p}}}" for p in self.by)
        what = (
            rf"\mathcal{{F}}_{{{printer._print(self.action)}}}"
            if self.observable == 1
            else (rf"\left\langle {printer._print(self.observable)} \right\rangle_{{{printer._print(self.action)}}}")
        )
        text = rf"{slopes}{what}\left({omega}\right)"
        return text if exp is None else rf"\left({text}\right)^{{{exp}}}"

    def _sympystr(self, printer):
        slopes = "".join(f"d{i + 1}" for i in self.indices) + "".join(f"d{p}" for p in self.by)
        what = f"F[{printer._print(self.action)}]"
        if self.observable != 1:
            what = f"E[{printer._print(self.observable)}; {printer._print(self.action)}]"
        return f"{slopes}{what}({', '.join(map(printer._print, self.omega))})"


def cut_average(action, observable, h: list, omega: list, width: sp.Matrix, volume: bool) -> sp.Expr:
    """⟨g exp(−A)⟩ over the Gaussian: the first variable is cut at its kinks and integrated outermost."""
    x, mean, variance = h[0], omega[0], width[0, 0]
    total = sp.S.Zero
    for lower, upper, (a, g) in pieces(sp.Tuple(action, observable), x):
        if len(h) > 1:
            gains = [width[i, 0] / variance for i in range(1, len(h))]
            means = [m + gain * (x - mean) for m, gain in zip(omega[1:], gains, strict=True)]
            n = len(h) - 1
            rest = sp.Matrix(n, n, lambda i, j, gains=gains: width[i + 1, j + 1] - gains[i] * gains[j] * variance)
            body = cut_average(a, g, h[1:], means, rest, volume)
        elif volume:
            body = g if a == 0 else sp.S.Zero
        else:
            body = sp.S.Zero if a is sp.oo else g * sp.exp(-a)
        ends = [e if e.is_infinite else (e - mean) / sp.sqrt(variance) for e in (lower, upper)]
        if body != 0:
            total += average(lambda z, b=body: b.xreplace({x: mean + sp.sqrt(variance) * z}), *ends)
    return total
