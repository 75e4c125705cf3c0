"""What a replica calculation needs, read off a declared energy: local fields, their potential, their overlap, the sites."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

import sympy as sp

from theory.declaration.dimensions import Dim
from theory.declaration.ensembles import Gaussian
from theory.declaration.sites import Dot, Leaf, Site, sites
from theory.declaration.vectors import Vec
from theory.declaration.walks import collect, terms
from theory.errors import DerivationError
from theory.modes import ModeIndex
from theory.replica.data import at_mode, given, plain
from theory.replica.parts import WHOLE, Part, averaged, gauged, parts_of
from theory.symbols import Internal

H = Internal("h", real=True)
"""The local field of one sample."""
W, V = Internal("w", real=True), Internal("w'", real=True)
"""The state at one site, in two replicas."""


@dataclass(frozen=True)
class Channel:
    """Samples that act through one local field h, Gaussian with covariance ``gain * Q + noise`` between replicas.

    ``potential`` is the energy of one sample as a function of h. The overlap Q_ab is the sum over sites of
    ``form(w_a, w_b)``. ``sites`` and ``combination`` say how h was read off: h is the combination of these sites.
    """

    dim: Dim
    index: ModeIndex
    potential: sp.Expr
    form: sp.Expr
    gain: sp.Expr
    noise: sp.Expr
    sites: tuple[Site, ...]
    combination: tuple[sp.Expr, ...]
    part: Part = WHOLE

    def in_field(self, expression: sp.Expr) -> sp.Expr:
        """A site expression over the samples as a function of the local field; DerivationError where it needs another field."""
        expression = averaged(collect(Vec(self.dim, expression)).expr, self.part)
        lead = self.combination.index(sp.S.One)
        rest = sum(c * s for c, s in zip(self.combination, self.sites, strict=True)) - self.sites[lead]
        written = plain(at_mode(sp.expand(expression.xreplace({self.sites[lead]: H - rest})), self.index))
        if written.atoms(Site):
            extra = sorted(map(str, written.atoms(Site)))[0]
            raise DerivationError(
                f"observable over {self.dim}: it depends on {extra} besides the local field of the energy; "
                "write it in the field that the energy acts on"
            )
        return written


@dataclass(frozen=True)
class Fields:
    """The sites (their dimension, the penalty of one site) and the channels of an energy."""

    dim: Dim
    index: ModeIndex
    state: Leaf
    penalty: sp.Expr
    channels: tuple[Channel, ...]
    site_noise: dict[sp.Symbol, sp.Expr]

    def at_site(self, expression: sp.Expr, symbol: sp.Symbol = W) -> sp.Expr:
        """A site expression over the state's dimension with the state called ``symbol``."""
        return at_mode(expression.xreplace({Site(self.state): symbol}), self.index)


def read_fields(energy) -> Fields:
    """Fields of an :class:`~theory.declaration.Energy`; DerivationError names what a replica calculation cannot take yet."""
    if len(energy.states) != 1:
        names = ", ".join(sorted(s.name for s in energy.states))
        raise DerivationError(f"states {names}: replicas of one State are derived; put both into one dimension")
    (state,) = energy.states
    dim, index = state.dim, ModeIndex(state.dim.name, "k")
    if state.how.get("prior"):
        raise DerivationError(f"prior {state.how['prior']!r} of {state.name}: only a penalty is derived; add one to the energy")
    penalty, channels = sp.S.Zero, []
    noise = {Site(leaf): leaf.how["variance"] for leaf in energy.leaves if leaf.kind == "noise" and leaf.dim == dim}
    for coefficient, expression, over in terms(energy.energy):
        expression = coefficient * collect(Vec(over, expression)).expr
        if any(isinstance(s.node, Dot) for s in sites(expression)):
            channels.append(_channel(expression, over, dim, state, index))
        elif over == dim:
            penalty += expression
        else:
            raise DerivationError(f"term over {over}: {expression} does not act on {state.name}; leave it out of the energy")
    merged = _merged(channels)
    penalty = at_mode(penalty.xreplace({Site(state): W}), index)
    return Fields(dim, index, state, penalty, merged, {s: plain(v) for s, v in noise.items()})


def _merged(channels: Sequence[Channel]) -> tuple[Channel, ...]:
    """Terms over the same samples that act through the same field are one channel."""
    kept: dict[tuple, Channel] = {}
    for channel in channels:
        key = (channel.dim, channel.sites, channel.combination)
        if key in kept:
            old = kept[key]
            potential = old.potential + channel.potential
            channel = Channel(old.dim, old.index, potential, old.form, old.gain, old.noise, old.sites, old.combination, old.part)
        kept[key] = channel
    dims = [channel.dim for channel in kept.values()]
    twice = next((d for d in dims if dims.count(d) > 1), None)
    if twice is not None:
        raise DerivationError(f"samples {twice}: the energy acts on them through several local fields; one field is derived")
    return tuple(kept.values())


def _channel(expression: sp.Expr, over: Dim, dim: Dim, state: Leaf, index: ModeIndex) -> Channel:
    (part,) = parts_of(expression, over)
    expression = gauged(expression, part)
    active = [s for s in sites(expression) if not given(s)]
    combination = _direction(expression, active, over)
    lead = combination.index(sp.S.One)
    rest = sum(c * s for c, s in zip(combination, active, strict=True)) - active[lead]
    rows = ModeIndex(over.name, "m")
    potential = sp.expand(plain(at_mode(sp.expand(expression.xreplace({active[lead]: H - rest})), rows)))
    form, noise, gains = sp.S.Zero, sp.S.Zero, set()
    by_matrix: dict[Gaussian, list[tuple[sp.Expr, Vec]]] = {}
    for c, site in zip(combination, active, strict=True):
        if isinstance(site.node, Dot):
            by_matrix.setdefault(_matrix(site, dim), []).append((c, site.node.vector))
        elif site.node.kind == "noise":
            noise += at_mode(c**2 * site.node.how["variance"], rows)
        else:
            raise DerivationError(f"local field over {over}: {site} is {site.node.kind}; only Gaussian disorder is averaged")
    for matrix, parts in by_matrix.items():
        how = matrix.leaf.how
        inner = sp.Add(*[at_mode(c * v.expr, index) for c, v in parts]).xreplace({Site(state): W})
        outer = sp.Add(*[at_mode(c * v.expr, index) for c, v in parts]).xreplace({Site(state): V})
        columns, along = how["column_covariance"], how["row_covariance"]
        if matrix.transposed:
            columns, along = along, columns
        form += sp.expand(plain(how["variance"]) * at_mode(columns, index) * inner * outer)
        gains.add(at_mode(along, rows))
    if len(gains) > 1:
        raise DerivationError(f"local field over {over}: its matrices have different row covariances; give them the same one")
    return Channel(over, rows, potential, form, gains.pop(), sp.expand(noise), tuple(active), combination, part)


def _matrix(site: Site, dim: Dim) -> Gaussian:
    matrix = site.node.matrix
    if not isinstance(matrix, Gaussian):
        raise DerivationError(f"local field {site}: {matrix} is no Gaussian matrix; a nested one needs the resolvent engine")
    if any(isinstance(s.node, Dot) for s in sites(site.node.vector.expr)):
        raise DerivationError(f"local field {site}: a random matrix inside another one needs the resolvent engine")
    if matrix.cols != dim:
        raise DerivationError(f"local field {site}: it sums over {matrix.cols}, not over {dim} of the state; transpose the matrix")
    for key in ("mean", "symmetry", "fresh", "correlation"):
        if matrix.leaf.how.get(key):
            raise DerivationError(f"matrix {matrix}: {key}={matrix.leaf.how[key]} is not averaged by replicas; leave it out")
    return matrix


def _direction(expression: sp.Expr, active: Sequence[Site], over: Dim) -> tuple[sp.Expr, ...]:
    """Coefficients of the one combination of random sites that the expression depends on; the first non-zero one is 1."""
    random = Random(0)
    rows = []
    for _ in range(3):
        point = {s: sp.Rational(random.randint(-40, 40), 7) for s in active}
        row = [sp.diff(expression, s).xreplace(point) for s in active]
        if any(x != 0 for x in row):
            rows.append(row)
    if not rows:
        raise DerivationError(f"term over {over}: {expression} is flat in its fields; leave it out of the energy")
    lead = next(i for i, x in enumerate(rows[0]) if x != 0)
    combination = tuple(sp.cancel(x / rows[0][lead]) for x in rows[0])
    one = all(sp.cancel(row[j] - combination[j] * row[lead]) == 0 for row in rows for j in range(len(active)))
    if not one or any(set(c.free_symbols) & set(active) for c in combination):
        raise DerivationError(
            f"term over {over}: it depends on several combinations of {', '.join(map(str, active))}; "
            "energies of one local field per sample are derived"
        )
    return combination
