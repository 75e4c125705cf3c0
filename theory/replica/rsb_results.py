"""The end of a replica calculation with a hierarchical ansatz: stability, energy and entropy, observables, and the theory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import sympy as sp

from theory.declaration.scalars import Over
from theory.declaration.sites import Dot, Site, sites, tops
from theory.declaration.tensors import Contraction
from theory.declaration.vectors import Vec
from theory.declaration.walks import collect, replace_tops
from theory.equations import Theory, Unknown
from theory.errors import DerivationError
from theory.replica.breaking import STIFFNESS
from theory.replica.couplings import OVERLAP, couples
from theory.replica.data import plain
from theory.replica.forms import Registry
from theory.replica.glass_fields import Field, field_of
from theory.replica.hierarchy import per_replica
from theory.replica.joint import Samples, read_samples
from theory.replica.results import parameter_of
from theory.replica.sample_law import SampleLaw
from theory.replica.verdicts import conditions, exchanged, free_name, overlaps, taken_by
from theory.replica.zero_temperature import per_beta
from theory.symbols import beta

State = Mapping[str, Any]


def definitions(state: State, energy) -> dict[str, Any]:
    """Overlaps of inner levels, the replicon (stable while positive), and free energy and entropy (or the logarithm of the
    volume)."""
    from theory.replica.rsb import free_energy, rule

    order = state["order"]
    found: dict[str, sp.Expr] = {q.name: value for q, value in order.written_out.items()}
    found["replicon"] = replicon(state)
    value = free_energy(state)
    if order.cold:
        found["ground_state_energy"] = -value
    elif state["volume"]:
        found["entropy"] = value
    else:
        found["free_energy"] = -value / state["beta"]
        found["entropy"] = value + state["beta"] * _energy(state, rule(state))
    taken = taken_by(energy)
    names = {name: free_name(name, taken) for name in found}
    values = {sp.Symbol(names[name], real=True): v for name, v in found.items()}
    sides = {leaf: (_self_overlap(state), _scalar(other, state, energy)) for leaf, other in exchanged(energy).items()}
    return {
        "definitions": values | overlaps(energy, sides),
        "conditions": conditions(energy, names["replicon"], names.get("entropy", "")),
    }


def _self_overlap(state: State) -> sp.Expr:
    """Mean overlap of two draws: over the overlaps of all levels, with the shares that blocks give them."""
    from theory.replica.rsb import rule

    order = state["order"]
    if order.cold:
        return rule(state)(order.overlaps[-1])
    edges = (sp.S.Zero, *order.blocks, sp.S.One)
    return rule(state)(sp.Add(*[(edges[j + 1] - edges[j]) * q for j, q in enumerate(order.overlaps)]))


def replicon(state: State) -> sp.Expr:
    """1 − (d conjugate/d overlap)(d overlap/d conjugate) for one more increment inside the innermost level, at zero increment; its
    leading coefficient in β at temperature zero, where ground states that cross make it diverge."""
    from theory.replica.rsb import rule, samples, sites

    order, glass, closed = state["order"], state["glass"], rule(state)
    bends = [sp.diff(c.covariance, OVERLAP, 2).xreplace({OVERLAP: order.overlaps[-1]}) for c in glass.couplings]
    response = closed(sp.Add(*bends) / glass.size)
    response += sp.Add(*[s.bending() for s in samples(state)]) / closed(glass.size)
    value = 1 - response * sites(state).bending()
    if not order.cold or beta not in value.free_symbols:
        return value
    # Samples and sites are linear in β, inside averages and outside.
    steepest = (sp.diff(value, beta, power) / power for power in (2, 1))
    return next(slope for slope in steepest if slope != 0)


def _energy(state: State, closed) -> sp.Expr:
    """Mean energy: couplings by their factors, samples and sites by sources."""
    from theory.replica.rsb import samples, sites

    glass = state["glass"]
    couplings = [c.factor * _coupling(c.leaf, state) for c in glass.couplings]
    total = closed(sp.Add(glass.collective, *couplings))
    total += sp.Add(*[part.expectation(s.potential) for s, part in zip(glass.samples, samples(state), strict=True)])
    return total + (glass.size * sites(state).expectation(glass.penalty) if glass.penalty != 0 else 0)


def observables(state: State, energy) -> dict[str, Any]:
    """Every declared observable in the unknowns of the closed equations."""
    values = {}
    for name, observable in energy.observe.items():
        if not isinstance(observable, sp.Expr) or isinstance(observable, Vec):
            raise DerivationError(f"observable {name}: sites of a glass are alike; observe sums over them")
        values[name] = _scalar(observable, state, energy)
    return {"observables": values}


def _scalar(expression: sp.Expr, state: State, energy) -> sp.Expr:
    """Expectation of a function of sums, which do not fluctuate."""
    found = {top: _sum(top, state, energy) for top in tops(expression)}
    stand_in = {top: sp.Dummy(f"o{i}", real=True) for i, top in enumerate(sorted(found, key=str))}
    written = plain(replace_tops(expression, stand_in))
    return written.xreplace({stand_in[top]: value for top, value in found.items()})


def _sum(top: sp.Expr, state: State, energy) -> sp.Expr:
    from theory.replica.rsb import rule, samples
    from theory.replica.rsb import sites as site_law

    glass, closed = state["glass"], rule(state)
    if isinstance(top, Contraction):
        return closed(_coupling(top.tensor, state))
    if not isinstance(top, Over):
        raise DerivationError(f"observable: {top} is no sum over a dimension; wrap it in sum_over or mean")
    if top.dim == glass.dim and couples(top.expr, energy.states):
        return closed(_pair(top, state))
    if top.dim == glass.dim:
        function = glass.at_site(top.expr)
        known = next((total for total in state["fields"] if glass.sums[total] == function), None)
        if known is not None and state["order"].cold:
            # Averages over pieces, which are odd only together, would leave rounding in the place of zero.
            return glass.size * known
        return glass.size * site_law(state).expectation(function)
    own = [(s, part) for s, part in zip(glass.samples, samples(state), strict=True) if s.dim == top.dim]
    if own:
        return sp.Add(*[part.expectation(s.seen(top.expr)) for s, part in own])
    return _unseen(top, state, energy)


def _unseen(top: Over, state: State, energy) -> sp.Expr:
    """A sum over samples that the energy does not hold: Gaussian fields with the overlaps of one replica."""
    from theory.replica.rsb import rule
    from theory.replica.rsb import sites as site_law

    glass, law = replace(state["glass"], sums=dict(state["glass"].sums)), site_law(state)
    if not any(isinstance(s.node, Dot) for s in sites(collect(Vec(top.dim, top.expr)).expr)):
        raise DerivationError(f"observable over {top.dim}: the energy has no samples there; sum over {glass.dim} or its samples")
    registry = Registry((glass.people,))
    parts = read_samples(top.expr, top.dim, (glass.people,), registry)
    fields = [field_of(new, registry, glass) for new in parts]
    sums = {total: law.expectation(function) for total, function in glass.sums.items() if total not in state["glass"].sums}
    total = sp.Add(*[s.total(_expected(s, field, state, top.expr)) for s, field in zip(parts, fields, strict=True)])
    return rule(state)(total).xreplace(sums)


def _expected(new: Samples, field: Field, state: State, expression: sp.Expr) -> sp.Expr:
    """Expectation of a site expression at one of the samples of a part."""
    order, size_ = state["order"], state["glass"].size
    width = sp.S.Zero if order.cold else size_ * field.gain * order.width
    covariance = sp.Matrix(1 + len(field.passive), 1 + len(field.passive), lambda i, j: 0)
    covariance[0, 0] = size_ * field.gain * order.overlaps[-1] + field.shift
    for i, mixed in enumerate(field.mixed):
        covariance[0, 1 + i] = covariance[1 + i, 0] = mixed
    covariance[1:, 1:] = field.covariance
    blank, means = replace(new, potential=sp.S.Zero), (field.mean, *field.means)
    unseen = SampleLaw(blank, sp.Matrix([[width]]), covariance, means, "UNSAT" if order.cold else "warm")
    return unseen.expectation(new.in_fields(expression))


def _pair(top: Over, state: State) -> sp.Expr:
    """A sum of w (J w): the coupling of the energy itself."""
    glass = state["glass"]
    for site in sites(top.expr):
        matrix = getattr(site.node, "matrix", None)
        if matrix is not None and sp.expand(top.expr - site * Site(glass.state)) == 0 and hasattr(matrix, "leaf"):
            shift = matrix.leaf.how["mean"]
            fixed = sp.S.Zero
            if shift != 0:
                fixed = plain(shift) * (glass.size * glass.mean(glass.at_site(Site(glass.state)))) ** 2
            return fixed + _coupling(matrix.leaf, state)
    raise DerivationError(f"observable {top}: of products of states only the couplings of the energy are derived")


def _coupling(leaf, state: State) -> sp.Expr:
    """Expectation of a coupling without its factor: the derivative of the action, which is quadratic in the factor."""
    for coupling in state["glass"].couplings:
        if coupling.leaf == leaf:
            action = per_replica(state["actions"][leaf])
            return -2 * (per_beta(action) if state["order"].cold else action / beta) / coupling.factor
    raise DerivationError(f"observable of {leaf.name}: it does not couple states in the energy")


def assembled(state: State, energy) -> dict[str, Any]:
    """The theory: unknowns with the intervals that hold them, equations, definitions, observables, parameters."""
    theory = Theory(
        name=energy.name,
        unknowns=tuple(unknown_of(u, state) for u in state["unknowns"]),
        equations=tuple(state["fixed_point"]),
        residuals=tuple((e.lhs - e.rhs,) for e in state["fixed_point"]),
        definitions=dict(state["definitions"]),
        observables=dict(state["observables"]),
        stable={},
        parameters=tuple(parameter_of(p) for p in energy.parameters),
        validity=getattr(energy, "validity", ""),
        references=energy.references,
        conditions=state["conditions"],
    )
    return {"theory": theory}


def _splits(state: State) -> bool:
    """Whether ground states cross in a sample or at a site, so that the innermost increment of the overlap is not zero."""
    from theory.replica.rsb import samples, sites

    return any(getattr(part, "crosses", False) for part in (*samples(state), sites(state)))


def unknown_of(unknown: sp.Symbol, state: State) -> Unknown:
    order = state["order"]
    fixed = state["glass"].prior in ("spherical", "ising")
    top = sp.S.One if fixed else sp.oo
    if unknown == order.base:
        start = None if top == sp.oo else sp.Rational(1, 10) if order.count else sp.Rational(999, 1000)
        return Unknown(unknown, "overlap of two replicas that share no block", sp.S.Zero, top, start, vanishes=True)
    if unknown in order.steps:
        meaning = "increment of the overlap from one level to the next"
        inner = order.cold and unknown == order.steps[-1] and _splits(state)
        return Unknown(unknown, meaning, sp.S.Zero, top, sp.Rational(4, 5) / order.count, vanishes=not inner)
    if unknown in order.blocks:
        j = order.blocks.index(unknown)
        if order.cold:
            meaning, start = "size of a block of replicas over the temperature", sp.Rational(j + 1, order.count)
            return Unknown(unknown, meaning, sp.S.Zero, sp.oo, start, owner=order.steps[j])
        meaning = "size of a block of replicas (breakpoint)"
        return Unknown(unknown, meaning, sp.S.Zero, sp.S.One, sp.Rational(19 * (j + 1), 20 * order.count), owner=order.steps[j])
    if unknown == order.free_width:
        start = sp.Rational(1, 10) if order.cold and state["glass"].prior == "ising" else None
        # Near one in units of couplings, where real states in a field have it: a smaller one lets the field go first.
        start = sp.S.One if order.cold and start is None and state["fields"] else start
        return Unknown(unknown, "variance of one replica" + (" over the temperature" if order.cold else ""), start=start)
    if unknown in order.conjugates:
        return Unknown(unknown, "covariance of the field on a site", vanishes=True)
    if unknown == STIFFNESS:
        return Unknown(unknown, "curvature that all but the penalty gives a state")
    if unknown in state["fields"].values():
        return Unknown(unknown, "mean field on a site along what the sum is of", -sp.oo, sp.oo, sp.S.NegativeOne, odd=True)
    return Unknown(unknown, "mean over sites", -sp.oo, sp.oo, sp.Rational(99, 100), odd=True)
