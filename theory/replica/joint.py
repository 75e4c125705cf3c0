"""Samples that act through any function of Gaussian fields: one field of the state, replicated, and at most one of a teacher.

The fields of a sample are read off as linear combinations of what is random in it. One of them, h, depends on the state; a second
one, u, is the same in every replica. They are jointly Gaussian, with covariances that are sums over sites.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

import sympy as sp

from theory.declaration.dimensions import Dim
from theory.declaration.ensembles import Gaussian
from theory.declaration.sites import Dot, Leaf, Site, sites
from theory.declaration.vectors import Vec
from theory.declaration.walks import collect, leaves, terms
from theory.errors import DerivationError
from theory.modes import ModeIndex
from theory.piecewise import KINKED
from theory.replica.data import at_mode, given, moments, plain, total
from theory.replica.fields import H, V, W, _gauged, _matrix

U = sp.Symbol("u", real=True)
"""The field of the teacher at one sample."""


@dataclass(frozen=True)
class Samples:
    """Samples over ``dim`` with the energy ``potential(H, U)`` each.

    At one site, with w and w' the state in two replicas: the covariance of h between replicas is the sum over sites of
    ``form[2] w w' + form[1] (w + w') + form[0]`` plus ``noise``, that of h with u the sum of ``cross[1] w + cross[0]`` plus
    ``shared``; ``teacher`` is the variance of u, None where the energy has no u.
    """

    dim: Dim
    index: ModeIndex
    potential: sp.Expr
    form: tuple[sp.Expr, sp.Expr, sp.Expr]
    noise: sp.Expr
    cross: tuple[sp.Expr, sp.Expr]
    shared: sp.Expr
    teacher: sp.Expr | None
    rule: dict[Site, sp.Expr]
    gauge: tuple[Site, ...]

    def in_fields(self, expression: sp.Expr) -> sp.Expr:
        """A site expression over the samples in H and U; DerivationError where it needs another field."""
        expression = _gauged(collect(Vec(self.dim, expression)).expr, self.gauge)
        written = plain(at_mode(_expanded(expression.xreplace(self.rule)), self.index))
        extra = sorted(map(str, written.atoms(Site)))
        if extra:
            raise DerivationError(
                f"observable over {self.dim}: it depends on {extra[0]} besides the fields of the energy; "
                "write it in the fields that the energy acts on"
            )
        return written


@dataclass(frozen=True)
class Model:
    """Sites (dimension, penalty of one site in W, prior) and sets of samples of an energy."""

    dim: Dim
    index: ModeIndex
    state: Leaf
    penalty: sp.Expr
    prior: str | None
    samples: tuple[Samples, ...]
    site_noise: dict[sp.Symbol, sp.Expr]

    def at_site(self, expression: sp.Expr) -> sp.Expr:
        """A site expression over the state's dimension in W and per-mode data."""
        return at_mode(expression.xreplace({Site(self.state): W}), self.index)


def read_model(energy) -> Model:
    """The sites and samples of an :class:`~theory.declaration.Energy`; DerivationError names what is not derived."""
    if len(energy.states) != 1:
        names = ", ".join(sorted(s.name for s in energy.states))
        raise DerivationError(f"states {names}: replicas of one State are derived; put both into one dimension")
    if energy.ansatz != "RS":
        raise DerivationError(
            f"ansatz {energy.ansatz} of {energy.name}: only replica symmetry is derived here; declare ansatz='RS'"
        )
    (state,) = energy.states
    dim, index = state.dim, ModeIndex(state.dim.name, "k")
    noise = {
        Site(leaf): plain(at_mode(leaf.how["variance"], index))
        for leaf in energy.leaves
        if leaf.kind == "noise" and leaf.dim == dim
    }
    penalty, by_samples = sp.S.Zero, {}
    for coefficient, expression, over in terms(energy.energy):
        expression = coefficient * collect(Vec(over, expression)).expr
        if any(isinstance(s.node, Dot) for s in sites(expression)):
            by_samples[over] = by_samples.get(over, 0) + expression
        elif over == dim:
            penalty += at_mode(expression.xreplace({Site(state): W}), index)
        else:
            raise DerivationError(f"term over {over}: {expression} does not act on {state.name}; leave it out of the energy")
    if not by_samples:
        raise DerivationError(f"energy of {energy.name}: no Gaussian matrix acts on {state.name}; there is no disorder to average")
    samples = tuple(_samples(expression, over, dim, state, index, noise) for over, expression in by_samples.items())
    stray = sorted(map(str, set(noise) & penalty.free_symbols))
    if stray:
        raise DerivationError(f"penalty {penalty}: it holds the random vector {stray[0]}; penalise the state alone")
    return Model(dim, index, state, penalty, state.how.get("prior"), samples, noise)


def _samples(expression, over: Dim, dim: Dim, state: Leaf, index: ModeIndex, site_noise) -> Samples:
    gauge = tuple(s for s in sites(expression) if isinstance(s.node, Leaf) and s.node.kind == "signs")
    expression = _gauged(expression, gauge)
    moving = [s for s in sites(expression) if not given(s) and state in leaves(s)]
    still = [s for s in sites(expression) if not given(s) and state not in leaves(s)]
    rows = _fields(expression, [*moving, *still], over)
    active = [row for row in rows if any(row[: len(moving)])]
    teachers = [row for row in rows if row not in active]
    if len(active) != 1:
        raise DerivationError(
            f"samples {over}: the energy acts on them through several local fields of {state.name}; one is derived"
        )
    if len(teachers) > 1:
        raise DerivationError(
            f"samples {over}: their energy depends on several fields besides that of {state.name}; one is derived"
        )
    every, rule = [*moving, *still], {}
    for row, symbol in zip([active[0], *teachers], (H, U), strict=False):
        lead = next(i for i, c in enumerate(row) if c != 0)
        rule[every[lead]] = symbol - sum(c * s for i, (c, s) in enumerate(zip(row, every, strict=True)) if i > lead)
    along = ModeIndex(over.name, "m")
    potential = plain(at_mode(_expanded(expression.xreplace(rule).xreplace(rule)), along))
    extra = sorted(map(str, potential.atoms(Site)))
    if extra or along in potential.free_symbols:
        raise DerivationError(
            f"samples {over}: their energy differs from sample to sample through {(extra or [potential])[0]}; declare them alike"
        )
    covariance = _Covariance(every, over, dim, state, index, along)
    form, noise = covariance(active[0], active[0])
    poly = sp.Poly(form, W, V)
    if any(max(powers) > 1 for powers in poly.monoms()):
        raise DerivationError(f"overlap {form}: it is not bilinear in the two replicas; only such fields are derived")
    bilinear = tuple(poly.coeff_monomial(m) for m in (1, W, W * V))[::1]
    cross, shared, teacher = (sp.S.Zero, sp.S.Zero), sp.S.Zero, None
    if teachers:
        mixed, shared = covariance(active[0], teachers[0])
        cross = (mixed.coeff(W, 0), mixed.coeff(W, 1))
        own, extra_noise = covariance(teachers[0], teachers[0])
        teacher = total(dim, moments(own, site_noise), index) + extra_noise
    return Samples(over, along, potential, bilinear, noise, cross, shared, teacher, rule, gauge)


def _expanded(expression: sp.Expr) -> sp.Expr:
    """Arguments of functions expanded, so that fields that cancel are gone."""
    return sp.expand(expression.replace(lambda e: isinstance(e, (sp.Function, *KINKED)), lambda e: e.func(*map(sp.expand, e.args))))


def _fields(expression: sp.Expr, every: Sequence[Site], over: Dim) -> list[tuple[sp.Expr, ...]]:
    """The linear combinations of random sites that an expression depends on, in reduced echelon form."""
    random, rows = Random(0), []
    functions = expression.atoms(sp.Function, *KINKED)
    forms = [expression, *sorted({a for f in functions for a in f.args if isinstance(a, sp.Expr)}, key=sp.default_sort_key)]
    relations = expression.atoms(sp.core.relational.Relational)
    forms += sorted({r.lhs - r.rhs for r in relations}, key=sp.default_sort_key)
    for form in forms:
        slopes = [sp.diff(form, s) for s in every]
        for _ in range(4):
            point = {s: sp.Rational(random.randint(-40, 40), 7) for s in every}
            row = [slope.xreplace(point).replace(sp.DiracDelta, lambda *a: sp.S.Zero) for slope in slopes]
            if any(x != 0 for x in row):
                lead = next(x for x in row if x != 0)
                row = [sp.cancel(x / lead) for x in row]
                if row not in rows:
                    rows.append(row)
    if not rows:
        raise DerivationError(f"term over {over}: {expression} is flat in its fields; leave it out of the energy")
    reduced, pivots = sp.Matrix(rows).rref(simplify=sp.cancel)
    return [tuple(reduced.row(i)) for i in range(len(pivots))]


class _Covariance:
    """Covariance of two combinations of random sites: a bilinear form in the state at one site, and what noise adds."""

    def __init__(self, every: Sequence[Site], over: Dim, dim: Dim, state: Leaf, index: ModeIndex, along: ModeIndex):
        self.every, self.over, self.dim, self.state, self.index, self.along = every, over, dim, state, index, along

    def __call__(self, one: Sequence[sp.Expr], two: Sequence[sp.Expr]) -> tuple[sp.Expr, sp.Expr]:
        form, noise = sp.S.Zero, sp.S.Zero
        left, right = self._by_matrix(one), self._by_matrix(two)
        for matrix in set(left) & set(right):
            how = matrix.leaf.how
            columns, rows = how["column_covariance"], how["row_covariance"]
            if matrix.transposed:
                columns, rows = rows, columns
            gain = plain(at_mode(rows, self.along))
            if self.along in gain.free_symbols:
                raise DerivationError(
                    f"matrix {matrix}: its rows have different variances {gain}; only quadratic energies take them"
                )
            inner = left[matrix].xreplace({Site(self.state): W}) * right[matrix].xreplace({Site(self.state): V})
            form += sp.expand(plain(gain * how["variance"] * at_mode(columns, self.index) * inner))
        for a, b, site in zip(one, two, self.every, strict=True):
            if isinstance(site.node, Dot):
                continue
            if site.node.kind != "noise":
                raise DerivationError(
                    f"local field over {self.over}: {site} is {site.node.kind}; only Gaussian disorder is averaged"
                )
            variance = plain(at_mode(site.node.how["variance"], self.along))
            if self.along in variance.free_symbols and a * b != 0:
                raise DerivationError(f"noise {site}: its variance {variance} differs from sample to sample; declare it alike")
            noise += a * b * variance
        return form, sp.expand(noise)

    def _by_matrix(self, row: Sequence[sp.Expr]) -> dict[Gaussian, sp.Expr]:
        found: dict[Gaussian, sp.Expr] = {}
        for c, site in zip(row, self.every, strict=True):
            if c != 0 and isinstance(site.node, Dot):
                matrix = _matrix(site, self.dim)
                found[matrix] = found.get(matrix, 0) + c * at_mode(site.node.vector.expr, self.index)
        return found
