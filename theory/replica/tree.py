"""Nested averages over a hierarchy of replicas: (1/n) log <prod_a exp F(h_a)> for fields of hierarchical covariance, as n -> 0.

With increments Δ_1 ... Δ_{k+1} of the covariance (innermost first) and blocks m_1 ... m_k it is the average over the last Gaussian
of g_k, where g_0 = F and g_j(ω) = (1/m_j) log <exp(m_j g_{j-1}(ω + √Δ_j z))>.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import sympy as sp

from theory.averages import GaussianAverage
from theory.replica.elimination import multiplied_out
from theory.replica.one_body import OMEGA


@dataclass(frozen=True)
class Outer:
    """The field that all replicas share: ``mean`` of the outermost Gaussian, and a ``weight``, a function of ``OMEGA``, whose
    average is ``mass``. Where other fields that replicas share have been averaged over, ``variance`` is what they leave of it."""

    mean: sp.Expr = sp.S.Zero
    weight: sp.Expr = sp.S.One
    mass: sp.Expr = sp.S.One
    variance: sp.Expr | None = None


ALONE = Outer()


@dataclass(frozen=True)
class Tree:
    """``value``, ``slope`` and ``curvature`` are F and its derivatives in ``OMEGA``; ``spreads`` are Δ_1 ... Δ_{k+1}, ``blocks``
    m_1 ... m_k. ``width`` is the variance of the innermost average that F itself contains, a logarithm at the power ``share``:
    ∂F/∂width = (F'' + share F'^2)/2. ``outer`` says more of the outermost average."""

    value: sp.Expr
    slope: sp.Expr
    curvature: sp.Expr
    spreads: tuple[sp.Expr, ...]
    blocks: tuple[sp.Expr, ...]
    width: sp.Expr = sp.S.Zero
    share: sp.Expr = sp.S.One
    outer: Outer = ALONE

    @property
    def steps(self) -> int:
        return len(self.blocks)

    @cached_property
    def _weights(self) -> list[tuple[sp.Expr, sp.Expr]]:
        """exp(m g) of every level, up to a constant, and its average."""
        found = []
        for value, spread, block in zip(self.values, self.spreads, self.blocks, strict=False):
            _, weight = _weight(value, block)
            found.append((weight, _smeared(weight, spread)))
        return found

    @cached_property
    def values(self) -> list[sp.Expr]:
        """g_0 ... g_k."""
        found = [self.value]
        for spread, block in zip(self.spreads, self.blocks, strict=False):
            constant, weight = _weight(found[-1], block)
            found.append(constant + sp.log(_smeared(weight, spread)) / block)
        return found

    @cached_property
    def slopes(self) -> list[sp.Expr]:
        """g_0' ... g_k'."""
        found = [self.slope]
        for level in range(1, self.steps + 1):
            found.append(self.tilted(level, found[-1]))
        return found

    def tilted(self, level: int, body: sp.Expr) -> sp.Expr:
        """Average over the Gaussian of a level with the weight exp(m g), as a function of ``OMEGA``."""
        weight, norm = self._weights[level - 1]
        spread = self.spreads[level - 1]
        return _linear(body, lambda part: _smeared(weight * part, spread) / norm)

    def mean(self, level: int, body: sp.Expr) -> sp.Expr:
        """Average of a function of the field that level ``level`` leaves fixed, over all levels outside it."""
        for outer in range(level + 1, self.steps + 1):
            body = self.tilted(outer, body)
        z, outer = sp.Dummy("z", real=True), self.outer
        at = {OMEGA: outer.mean + sp.sqrt(self.spreads[-1]) * z}
        return _linear(body, lambda part: GaussianAverage((outer.weight * part).xreplace(at), z), outer.mass)

    def total(self) -> sp.Expr:
        """The functional."""
        return self.value_at(self.steps)

    def value_at(self, level: int) -> sp.Expr:
        """Average of g at a level over all levels outside it."""
        return self.mean(level, self.values[level])

    def square(self, level: int) -> sp.Expr:
        """Average of the squared mean of F' at a level: of the product of F' in two replicas that part there."""
        return self.mean(level, self.slopes[level] ** 2)

    def derivative(self, symbol: sp.Symbol) -> sp.Expr:
        """Derivative by a parameter of covariance, blocks or F; Gaussians are integrated by parts, so that no root of a Δ
        remains."""
        bends, squares = sp.S.Zero, [sp.S.Zero] * (self.steps + 2)
        total = sp.S.Zero
        for level in range(self.steps + 1, 0, -1):
            # d/dΔ <g> = <g'' + m g'^2>/2 with m = 0 outermost, and g_j'' = T_j(g_{j-1}'' + m_j g_{j-1}'^2) - m_j g_j'^2.
            block = self.blocks[level - 1] if level <= self.steps else sp.S.Zero
            squares[level] -= bends * block / 2
            bends += self.change(level, symbol)
            squares[level - 1] += bends * block / 2
            change = sp.diff(block, symbol)
            if change != 0:
                total += change / block * (self.value_at(level - 1) - self.value_at(level))
        own = sp.diff(self.width, symbol)
        body = self._explicit(symbol) + (squares[0] + self.share * own / 2) * self.slope**2 + (bends + own) / 2 * self.curvature
        total += self.mean(0, self._terms(body))
        return total + sp.Add(*[c * self.square(j) for j, c in enumerate(squares) if j and c != 0])

    def change(self, level: int, symbol: sp.Symbol) -> sp.Expr:
        """Derivative of Δ at a level; at the outermost one of what other shared fields leave of it, for their part is a mean."""
        outermost = level == len(self.spreads) and self.outer.variance is not None
        return sp.diff(self.outer.variance if outermost else self.spreads[level - 1], symbol)

    def _terms(self, body: sp.Expr) -> sp.Expr:
        """A body as a sum of terms that are averaged one by one."""
        return multiplied_out(body)

    def _explicit(self, symbol: sp.Symbol) -> sp.Expr:
        """Derivative of F by a parameter other than its width and its field."""
        if symbol in self.width.free_symbols:
            return sp.S.Zero
        return sp.diff(self.value, symbol)

    def spreading(self) -> sp.Expr:
        """d/dΔ at Δ = 0 of the increment that a further step inside the innermost level would give to the overlap: <F''^2>."""
        return self.mean(0, self.curvature**2)


def _weight(value: sp.Expr, block: sp.Expr) -> tuple[sp.Expr, sp.Expr]:
    """exp(m g) without the constant of g, and that constant."""
    constant, varying = sp.expand(value).as_independent(OMEGA, as_Add=True)
    return constant, sp.exp(sp.expand(block * varying))


def _smeared(body: sp.Expr, spread: sp.Expr) -> sp.Expr:
    z = sp.Dummy("z", real=True)
    return GaussianAverage(body.xreplace({OMEGA: OMEGA + sp.sqrt(spread) * z}), z)


def _linear(body: sp.Expr, functional, mass: sp.Expr = sp.S.One) -> sp.Expr:
    """A linear functional that multiplies constants by ``mass``."""
    total = sp.S.Zero
    for term in sp.Add.make_args(body):
        outside, inside = term.as_independent(OMEGA, as_Add=False)
        total += outside * (functional(inside) if OMEGA in inside.free_symbols else inside * mass)
    return total
