"""A nonlinear component of the unknowns: what a reduction leaves of it."""

from __future__ import annotations

from dataclasses import dataclass, field

import sympy as sp

from theory.resolvent.names import NamedTrace

Rule = dict[sp.Symbol, sp.Expr]
INSTEAD = "derive(reduce=False), and solve the Dyson equation with solvers.solve_dyson"
"""What to do where there is no reduction."""


@dataclass
class Core:
    """A nonlinear component of the unknowns.

    ``kappas`` says what its effective ridges stand for, ``unknowns`` what is left beside them; ``equations`` for both are
    numerators that vanish. ``bare`` are the site expressions that the members are sums of, ``eliminated`` forms of those that are
    eliminated, ``ridges`` the parameters solved for. In a ``grown`` core nothing is eliminated: ``maps`` give its traces anew.
    """

    unknowns: list[NamedTrace]
    kappas: dict[sp.Symbol, sp.Expr]
    equations: list[sp.Expr]
    bare: dict[NamedTrace, sp.Expr]
    eliminated: dict[NamedTrace, tuple[sp.Expr, ...]] = field(default_factory=dict)
    ridges: Rule = field(default_factory=dict)
    grown: bool = False
    maps: Rule = field(default_factory=dict)
