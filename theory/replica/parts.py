"""What is drawn for every sample besides Gaussian fields: signs that the fields take up, and laws whose parts split the samples.

A label y = ±1 in front of every field of a sample leaves with them, whose law is symmetric. Whatever else is drawn per sample from
finitely many points and Gaussians divides the samples: a share of them has one part each of all laws.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import sympy as sp

from theory.declaration.dimensions import Dim
from theory.declaration.mixtures import Atom, Mixture, Normal
from theory.declaration.sites import Dot, Leaf, Site, sites
from theory.declaration.vectors import Vec
from theory.declaration.walks import collect
from theory.errors import DerivationError

FAIR = Mixture((sp.S.Half, Atom(1)), (sp.S.Half, Atom(-1)))


@dataclass(frozen=True)
class Part:
    """A share ``weight`` of samples, the ``values`` of what is drawn for them, and the signs that their fields have taken up, each
    with the random sites that turn with it."""

    weight: sp.Expr = sp.S.One
    values: tuple[tuple[Site, sp.Expr], ...] = ()
    gauge: tuple[tuple[Site, tuple[str, ...]], ...] = ()


WHOLE = Part()
"""All samples of a dimension, with nothing drawn but Gaussian fields."""


def parts_of(expression: sp.Expr, over: Dim, seen: Sequence[sp.Expr] = ()) -> list[Part]:
    """The parts of the samples of an energy, of which observables ``seen`` may hold more; DerivationError for other laws."""
    gauge, laws = [], {}
    for site in (s for s in sites(expression) if isinstance(s.node, Leaf)):
        if site.node.kind == "signs":
            turned = _turned(expression, site)
            gauge += [(site, turned)] if turned else []
            laws |= {} if turned else {site: FAIR}
    for e in (expression, *(collect(Vec(over, e)).expr for e in seen)):
        laws |= {s: s.node.how["law"] for s in sites(e) if isinstance(s.node, Leaf) and s.node.kind == "drawn"}
    found = [Part(gauge=tuple(gauge))]
    for site, law in sorted(laws.items(), key=lambda pair: str(pair[0])):
        found = [part for old in found for part in _split(old, site, law)]
    return found


def gauged(expression: sp.Expr, part: Part) -> sp.Expr:
    """The energy of one sample of a part, in Gaussian fields alone."""
    expression = expression.xreplace(dict(part.values))
    for sign, kinds in part.gauge:
        expression = _without(expression, sign, kinds)
    return expression


def averaged(expression: sp.Expr, part: Part) -> sp.Expr:
    """An observable of one sample of a part, averaged over the signs."""
    expression = expression.xreplace(dict(part.values))
    for sign, kinds in part.gauge:
        written = _without(expression, sign, kinds)
        if sign in written.free_symbols:
            plus, minus = _with(expression, sign, kinds, 1), _with(expression, sign, kinds, -1)
            written = sp.expand((plus + minus) / 2)
        expression = written
    return expression


def _split(part: Part, site: Site, law: Mixture) -> Iterator[Part]:
    for weight, kind in law.args:
        if isinstance(kind, Atom):
            value = kind.position
        elif isinstance(kind, Normal):
            value = kind.mean + Site(Leaf("noise", site.node.name, site.node.dims, variance=kind.variance, fresh=None))
        else:
            raise DerivationError(
                f"law of {site}: averages over what is drawn from {kind} for a sample are not derived; mix Gaussians and atoms"
            )
        yield Part(part.weight * weight, (*part.values, (site, value)), part.gauge)


def _turned(expression: sp.Expr, sign: Site) -> tuple[str, ...]:
    """Which sites leave the energy as it is when they turn with the sign: local fields, or these and Gaussian noise."""
    dots = [s.node.matrix for s in sites(expression) if isinstance(s.node, Dot)]
    if any(getattr(getattr(m, "leaf", None), "how", {}).get("mean", 0) != 0 for m in dots):
        return ()
    if any(isinstance(s.node, Leaf) and s.node.kind == "label" for s in sites(expression)):
        return ()  # the fields are those of its probabilities too
    for kinds in (("dot",), ("dot", "noise")):
        if sign not in _without(expression, sign, kinds).free_symbols:
            return kinds
    return ()


def _kind(site: Site) -> str:
    return "dot" if isinstance(site.node, Dot) else site.node.kind


def _with(expression: sp.Expr, sign: Site, kinds: tuple[str, ...], value) -> sp.Expr:
    """The expression with the sign at a value, fields turned with it."""
    return expression.xreplace({s: value * s for s in sites(expression) if _kind(s) in kinds} | {sign: value})


def _without(expression: sp.Expr, sign: Site, kinds: tuple[str, ...]) -> sp.Expr:
    """Fair signs leave with what they multiply: y h -> h, y**2 -> 1; as it is, sign and all, where they do not."""
    turned = sp.expand(expression.xreplace({s: sign * s for s in sites(expression) if _kind(s) in kinds}))
    turned = turned.replace(sp.sign, lambda x: _drawn_out(x, sign)).replace(sp.Abs, lambda x: sp.Abs(_stripped(x, sign)))
    return sp.expand(turned).replace(
        lambda x: isinstance(x, sp.Pow) and x.base == sign and x.exp.is_integer, lambda x: sign ** (x.exp % 2)
    )


def _stripped(x: sp.Expr, sign: Site) -> sp.Expr:
    """An expression without a sign that is a factor of it."""
    rest = sp.expand(x / sign)
    return x if sign in rest.free_symbols else rest


def _drawn_out(x: sp.Expr, sign: Site) -> sp.Expr:
    rest = _stripped(x, sign)
    return sp.sign(x) if rest is x else sign * sp.sign(rest)
