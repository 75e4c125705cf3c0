"""The end of the derivation of a linear dynamics that changes, by rates or multipliers: causal equations for two times."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import sympy as sp

from theory.averages import outermost
from theory.declaration.dimensions import Dim
from theory.declaration.observables import Contribution
from theory.declaration.scalars import Average, Over
from theory.declaration.sites import tops
from theory.declaration.vectors import Vec
from theory.declaration.walks import collect, replace_tops
from theory.dmft.action import SingleSite
from theory.dmft.causality import schedule
from theory.dmft.fields import Fields
from theory.dmft.observables import by_sites, products_of
from theory.dmft.process import linear_form
from theory.dmft.sampled import TIME_STEP
from theory.equations import Theory
from theory.errors import DerivationError
from theory.modes import ModeIndex
from theory.replica.data import plain, total
from theory.replica.results import parameter_of

Form = Mapping[sp.Symbol, sp.Expr]


@dataclass(frozen=True)
class TimeMoment:
    """Σ over the sites of ``dim`` of coefficient <first(t) second(t)>, linear forms in the fields; <first(t)> where second is None.

    ``summed`` False: one value for each mode.
    """

    symbol: sp.Symbol
    dim: Dim
    coefficient: sp.Expr
    first: Form
    second: Form | None
    summed: bool = True


@dataclass(frozen=True)
class LinearProcess(Theory):
    """A linear dynamics that changes with time, to be marched: responses and correlations of two times, row by row.

    ``laws`` and ``auxiliary`` are linear forms (the symbol 1 for what holds no field), whose coefficients may hold the time;
    ``order`` is the one in which the fields of one time follow from each other, ``constraints`` what multipliers keep at zero.
    """

    fields: Any = None
    site: Any = None
    order: tuple[sp.Symbol, ...] = ()
    laws: Mapping[sp.Symbol, Form] = field(default_factory=dict)
    auxiliary: Mapping[sp.Symbol, Form] = field(default_factory=dict)
    starts: Mapping[sp.Symbol, Form] = field(default_factory=dict)
    moments: Mapping[sp.Symbol, TimeMoment] = field(default_factory=dict)
    constraints: Mapping[sp.Symbol, sp.Expr] = field(default_factory=dict)
    continuous: bool = True

    @property
    def signature(self) -> str:
        """Digest of the mathematics, equal in every process."""
        from theory.signatures import signature

        read = [e for m in self.moments.values() for e in (m.coefficient, m.first, m.second)]
        return signature(self.name, self.continuous, *self.equations, *read, *self.observables.values(), *self.constraints.values())

    @property
    def per_mode(self) -> set[str]:
        """Observables with one value for each mode."""
        single = {s for s, m in self.moments.items() if not m.summed}
        return {n for n, e in self.observables.items() if e.free_symbols & single}

    def __reduce__(self):
        return _again, (self.fields.model,)


def _again(model):
    """The theory of a model that has crossed to another process: derived there."""
    return model.theory()


def assembled(state: Mapping[str, Any], model) -> dict[str, Any]:
    """The theory of a linear dynamics with a schedule."""
    fields: Fields = state["read"]
    site: SingleSite = state["site"]
    moments = _Moments(fields)
    observables = {name: moments.observable(name, value) for name, value in model.observe.items()}
    constraints = {m: moments.observable(f"constraint of {m}", value) for m, value in model.constraints.items()}
    laws = {x: linear_form(e, fields, f"law of {x}") for x, e in fields.laws.items()}
    auxiliary = {x: linear_form(e, fields, f"definition of {x}") for x, e in fields.auxiliary.items()}
    starts = {x: linear_form(e, fields, f"initial value of {x}") for x, e in fields.starts.items()}
    parameters = [parameter_of(p) for p in model.parameters]
    summed = [p.weight for p in site.parameters.values()]
    summed += [c for form in (*laws.values(), *auxiliary.values(), *starts.values()) for c in form.values()]
    summed += [m.coefficient for m in moments.found.values()]
    summed += [c for m in moments.found.values() for form in (m.first, m.second or {}) for c in form.values()]
    theory = LinearProcess(
        name=model.name,
        unknowns=(),
        equations=tuple(state["laws"]),
        residuals=tuple((e,) for e in summed),
        definitions={},
        observables=observables,
        stable={},
        parameters=(*parameters, *([TIME_STEP] if model.continuous else [])),
        validity=getattr(model, "validity", ""),
        references=model.references,
        fields=fields,
        site=site,
        order=tuple(schedule(fields, site)),
        laws=laws,
        auxiliary=auxiliary,
        starts=starts,
        moments=moments.found,
        constraints=constraints,
        continuous=model.continuous,
    )
    return {"theory": theory}


class _Moments:
    """Observables read as moments at equal times."""

    def __init__(self, fields: Fields):
        self.fields, self.found = fields, {}

    def observable(self, name: str, value) -> sp.Expr:
        if isinstance(value, Contribution):
            raise DerivationError(f"observable {name}: contributions of modes are not followed through a schedule; leave it out")
        if isinstance(value, Vec):
            made = self._site(name, collect(value).expr, value.dim, False)
            return made.xreplace({self.fields.index(value.dim): ModeIndex(value.dim.name)})
        rule, value = {}, by_sites(value)
        for top in sorted(tops(value), key=str):
            if not isinstance(top, Over) or top.dim.finite:
                raise DerivationError(f"observable {name}: {top} is no sum over an infinite dimension; wrap it in sum_over or mean")
            rule[top] = self._site(name, collect(top.expr), top.dim, True)
        return plain(replace_tops(value, rule))

    def _site(self, name: str, expression: sp.Expr, dim: Dim, summed: bool) -> sp.Expr:
        if any(isinstance(a, Average) for a in tops(expression)):
            raise DerivationError(f"observable {name}: averages inside are not followed through a schedule; leave it out")
        lowered, index = self.fields.lower(expression, dim), self.fields.index(dim)
        moving = set(self.fields.dims) & lowered.free_symbols
        result = sp.S.Zero
        for coefficient, factors in products_of(lowered, moving, name):
            if not factors:
                result += total(dim, coefficient, index) if summed else coefficient
                continue
            forms = [linear_form(f, self.fields, f"observable {name}") for f in factors]
            symbol = sp.Symbol(f"{name}_{len(self.found) + 1}", real=True)
            self.found[symbol] = TimeMoment(symbol, dim, coefficient, forms[0], forms[1] if len(forms) == 2 else None, summed)
            result += symbol
        if outermost(result) and not summed:
            raise DerivationError(f"observable {name}: a sum inside an observable of single modes is not derived")
        return result
