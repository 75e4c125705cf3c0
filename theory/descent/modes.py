"""A descent on fresh samples whose modes meet in the residuals alone: second moments of the modes, closed by Wick's theorem."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import sympy as sp

from theory.averages import ModeSum
from theory.declaration.scalars import Over
from theory.declaration.sites import Leaf, tops
from theory.declaration.walks import leaves, linear_coefficients
from theory.descent.population import residual_of, spread
from theory.descent.read import Linear
from theory.descent.results import UNSTABLE
from theory.equations import Theory
from theory.errors import DerivationError
from theory.modes import ModeArray, ModeIndex
from theory.moments import Factor, Term, averaged, product
from theory.moments.wick import FREE
from theory.replica.data import at_mode, plain
from theory.replica.results import parameter_of
from theory.symbols import size

State = Mapping[str, Any]
MEAN, SQUARE = ModeArray("m"), ModeArray("C", nonnegative=True)
"""Mean and second moment of the field of each mode."""
LEADING = "_leading"
"""What is added to the name of an observable for its value where many modes matter."""


@dataclass(frozen=True)
class MomentDynamics(Theory):
    """Moments of a descent, mode by mode: ``step`` maps m and C at mode k to their values after a step, ``start`` to those at 0.

    ``leading`` is the step without what vanishes when the modes are replicated.
    """

    divergence: ClassVar[str] = UNSTABLE
    method: str = "one-pass"
    step: Mapping[ModeArray, sp.Expr] = field(default_factory=dict)
    leading: Mapping[ModeArray, sp.Expr] = field(default_factory=dict)
    start: Mapping[ModeArray, sp.Expr] = field(default_factory=dict)
    values: Mapping[str, sp.Expr] = field(default_factory=dict)
    rate: sp.Expr = sp.S.One
    batch: sp.Symbol | None = None
    index: ModeIndex | None = None

    @property
    def signature(self) -> str:
        """Digest of the mathematics, equal in every process."""
        from theory.signatures import signature

        return signature(self.name, *self.step.values(), *self.leading.values(), *self.start.values(), *self.values.values())

    def gain(self, leading: bool = False) -> sp.Expr:
        """The sum over modes that reaches 1 where the loss stops being stable: what one unit of loss adds to all later ones."""
        after, here = (self.leading if leading else self.step)[SQUARE], SQUARE[self.index]
        (total,) = after.atoms(ModeSum)
        stand_in = sp.Dummy(positive=True)
        opened = sp.expand(after.xreplace({total: stand_in}))
        own, shared = opened.coeff(here, 1), opened.coeff(stand_in, 1)
        body, fresh = total.opened()
        weight = body.xreplace({fresh: self.index}) / here
        return ModeSum(sp.factor(shared / (1 - own)) * weight, self.index)

    def lines(self) -> list[sp.Basic]:
        """The step, the leading step and the observables as relations."""
        after = {a: ModeArray(f"{a.name}'", real=True)[self.index] for a in self.step}
        rules = [sp.Eq(after[a], value, evaluate=False) for a, value in self.step.items()]
        seen = [sp.Eq(sp.Symbol(name), value, evaluate=False) for name, value in self.values.items()]
        return [*rules, *seen]


def one_step(linear: Linear) -> dict[str, Any]:
    """The field of a mode, φ's coefficient in the residual of a sample, after one step."""
    model, leaf = linear.model, linear.state
    factor, residual = residual_of(model.loss, leaf)
    fields, noise = spread(residual, model.samples)
    if len(fields) != 1:
        raise DerivationError(f"residual: {len(fields)} random matrices; modes decouple for one")
    ((data, vector),) = fields.items()
    dim = data.dims[1]
    slopes, offset = linear_coefficients(vector.expr, [t for t in tops(vector.expr) if leaf in leaves(t)])
    if list(slopes) != [leaf.symbol]:
        raise DerivationError(f"field {vector}: it mixes the modes; only a diagonal one is closed mode by mode")
    slope, batch = slopes[leaf.symbol], size(model.samples.name)
    index = ModeIndex(dim.name, "k")
    c, d = at_mode(slope, index), at_mode(offset, index)
    law = at_mode(data.how["variance"] * data.how["column_covariance"], index)
    decay = plain(linear.decay)
    gain = -model.rate * 2 * plain(factor) * c**2 / batch
    terms = (
        Term(1 - model.rate * decay, (Factor("u", mode=FREE),)),
        Term(model.rate * decay * d),
        Term(gain, (Factor("phi", "b", FREE), Factor("phi", "b", "j"), Factor("u", mode="j"))),
        Term(gain, (Factor("phi", "b", FREE), Factor("epsilon", "b"))),
    )
    known = {"slope": c, "offset": d, "law": (law,), "noise": plain(noise), "index": (index,)}
    return {"field": vector.expr, "terms_of_step": terms, **known}


def moments(state: State, linear: Linear) -> dict[str, Any]:
    """Mean and second moment of a mode after a step, exact, and to leading order under replication."""
    (index,), (law,) = state["index"], state["law"]
    batch = size(linear.model.samples.name)

    def moment(power: int, at: ModeIndex) -> sp.Expr:
        if power > 2:
            raise DerivationError(f"moment of degree {power}: the recursion does not close")
        return (MEAN if power == 1 else SQUARE)[at]

    variances = {
        "phi": lambda at: law.xreplace({index: at}),
        "epsilon": lambda at: state["noise"],
    }
    terms = state["terms_of_step"]
    found = {
        MEAN: averaged(terms, variances, "u", batch, moment, index),
        SQUARE: averaged(product(terms, terms), variances, "u", batch, moment, index),
    }
    return {
        "step": {MEAN: found[MEAN], SQUARE: _tidy(found[SQUARE], index)},
        "leading": {MEAN: found[MEAN], SQUARE: _tidy(_replicated(found[SQUARE], state["offset"], batch, index), index)},
    }


def _tidy(expression: sp.Expr, index: ModeIndex) -> sp.Expr:
    known = [SQUARE[index], MEAN[index], *sorted(expression.atoms(ModeSum), key=sp.default_sort_key)]
    return sp.collect(sp.expand(expression), known, sp.factor)


def _replicated(expression: sp.Expr, offset: sp.Expr, batch: sp.Symbol, index: ModeIndex) -> sp.Expr:
    """The leading order for many copies of every mode: moments and targets of a mode, and 1/batch, are small, sums are not."""
    small = sp.Symbol("epsilon", positive=True)
    sums = {s: sp.Dummy(positive=True) for s in expression.atoms(ModeSum)}
    target = sp.Dummy(real=True)
    rule = {SQUARE[index]: small**2 * SQUARE[index], MEAN[index]: small * MEAN[index], batch: batch / small**2}
    rule[target] = small * target
    opened = sp.expand(expression.xreplace(sums).subs(offset, target) if offset != 0 else expression.xreplace(sums))
    ordered = sp.expand(opened.xreplace(rule))
    lowest = sp.Add(*[t for t in sp.Add.make_args(ordered) if sp.degree(t, small) == 2])
    return lowest.xreplace({small: sp.S.One, target: offset}).xreplace({d: s for s, d in sums.items()})


def assembled_modes(state: State, linear: Linear) -> dict[str, Any]:
    """The theory: the recursion and the observables in its moments."""
    model, (index,) = linear.model, state["index"]
    values = {name: _observed(value, linear, state) for name, value in model.observe.items()}
    t = sp.Symbol("t", nonnegative=True)
    names = [*values, *(n + LEADING for n in values if n + LEADING not in values)]
    theory = MomentDynamics(
        name=model.name, unknowns=(), equations=(), residuals=(), definitions={},
        observables={n: sp.Function(n)(t) for n in names}, stable={}, parameters=tuple(map(parameter_of, model.parameters)),
        validity="exact for Gaussian data at any batch size; observables with _leading: many modes matter",
        references=model.references, step=state["step"], leading=state["leading"],
        start={MEAN: state["offset"], SQUARE: state["offset"] ** 2}, values=values, rate=model.rate,
        batch=size(model.samples.name), index=index,
    )  # fmt: skip
    return {"theory": theory, "observables": {sp.Symbol(n): v for n, v in values.items()}}


def _observed(observable: sp.Expr, linear: Linear, state: State) -> sp.Expr:
    """An observable in the moments of the field u = c w + d."""
    leaf: Leaf = linear.state
    (index,), c, d = state["index"], state["slope"], state["offset"]
    slopes, rest = linear_coefficients(observable, [t for t in tops(observable) if leaf in leaves(t)])
    total, u = plain(rest), sp.Dummy(real=True)
    for top, slope in slopes.items():
        if not isinstance(top, Over) or any(leaf in leaves(t) and t != leaf.symbol for t in tops(top.expr)):
            raise DerivationError(f"observable: {top} is no sum over modes of a function of {leaf.name}; write it so")
        w = sp.Dummy(real=True)
        body = at_mode(top.expr.xreplace({leaf.symbol: w}), index).xreplace({w: (u - d) / c})
        polynomial = sp.Poly(sp.cancel(sp.expand(body)), u)
        if polynomial.degree() > 2:
            raise DerivationError(f"observable: {top.expr} has degree {polynomial.degree()} in {leaf.name}; take at most 2")
        a0, a1, a2 = (polynomial.coeff_monomial(u**p) for p in range(3))
        total += plain(slope) * ModeSum(a0 + a1 * MEAN[index] + a2 * SQUARE[index], index)
    return total

