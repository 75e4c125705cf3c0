"""Do replicas break at temperature zero, and by increments? Refused with what holds instead where it is known that they do not."""

from __future__ import annotations

from itertools import pairwise

import sympy as sp

from theory.errors import DerivationError
from theory.piecewise import pieces
from theory.replica.convexity import is_convex
from theory.replica.fields import H


def check_breaks(energy, glass) -> None:
    """Refuse steps of breaking where the energy is convex, and where they leave one state of a block."""
    if is_convex(energy):
        raise DerivationError(
            f"ansatz {energy.ansatz} of {energy.name}: its energy is convex, so that replicas do not break; declare ansatz='RS'"
        )
    jumping = next((s for s in glass.samples if glass.prior == "ising" and _jumps(s.potential)), None)
    if jumping is not None:
        # The slope beside a jump grows as the width falls, χ**(-1/4), with it the field on a spin, and the width falls with
        # exp(-field²): it has no size.
        raise DerivationError(
            f"ansatz {energy.ansatz} of {energy.name}: signs {glass.state.name} freeze where energies jump, as on {jumping.dim}: "
            "a block is one state, and the ground state that of replica symmetry at the temperature where its entropy vanishes; "
            "declare a temperature and ansatz='RS', follow it and find('entropy', 0)"
        )


def _jumps(potential: sp.Expr) -> bool:
    """Whether a potential of the field has a jump; one whose kinks have no known places is left to what reads it next."""
    try:
        cut = list(pieces(potential, H))
    except DerivationError:
        return False
    return any(sp.simplify((b - a).xreplace({H: edge})) != 0 for (_, edge, a), (_, _, b) in pairwise(cut))
