"""Observables of a model: scalars, per-mode vectors, and contributions of per-mode data to another observable."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import sympy as sp

from theory.declaration.checks import identifier, refuse, scalar
from theory.declaration.copies import original
from theory.declaration.dimensions import Dim, Spectrum
from theory.declaration.keys import digest
from theory.declaration.matrix import Mat
from theory.declaration.sites import Leaf, batch, generic
from theory.declaration.vectors import Vec
from theory.declaration.walks import leaves, symbols
from theory.errors import did_you_mean


@dataclass(frozen=True)
class Contribution:
    """What each mode's data adds to a scalar observable: source_k d(observable)/d(source_k), for instance a2_k dE_g/da2_k.

    ``of`` names an observable of the same model; ``source`` is a :class:`Spectrum` of one of its dimensions.
    """

    of: str
    source: Spectrum

    def __post_init__(self) -> None:
        identifier(self.of, "observable")
        if not isinstance(self.source, Spectrum):
            refuse(f"source of a contribution to {self.of}", repr(self.source), "pass a Spectrum of a dimension")

    @property
    def key(self) -> str:
        return digest("contribution", self.of, self.source)


def checked(observe, states: tuple[Leaf, ...], dims: tuple[Dim, ...]) -> dict[str, sp.Expr | Vec | Contribution]:
    """The observables of a model over ``dims`` as a dict; a DeclarationError for whatever is not one."""
    if not isinstance(observe, Mapping):
        refuse("observe", repr(observe), 'pass a mapping such as {"E_g": sum_over(M, (w - w0)**2)}')
    found = {identifier(name, "observable"): _one(name, value, states, dims) for name, value in observe.items()}
    scalars = [name for name, value in found.items() if isinstance(value, sp.Expr)]
    for name, value in found.items():
        if isinstance(value, Contribution):
            if value.of not in scalars:
                refuse(f"observable {name}", f"a contribution to {value.of!r}", did_you_mean(value.of, scalars))
            if not any(value.source in d.spectra for d in dims):
                known = [s.name for d in dims for s in d.spectra]
                refuse(f"observable {name}", f"no spectrum {value.source} of {dims}", did_you_mean(value.source.name, known))
    return found


def _one(name, value, states, dims):
    if isinstance(value, Contribution):
        return value
    if isinstance(value, Mat):
        refuse(f"observable {name}", f"the matrix {value}", "reduce it with Tr or quadratic_form")
    if not isinstance(value, Vec):
        value = scalar(value, f"observable {name}")
        at_site = sorted(str(a) for a in generic(value) if isinstance(a, Spectrum) or a.dim is not None)
        if at_site:
            what = f"{value} differs from mode to mode through {at_site[0]}"
            refuse(f"observable {name}", what, "use sum_over, or Vec(dim, ...) per mode")
    elif value.dim is None:
        refuse(f"observable {name}", f"{value} over finite dimensions", "reduce it with sum_over")
    carried = batch(value.expr if isinstance(value, Vec) else value)
    if carried:
        refuse(f"observable {name}", f"{value} still carries {', '.join(sorted(map(str, carried)))}", "reduce it with sum_over")
    # New samples, on which a random matrix of the observable's own acts, are dimensions too.
    known = {d.name for d in (*dims, *(d for leaf in leaves(value) if leaf.kind == "gaussian" for d in leaf.dims))}
    for d in symbols(value):
        if isinstance(d, Dim) and d.name not in known:
            refuse(f"observable {name}", f"{d} is no dimension of the model", f"it has {', '.join(sorted(known))}")
    if states and not {original(leaf) for leaf in leaves(value)} & set(states):
        what = f"{value} does not hold the state {', '.join(map(str, states))}"
        refuse(f"observable {name}", what, "observe the state or drop it")
    return value
