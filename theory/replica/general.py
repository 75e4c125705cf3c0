"""The replica calculation of any energy of Gaussian fields, with several states, samples and teachers, at replica symmetry.

Energies that are quadratic in everything random have integrals that are exact in the number of replicas, and go by
:mod:`theory.replica.engine`; here the limit n -> 0 is taken with the ansatz, and averages over a few fields remain.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sympy as sp

from theory.declaration.mixtures import Mixture
from theory.derivation import Derivation, Step
from theory.errors import DerivationError
from theory.replica.capacity import capacity
from theory.replica.data import plain
from theory.replica.general_results import assembled, observables
from theory.replica.joint import potentials, read_model
from theory.replica.naming import named
from theory.replica.reduction import check_complete, closed_equations
from theory.replica.saddle_point import free_energy, saddle
from theory.replica.stability import definitions
from theory.replica.symmetry import symmetric
from theory.symbols import beta

State = Mapping[str, Any]


def derive_general(energy) -> Derivation:
    """Derivation of an :class:`~theory.declaration.Energy` with Gaussian disorder; DerivationError names what is not derived."""
    regime = "warm" if energy.temperature != 0 else energy.phase
    steps = [
        Step(
            "local fields",
            "The energy acts on each sample through Gaussian fields: h of the states, u of a teacher; their "
            "covariances are sums over sites, each distinct form an order parameter.",
            lambda s: _fields(energy, regime),
        ),
        Step(
            "ansatz",
            "Replica symmetry: the overlap is c on the diagonal besides q everywhere; m is the overlap with the teacher, or the "
            "mean of a field. Conjugates are written with the signs that make them positive.",
            lambda s: named(s, energy),
        ),
        Step(
            "free energy",
            "n -> 0: each sample and each site is one body in a Gaussian field. At zero temperature with one minimum "
            "c = chi/beta, and the effective potential is the Moreau envelope.",
            _free_energy,
        ),
        Step(
            "saddle point",
            "The free energy is stationary; derivatives of Gaussian averages by covariances are taken by parts.",
            saddle,
        ),
        Step("closed equations", "Whatever enters linearly is eliminated.", closed_equations),
        Step(
            "stability and entropy",
            "The replicon eigenvalue of the one-step functional at the replica-symmetric point, and the "
            "free energy at the saddle point.",
            lambda s: definitions(s, energy),
        ),
        Step("observables", "Expectations in the one-body problems.", lambda s: observables(s, energy)),
        Step(
            "capacity",
            "Where states of zero energy fill no volume any more, the overlap of two of them tends to that of one with "
            "itself: dominant balance.",
            capacity,
        ),
        Step("theory", "Unknowns, equations, observables, parameters.", lambda s: assembled(s, energy)),
    ]
    if energy.symmetry:
        steps.insert(2, _symmetry(energy))
    return Derivation(f"{energy.name}: replicas", steps).run({"regime": regime})


def _symmetry(energy) -> Step:
    pairs = [sorted(f"{a} <-> {b}" for a, b in rule.items() if str(a) < str(b)) for rule in energy.symmetry]
    units = "; ".join(map(", ".join, pairs))
    return Step(
        "symmetry",
        f"The energy does not change under the exchanges {units}. Of the solutions, the one that does not change either: "
        "conjugates and overlaps that are exchanged, or combined, are one unknown. Solutions that break the symmetry are lost; "
        "they are those of the energy without it.",
        lambda s: symmetric(s, energy),
    )


def _fields(energy, regime: str) -> dict[str, Any]:
    model = read_model(energy)
    _posed(model, regime)
    value = 1 / plain(sp.sympify(energy.temperature)) if regime == "warm" else beta
    return {
        "model": model,
        "beta": value,
        "potential": potentials(model.samples),
        "penalty": {sp.Symbol(f"U_{p.dim}" if len(model.populations) > 1 else "U"): p.penalty for p in model.populations},
    }


def _free_energy(state: State) -> dict[str, Any]:
    check_complete(state)
    return {"free_energy": free_energy(state).xreplace({beta: state["beta"]})}


def _posed(model, regime: str) -> None:
    """Refuse measures that do not exist."""
    for s in model.samples if regime == "UNSAT" else ():
        bend = sp.diff(s.potential, *(2 * s.active)) if len(s.active) == 1 else sp.S.Zero
        if bend.is_negative and any(prior != "spherical" for people in model.populations for prior in people.priors):
            raise DerivationError(
                f"potential {s.potential}: it bends down, and states of any norm fall without bound; give them the spherical prior"
            )
    for people in model.populations:
        if regime == "SAT" and people.penalty != 0:
            raise DerivationError(
                f"penalty {people.penalty}: a volume of zero-energy states has no room for it; give {people.states[0].name} a "
                "prior instead"
            )
        for leaf, prior, w in zip(people.states, people.priors, people.variables, strict=True):
            if regime == "UNSAT" and (isinstance(prior, Mixture) or prior in ("ising", "gaussian")):
                raise DerivationError(
                    f"prior {str(prior)!r} of {leaf.name}: at temperature 0 the energy outweighs it; declare a temperature, "
                    "phase='SAT' or a penalty"
                )
            if regime != "UNSAT" and prior is None and w not in sp.sympify(people.penalty).free_symbols:
                raise DerivationError(f"state {leaf.name}: its measure is not normalisable; give it a prior or a penalty")
