"""The replica-symmetric ansatz and its zero-temperature scaling: declared, shown in the derivation, and replaceable there."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import sympy as sp

from theory.replica.hierarchy import Hierarchical
from theory.replica.verdicts import free_name


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


def replica_symmetric(label: str, taken: Collection[str] = ()) -> OrderParameter:
    """RS order parameter of the channel called ``label`` (empty for the only one), of names that are not ``taken``."""
    tail = f"_{label}" if label else ""
    names = ("c", "q", "chat", "qhat", "chi", "chat0", "qhat0")
    signs = {name: {"real": True} if "qhat" in name else {"positive": True} for name in names}
    c, q, c_hat, q_hat, chi, c_0, q_0 = (sp.Symbol(free_name(f"{name}{tail}", taken), **signs[name]) for name in names)
    scaled = {c: (chi, -1), q: (q, 0), c_hat: (c_0, 1), q_hat: (q_0, 2)}
    return OrderParameter(Hierarchical([c, q]), Hierarchical([c_hat, q_hat]), scaled)


@dataclass(frozen=True)
class Overlaps:
    """RS order parameters of one bilinear form of samples that need not be quadratic, each beside its conjugate.

    ``width`` is c, or χ at zero temperature, and ``overlap`` q, as in :class:`OrderParameter`; ``drive`` = −q̂ and ``stiffness`` = ĉ
    are conjugate to c and q. Width and stiffness are zero between states that do not fluctuate together. ``free`` says whether c
    and q are unknowns, and whether their conjugates are: a symmetry may write them in those of other forms.
    """

    width: sp.Expr
    overlap: sp.Expr
    drive: sp.Expr
    stiffness: sp.Expr
    free: tuple[bool, bool] = (True, True)

    @property
    def symbols(self) -> list[sp.Symbol]:
        own = ((self.width, self.overlap), (self.drive, self.stiffness))
        return [s for free, both in zip(self.free, own, strict=True) if free for s in both if isinstance(s, sp.Symbol)]


@dataclass(frozen=True)
class Mixed:
    """RS order parameter of one linear form, the overlap with a teacher or the mean of a field, and its conjugate m̂."""

    value: sp.Expr
    pull: sp.Expr
    free: tuple[bool, bool] = (True, True)
    """Whether m and m̂ are unknowns, as in :class:`Overlaps`."""

    @property
    def symbols(self) -> list[sp.Symbol]:
        pairs = zip(self.free, (self.value, self.pull), strict=True)
        return [s for free, s in pairs if free and isinstance(s, sp.Symbol)]


def overlaps(label: str, cold: bool, together: bool, itself: bool) -> Overlaps:
    """RS order parameters of the bilinear form called ``label``, of a field with ``itself`` or of fields that fluctuate
    ``together``."""
    tail = f"_{label}" if label else ""
    sign = {"positive": True} if itself else {"real": True}
    width, overlap, drive = (sp.Symbol(f"{name}{tail}", **sign) for name in ("chi" if cold else "c", "q", "qhat"))
    stiffness = sp.Symbol(f"chat{tail}", real=True)
    return Overlaps(width if together else sp.S.Zero, overlap, drive, stiffness if together else sp.S.Zero)


def mixed(label: str) -> Mixed:
    """RS order parameter of the linear form called ``label``."""
    tail = f"_{label}" if label else ""
    return Mixed(sp.Symbol(f"m{tail}", real=True), sp.Symbol(f"mhat{tail}", real=True))
