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
from theory.resolvent.core import INSTEAD, Core
from theory.resolvent.elimination import positive, positive_ratio
from theory.resolvent.sums import Pole, Sums

LONGEST = 200
"""Operations of the longest expression for which a form without cancellation is looked for."""


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
    """Unknowns from κ down, and an equation with its residual forms for each; ``factors`` are acts with the ratio of stages that
    each of them is."""

    pole: Pole
    factors: tuple[tuple[Act, sp.Expr], ...]
    first: sp.Symbol

    def positive(self, expression: sp.Expr) -> sp.Expr | None:
        """The expression with size − df₁ through the stages, df₁ − df₂ and the like through sums, if no negative term is left."""
        if expression.count_ops() > LONGEST:
            return None
        gaps = {act.size: sp.Dummy("gap", positive=True) for act, _ in self.factors if act.size.is_Symbol}
        lost, inserted = self._lost()
        whole = {size: gap + self.first + lost / self.pole.kappa for size, gap in gaps.items()}
        lowered = falling_form(sp.expand(expression.xreplace(inserted))).xreplace(whole)
        second, between = SumName(2, 0, sp.S.One), SumName(1, 1, sp.S.One)
        split = lowered.xreplace({self.first: second + between})
        candidates = [sp.expand(e) for e in (lowered, split, split.xreplace(_weighted(split)))]
        candidate = next((c for c in candidates if c != 0 and positive(c)), None)
        if candidate is None:
            return None
        left = {act.size: act.size * ratio for act, ratio in self.factors}
        names = [s for s in candidate.free_symbols if isinstance(s, SumName) and s.order]
        candidate = candidate.xreplace({gap: left[size] for size, gap in gaps.items()} | {lost: self.factors[0][0].lost})
        return candidate.xreplace({s: self.pole.resolvent.sum_of(s) for s in names})

    def _lost(self) -> tuple[sp.Expr, dict[sp.Symbol, sp.Expr]]:
        """A symbol for what white noise adds to df₁ κ, and the strength of that noise through it; zero without noise."""
        lost = self.factors[0][0].lost
        squares = [b for b, e in lost.as_powers_dict().items() if b.is_Symbol and b.is_positive and e == 2]
        if not squares or any(act.lost != lost for act, _ in self.factors):
            return sp.S.Zero, {}
        symbol, strength = sp.Dummy("lost", positive=True), min(squares, key=str)
        return symbol, {strength: sp.sqrt(symbol / (lost / strength**2))}


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
    for equation in map(sums.written_out, core.equations):
        bodies = [total.body for total in equation.atoms(ModeSum)]
        if not all(map(positive_ratio, bodies)):
            raise DerivationError(f"reduction: sums in {equation} = 0 may be singular at positive unknowns; {INSTEAD}")
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
    first, known = sums.degrees(1, 0, pole), set(sums.meaning) | {kappa}
    above, below = sp.fraction(value)
    rest, acts = sp.cancel(value / kappa), []
    for factor, power in sp.factor_list(above)[1]:
        if first in factor.free_symbols:
            act = _act(factor, first, kappa)
            if act is None or (act.size.free_symbols | act.lost.free_symbols) & known:
                return None
            acts += [act] * power
            rest = sp.cancel(rest / act.ratio(first, kappa) ** power)
    if rest.free_symbols & known or first in below.free_symbols:
        return None
    return _chain(pole, ridge / rest, acts, first)


@dataclass(frozen=True)
class Act:
    """What a random dimension does to the ridge: a factor 1 − (df₁ + lost/κ)/size, ``lost`` being due to white noise."""

    size: sp.Expr
    lost: sp.Expr

    def ratio(self, first: sp.Expr, kappa: sp.Symbol) -> sp.Expr:
        return 1 - (first + self.lost / kappa) / self.size


def _act(factor: sp.Expr, first: sp.Symbol, kappa: sp.Symbol) -> Act | None:
    if sp.degree(factor, first) != 1:
        return None
    slope, constant = sp.Poly(factor, first).all_coeffs()
    above, below = sp.fraction(sp.cancel(-constant / slope))
    count = sp.cancel(below / kappa)
    if kappa not in below.free_symbols:
        return Act(sp.cancel(above / below), sp.S.Zero)
    if kappa in count.free_symbols or not above.is_polynomial(kappa) or sp.degree(above, kappa) != 1:
        return None
    size, lost = (sp.cancel(c / count) for c in sp.Poly(above, kappa).all_coeffs())
    return Act(size, -lost) if lost.could_extract_minus_sign() else None


def _balance(factors: list[tuple[Act, sp.Expr]]) -> tuple[sp.Expr, ...]:
    """The first and the last stage without df₁, which is size (1 − ratio) in both: exact where df₁ is a size but for rounding."""
    (one, first), (other, last) = factors[0], factors[-1]
    if len(factors) < 2 or one.lost != other.lost:
        return ()
    return ((other.size - one.size) / other.size - last + one.size / other.size * first,)


def _chain(pole: Pole, bare: sp.Expr, acts: list[Act], first: sp.Symbol) -> Chain:
    acts = sorted(acts, key=lambda act: sp.default_sort_key(act.size))
    resolvent, index = pole.resolvent, ModeIndex(pole.dim.name, "k")
    trace = ModeSum(resolvent.slope * resolvent.array[index], index)
    total = resolvent.sum_of(SumName(1, 0, sp.S.One))
    stages = [pole.kappa]
    for i in range(1, len(acts)):
        left = "_".join("".join(c for c in str(act.size) if c.isalnum()) for act in acts[i:])
        stages.append(sp.Symbol(f"{pole.kappa}_{left}", positive=True))
    unknowns, equations, factors = [], [], []
    upper = bare + sp.Add(*[(trace + act.lost) / act.size for act in acts])
    for i, (stage, act) in enumerate(zip(stages, acts, strict=True)):
        after = stages[i + 1] if i + 1 < len(stages) else bare
        meaning = f"ridge as renormalised by {', '.join(str(act.size) for act in acts[i:])}"
        if i == 0:
            meaning = f"effective ridge: the scale of {resolvent.slope * resolvent.array} below which modes are not learned"
        equation = sp.Eq(stage, sp.expand(after + stage * (total + act.lost / pole.kappa) / act.size), evaluate=False)
        unknowns.append(Unknown(stage, meaning, bare, upper))
        factors.append((act, after / stage))
        equations.append((equation, (*residual_forms(equation, resolvent), *_balance(factors))))
    return Chain(tuple(unknowns), tuple(equations), pole, tuple(factors), first)
