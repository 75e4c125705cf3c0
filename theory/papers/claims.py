"""Claims of a paper: what it states, in its own symbols, and where that holds. One class per kind; it is judged elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass, field
from typing import Any, ClassVar

import sympy as sp


class LogSlope(sp.Expr):
    """Asymptotic exponent of a quantity: d ln(quantity) / d ln(size) for an infinite size, ``LogSlope(E_g, P)``."""

    is_commutative = True

    def _latex(self, printer) -> str:
        quantity, size = (printer._print(argument) for argument in self.args)
        return rf"\lim_{{{size} \to \infty}} \frac{{\mathrm{{d}} \ln {quantity}}}{{\mathrm{{d}} \ln {size}}}"


class Simulated(sp.Expr):
    """Mean of an observable over simulations of the declared model: ``Simulated(E_g)``."""

    is_commutative = True

    def _latex(self, printer) -> str:
        return rf"\overline{{{printer._print(self.args[0])}}}"


@dataclass(frozen=True)
class Claim:
    """A relation in the paper's symbols, with the place where it holds in words.

    ``symbols``: symbols that this claim alone uses, mapped like those of the paper. ``given``: parameters of the model fixed by
    formulas in its names and in auxiliary symbols (M is the number of modes). ``at``: values of the auxiliary symbols.
    ``ranges``, ``modes`` (numbers of modes) and ``condition`` (in the paper's symbols) bound the random points of judgement.
    ``fails`` documents a claim that is known not to hold. ``full``: takes long, judged on request. ``model``: a model other than
    the paper's first one, made with ``options``. ``source``: the reference, by its key, where it is not the paper itself.
    ``transformed``: of a linear dynamics at two frequencies z and other_z, where quantities are transforms.
    """

    name: str
    statement: sp.Basic
    where: str
    _: KW_ONLY
    symbols: Mapping[sp.Basic, str] = field(default_factory=dict)
    given: Mapping[str, str] = field(default_factory=dict)
    at: Mapping[sp.Symbol, Any] = field(default_factory=dict)
    ranges: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    modes: tuple[int, ...] = (1, 2, 3, 5, 8)
    condition: sp.Basic = sp.true
    fails: str = ""
    full: bool = False
    model: str = ""
    transformed: bool = False
    options: Mapping[str, Any] = field(default_factory=dict)
    source: str = ""
    kind: ClassVar[str] = ""


@dataclass(frozen=True)
class Identity(Claim):
    """Both sides are equal on every solution of the derived equations."""

    kind = "identity"


@dataclass(frozen=True)
class FixedPoint(Claim):
    """An equation for ``unknown``, a symbol of the paper: the derived solution satisfies it, and no other value does."""

    _: KW_ONLY
    unknown: sp.Symbol
    kind = "fixed point"


@dataclass(frozen=True)
class ClosedForm(Claim):
    """An explicit formula. With ``conditions``, it holds where they do, and they are solved for the parameters ``solve_for``.

    ``solve_for`` maps each of these parameters to the interval that is searched.
    """

    _: KW_ONLY
    conditions: tuple[sp.Basic, ...] = ()
    solve_for: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    kind = "closed form"


@dataclass(frozen=True)
class Limit(Claim):
    """The ratio of both sides tends to 1 when the auxiliary ``small`` does to 0, with a relative error of order ``small**rate``.

    ``levels`` replaces the modes by degenerate levels: pairs of a multiplicity and the level's parameters, in terms of ``small``.
    """

    _: KW_ONLY
    small: sp.Symbol
    rate: sp.Expr = sp.S.One
    levels: tuple[tuple[str, Mapping[str, str]], ...] = ()
    kind = "limit"


@dataclass(frozen=True)
class Exponent(Claim):
    """``LogSlope(...) = exponent`` for infinite power-law arrays k^-a; ``cases`` are values of the exponents."""

    _: KW_ONLY
    power_laws: Mapping[str, sp.Symbol] = field(default_factory=dict)
    cases: tuple[Mapping[sp.Symbol, Any], ...] = ()
    sizes: tuple[float, float] = (1e3, 1e8)
    kind = "exponent"


@dataclass(frozen=True)
class Inequality(Claim):
    """A strict or weak inequality at every point."""

    kind = "inequality"


@dataclass(frozen=True)
class PointSet:
    """Kernel regression on ``count`` random points x of the unit sphere in ``dimension`` dimensions, fixed by ``seed``.

    ``kernel`` is a formula in the inner product t; ``target`` and the weights ``train`` and ``test`` of the points (up to a factor)
    are formulas in the coordinates x1, x2, ... It takes the place of the Gaussian matrix ``matrix``.
    """

    matrix: str
    dimension: int
    count: int
    kernel: str
    target: str
    train: str = "1"
    test: str = "1"
    seed: int = 0


@dataclass(frozen=True)
class Simulation(Claim):
    """``Simulated(observable) = formula``, at mode replication 1, 2, 4: the difference falls like 1/r.

    ``parameters`` are the values of the model's parameters: numbers, tuples, or formulas in the mode number k = 1..M. ``bound`` is
    the relative finite-size error allowed at replication 1. ``circle`` puts Fourier features of random points of the circle in the
    place of Gaussian matrices, by name: their frequencies, positive for cosines and negative for sines. ``points`` gives
    eigenvalues, target and overlap by a kernel on a finite set, from which training samples are drawn.
    """

    _: KW_ONLY
    parameters: Mapping[str, Any] = field(default_factory=dict)
    trials: int = 3000
    replicates: tuple[int, ...] = (1, 2, 4)
    bound: float = 0.15
    circle: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    points: PointSet | None = None
    kind = "simulation"
