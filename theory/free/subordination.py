"""Sums and products of free laws as equations: subordination (Biane 1998; Belinschi and Bercovici 2007).

With 1/h(w) = w + ρ(w) for h = Tr (A + w)⁻¹ / size:
    sum      ρ = ρ₁(w₁) + ρ₂(w₂)   at  w₁ = w + ρ₂, w₂ = w + ρ₁;
    product  ρ = ρ₁(w₁) ρ₂(w₂)     at  w₁ = w/ρ₂,  w₂ = w/ρ₁.
R(g) is ρ at h = -g, and 1/S(-t) is ρ at the degrees of freedom t = 1 - w h. Where R is rational h is the unknown, in products too:
near an atom at zero t loses all digits and h none.
"""

from __future__ import annotations

from collections.abc import Sequence

import sympy as sp

from theory.free.law import Law, Point
from theory.free.system import System


def of_sum(laws: Sequence[Law], above: sp.Expr, below: sp.Expr, system: System) -> Point:
    """A free sum at w = above/below."""
    at = sp.Dummy("h")
    known = [law for law in laws if law.rational_r(at) is not None]
    others = [law for law in laws if law not in known]
    rest = sp.Add(*[law.rational_r(-at) for law in known])
    h = system.unknown("h") if rest.has(at) else None
    rest = rest.xreplace({at: h}) if h else rest
    energies: list[sp.Expr] = [system.unknown("rho") for _ in others[:-1]]
    last = others[-1].at(above + below * (rest + sp.Add(*energies)), below, system) if others else None
    energies += [last.rho] if last else []
    for i, law in enumerate(others[:-1]):
        left = rest + sp.Add(*[e for j, e in enumerate(energies) if j != i])
        system.close(energies[i], law.at(above + below * left, below, system).rho)
    total = rest + sp.Add(*energies)
    found = last.h if last else below / (above + below * total)
    if h:
        system.close(h, found)
        found = h
    return Point(total, found, found * total)


def of_product(laws: Sequence[Law], above: sp.Expr, below: sp.Expr, system: System) -> Point:
    """A free product at w = above/below."""
    at = sp.Dummy("h")
    known = [law for law in laws if (law.rational_r(at) or sp.S.Zero).has(at)]
    others = [law for law in laws if law not in known]
    resolvents = [system.unknown("h") for _ in known]
    energies = [law.rational_r(-h) for law, h in zip(known, resolvents, strict=True)]
    energies += [system.unknown("rho") for _ in others[:-1]]
    last = others[-1].at(above, below * sp.Mul(*energies), system) if others else None
    energies += [last.rho] if last else []
    rests = [sp.Mul(*[e for j, e in enumerate(energies) if j != i]) for i in range(len(energies))]
    total = sp.Mul(*energies)
    explicit = last is not None and others[-1].explicit
    for i, h in enumerate(resolvents):
        system.close(h, last.t / energies[i] if last and explicit else below * rests[i] / (above + below * total))
    for i, law in enumerate(others[:-1], len(known)):
        system.close(energies[i], law.at(above, below * rests[i], system).rho)
    if last and explicit:
        return Point(total, last.h / rests[-1], last.t)
    return Point(total, below / (above + below * total), below * total / (above + below * total))


def of_s(s: sp.Expr, at: sp.Symbol, above: sp.Expr, below: sp.Expr, system: System) -> Point:
    """A law of rational S(``at``) at w = above/below, in its degrees of freedom."""
    t = system.unknown("t")
    s = s.xreplace({at: -t})
    system.close(t, below / (below + above * s))
    return Point(1 / s, below * s / (below + above * s), t)
