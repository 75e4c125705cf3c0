"""The law of a descent: a state that goes down the gradient of an energy, estimated from minibatches of its samples."""

from __future__ import annotations

import sympy as sp

from theory.declaration.checks import refuse, scalar
from theory.declaration.dimensions import Dim
from theory.declaration.energy import Energy
from theory.declaration.laws import Model
from theory.declaration.parameters import Parameter
from theory.declaration.printing import entry
from theory.declaration.scalars import Average
from theory.declaration.sites import Leaf, batch, generic, tops
from theory.declaration.vectors import Vec
from theory.declaration.walks import leaves, terms
from theory.symbols import time

METHODS = ("minibatch", "one-pass", "full-batch", "flow")


class Descent(Model):
    """Steps down the gradient of an energy from the origin: w(t+1) = w(t) - rate * (mean gradient of the batch + that of the rest).

    The loss is the part of the energy that is summed over the dimension ``samples``, the rest is a penalty, of which the share
    of one sample is taken: all samples together give the gradient of the energy, divided by their number. ``batch``, a
    dimension, is drawn from the samples with replacement at every step ("minibatch"); without it every sample is used
    ("full-batch"). ``fresh=True`` draws all samples anew at every step, so that they are the batch ("one-pass").
    ``continuous=True`` is the gradient flow dw/dt = -rate * gradient ("flow").
    Observables are those of the energy at the time ``t``. DeclarationError for whatever has no such steps.
    """

    law = "Descent"

    def __init__(
        self, energy, samples, rate, batch=None, fresh=False, continuous=False, parameters=(), name=None, reference=None
    ) -> None:
        if not isinstance(energy, Energy):
            refuse("descent of", repr(energy), "pass an Energy")
        self.objective, self.samples, self.batch, self.fresh, self.continuous = energy, samples, batch, fresh, continuous
        self.rate = _rate(rate, energy)
        self._check()
        self.loss, self.penalty = _split(energy, samples)
        named = list(parameters) if isinstance(parameters, (tuple, list)) else [parameters]
        if not any(isinstance(p, Parameter) and p.symbol == time for p in named):
            meaning = "time" if continuous else "number of steps"
            named.insert(0, Parameter("t", time, meaning, lower=0, integer=not continuous))
        body = (energy.energy, energy.state.expr, self.rate, samples, *([batch] if batch is not None else []), time)
        super().__init__(energy.states, body, energy.observe, named, name or f"{energy.name}-descent", reference)

    def _check(self) -> None:
        energy, what = self.objective, f"descent of {self.objective.name}"
        for flag in ("fresh", "continuous"):
            if not isinstance(getattr(self, flag), bool):
                refuse(f"{flag} of the {what}", repr(getattr(self, flag)), "pass True or False")
        if energy.temperature != 0:
            refuse(what, f"temperature {energy.temperature}", "only an energy at temperature 0 is descended")
        if energy.state.leaf.how.get("prior") is not None:
            refuse(what, f"the {energy.state.leaf.how['prior']} prior of {energy.state}", "put a penalty in its place")
        if not isinstance(self.samples, Dim) or self.samples not in energy.dimensions:
            refuse(f"samples of the {what}", self.samples, f"pass one of its dimensions {', '.join(map(str, energy.dimensions))}")
        if self.batch is not None and (not isinstance(self.batch, Dim) or self.batch in energy.dimensions or self.batch.spectra):
            refuse(f"batch of the {what}", self.batch, "pass a new Dim('B')")
        if self.batch is not None and (self.fresh or self.continuous):
            refuse(f"batch of the {what}", self.batch, "fresh samples are the batch, and a flow has none; drop batch=")
        if self.fresh and self.continuous:
            refuse(f"fresh samples of the {what}", "a flow", "a flow sees all samples at once; take steps")
        for name, value in energy.observe.items():
            if not isinstance(value, sp.Expr) or any(isinstance(t, Average) for t in _all_tops(value)):
                refuse(f"observable {name} of the {what}", value, "observe sums and means without averages")
            used = [leaf for leaf in leaves(value) if self.samples in leaf.dims] if self.fresh else []
            if used:
                refuse(f"observable {name} of the {what}", f"{used[0]} is drawn anew", "observe the state on no sample")

    @property
    def method(self) -> str:
        """minibatch, one-pass, full-batch or flow."""
        if self.continuous:
            return "flow"
        return "one-pass" if self.fresh else "minibatch" if self.batch is not None else "full-batch"

    @property
    def state(self) -> Vec:
        """What descends."""
        return self.objective.state

    def _options(self) -> tuple:
        return self.fresh, self.continuous, self.batch is not None

    def derive(self):
        """The derivation of the losses in time: a Derivation, every step of it."""
        from theory.descent import derive

        return derive(self)

    def latex(self) -> str:
        """The step as mathematics."""
        w, size = entry(self.state), sp.latex(self.batch if self.batch is not None else self.samples)
        rate = sp.latex(self.rate)
        loss, penalty = (sp.latex(e) for e in (self.loss, self.penalty))
        if self.continuous:
            return rf"\partial_t {w} = -\frac{{{rate}}}{{{size}}} \nabla\left[{sp.latex(self.objective.energy)}\right]"
        parts = [rf"\frac{{1}}{{{size}}} \nabla \left[{loss}\right]_{{\mathrm{{{self.method}}}}}"]
        parts += [rf"\frac{{1}}{{{sp.latex(self.samples)}}} \nabla\left[{penalty}\right]"] if self.penalty != 0 else []
        return rf"{w}(t+1) = {w}(t) - {rate} \left({' + '.join(parts)}\right)"

    def _repr_latex_(self) -> str:
        return rf"$\displaystyle {self.latex()}$"


def _rate(rate, energy: Energy) -> sp.Expr:
    rate = scalar(rate, "rate")
    if rate.is_nonpositive or batch(rate) or generic(rate) or any(leaf.kind for leaf in leaves(rate)):
        refuse(f"rate of the descent of {energy.name}", rate, "pass a positive number or parameter")
    return rate


def _split(energy: Energy, samples: Dim) -> tuple[sp.Expr, sp.Expr]:
    """The sum over the samples, and the rest."""
    from theory.declaration.scalars import Over

    loss = penalty = sp.S.Zero
    for coefficient, expression, dim in terms(energy.energy):
        part = coefficient * Over(expression, dim)
        if dim == samples:
            loss += part
        else:
            penalty += part
    state: Leaf = energy.state.leaf
    if state not in leaves(loss):
        refuse(f"loss of {energy.name} over {samples}", loss, f"let a sum over {samples} depend on {state}")
    return loss, penalty


def _all_tops(expression) -> list:
    found = list(tops(expression))
    for top in tops(expression):
        if hasattr(top, "expr") and not hasattr(top, "node"):
            found += tops(top.expr)
    return found
