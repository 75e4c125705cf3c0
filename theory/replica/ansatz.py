"""The replica-symmetric ansatz and its zero-temperature scaling: declared, shown in the derivation, and replaceable there."""

from __future__ import annotations

from dataclasses import dataclass

import sympy as sp

from theory.replica.hierarchy import Hierarchical


@dataclass(frozen=True)
class OrderParameter:
    """Overlap of one channel, Q_ab = c δ_ab + q, and its conjugate.

    At zero temperature the replicas of an unsatisfiable energy close up: c = χ/β, with ĉ = β ĉ₀ and q̂ = β² q̂₀.
    """

    overlap: Hierarchical
    conjugate: Hierarchical
    scaled: dict[sp.Symbol, tuple[sp.Symbol, int]]
    """Symbol at finite temperature -> its symbol at zero temperature and the power of β in front of it."""

    @property
    def symbols(self) -> list[sp.Symbol]:
        """The saddle is stationary in these."""
        return [s for matrix in (self.overlap, self.conjugate) for s in matrix.coefficients if s.is_Symbol]


def replica_symmetric(label: str) -> OrderParameter:
    """RS order parameter of the channel called ``label`` (empty for the only one)."""
    tail = f"_{label}" if label else ""
    names = ("c", "q", "chat", "qhat", "chi", "chat0", "qhat0")
    signs = {name: {"real": True} if "qhat" in name else {"positive": True} for name in names}
    c, q, c_hat, q_hat, chi, c_0, q_0 = (sp.Symbol(f"{name}{tail}", **signs[name]) for name in names)
    scaled = {c: (chi, -1), q: (q, 0), c_hat: (c_0, 1), q_hat: (q_0, 2)}
    return OrderParameter(Hierarchical([c, q]), Hierarchical([c_hat, q_hat]), scaled)


@dataclass(frozen=True)
class Overlaps:
    """RS order parameters of samples that need not be quadratic, each beside its conjugate.

    ``width`` is c, or χ at zero temperature, and ``overlap`` q, as in :class:`OrderParameter`; ``mixed`` is m, the overlap with a
    teacher (None without one). ``drive`` = −q̂, ``stiffness`` = ĉ and ``pull`` = m̂ are conjugate to c, q and m.
    """

    width: sp.Symbol
    overlap: sp.Symbol
    mixed: sp.Symbol | None
    drive: sp.Symbol
    stiffness: sp.Symbol
    pull: sp.Symbol | None


def overlaps(label: str, cold: bool, teacher: bool) -> Overlaps:
    """RS order parameters of the samples called ``label`` (empty for the only ones)."""
    tail = f"_{label}" if label else ""
    width, overlap, drive = (sp.Symbol(f"{name}{tail}", positive=True) for name in ("chi" if cold else "c", "q", "qhat"))
    mixed, pull, stiffness = (sp.Symbol(f"{name}{tail}", real=True) for name in ("m", "mhat", "chat"))
    return Overlaps(width, overlap, mixed if teacher else None, drive, stiffness, pull if teacher else None)
