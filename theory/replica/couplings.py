"""Energies in which states meet each other: pair couplings, tensors, sums of the state, beside samples; read off a declaration.

Between two replicas of overlap q = Σ w w'/N the random part of the energy has a covariance that is a function of q alone; samples
act through fields whose covariance is linear in it. Functions of sums over sites become fields on the sites.
"""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass, field

import sympy as sp

from theory.declaration.collective import parts
from theory.declaration.dimensions import Dim, Spectrum
from theory.declaration.ensembles import Gaussian
from theory.declaration.mixtures import refuse_drawn
from theory.declaration.scalars import Over
from theory.declaration.sites import Dot, Leaf, Site, generic, sites
from theory.declaration.tensors import Contraction
from theory.declaration.walks import leaves, linear_coefficients
from theory.errors import DeclarationError, DerivationError
from theory.replica.data import plain
from theory.replica.fields import H, W
from theory.replica.forms import is_local
from theory.replica.joint import Model, Samples, read_model
from theory.symbols import size

OVERLAP = sp.Symbol("Q", real=True)
"""The overlap of two replicas, per site."""


@dataclass(frozen=True)
class Coupling:
    """A random term of the energy, Gaussian for given states: its covariance between replicas as a function of ``OVERLAP``."""

    leaf: Leaf
    covariance: sp.Expr
    factor: sp.Expr


@dataclass(frozen=True)
class Field:
    """Samples with the energy ``potential(H)`` each; the covariance of H between replicas is ``gain`` times the sum over sites of
    w w', plus ``noise``."""

    samples: Samples
    potential: sp.Expr
    gain: sp.Expr
    noise: sp.Expr

    @property
    def dim(self) -> Dim:
        return self.samples.dim

    def seen(self, expression: sp.Expr) -> sp.Expr:
        """A site expression over the samples in H."""
        return self.samples.in_fields(expression).xreplace({self.samples.active[0]: H})


@dataclass
class Glass:
    """Sites (dimension, prior, penalty of one site in W), couplings, samples and collective variables of an energy.

    ``collective`` is the part of the energy that is a function of the symbols in ``sums``, each of which stands for a sum over
    sites of a function of W, per site. ``signs`` and ``noise`` are the random vectors left at a site, with the variances of the
    latter.
    """

    dim: Dim
    state: Leaf
    prior: str | None
    penalty: sp.Expr = sp.S.Zero
    couplings: list[Coupling] = field(default_factory=list)
    samples: tuple[Field, ...] = ()
    collective: sp.Expr = sp.S.Zero
    sums: dict[sp.Symbol, sp.Expr] = field(default_factory=dict)
    gauge: tuple[Site, ...] = ()
    noise: dict[Site, sp.Expr] = field(default_factory=dict)

    @property
    def size(self) -> sp.Symbol:
        return size(self.dim.name)

    def at_site(self, expression: sp.Expr) -> sp.Expr:
        """A site expression in W and random vectors, fair signs turned into the state where they can be."""
        written = plain(expression.xreplace({Site(self.state): W}))
        for sign in self.gauge:
            written = sp.expand(written.xreplace({W: sign * W}))
            written = written.replace(lambda x, y=sign: isinstance(x, sp.Pow) and x.base == y and x.exp.is_integer,
                                      lambda x, y=sign: y ** (x.exp % 2))  # fmt: skip
        return written

    def signs(self, *expressions: sp.Expr) -> list[Site]:
        """Fair signs that are left in site expressions."""
        return [s for s in self.gauge if any(s in e.free_symbols for e in expressions)]


def is_glass(energy) -> bool:
    """Whether an energy needs the hierarchical ansatz: replicas that break, states that meet in couplings, functions of sums."""
    read = parts(energy.energy)
    if energy.ansatz != "RS" or read.contractions or read.collective != 0:
        return True
    states = energy.states
    return any(dim == states[0].dim and _couples(expression, states) for _, expression, dim in read.sums)


def _couples(expression: sp.Expr, states) -> bool:
    dim = states[0].dim
    fields = [s for s in sites(expression) if isinstance(s.node, Dot) and s.node.matrix.rows == s.node.matrix.cols == dim]
    bare = any(isinstance(s.node, Leaf) and s.node in states for s in sites(expression))
    return bare and any(set(leaves(s)) & set(states) for s in fields)


def read_glass(energy) -> Glass:
    """The interactions of an :class:`~theory.declaration.Energy`; DerivationError names what is not derived."""
    if len(energy.states) != 1:
        names = ", ".join(sorted(s.name for s in energy.states))
        raise DerivationError(f"states {names}: replicas of one State are derived; put both into one dimension")
    (state,) = energy.states
    if len(state.dims) != 1 or state.dims[0].finite:
        raise DerivationError(f"state {state.name}: it has several dimensions; one infinite dimension is derived with couplings")
    dim = state.dim
    refuse_drawn(energy.leaves, "an energy with couplings or broken replicas")
    gauge = tuple(Site(leaf) for leaf in energy.leaves if leaf.kind == "signs" and leaf.dim == dim)
    noise = {Site(leaf): plain(leaf.how["variance"]) for leaf in energy.leaves if leaf.kind == "noise" and leaf.dim == dim}
    glass = Glass(dim, state, state.how.get("prior"), gauge=gauge, noise=noise)
    read = parts(energy.energy)
    strengths: dict[Leaf, sp.Expr] = {}
    samples = sp.S.Zero
    for coefficient, expression, over in read.sums:
        if over == dim and _couples(expression, energy.states):
            _pair(coefficient, expression, glass, strengths)
        elif any(isinstance(s.node, Dot) for s in sites(expression)):
            samples += coefficient * Over(expression, over)
        elif over == dim:
            glass.penalty += glass.at_site(coefficient * _alike(expression, glass))
        else:
            raise DerivationError(f"term over {over}: {expression} does not act on {state.name}; leave it out of the energy")
    for coefficient, contraction in read.contractions:
        _tensor(coefficient, contraction, glass, strengths)
    glass.couplings += [Coupling(leaf, _covariance(leaf, c, glass.size), c) for leaf, c in strengths.items()]
    _collective(read, glass)
    if samples != 0:
        glass.samples = _samples(energy, samples)
    if not glass.couplings and not glass.samples:
        raise DerivationError(f"energy of {energy.name}: no random matrix or tensor acts on {state.name}; there is no disorder")
    return glass


def _alike(expression: sp.Expr, glass: Glass) -> sp.Expr:
    """The site expression, refused where given data make sites differ."""
    for atom in sorted(generic(expression), key=str):
        kind = getattr(getattr(atom, "node", None), "kind", "")
        if isinstance(atom, Spectrum) or kind == "quenched":
            raise DerivationError(f"site of {glass.dim}: {atom} makes sites differ; with couplings only Noise and Signs may")
    return expression


def _pair(coefficient: sp.Expr, expression: sp.Expr, glass: Glass, strengths: dict[Leaf, sp.Expr]) -> None:
    """c w (J w) for Gaussian matrices J."""
    fields = [s for s in sites(expression) if isinstance(s.node, Dot)]
    try:
        found, rest = linear_coefficients(expression, fields)
    except DeclarationError:
        raise DerivationError(f"coupling {expression}: only products of the state with one random field are derived") from None
    for site, outer in found.items():
        matrix, inner = site.node.matrix, site.node.vector.expr
        own = Site(glass.state)
        left, right = (sp.cancel(e / own) for e in (outer, inner))
        if not isinstance(matrix, Gaussian) or left.has(Site) or right.has(Site) or generic(left) or generic(right):
            raise DerivationError(
                f"coupling {outer * site}: only {glass.state.name} * (J @ {glass.state.name}) with a Gaussian matrix J is derived"
            )
        how = matrix.leaf.how
        for key in ("row_covariance", "column_covariance"):
            if how[key] != 1:
                raise DerivationError(f"matrix {matrix}: {key}={how[key]} makes sites differ; couple sites that are alike")
        if how.get("fresh"):
            raise DerivationError(f"matrix {matrix}: redrawn at every {how['fresh']}, which an energy has not; drop fresh=")
        if how.get("correlation"):
            raise DerivationError(f"matrix {matrix}: correlation={how['correlation']} is not averaged by replicas; leave it out")
        strengths[matrix.leaf] = strengths.get(matrix.leaf, sp.S.Zero) + plain(coefficient * left * right)
        if how["mean"] != 0:
            total = _stand_in(W, glass)
            glass.collective += plain(coefficient * left * right * how["mean"]) * (glass.size * total) ** 2
    if rest != 0:
        glass.penalty += glass.at_site(coefficient * _alike(rest, glass))


def _tensor(coefficient: sp.Expr, contraction: Contraction, glass: Glass, strengths: dict[Leaf, sp.Expr]) -> None:
    if contraction.expr != Site(glass.state):
        raise DerivationError(f"coupling {contraction}: only tensors of the state {glass.state.name} itself are derived")
    strengths[contraction.tensor] = strengths.get(contraction.tensor, sp.S.Zero) + plain(coefficient)


def _covariance(leaf: Leaf, strength: sp.Expr, sites_: sp.Symbol) -> sp.Expr:
    """Covariance between replicas of strength times w J w, or of strength times the contraction of a tensor."""
    variance = plain(leaf.how["variance"])
    if leaf.kind == "gaussian":
        variance *= 1 + plain(sp.sympify(leaf.how.get("symmetry", 0)))
    return sp.powsimp(strength**2 * variance * sites_ ** len(leaf.dims)) * OVERLAP ** len(leaf.dims)


def _stand_in(function: sp.Expr, glass: Glass) -> sp.Symbol:
    """The symbol of the mean over sites of a function of W."""
    for symbol, known in glass.sums.items():
        if known == function:
            return symbol
    symbol = sp.Symbol("m" if not glass.sums else f"m_{len(glass.sums)}", real=True)
    glass.sums[symbol] = function
    return symbol


def _collective(read, glass: Glass) -> None:
    rule = {}
    for top in read.means:
        if top.dim != glass.dim or any(isinstance(s.node, Dot) for s in sites(top.expr)):
            raise DerivationError(f"function of {top}: only functions of sums over {glass.dim} without random matrices are derived")
        rule[top] = glass.size * _stand_in(glass.at_site(_alike(top.expr, glass)), glass)
    glass.collective += plain(read.collective.xreplace(rule))


def _samples(energy, total: sp.Expr) -> tuple[Field, ...]:
    """The samples of an energy, read as at replica symmetry."""
    reduced = copy(energy)
    reduced.energy, reduced.ansatz = total, "RS"
    model = read_model(reduced)
    return tuple(_field(s, model) for s in model.samples)


def _field(samples: Samples, model: Model) -> Field:
    if len(samples.active) != 1 or samples.passive:
        fields = ", ".join(map(str, (*samples.active, *samples.passive)))
        raise DerivationError(
            f"samples {samples.dim}: they act through the fields {fields}; with couplings or broken replicas one field of the "
            "state is derived, declare ansatz='RS'"
        )
    if any(mean.factors or mean.rest != 0 for mean in samples.means):
        raise DerivationError(f"samples {samples.dim}: their field has a mean; with couplings or broken replicas it has none")
    entry, (people,) = samples.covariance[0, 0], model.populations
    gain = sp.S.Zero
    for factor, number in entry.factors:
        form = model.bilinear[number].parts[0]
        if is_local(form.as_expr(), people) or set(form.monoms()) != {(1, 1)}:
            raise DerivationError(f"samples {samples.dim}: their overlap {form.as_expr()} makes sites differ; declare them alike")
        gain += factor * form.LC()
    return Field(samples, samples.potential.xreplace({samples.active[0]: H}), gain, entry.rest)
