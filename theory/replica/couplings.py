"""Energies in which states meet each other: pair couplings, tensors, sums of the state, beside samples; read off a declaration.

Between two replicas of overlap q = Σ w w'/N the random part of the energy has a covariance that is a function of q alone; samples
act through fields whose covariance is linear in it. Functions of sums over sites become fields on the sites.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import sympy as sp

from theory.declaration.collective import parts
from theory.declaration.dimensions import Dim
from theory.declaration.ensembles import Gaussian
from theory.declaration.scalars import Over
from theory.declaration.sites import Dot, Leaf, Site, generic, sites
from theory.declaration.tensors import Contraction
from theory.declaration.walks import leaves, linear_coefficients
from theory.errors import DeclarationError, DerivationError
from theory.replica.data import at_mode, plain
from theory.replica.fields import W
from theory.replica.forms import is_local
from theory.replica.glass_fields import Field, sample_fields
from theory.replica.populations import Population, populations
from theory.replica.verdicts import taken_by
from theory.symbols import Internal, size

OVERLAP = Internal("Q", real=True)
"""The overlap of two replicas, per site."""


@dataclass(frozen=True)
class Coupling:
    """A random term of the energy, Gaussian for given states: its covariance between replicas as a function of ``OVERLAP``."""

    leaf: Leaf
    covariance: sp.Expr
    factor: sp.Expr


@dataclass
class Glass:
    """Sites (their population, prior, penalty of one site in W), couplings, samples and collective variables of an energy.

    ``collective`` is the part of the energy that is a function of the symbols in ``sums``, each of which stands for a sum over
    sites of a function of W and of random vectors there, per site: a mean, an overlap with a teacher. ``taken`` are names that
    they may not have.
    """

    people: Population
    state: Leaf
    prior: str | None
    penalty: sp.Expr = sp.S.Zero
    couplings: list[Coupling] = field(default_factory=list)
    samples: tuple[Field, ...] = ()
    collective: sp.Expr = sp.S.Zero
    sums: dict[sp.Symbol, sp.Expr] = field(default_factory=dict)
    taken: frozenset[str] = frozenset()

    @property
    def dim(self) -> Dim:
        return self.people.dim

    @property
    def size(self) -> sp.Symbol:
        return size(self.dim.name)

    def at_site(self, expression: sp.Expr) -> sp.Expr:
        """A site expression in W, random vectors and per-mode data, fair signs turned into the state where they can be."""
        return self.gauged(at_mode(expression.xreplace({Site(self.state): W}), self.people.index))

    def gauged(self, written: sp.Expr) -> sp.Expr:
        """What is written in W with W times every fair sign in its place, which has the same law."""
        for sign in (s for s, law in self.people.noise.items() if law is None):
            written = sp.expand(written.xreplace({W: sign * W}))
            written = written.replace(lambda x, y=sign: isinstance(x, sp.Pow) and x.base == y and x.exp.is_integer,
                                      lambda x, y=sign: y ** (x.exp % 2))  # fmt: skip
        return written

    def per_site(self, expression: sp.Expr) -> sp.Expr:
        """The mean over sites of a function of random vectors and data there."""
        return self.people.total(expression) / self.size

    def mean(self, function: sp.Expr) -> sp.Expr:
        """The symbol of the mean over sites of a function of W, times a factor where a multiple of the function has one."""
        local = [s for s in function.free_symbols if s == W or is_local(s, self.people)]
        factor, function = function.as_independent(*local, as_Add=False)
        for symbol, known in self.sums.items():
            ratio = sp.cancel(function / known)
            if W not in ratio.free_symbols and not is_local(ratio, self.people):
                return factor * ratio * symbol
        name = "m" if not self.sums else f"m_{len(self.sums)}"
        while name in self.taken:
            name = f"m_{name}"
        symbol = sp.Symbol(name, real=True)
        self.sums[symbol] = function
        return factor * symbol


def is_glass(energy) -> bool:
    """Whether an energy needs the hierarchical ansatz: replicas that break, states that meet in couplings, functions of sums."""
    read = parts(energy.energy)
    if energy.ansatz != "RS" or read.contractions or read.collective != 0:
        return True
    states = energy.states
    return any(dim == states[0].dim and couples(expression, states) for _, expression, dim in read.sums)


def couples(expression: sp.Expr, states) -> bool:
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
    (people,) = populations(energy)
    dim = state.dim
    glass = Glass(people, state, state.how.get("prior"), taken=frozenset(taken_by(energy)))
    read = parts(energy.energy)
    strengths: dict[Leaf, sp.Expr] = {}
    samples = sp.S.Zero
    for coefficient, expression, over in read.sums:
        if over == dim and couples(expression, energy.states):
            _pair(coefficient, expression, glass, strengths)
        elif any(isinstance(s.node, Dot) for s in sites(expression)):
            samples += coefficient * Over(expression, over)
        elif over == dim:
            glass.penalty += glass.at_site(coefficient * expression)
        else:
            raise DerivationError(f"term over {over}: {expression} does not act on {state.name}; leave it out of the energy")
    for coefficient, contraction in read.contractions:
        _tensor(coefficient, contraction, glass, strengths)
    glass.couplings += [Coupling(leaf, _covariance(leaf, c, glass.size), c) for leaf, c in strengths.items()]
    _collective(read, glass)
    if samples != 0:
        glass.samples = sample_fields(energy, samples, glass)
    alone = not glass.couplings and not glass.samples
    if alone and (energy.temperature == 0 or glass.collective == 0):
        raise DerivationError(f"energy of {energy.name}: no random matrix or tensor acts on {state.name}; there is no disorder")
    if glass.prior != "ising":
        _linear_penalty(glass)
    return glass


def _linear_penalty(glass: Glass) -> None:
    """A penalty that is linear in a state of given overlaps is a function of a sum."""
    slope = sp.expand(glass.penalty).coeff(W, 1)
    if slope == 0 or not glass.penalty.is_polynomial(W):
        return
    coefficient, local = slope.as_independent(*(s for s in slope.free_symbols if is_local(s, glass.people)), as_Add=False)
    glass.penalty = sp.expand(glass.penalty - slope * W)
    glass.collective += coefficient * glass.size * glass.mean(local * W)


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
            total = glass.mean(glass.at_site(own))
            glass.collective += plain(coefficient * left * right * how["mean"]) * (glass.size * total) ** 2
    if rest != 0:
        glass.penalty += glass.at_site(coefficient * rest)


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


def _collective(read, glass: Glass) -> None:
    rule = {}
    for top in read.means:
        if top.dim != glass.dim or any(isinstance(s.node, Dot) for s in sites(top.expr)):
            raise DerivationError(f"function of {top}: only functions of sums over {glass.dim} without random matrices are derived")
        rule[top] = glass.size * glass.mean(glass.at_site(top.expr))
    glass.collective += plain(read.collective.xreplace(rule))
