"""Samples that act through any function of Gaussian fields, and the sums over sites in which their covariances are written.

The fields of a sample are read off as linear combinations of what is random in it. Active ones, h, depend on the states and differ
from replica to replica; passive ones, u (of a teacher, of noise), are the same in every replica. They are jointly Gaussian. Their
covariances are bilinear forms of the states in two replicas, summed over sites, and linear ones; each distinct form is one
order parameter, however many sets of samples share it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

import sympy as sp

from theory.declaration.dimensions import Dim
from theory.declaration.scalars import Over
from theory.declaration.sites import Dot, Functional, Leaf, Site, sites, tops
from theory.declaration.vectors import Vec
from theory.declaration.walks import collect, leaves, replace_tops, terms
from theory.errors import DerivationError
from theory.modes import ModeIndex
from theory.replica.data import at_mode, given, plain, total
from theory.replica.fields import H
from theory.replica.flat import settled, without_flat
from theory.replica.forms import Bilinear, Covariances, Entry, Linear, Registry
from theory.replica.labelled import Case, by_class, cases_of, is_label, symbol_of
from theory.replica.parts import WHOLE, Part, averaged, gauged, parts_of
from theory.replica.populations import Population, populations
from theory.replica.rows import expanded, rows, solved, split
from theory.replica.verdicts import free_name
from theory.symbols import Internal
from theory.tails import with_tails

U = Internal("u", real=True)
"""The passive field of one sample, where there is one."""


def numbered(symbol: sp.Symbol, count: int) -> tuple[sp.Symbol, ...]:
    """The symbol, or as many with numbers."""
    return (symbol,) if count == 1 else tuple(Internal(f"{symbol.name}_{i + 1}", real=True) for i in range(count))


@dataclass(frozen=True)
class Samples:
    """Samples over ``dim`` with the energy ``potential`` each, a function of the ``active`` and ``passive`` fields.

    They are the ``part`` of those over the dimension for which drawn numbers have one part each of their laws.
    ``covariance[i, j]``, i <= j, is that of two active fields, of an active one with a passive one, or of two passive ones,
    counted in this order; ``means`` are those of the fields. Indicators of classes are symbols of the potential; ``classes`` has
    the values of them all in each case, and the probability of it as a function of the passive fields.
    """

    dim: Dim
    index: ModeIndex
    potential: sp.Expr
    active: tuple[sp.Symbol, ...]
    passive: tuple[sp.Symbol, ...]
    covariance: dict[tuple[int, int], Entry]
    means: tuple[Entry, ...]
    rule: dict[sp.Expr, sp.Expr] = field(repr=False)
    part: Part = WHOLE
    classes: tuple[tuple[tuple[tuple[sp.Symbol, sp.Expr], ...], sp.Expr], ...] = (((), sp.S.One),)
    labels: tuple[Case, ...] = field(default=(({}, sp.S.One),), repr=False)

    def total(self, expression: sp.Expr) -> sp.Expr:
        """Sum over these samples of what one of them adds."""
        return total(self.dim, at_mode(self.part.weight, self.index) * expression, self.index)

    def in_fields(self, expression: sp.Expr) -> sp.Expr:
        """A site expression over the samples in the fields; DerivationError where it needs another field."""
        expression = split(averaged(collect(Vec(self.dim, expression)).expr, self.part))
        moving = sorted((t for t in tops(expression) if not isinstance(t, Site) or not given(t)), key=str)
        in_rule = replace_tops(expression, self.rule)
        written = by_class(self.labels, lambda values: settled(expanded(in_rule.xreplace(values)), moving))
        written = plain(at_mode(written, self.index))
        extra = sorted(map(str, [*written.atoms(Site), *written.atoms(Functional)]))
        if extra:
            raise DerivationError(
                f"observable over {self.dim}: it depends on {extra[0]} besides the fields of the energy; "
                "write it in the fields that the energy acts on"
            )
        return written


@dataclass(frozen=True)
class Model:
    """Populations of sites, sets of samples, and the forms that are their order parameters."""

    populations: tuple[Population, ...]
    samples: tuple[Samples, ...]
    bilinear: tuple[Bilinear, ...]
    linear: tuple[Linear, ...]
    registry: Registry = field(repr=False)

    def population(self, dim: Dim) -> Population | None:
        """The population of a dimension."""
        return next((p for p in self.populations if p.dim == dim), None)

    def fresh(self, expression: sp.Expr, over: Dim) -> Fresh:
        """Samples that are not in the energy, as an observable over them needs; with the forms of their covariances."""
        if not any(isinstance(s.node, Dot) for s in sites(collect(Vec(over, expression)).expr)):
            homes = ", ".join(p.dim.name for p in self.populations)
            raise DerivationError(f"observable over {over}: the energy has no samples there; sum over {homes} or its samples")
        registry = Registry(self.populations)
        samples = read_samples(collect(Vec(over, expression)).expr, over, self.populations, registry)
        samples = tuple(replace(s, potential=sp.S.Zero) for s in samples)
        return Fresh(samples, tuple(registry.bilinear), tuple(registry.linear))


@dataclass(frozen=True)
class Fresh:
    """Samples that no energy acts on, and the forms in which their covariances are written."""

    samples: tuple[Samples, ...]
    bilinear: tuple[Bilinear, ...]
    linear: tuple[Linear, ...]


def read_model(energy) -> Model:
    """Sites and samples of an :class:`~theory.declaration.Energy`; DerivationError names what is not derived."""
    if energy.ansatz != "RS":
        raise DerivationError(
            f"ansatz {energy.ansatz} of {energy.name}: only replica symmetry is derived here; declare ansatz='RS'"
        )
    found = {p.dim: p for p in populations(energy)}
    by_samples: dict[Dim, sp.Expr] = {}
    states = set(energy.states)
    for coefficient, expression, over in terms(energy.energy):
        if tops(coefficient) or isinstance(expression, Functional):
            raise DerivationError(f"energy term {coefficient * expression}: a product of sums is not derived; write sums of terms")
        expression = coefficient * collect(Vec(over, expression)).expr
        if any(isinstance(s.node, Dot) for s in sites(expression)):
            if not states & set(leaves(expression)):
                raise DerivationError(f"samples {over}: {expression} holds a teacher and no student; let it depend on a State")
            by_samples[over] = by_samples.get(over, 0) + expression
        elif over in found:
            penalty = found[over].penalty + found[over].at_site(expression)
            if penalty.atoms(Functional):
                raise DerivationError(f"penalty {penalty}: a sum over sites inside another one is not derived")
            found[over] = replace(found[over], penalty=penalty)
        else:
            names = ", ".join(sorted(s.name for s in states))
            raise DerivationError(f"term over {over}: {expression} does not act on {names}; leave it out of the energy")
    if not by_samples:
        names = ", ".join(sorted(s.name for s in states))
        raise DerivationError(f"energy of {energy.name}: no Gaussian matrix acts on {names}; there is no disorder to average")
    people = tuple(found.values())
    registry = Registry(people)
    watched = [top for e in energy.observe.values() if isinstance(e, sp.Expr) for top in tops(e) if isinstance(top, Over)]
    samples = tuple(
        s
        for over, expression in by_samples.items()
        for s in read_samples(expression, over, people, registry, [top.expr for top in watched if top.dim == over])
    )
    return Model(people, samples, tuple(registry.bilinear), tuple(registry.linear), registry)


def potentials(samples: Iterable) -> dict[sp.Symbol, sp.Expr]:
    """The energy of one sample of every set, with numbers where a set has several parts."""
    samples = list(samples)
    found: dict[sp.Symbol, sp.Expr] = {}
    for s in samples:
        own = [other for other in samples if other.dim == s.dim]
        found[sp.Symbol(f"V_{s.dim}" + (f"_{own.index(s) + 1}" if len(own) > 1 else ""))] = s.potential
    return found


def read_samples(
    expression: sp.Expr, over: Dim, people: Sequence[Population], registry: Registry, seen: Sequence[sp.Expr] = ()
) -> tuple[Samples, ...]:
    """The fields of one set of samples, of their energy and of what else is ``seen`` of them, for every part of what is drawn per
    sample; forms that are new go to the registry."""
    return tuple(_read(expression, over, people, registry, seen, part) for part in parts_of(expression, over, seen))


def _read(expression: sp.Expr, over: Dim, people: Sequence[Population], registry: Registry, seen, part: Part) -> Samples:
    states = {s for p in people for s in p.states}
    expression = split(gauged(expression, part))
    sums = {t: sp.Dummy(f"s{i}", real=True) for i, t in enumerate(sorted(_sums(expression), key=str))}
    opened = replace_tops(expression, sums)
    seen = [averaged(collect(Vec(over, e)).expr, part) for e in seen]
    watched = [replace_tops(split(e), sums) for e in seen]
    labels = cases_of([opened, *(replace_tops(e, sums) for e in seen)])
    weights = [split(weight.xreplace(dict(part.values))) for _, weight in labels]
    bodies = [opened.xreplace(values) for values, _ in labels]
    # Samples that a part takes out of the energy are only seen.
    shown = [*bodies, *weights] if part.weight == 1 or sites(opened) else [e.xreplace(v) for e in watched for v, _ in labels]
    random = sorted({s for e in shown for s in sites(e) if not given(s) and not is_label(s)}, key=_by_name)
    moving = [s for s in random if states & set(leaves(s))]
    bare = next((s for s in moving if isinstance(s.node, Leaf)), None)
    if bare is not None:
        raise DerivationError(
            f"samples {over}: the state {bare} stands beside a random field; couplings of states of two dimensions are not "
            "derived, only those of one, w * (J @ w)"
        )
    still = [s for s in random if s not in moving]
    every = [*moving, *sums.values(), *still]
    whole = [*bodies, *weights, *(e.xreplace(v) for e in watched for v, _ in labels)]
    combinations = without_flat(rows(shown, every, over), every, whole) if random or part.weight == 1 else []
    active = [row for row in combinations if any(row[: len(moving)])]
    constant = [row for row in combinations if row not in active and any(row[len(moving) : len(moving) + len(sums)])]
    if constant:
        found = next(t for t, s in sums.items() if constant[0][every.index(s)] != 0)
        raise DerivationError(f"samples {over}: their energy depends on {found} by itself; add it to a field of the samples")
    passive = [row for row in combinations if row not in active]
    known = {s.name for e in (opened, *watched) for s in e.free_symbols}
    h, u = (Internal(free_name(x.name, known), real=True) for x in (H, U))
    names = (*numbered(h, len(active)), *numbered(u, len(passive)))
    rule = solved([*active, *passive], every, names)
    along = ModeIndex(over.name, "m")

    def in_fields(expression: sp.Expr) -> sp.Expr:
        return with_tails(plain(at_mode(settled(expanded(expression.xreplace(rule)), every), along)))

    potential = by_class(labels, lambda values: in_fields(opened.xreplace(values)))
    classes = [
        (tuple((symbol_of(s), v) for s, v in values.items()), in_fields(weight))
        for (values, _), weight in zip(labels, weights, strict=True)
    ]
    written = sp.Tuple(potential, *[weight for _, weight in classes])
    extra = sorted(map(str, [*written.atoms(Site), *(set(sums.values()) & written.free_symbols)]))
    if extra:
        raise DerivationError(f"samples {over}: their energy differs between samples through {extra[0]}; declare them alike")
    back = {dummy: top for top, dummy in sums.items()}
    covariance = Covariances([back.get(s, s) for s in every], over, along, people, registry)
    fields = [*active, *passive]
    entries = {(i, j): covariance.pair(a, b) for i, a in enumerate(fields) for j, b in enumerate(fields) if i <= j}
    means = tuple(covariance.mean(row) for row in fields)
    written = {back.get(s, s): e.xreplace(back) for s, e in rule.items()}
    count = len(active)
    own = (entries, means, written, part, tuple(classes), tuple(labels))
    return Samples(over, along, potential, names[:count], names[count:], *own)


def _by_name(site: Site) -> tuple[str, str]:
    return site.name, site.key


def _sums(expression: sp.Expr) -> list[Functional]:
    found = [t for t in tops(expression) if isinstance(t, Functional)]
    for top in found:
        if not isinstance(top, Over):
            raise DerivationError(f"energy: {top} inside the energy of a sample is not derived; write a sum over sites")
    return found
