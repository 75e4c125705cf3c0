"""Effective ridges as unknowns, in equations whose positive solution is unique.

λ = κ (1 − df₁/P)(1 − df₁/N) ... has several solutions; the one with every factor positive is unique, as κ (1 − df₁/N) increases
wherever it is positive. Each stage is therefore an unknown of its own: the ridge that is left when some of the random matrices have
acted. Other components keep their effective ridges and remaining traces, where every trace is positive together with them: Dyson
equations of Gram matrices have one positive solution. Where terms of both signs stand in the equations, as with symmetric random
matrices, the solution is the one that grows out of zero with the disorder, and the unknowns are the traces themselves.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import sympy as sp

from theory.averages import ModeSum
from theory.equations import Unknown
from theory.errors import DerivationError
from theory.modes import ModeIndex
from theory.normal_form import SumName, falling_form, residual_forms
from theory.resolvent.elimination import positive, positive_ratio
from theory.resolvent.reduction import INSTEAD, Core
from theory.resolvent.sums import Pole, Sums


@dataclass(frozen=True)
class Closed:
    """Unknowns, and an equation with its residual forms for each; ``definitions`` of what else stands in them."""

    unknowns: tuple[Unknown, ...]
    equations: tuple[tuple[sp.Eq, tuple[sp.Expr, ...]], ...]
    definitions: Mapping[sp.Symbol, sp.Expr] = field(default_factory=dict, kw_only=True)

    def positive(self, expression: sp.Expr) -> sp.Expr | None:
        """An equal expression in which no term is negative, where one is known."""
        return None


@dataclass(frozen=True)
class Chain(Closed):
    """Unknowns from κ down, and an equation with its residual forms for each; ``factors`` are 1 − df₁/size with the ratio of
    stages that each of them is."""

    pole: Pole
    factors: tuple[tuple[sp.Expr, sp.Expr], ...]
    first: sp.Symbol

    def positive(self, expression: sp.Expr) -> sp.Expr | None:
        """The expression with size − df₁ through the stages, df₁ − df₂ and the like through sums, if no negative term is left."""
        gaps = {}
        for size, _ in self.factors:
            if size.is_Symbol:
                gaps[size] = sp.Dummy("gap", positive=True)
        lowered = falling_form(expression).xreplace({size: gap + self.first for size, gap in gaps.items()})
        second, between = SumName(2, 0, sp.S.One), SumName(1, 1, sp.S.One)
        split = lowered.xreplace({self.first: second + between})
        candidates = [sp.expand(e) for e in (lowered, split, split.xreplace(_weighted(split)))]
        candidate = next((c for c in candidates if c != 0 and positive(c)), None)
        if candidate is None:
            return None
        ratios = dict(self.factors)
        names = [s for s in candidate.free_symbols if isinstance(s, SumName) and s.order]
        candidate = candidate.xreplace({gap: size * ratios[size] for size, gap in gaps.items()})
        return candidate.xreplace({s: self.pole.resolvent.sum_of(s) for s in names})


def _weighted(expression: sp.Expr) -> dict[sp.Symbol, sp.Expr]:
    """Σ rest (1−u) as Σ rest (1−u)² + Σ rest u (1−u), for weights that stand in both of the first."""
    names = {s for s in expression.free_symbols if isinstance(s, SumName) and not s.order and s.falling == 1}
    both = [s for s in names if SumName(0, 2, s.rest) in expression.free_symbols]
    return {s: SumName(0, 2, s.rest) + SumName(1, 1, s.rest) for s in both}


def closed(core: Core, sums: Sums) -> Closed:
    """The unknowns and equations of a core; DerivationError where a positive solution need not be unique."""
    if core.grown:
        return _grown(core, sums)
    chain = _stages(core, sums)
    if chain is not None:
        return chain
    for t, forms in core.eliminated.items():
        if not any(map(positive_ratio, forms)):
            raise DerivationError(f"reduction: {t} = {forms[0]} may change sign, and the equations have other solutions; {INSTEAD}")
    symbols = [*core.kappas, *core.unknowns]
    unknowns = [Unknown(s, "effective ridge" if s in core.kappas else f"trace of {s.trace.matrix}", sp.S.Zero) for s in symbols]
    return Closed(tuple(unknowns), tuple(_balanced(sums.written_out(sp.expand(e))) for e in core.equations))


def _grown(core: Core, sums: Sums) -> Closed:
    """The traces of a core as they grow from zero with the disorder; its effective ridges are defined by them."""
    unknowns = [Unknown(t, f"trace of {t.trace.matrix}", -sp.oo, start=sp.S.Zero, grown=True) for t in core.unknowns]
    maps = [sums.written_out(core.maps[t]) for t in core.unknowns]
    equations = [(sp.Eq(t, value, evaluate=False), (value - t,)) for t, value in zip(core.unknowns, maps, strict=True)]
    return Closed(tuple(unknowns), tuple(equations), definitions=core.kappas)


def _balanced(equation: sp.Expr) -> tuple[sp.Eq, tuple[sp.Expr, ...]]:
    """``equation = 0`` as the balance of its positive and its negative terms."""
    terms = sp.Add.make_args(sp.expand(equation))
    above = sp.Add(*[t for t in terms if not t.could_extract_minus_sign()])
    below = sp.Add(*[-t for t in terms if t.could_extract_minus_sign()])
    if 0 in (above, below):
        raise DerivationError(f"reduction: {equation} = 0 has no positive solution; add a positive ridge")
    return sp.Eq(above, below, evaluate=False), (above / below - 1,)


def _stages(core: Core, sums: Sums) -> Chain | None:
    """The stages of a core with one effective ridge, None where it has another form."""
    if len(core.kappas) != 1 or len(core.ridges) != 1 or core.unknowns:
        return None
    (kappa,), ((ridge, value),) = core.kappas, core.ridges.items()
    pole = next(p for p in sums.poles if p.kappa == kappa)
    first = sums.degrees(1, 0, pole)
    above, below = sp.fraction(value)
    rest, factors = sp.cancel(value / kappa), []
    for factor, power in sp.factor_list(above)[1]:
        if first in factor.free_symbols:
            if sp.degree(factor, first) != 1:
                return None
            slope, constant = sp.Poly(factor, first).all_coeffs()
            size = sp.cancel(-constant / slope)
            if size.free_symbols & (set(sums.meaning) | {kappa}):
                return None
            factors += [size] * power
            rest = sp.cancel(rest / (1 - first / size) ** power)
    if rest.free_symbols & (set(sums.meaning) | {kappa}) or first in below.free_symbols:
        return None
    return _chain(pole, ridge / rest, factors, first)


def _balance(factors: list[tuple[sp.Expr, sp.Expr]]) -> tuple[sp.Expr, ...]:
    """The first and the last stage without df₁, which is size (1 − ratio) in both: exact where df₁ is a size but for rounding."""
    (one, first), (other, last) = factors[0], factors[-1]
    return () if len(factors) < 2 else ((other - one) / other - last + one / other * first,)


def _chain(pole: Pole, bare: sp.Expr, sizes: list[sp.Expr], first: sp.Symbol) -> Chain:
    sizes = sorted(sizes, key=sp.default_sort_key)
    resolvent, index = pole.resolvent, ModeIndex(pole.dim.name, "k")
    trace = ModeSum(resolvent.slope * resolvent.array[index], index)
    total = resolvent.sum_of(SumName(1, 0, sp.S.One))
    stages = [pole.kappa]
    for i in range(1, len(sizes)):
        left = "_".join("".join(c for c in str(s) if c.isalnum()) for s in sizes[i:])
        stages.append(sp.Symbol(f"{pole.kappa}_{left}", positive=True))
    unknowns, equations, factors = [], [], []
    upper = bare + trace * sp.Add(*[1 / s for s in sizes])
    for i, (stage, size) in enumerate(zip(stages, sizes, strict=True)):
        after = stages[i + 1] if i + 1 < len(stages) else bare
        meaning = f"ridge as renormalised by {', '.join(map(str, sizes[i:]))}"
        if i == 0:
            meaning = f"effective ridge: the scale of {resolvent.slope * resolvent.array} below which modes are not learned"
        equation = sp.Eq(stage, sp.expand(after + stage * total / size), evaluate=False)
        unknowns.append(Unknown(stage, meaning, bare, upper))
        factors.append((size, after / stage))
        equations.append((equation, (*residual_forms(equation, resolvent), *_balance(factors))))
    return Chain(tuple(unknowns), tuple(equations), pole, tuple(factors), first)
