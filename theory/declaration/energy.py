"""The law of an energy: a state at temperature T under a Gibbs measure, or its minimum."""

from __future__ import annotations

import re
from copy import copy

import sympy as sp

from theory.declaration.checks import refuse, scalar
from theory.declaration.copies import copies_of, renamed, replaced
from theory.declaration.laws import Model
from theory.declaration.posed import check_bounded, check_posed
from theory.declaration.sites import Leaf, generic, tops
from theory.declaration.symmetry import exchanges
from theory.declaration.vectors import Vec
from theory.declaration.walks import leaves
from theory.errors import DerivationError

PHASES = ("UNSAT", "SAT")
ALGORITHMS = ("argmin", "margin", "lp", "gibbs", "metropolis", "langevin", "hmc", "amp", "tap")


class Energy(Model):
    """A state distributed as exp(-energy/temperature), or the minimum of the energy at temperature 0.

    ``energy`` is a sum of ``sum_over(...)`` and ``.square()`` terms, ``over`` the State or States. What cannot be read off is
    declared: the ``phase`` at temperature 0 (UNSAT: one minimum, SAT: a volume of zero-energy states), the replica ``ansatz``
    ("RS", "1RSB", ...), and the ``algorithm`` that a simulation uses. ``start``, a mapping from State to vector, is where a
    simulation begins: a draw from a metastable state stays in it. ``nishimori`` maps a State to the vector (or number) whose law
    given the disorder is that of a draw of the state, where every expression in ``matched`` equals its value: a posterior with the
    true prior and noise. Every solution is then held to Nishimori's identity. ``symmetry=[(w1, t1), (w2, t2)]`` asks for the
    solution that exchanges of these units leave as it is, see :mod:`theory.declaration.symmetry`; it is refused where exchanges
    change the energy. DeclarationError for whatever is ill-posed.
    """

    law = "Energy"

    def __init__(self, energy, over, temperature=0, observe=None, parameters=(), name=None, phase="UNSAT", ansatz="RS",
                 algorithm=None, reference=None, start=None, nishimori=None, matched=None, symmetry=None) -> None:
        self.over = tuple(over) if isinstance(over, (tuple, list)) else (over,)
        states = [_state(v) for v in self.over]
        if not states or len(set(states)) < len(states):
            refuse("over", ", ".join(map(str, states)) or "nothing", "give each State once")
        if isinstance(energy, Vec):
            refuse("energy", f"the vector {energy}", "an energy is a number: sum_over(...) or .square()")
        self.energy = scalar(energy, "energy")
        self.temperature = scalar(temperature, "temperature")
        if not (self.temperature.is_zero or self.temperature.is_positive) or generic(self.temperature) or tops(self.temperature):
            refuse("temperature", self.temperature, "pass 0, a positive number or a positive symbol")
        if phase not in PHASES:
            refuse("phase", repr(phase), f"take one of {', '.join(PHASES)}")
        if not isinstance(ansatz, str) or not re.fullmatch(r"RS|[1-9][0-9]*RSB", ansatz):
            refuse("ansatz", repr(ansatz), "take RS, 1RSB, 2RSB, ...")
        self.phase, self.ansatz, self.algorithm = phase, ansatz, _known(algorithm)
        self.start = _begun(start, states)
        self.nishimori = _exchangeable(nishimori, states, self.energy)
        check_posed(self.energy, states)
        for leaf in states:
            if leaf.how.get("prior") is None:
                check_bounded(self.energy, leaf)
        self.symmetry = exchanges(symmetry, self.energy, states)
        # States go by name, so that their order does not matter.
        body = (self.energy, self.temperature, *sorted((v.expr if isinstance(v, Vec) else v.leaf for v in self.over), key=str))
        body += tuple(v.expr for v in self.start.values())
        super().__init__(states, body, observe, parameters, name, reference)
        self.matched = self._matched(matched)

    def _matched(self, given) -> tuple[tuple[sp.Expr, sp.Expr], ...]:
        if given is None:
            return ()
        if not isinstance(given, dict) or not self.nishimori:
            refuse("matched", repr(given), "pass a mapping such as {assumed_noise: noise}, besides nishimori={w: w0}")
        pairs = tuple((scalar(a, "matched"), scalar(b, "matched")) for a, b in given.items())
        known = {p.symbol for p in self.parameters if not p.ndim}
        stray = sorted({s for pair in pairs for e in pair for s in e.free_symbols} - known, key=str)
        if stray:
            refuse("matched", stray[0], "write it in scalar parameters of the declaration")
        return pairs

    @property
    def state(self) -> Vec:
        """The state, when there is one."""
        if len(self.over) != 1:
            refuse(f"state of {self.name}", ", ".join(map(str, self.over)), "it has several; see over")
        return self.over[0]

    @property
    def copies(self) -> tuple[Leaf, ...]:
        """Copies of the states for other draws of a part of the disorder, as :func:`redrawn` puts them into observables."""
        return copies_of(self.states, tuple(self.observe.values()))

    def for_copy(self, state: Leaf) -> Energy:
        """The energy that a copy of a state minimises: the same with a part of the disorder drawn anew, and without observables."""
        over = Vec(state.dim, state.symbol)
        energy = renamed(self.energy, replaced(state))
        return Energy(energy, over, self.temperature, name=f"{self.name} of {state}", phase=self.phase, algorithm=self.algorithm)

    def _options(self) -> tuple:
        exchanged = tuple(f"{leaf}~{value}" for leaf, value in self.nishimori.items())
        exchanged += tuple(f"{a}<->{b}" for rule in self.symmetry for a, b in sorted(rule.items(), key=str))
        return self.phase, self.ansatz, self.algorithm, *exchanged, *(f"{a}={b}" for a, b in self.matched)

    def with_algorithm(self, algorithm: str | None) -> Energy:
        """The same energy, simulated by another algorithm; the theory does not depend on it."""
        new = copy(self)
        new.__dict__.pop("signature", None)
        new.algorithm = _known(algorithm)
        return new

    def derive(self):
        """The replica derivation of the theory: a Derivation, every step of it."""
        from theory.replica import derive

        self._no_matrix("replicas")
        self._no_given("replicas")
        if self.copies:
            what = f"{self.copies[0]}, a state of another draw, is beyond replicas"
            raise DerivationError(f"observable of {self.name}: {what}; use minimiser().derive() for a quadratic energy")
        return derive(self)

    def capacity(self, samples=None):
        """The derivation of the capacity: how many samples leave spherical states of zero energy, at the declared ansatz.

        ``samples`` is their dimension, where there are several. The theory has the declared parameters but their number, which is
        its ``capacity``. DerivationError where the phase is not SAT, or the last states are another limit, as Ising ones are.
        """
        from theory.replica.capacity_tree import derive_capacity

        return derive_capacity(self, samples)

    def minimiser(self):
        """The observables at the minimum of a quadratic energy, as an :class:`Expression` in its random matrices."""
        from theory.declaration.expression import minimiser

        self._no_matrix("minimiser")
        return minimiser(self)

    def flow(self, rate=1, momentum=0, decay=0):
        """Gradient flow dw/dt = -rate dE/dw - decay w of every state, as a :class:`Step` with the same observables.

        Matrices among the states make it backpropagation: each learns from its draw by outer products.
        """
        from theory.declaration.flows import flow

        self._no_given("flow")
        return flow(self, rate, momentum, decay)

    def _no_matrix(self, what: str) -> None:
        for state in self.over:
            if not isinstance(state, Vec):
                refuse(f"{what} of {self.name}", f"the matrix {state} among its states", "such an energy has a flow() only")

    def _no_given(self, what: str) -> None:
        given = [leaf for leaf in leaves(self.energy) if leaf.kind == "deterministic"]
        if given:
            refuse(f"{what} of {self.name}", f"the given matrix {given[0]} in the energy",
                   "a quadratic energy with one has a minimiser(); use Diag of a spectrum otherwise")

    def _repr_latex_(self) -> str:
        return f"$\\displaystyle {self.latex()}$"

    def latex(self) -> str:
        """The energy as mathematics."""
        names = ", ".join(sp.latex(sp.Symbol(leaf.name)) for leaf in self.states)
        return rf"E\left({names}\right) = {sp.latex(self.energy)}"


def _known(algorithm) -> str | None:
    if algorithm is not None and algorithm not in ALGORITHMS:
        refuse("algorithm", repr(algorithm), f"take one of {', '.join(ALGORITHMS)} or None")
    return algorithm


def _state(value) -> Leaf:
    if getattr(value, "transposed", None) is False and value.leaf.kind == "gaussian":
        return value.leaf
    if not isinstance(value, Vec) or value.leaf.kind != "state":
        refuse("over", value, "an energy acts on what State(name, dim) returned")
    return value.leaf


def _by_state(name: str, given, states, example: str, repair: str) -> dict:
    """What is given for states of the energy, by leaf."""
    if given is not None and not isinstance(given, dict):
        refuse(name, repr(given), f"pass a mapping such as {example}")
    found = {_state(key): value for key, value in (given or {}).items()}
    for leaf in found:
        if leaf not in states:
            refuse(name, leaf, repair)
    return found


def _begun(start, states) -> dict[Leaf, Vec]:
    """Where a simulation begins, by state."""
    found = _by_state("start", start, states, "{s: xi}", "begin with a state of the energy")
    for leaf, value in found.items():
        if not isinstance(value, Vec) or value.dim != leaf.dim or set(leaves(value)) & set(states):
            refuse(f"start of {leaf}", value, f"pass a vector over {leaf.dim} that holds no state")
    return found


def _exchangeable(nishimori, states, energy) -> dict[Leaf, Vec]:
    """By state, the vector of its law."""
    found = _by_state("nishimori", nishimori, states, "{w: w0}", "name a state of the energy")
    for leaf, value in found.items():
        found[leaf] = value if isinstance(value, Vec) else Vec(leaf.dim, scalar(value, f"nishimori of {leaf}"))
        if found[leaf].dim != leaf.dim or set(leaves(found[leaf])) & set(states):
            refuse(f"nishimori of {leaf}", value, f"pass a vector over {leaf.dim} that holds no state")
        if not set(leaves(found[leaf])) <= set(leaves(energy)):
            refuse(f"nishimori of {leaf}", value, "the energy does not depend on it; name the target that made the data")
    return found
