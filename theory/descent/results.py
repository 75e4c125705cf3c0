"""The end of the derivation of a descent: contour integrals of resolvents, the Volterra equation, and the theory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import sympy as sp

from theory.descent.noise import batch_of, source
from theory.descent.read import Linear
from theory.equations import Theory
from theory.replica.results import parameter_of
from theory.symbols import size
from theory.symbols import time as t

State = Mapping[str, Any]
VALIDITY = {
    "minibatch": "Gaussian data; sizes and batch -> oo together: many modes matter, else corrections of the order of one at any "
    "size; bias 1/r under replicate(r)",
    "one-pass": "Gaussian data; sizes and batch -> oo together: many modes matter, else corrections of the order of one at any "
    "size; bias 1/r under replicate(r)",
    "full-batch": "Gaussian data; sizes -> oo together; bias 1/r under replicate(r)",
    "flow": "Gaussian data; sizes -> oo together; bias 1/r under replicate(r)",
}
UNSTABLE = "beyond the largest stable learning rate; lower it (solvers.largest_stable_rate)"


@dataclass(frozen=True)
class DescentDynamics(Theory):
    """Losses of a descent at the time t.

    ``sources`` are the theories of every observable at two ridges (``ridges``), ``kernels`` that of their answers to noise, at
    the first; that of the ``loss`` has one ridge alone. ``weight`` and ``loss_weight`` are the integrands beside them, functions
    of ``eigenvalue`` and the time. The mean step multiplies what belongs to an eigenvalue x of the Hessian per sample by
    ``factor``, 1 - rate (x + decay). ``strength`` multiplies the memory of the noise, which is that of the observable ``loss``;
    ``samples`` and ``batch`` are their sizes.
    """

    divergence: ClassVar[str] = UNSTABLE
    method: str = ""
    rate: sp.Expr = sp.S.One
    decay: sp.Expr = sp.S.Zero
    strength: sp.Expr = sp.S.Zero
    samples: sp.Symbol | None = None
    batch: sp.Symbol | None = None
    ridges: tuple[sp.Symbol, ...] = ()
    loss: str = ""
    eigenvalue: sp.Symbol | None = None
    factor: sp.Expr = sp.S.One
    weight: sp.Expr = sp.S.One
    loss_weight: sp.Expr = sp.S.One
    sources: tuple[tuple[str, Theory], ...] = field(default=(), compare=False, repr=False)
    kernels: Theory | None = field(default=None, compare=False, repr=False)
    relations: tuple[sp.Basic, ...] = ()

    @property
    def equivalents(self) -> tuple[Theory, ...]:
        """The theories of which it is made."""
        return (*(theory for _, theory in self.sources), *([self.kernels] if self.kernels is not None else []))

    @property
    def signature(self) -> str:
        """Digest of the mathematics, equal in every process."""
        from theory.signatures import signature

        parts = [*self.relations, *self.observables.values(), self.rate, self.decay, self.strength]
        inner = [theory.signature for theory in self.equivalents]
        return signature(self.name, *parts, *map(sp.Symbol, inner))

    def lines(self) -> list[sp.Basic]:
        """Volterra equation, contour integrals, equivalents and observables as relations."""
        seen = [sp.Eq(sp.Symbol(name), value, evaluate=False) for name, value in self.observables.items()]
        inner = [line for theory in self.equivalents for line in theory.lines()]
        return [*seen, *self.relations, *dict.fromkeys(inner)]


def assembled(state: State, linear: Linear) -> dict[str, Any]:
    """The theory of a descent whose Hessian is random."""
    model, noisy = linear.model, "volterra" in state
    relations = [state["volterra"]] if noisy else []
    relations += _integrals(state, linear)
    observables = dict(state["relations"]) if noisy else {sp.Symbol(n): source(n)(t) for n in model.observe}
    theory = DescentDynamics(
        name=model.name, unknowns=(), equations=(), residuals=(), definitions={},
        observables={s.name: v for s, v in observables.items()}, stable={},
        parameters=tuple(map(parameter_of, model.parameters)),
        validity=VALIDITY[model.method], references=model.references,
        method=model.method, rate=model.rate, decay=linear.decay, strength=state["strength"] if noisy else sp.S.Zero,
        samples=size(model.samples.name), batch=size(batch_of(linear).name) if noisy else None,
        ridges=state["ridges"], loss=linear.loss,
        eigenvalue=state["eigenvalue"], factor=state["factor"], weight=state["weight"].xreplace({state["time"]: t}),
        loss_weight=state["loss_weight"].xreplace({state["time"]: t}), sources=state["source_theories"],
        kernels=state["kernel_theory"], relations=tuple(relations),
    )  # fmt: skip
    return {"theory": theory, "integrals": relations}


def _integrals(state: State, linear: Linear) -> list[sp.Basic]:
    """F and K as contour integrals of the equivalents."""
    from theory.descent.noise import kernel

    x, z, zp = state["eigenvalue"], sp.Symbol("z"), sp.Symbol("z'")
    once, u = 2 * sp.pi * sp.I, sp.Symbol("u", nonnegative=True)
    weight = state["weight"].xreplace({state["time"]: t})
    found = []
    for name, _ in state["source_theories"]:
        if name == linear.loss:
            one = state["loss_weight"].xreplace({state["time"]: t, x: z}) * sp.Function(name)(-z)
            found.append(sp.Eq(source(name)(t), sp.Integral(one, z) / once, evaluate=False))
            continue
        both = weight.xreplace({x: z}) * weight.xreplace({x: zp}) * sp.Function(name)(-z, -zp)
        found.append(sp.Eq(source(name)(t), sp.Integral(both, z, zp) / once**2, evaluate=False))
    if state["kernel_theory"] is not None:
        factor = state["factor"].xreplace({x: z}) ** (2 * u)
        for name in state["kernel_theory"].observables:
            one = -factor * sp.Function(f"A_{name}")(-z)
            found.append(sp.Eq(kernel(name)(u), sp.Integral(one, z) / once, evaluate=False))
    return found
