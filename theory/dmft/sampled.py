"""The end of the derivation of any dynamics: the process of one site, which a sampler follows in time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import sympy as sp

from theory.declaration.parameters import Parameter
from theory.dmft.causality import immediate, schedule, still
from theory.dmft.notation import step
from theory.equations import Theory

TIME_STEP = Parameter("time_step", step, "length of a step of the flow", lower=0, lower_open=True)


@dataclass(frozen=True)
class SiteProcess(Theory):
    """The self-consistent process of one site, to be sampled: ``fields`` with their laws, ``site`` with noises and memories.

    ``order`` is the one in which the fields of one time follow from each other, ``still`` those that do not move, ``immediate``
    the pushes that a field feels at once. Observables are written in global fields, sums over sites.
    """

    fields: Any = None
    site: Any = None
    order: tuple[sp.Symbol, ...] = ()
    still: frozenset[sp.Symbol] = frozenset()
    immediate: Mapping[sp.Symbol, set[sp.Symbol]] = field(default_factory=dict)
    continuous: bool = True

    @property
    def signature(self) -> str:
        """Digest of the mathematics, equal in every process."""
        from theory.signatures import signature

        sums = [t.summand for t in self.fields.sums.values()]
        return signature(self.name, self.continuous, *self.equations, *sums, *self.observables.values())


def assembled(state: Mapping[str, Any], model) -> dict[str, Any]:
    """The theory of a dynamics that is followed by sampling."""
    fields, site = state["read"], state["site"]
    parameters = list(model.parameters)
    if model.continuous:
        parameters.append(TIME_STEP)
    theory = SiteProcess(
        name=model.name,
        unknowns=(),
        equations=tuple(state["laws"]),
        residuals=(),
        definitions={},
        observables=dict(fields.observables),
        stable={},
        parameters=tuple(parameters),
        validity=getattr(model, "validity", "sizes -> oo together at fixed number of steps; bias 1/r under replicate(r)"),
        references=model.references,
        fields=fields,
        site=site,
        order=tuple(state["order"]),
        still=frozenset(still(fields, site)),
        immediate=immediate(fields, site),
        continuous=model.continuous,
    )
    return {"theory": theory}


def ordered(state: Mapping[str, Any]) -> dict[str, Any]:
    """The order in which the fields of one time are found."""
    return {"order": schedule(state["read"], state["site"])}
