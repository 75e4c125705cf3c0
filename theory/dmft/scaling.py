"""Whether a dynamics has a limit: how every field grows when the model is made r times larger."""

from __future__ import annotations

import sympy as sp

from theory.declaration.checks import refuse
from theory.declaration.dimensions import Dim, Spectrum
from theory.dmft.fields import Fields
from theory.dmft.notation import SampleSum, step
from theory.modes import ModeValue
from theory.symbols import size

NOTHING = -sp.oo


def check_scaling(model, fields: Fields) -> None:
    """DeclarationError where the action is not of order one: a state feeds back on itself with a gain that grows or vanishes."""
    power = _Powers(model, fields)
    for _ in range(4 * len(fields.dims) + 4):
        before = dict(power.of)
        power.update()
        if power.of == before:
            break
    else:
        state = max(fields.laws, key=lambda x: (power.of[x], x.name))
        refuse(
            f"{model.name}: the action is not of order one",
            f"{state} drives itself by a factor that grows with the sizes",
            "divide the rate or the variance by a size",
        )
    moving = _moving(fields)
    for x, law in {**fields.laws, **fields.auxiliary}.items():
        if law.has(step):
            continue  # a velocity, or the state that it carries: that of the rate in it
        for term in sp.Add.make_args(sp.expand(law)):
            if term.free_symbols & moving and power(term) != power.of[x]:
                lost = power.of[x] - power(term)
                refuse(
                    f"{model.name}: the action is not of order one",
                    f"{term} in the law of {x} vanishes as r^{-lost} when all sizes grow r-fold",
                    "multiply the rate or the variance by a size, or drop the term",
                )


def _moving(fields: Fields) -> set[sp.Symbol]:
    moving = set(fields.laws)
    while True:
        found = {u.out for u in fields.uses if u.into in moving}
        found |= {x for x, value in fields.auxiliary.items() if value.free_symbols & moving}
        found |= {x for x, total in fields.sums.items() if total.summand.free_symbols & moving}
        found |= {u.out for u in fields.uses if u.leaf in fields.learnt}
        if found <= moving:
            return moving
        moving |= found


class _Powers:
    """The power of r with which the typical entry of each field grows."""

    def __init__(self, model, fields: Fields):
        self.fields = fields
        self.data = {s.name: s.scaling for s in model._symbols if isinstance(s, Spectrum)}
        self.data |= {a.name: a.how.get("scaling", sp.S.Zero) for a in model.leaves if a.kind == "quenched"}
        self.sizes = {size(d.name) for d in model.dimensions if not d.finite}
        self.of = {s: NOTHING for s in fields.dims}
        for drawn, variance in fields.variances.items():
            self.of[drawn] = self(variance) / 2
        for given, leaf in fields.data.items():
            self.of[given] = sp.sympify(leaf.how.get("scaling", sp.S.Zero))

    def update(self) -> None:
        fields, new = self.fields, {}
        for x, value in fields.auxiliary.items():
            new[x] = self(value)
        for use in fields.uses:
            laws = [use.leaf.how[key] for key in ("variance", "row_covariance", "column_covariance") if key in use.leaf.how]
            met = use.order - 1
            new[use.out] = (sum(map(self, laws)) + met) / 2 + met * self.of[use.into]
            for post, pre in fields.learnt[use.leaf].pairs if use.leaf in fields.learnt else ():
                # One factor of the outer product stands at the site, the other is summed with what the matrix acts on.
                new[use.out] = sp.Max(new[use.out], self.of[post] + self.of[pre] + self.of[use.into] + 1)
        for x, total in fields.sums.items():
            new[x] = self(total.summand) + 1
        for x, rate in fields.laws.items():
            new[x] = sp.Max(self(rate), self(fields.starts[x]))
        self.of.update(new)

    def __call__(self, expression: sp.Expr) -> sp.Expr:
        if expression.is_zero:
            return NOTHING
        if expression in self.of:
            return self.of[expression]
        if isinstance(expression, SampleSum):
            return self(expression.body)
        if isinstance(expression, ModeValue):
            return sp.sympify(self.data[expression.array.name])
        if isinstance(expression, Spectrum):
            return sp.sympify(expression.scaling)
        if isinstance(expression, Dim) or expression in self.sizes:
            return sp.S.Zero if getattr(expression, "finite", False) else sp.S.One
        if expression.is_Mul:
            return sp.Add(*map(self, expression.args))
        if expression.is_Add:
            return sp.Max(*map(self, expression.args))
        if expression.is_Pow and expression.exp.is_number:
            return self(expression.base) * expression.exp
        return sp.S.Zero
