"""The laws that others are made of: Marchenko and Pastur's, the semicircle, atoms, and per-mode data."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import sympy as sp

from theory.averages import ModeSum
from theory.declaration.dimensions import Dim, Spectrum
from theory.free.law import Law, Point
from theory.free.series import tidied
from theory.modes import ModeArray, ModeIndex
from theory.replica.data import array_of, plain
from theory.special import Support
from theory.symbols import size


@dataclass(frozen=True)
class MarchenkoPastur(Law):
    ratio: sp.Expr
    nonnegative = True

    def cumulants(self, n: int) -> list[sp.Expr]:
        return [plain(self.ratio) ** k for k in range(n)]

    def rational_r(self, g: sp.Expr) -> sp.Expr:
        return 1 / (1 - plain(self.ratio) * g)

    def rational_s(self, w: sp.Expr) -> sp.Expr:
        return 1 / (1 + plain(self.ratio) * w)

    def at(self, above, below, system):
        return free_sum(self, above, below, system)

    @property
    def null(self) -> sp.Expr:
        return sp.Max(0, 1 - 1 / plain(self.ratio))

    @property
    def symbols(self) -> frozenset[sp.Symbol]:
        return frozenset(self.ratio.free_symbols)

    def __str__(self) -> str:
        return f"marchenko_pastur({self.ratio})"

    def _latex(self, printer: Any) -> str:
        return rf"\mathrm{{MP}}_{{{printer._print(self.ratio)}}}"


@dataclass(frozen=True)
class Semicircle(Law):
    variance: sp.Expr

    def cumulants(self, n: int) -> list[sp.Expr]:
        return [plain(self.variance) if k == 1 else sp.S.Zero for k in range(n)]

    def rational_r(self, g: sp.Expr) -> sp.Expr:
        return plain(self.variance) * g

    def at(self, above, below, system):
        return free_sum(self, above, below, system)

    @property
    def null(self) -> sp.Expr:
        return sp.S.Zero

    @property
    def symbols(self) -> frozenset[sp.Symbol]:
        return frozenset(self.variance.free_symbols)

    def __str__(self) -> str:
        return f"semicircle({self.variance})"

    def _latex(self, printer: Any) -> str:
        return rf"\mathrm{{SC}}_{{{printer._print(self.variance)}}}"


@dataclass(frozen=True)
class Atoms(Law):
    """``masses`` are (position, mass)."""

    masses: tuple[tuple[sp.Expr, sp.Expr], ...]
    explicit = True

    @property
    def nonnegative(self) -> bool:
        return all(plain(x).is_nonnegative for x, _ in self.masses)

    def moments(self, n: int) -> list[sp.Expr]:
        return [tidied(sp.Add(*[plain(m * x**k) for x, m in self.masses])) for k in range(1, n + 1)]

    def rational_r(self, g: sp.Expr) -> sp.Expr | None:
        return plain(self.masses[0][0]) if len(self.masses) == 1 else None

    def rational_s(self, w: sp.Expr) -> sp.Expr | None:
        """1/x for one atom at x; (1 + w)/(c + w)/x where a share 1 - c vanishes."""
        others = [(plain(x), plain(m)) for x, m in self.masses if x != 0]
        if len(others) != 1 or not others[0][0].is_nonzero:
            return None
        (x, c), = others
        return 1 / x if len(self.masses) == 1 else (1 + w) / (c + w) / x

    def at(self, above, below, system):
        entries = [(plain(x), plain(m)) for x, m in self.masses]
        h, t = (sp.Add(*[m * x**k / (above + below * x) for x, m in entries]) for k in (0, 1))
        return Point(entries[0][0] if len(entries) == 1 else t / h, below * h, below * t)

    @property
    def null(self) -> sp.Expr | None:
        known = all(x == 0 or plain(x).is_nonzero for x, _ in self.masses)
        return sp.Add(*[plain(m) for x, m in self.masses if x == 0]) if known else None

    def conditions(self) -> Iterator[tuple[sp.Expr, str]]:
        for x, m in self.masses:
            if not m.is_nonnegative:
                yield plain(m), f"the mass {m} at {x} is negative; masses are shares, give values between 0 and 1"

    @property
    def symbols(self) -> frozenset[sp.Symbol]:
        return frozenset().union(*(x.free_symbols | m.free_symbols for x, m in self.masses))

    def __str__(self) -> str:
        return f"atoms({{{', '.join(f'{x}: {m}' for x, m in self.masses)}}})"

    def _latex(self, printer: Any) -> str:
        terms = [(printer.parenthesize(m, 50) if m != 1 else "", printer._print(x)) for x, m in self.masses]
        return " + ".join(rf"{m} \delta_{{{x}}}".strip() for m, x in terms)


@dataclass(frozen=True)
class Values(Law):
    """The law of per-mode data: a spectrum, or given values over a dimension."""

    symbol: sp.Symbol
    dim: Dim
    explicit = True

    @property
    def array(self) -> ModeArray:
        return array_of(self.symbol)

    @property
    def nonnegative(self) -> bool:
        return bool(self.array.is_nonnegative)

    def _mean(self, function: Any) -> sp.Expr:
        index = ModeIndex(self.dim.name, "k")
        return ModeSum(function(self.array[index]), index) / size(self.dim.name)

    def moments(self, n: int) -> list[sp.Expr]:
        return [self._mean(lambda x, k=k: x**k) for k in range(1, n + 1)]

    def at(self, above, below, system):
        h, t = (self._mean(lambda x, k=k: x**k / (above + below * x)) for k in (0, 1))
        return Point(t / h, below * h, below * t)

    @property
    def null(self) -> sp.Expr:
        return 1 - self._mean(lambda x: Support(x**2))

    @property
    def symbols(self) -> frozenset[sp.Symbol]:
        return frozenset({self.symbol})

    def __str__(self) -> str:
        return f"{'spectrum' if isinstance(self.symbol, Spectrum) else 'empirical'}({self.symbol.name})"

    def _latex(self, printer: Any) -> str:
        return rf"\mu_{{{printer._print(sp.Symbol(self.symbol.name))}}}"


def free_sum(law: Law, above: sp.Expr, below: sp.Expr, system: Any) -> Point:
    """A law of rational R by itself."""
    from theory.free.subordination import of_sum

    return of_sum([law], above, below, system)
