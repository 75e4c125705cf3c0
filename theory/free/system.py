"""The equations of a law: unknowns as they are met, and the Green's function that they end in."""

from __future__ import annotations

from functools import lru_cache

import sympy as sp

from theory.averages import Average
from theory.declaration.dimensions import Dim
from theory.declaration.parameters import inferred
from theory.errors import DerivationError
from theory.free.law import Law
from theory.replica.results import parameter_of
from theory.spectral.green import SHIFT, GreenFunction


class System:
    """``closed`` are unknowns with their maps, ``open`` those that still lack one."""

    def __init__(self) -> None:
        self.closed: dict[sp.Symbol, sp.Expr] = {}
        self.open: list[sp.Symbol] = []
        self.count: dict[str, int] = {}

    def unknown(self, kind: str) -> sp.Symbol:
        """A new unknown: h of a resolvent, t of degrees of freedom, rho of a self-energy."""
        self.count[kind] = self.count.get(kind, 0) + 1
        symbol = sp.Symbol(f"{kind}_{self.count[kind]}")
        self.open.append(symbol)
        return symbol

    def close(self, unknown: sp.Symbol, value: sp.Expr) -> None:
        self.open.remove(unknown)
        self.closed[unknown] = value


@lru_cache(maxsize=64)
def green_function(law: Law) -> GreenFunction:
    """The Green's function of a law; its size is one, so that its value is h itself."""
    system = System()
    h = law.at(SHIFT, sp.S.One, system).h
    if not (h.is_Symbol or h.atoms(Average) or law.explicit):  # as an unknown its rounding errors are known
        closed = system.unknown("h")
        system.close(closed, h)
        h = closed
    null = law.null
    own = sorted(law.symbols, key=str)
    for symbol in own:
        if symbol.name in {SHIFT.name, *(unknown.name for unknown in system.closed)}:
            raise DerivationError(f"symbol {symbol} of {law}: it is the name of an unknown here; rename it")
    dims = tuple({part.dim.name: part.dim for part in leaves(law) if hasattr(part, "dim")}.values())
    follow = {dim.name for dim in dims}
    parameters = [inferred(s, dims) for s in own if not (isinstance(s, Dim) and s.name in follow)]
    ranked = sorted(parameters, key=lambda p: (p.ndim or 0, not isinstance(p.symbol, Dim)))
    return GreenFunction(
        str(law), tuple(system.closed), tuple(system.closed.values()), h, sp.S.One,
        tuple(map(parameter_of, ranked)), SHIFT, None if null is None else 1 - null,
        conditions=tuple(law.conditions()),
    )  # fmt: skip


def leaves(law: Law) -> list[Law]:
    """The laws that a law is made of."""
    return [law] if not law.parts else [leaf for part in law.parts for leaf in leaves(part)]


