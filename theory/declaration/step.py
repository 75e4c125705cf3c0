"""The law of a dynamics: how states and couplings move in time, each driven by what it and the others are now."""

from __future__ import annotations

from collections.abc import Mapping

import sympy as sp
from sympy.printing.latex import LatexPrinter

from theory.declaration.checks import refuse
from theory.declaration.copies import copies_of
from theory.declaration.laws import Model
from theory.declaration.motion import constrained, couplings, momenta, settled, vectors
from theory.declaration.parameters import Parameter
from theory.declaration.printing import entry, name_latex
from theory.declaration.sites import Leaf
from theory.declaration.vectors import Vec
from theory.declaration.walks import leaves, substitute
from theory.symbols import time


class Step(Model):
    """States that obey dx/dt = rule (``continuous``, the default), or x(t+1) = rule.

    ``rules`` maps each State to a vector of the same dimensions, and each Gaussian matrix that learns to ``hebb(post, pre)`` terms
    minus multiples of itself; ``where`` other States to what they are at the same time, ``initial`` states to where they start:
    from zero if they are not in it, or from the draw of their ``initial_variance``. ``momentum`` is one number for all or a
    mapping; ``constraints`` maps a multiplier, a symbol in the rules, to what it keeps at zero. A sum over sites in a rule is a
    global field. Observables are taken at the time ``t``, which is a parameter. DeclarationError for a state without a law, for
    definitions that run in a circle, and for shapes that do not fit.

    In steps δ of time (a flow is the limit δ -> 0, and is simulated and sampled at a small one; x(t+1) = rule has δ = 1) everything
    at t + δ follows from what is at t. The velocity of a state or coupling becomes v(t+δ) = momentum v(t) + rate(t), from
    v(0) = 0, and then x(t+δ) = x(t) + δ v(t+δ). Definitions, local fields and sums over sites are those of time t. Noise that is
    ``fresh="step"`` is drawn anew before each step, with its variance divided by δ in a flow, so that its integral has variance
    per time; a fresh matrix with its variance as declared. A multiplier takes the value at which the constraint holds at t + δ.
    """

    law = "Step"

    def __init__(
        self, rules, observe=None, continuous=True, where=None, initial=None, parameters=(), name=None, reference=None,
        momentum=0, constraints=None,
    ) -> None:  # fmt: skip
        if not isinstance(continuous, bool):
            refuse("continuous", repr(continuous), "pass True for dx/dt = rule, False for x(t+1) = rule")
        learnt, rest = couplings(rules)
        given = vectors("rules", rest)
        if not given and not learnt:
            refuse("rules", "none", "give at least one state its law")
        if learnt and not continuous:
            refuse(f"law of {next(iter(learnt))}", "x(t+1) = rule", "a coupling learns at a rate; declare the dynamics continuous")
        defined = settled(vectors("where", where))
        for leaf in defined:
            if leaf in given:
                refuse("two laws of one state", leaf, "give it a rule or a definition, not both")
        self.continuous = continuous
        self.rules = {leaf: substitute(rule, defined) for leaf, rule in given.items()}
        self.couplings = couplings({law_of(leaf): substitute(law.rule, defined) for leaf, law in learnt.items()})[0]
        self.initial = {leaf: substitute(v, defined) for leaf, v in vectors("initial", initial).items()}
        self.momentum = momenta(momentum, {**self.rules, **self.couplings}, continuous)
        held = {m: substitute(v, defined) if isinstance(v, sp.Expr) else v for m, v in (constraints or {}).items()} \
            if isinstance(constraints, Mapping) else constraints
        self.constraints = constrained(held, self.rules)
        observe = {} if observe is None else observe
        if isinstance(observe, Mapping):
            observe = {k: substitute(v, defined) if isinstance(v, (sp.Expr, Vec)) else v for k, v in observe.items()}
        self._check(observe)
        named = list(parameters) if isinstance(parameters, (tuple, list)) else [parameters]
        if not any(isinstance(p, Parameter) and p.symbol == time for p in named):
            meaning = "time" if continuous else "number of steps"
            named.insert(0, Parameter("t", time, meaning, lower=0, integer=not continuous))
        super().__init__((*self.rules, *self.couplings), self._parts(), observe, named, name, reference)

    def _parts(self) -> tuple:
        """Everything that makes up the law, in an order that does not depend on that of the declaration."""
        laws = tuple((leaf.symbol, rule.expr) for leaf, rule in sorted(self.rules.items(), key=_by_name))
        starts = tuple((leaf.symbol, start.expr) for leaf, start in sorted(self.initial.items(), key=_by_name))
        parts: tuple = (laws, starts, time)
        if self.couplings:
            parts += (tuple((leaf, law.rule) for leaf, law in sorted(self.couplings.items(), key=_by_name)),)
        if self.momentum:
            parts += (tuple((leaf, value) for leaf, value in sorted(self.momentum.items(), key=_by_name)),)
        if self.constraints:
            parts += (tuple(sorted(self.constraints.items(), key=_by_name)),)
        return parts

    def _check(self, observe) -> None:
        for leaf in self.rules:
            if leaf.dim is None:
                refuse(f"law of {leaf}", "it is over finite dimensions alone", "a global field is a sum over sites in a rule")
        for leaf, start in self.initial.items():
            if leaf not in self.rules:
                refuse("initial value without a law", leaf, "give the state a rule")
            if leaf.how.get("initial_variance") is not None:
                refuse(f"initial value of {leaf}", start, "it is drawn already; drop initial_variance or initial=")
            moving = [a for a in leaves(start) if a.kind == "state" or a in self.couplings]
            if moving:
                refuse(f"initial value of {leaf}", f"{start} holds the state {moving[0]}", "start from given or drawn vectors")
        parts = [("rule", rule) for rule in self.rules.values()]
        parts += [("law", law.rule) for law in self.couplings.values()]
        parts += [("constraint", value) for value in self.constraints.values()]
        parts += [("observable", value) for value in (observe.values() if isinstance(observe, Mapping) else ())]
        for where, part in parts:
            held = self.rules if where != "observable" else {*self.rules, *copies_of(self.rules, part)}
            loose = [a for a in leaves(part) if a.kind == "state" and a not in held]
            if loose:
                refuse("state without a law", f"{loose[0]} in the {where} {part}", "give it a rule, or define it with where=")

    @property
    def copies(self) -> tuple[Leaf, ...]:
        """Copies of the states for other draws of a part of the disorder, as :func:`redrawn` puts them into observables."""
        return copies_of(self.rules, tuple(self.observe.values()))

    def _wanted(self) -> list[sp.Symbol]:
        return [s for s in super()._wanted() if s not in self.constraints]

    def _options(self) -> tuple:
        return (self.continuous,)

    def derive(self):
        """The dynamical mean-field theory as a Derivation, every step of it."""
        from theory.dmft import derive

        return derive(self)

    def latex(self) -> str:
        """The laws and initial values as mathematics."""
        return r"\begin{aligned}" + r" \\ ".join(self._lines()) + r"\end{aligned}"

    def _lines(self) -> list[str]:
        lines = []
        for leaf, rule in sorted(self.rules.items(), key=_by_name):
            state = entry(Vec(leaf.dim, leaf.symbol))
            lines.append(self._moves(leaf, state, entry(rule)))
            if leaf in self.initial:
                lines.append(f"{state}(0) &= {entry(self.initial[leaf])}")
            elif "initial_variance" in leaf.how:
                lines.append(rf"{state}(0) &\sim \mathcal{{N}}\left(0, {sp.latex(leaf.how['initial_variance'])}\right)")
            else:
                lines.append(f"{state}(0) &= 0")
        printer = LatexPrinter()
        for leaf, law in sorted(self.couplings.items(), key=_by_name):
            lines.append(self._moves(leaf, name_latex(leaf.name), law.rule._latex(printer)))
        for multiplier, value in sorted(self.constraints.items(), key=_by_name):
            lines.append(rf"0 &= {sp.latex(value)} \quad \left({sp.latex(multiplier)}\right)")
        return lines

    def _moves(self, leaf, state: str, rate: str) -> str:
        if not self.continuous:
            return f"{state}(t+1) &= {rate}"
        if leaf not in self.momentum:
            return rf"\partial_t {state} &= {rate}"
        velocity = rf"v^{{{name_latex(leaf.name)}}}"
        mass = sp.latex(self.momentum[leaf])
        return rf"\partial_t {state} &= {velocity}(t+\delta), \quad {velocity}(t+\delta) = {mass} \, {velocity} + {rate}"

    def _repr_latex_(self) -> str:
        return rf"$\displaystyle {self.latex()}$"


def law_of(leaf):
    """The matrix that a leaf is the name of."""
    from theory.declaration.ensembles import Gaussian

    return Gaussian._of(leaf, False)


def _by_name(item):
    return item[0].name
