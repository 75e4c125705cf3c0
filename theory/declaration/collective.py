"""What an energy is made of: sums over sites, contractions of random tensors, and functions of sums, which are collective."""

from __future__ import annotations

from dataclasses import dataclass

import sympy as sp

from theory.declaration.checks import refuse
from theory.declaration.dimensions import Dim
from theory.declaration.scalars import Over
from theory.declaration.tensors import Contraction
from theory.declaration.walks import replace_tops, tops

Term = tuple[sp.Expr, sp.Expr, Dim]


@dataclass(frozen=True)
class Parts:
    """``energy = Σ coefficient * sum over dim of expression + Σ coefficient * contraction + collective``.

    ``collective`` is a function of sums (its :class:`Over` atoms) that is not linear in them, such as -sum_over(N, s)**2/(2*N).
    """

    sums: tuple[Term, ...]
    contractions: tuple[tuple[sp.Expr, Contraction], ...]
    collective: sp.Expr

    @property
    def means(self) -> tuple[Over, ...]:
        """The sums that the collective part is a function of, in a reproducible order."""
        return tuple(sorted(tops(self.collective), key=str))


def parts(energy) -> Parts:
    """An energy taken apart; DeclarationError for what is neither a sum, nor a contraction, nor a function of sums."""
    every = sorted(tops(energy), key=str)
    names = {top: sp.Dummy(f"t{i}", real=True) for i, top in enumerate(every)}
    back = {dummy: top for top, dummy in names.items()}
    sums: dict[sp.Expr, sp.Expr] = {}
    contractions: dict[Contraction, sp.Expr] = {}
    collective = sp.S.Zero
    for term in sp.Add.make_args(sp.expand(replace_tops(energy, names))):
        inside = [d for d in back if d in term.free_symbols]
        if not inside:
            refuse("energy term", term, "an energy is a sum of sum_over(...) terms")
        slope = term.coeff(inside[0], 1) if len(inside) == 1 else sp.S.Zero
        if len(inside) == 1 and sp.expand(term - slope * inside[0]) == 0:
            into = contractions if isinstance(back[inside[0]], Contraction) else sums
            into[back[inside[0]]] = into.get(back[inside[0]], sp.S.Zero) + slope
            continue
        strange = [back[d] for d in inside if not isinstance(back[d], Over)]
        if strange:
            refuse("energy term", f"a function of {strange[0]}", "let it stand by itself, times a number")
        collective += term
    for top in sums:
        if not isinstance(top, Over):
            refuse("energy term", top, "an energy is a sum of sum_over(...) terms")
    return Parts(
        tuple((c, top.expr, top.dim) for top, c in sums.items()),
        tuple((c, top) for top, c in contractions.items()),
        collective.xreplace(back),
    )
