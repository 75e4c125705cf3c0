"""What every law can do: the calculus in operators, transforms, moments, and its Green's function."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import sympy as sp

from theory.declaration.checks import refuse, scalar
from theory.errors import DerivationError
from theory.free.series import cumulants_of, moments_of

if TYPE_CHECKING:
    from theory.free.system import System
    from theory.spectral import GreenFunction

MOST = 12
"""The highest moment that is expanded."""


class Point(NamedTuple):
    """At some w: ``h`` = Tr (A + w)⁻¹ / size, the degrees of freedom ``t`` = 1 - w h, and ``rho`` = t/h, that is 1/h = w + ρ."""

    rho: sp.Expr
    h: sp.Expr
    t: sp.Expr


class Law:
    """A law of real eigenvalues, of matrices that are in general position to each other (free).

    ``a + b`` is the law of a sum, ``a @ b`` of a product A^½ B A^½, ``c * a`` of a multiple, ``a + c`` of a shift, all of them for
    laws of one size. ``solvers.density`` takes a law. Parameters are SymPy symbols, and get their values there.
    """

    __array_ufunc__ = None

    # What a kind of law tells about itself.

    parts: tuple[Law, ...] = ()
    nonnegative: bool = False
    """Whether no eigenvalue is negative, as far as is known from the symbols."""
    explicit: bool = False
    """Whether h is an explicit function of w."""

    def cumulants(self, n: int) -> list[sp.Expr]:
        """κ₁ … κₙ."""
        return cumulants_of(self.moments(n))

    def rational_r(self, g: sp.Expr) -> sp.Expr | None:
        """The R-transform where it is a rational function."""
        return None

    def rational_s(self, w: sp.Expr) -> sp.Expr | None:
        """The S-transform where it is a rational function."""
        return None

    def at(self, above: sp.Expr, below: sp.Expr, system: System) -> Point:
        """The law at w = above/below, in unknowns that are entered into ``system``.

        The ratio is kept apart so that w = 0 and w = ∞ are no exceptions: 0 is a good start of every unknown.
        """
        raise NotImplementedError

    @property
    def null(self) -> sp.Expr | None:
        """The mass at zero, None where it is not known beforehand."""
        return None

    def conditions(self) -> Iterator[tuple[sp.Expr, str]]:
        """What must not be negative, and how to say so where it is."""
        for part in self.parts:
            yield from part.conditions()

    @property
    def symbols(self) -> frozenset[sp.Symbol]:
        """Symbols of the declaration that need values."""
        return frozenset().union(*(part.symbols for part in self.parts))

    def _latex(self, printer: Any) -> str:
        raise NotImplementedError

    # The calculus.

    def __add__(self, other: Any) -> Law:
        from theory.free.operations import added

        return added(self, as_law(other, "+"))

    def __radd__(self, other: Any) -> Law:
        from theory.free.operations import added

        return added(as_law(other, "+"), self)

    def __sub__(self, other: Any) -> Law:
        return self + (-1) * as_law(other, "-")

    def __rsub__(self, other: Any) -> Law:
        return as_law(other, "-") + (-1) * self

    def __neg__(self) -> Law:
        return (-1) * self

    def __mul__(self, factor: Any) -> Law:
        from theory.free.operations import scaled

        if isinstance(factor, Law):
            refuse(f"{self} * {factor}", "two laws", "a product of matrices is written @")
        return scaled(self, scalar(factor, f"factor of {self}"))

    __rmul__ = __mul__

    def __truediv__(self, divisor: Any) -> Law:
        return self * (1 / scalar(divisor, f"divisor of {self}"))

    def __matmul__(self, other: Any) -> Law:
        from theory.free.operations import multiplied

        if not isinstance(other, Law):
            refuse(f"{self} @ {other}", f"a {type(other).__name__}", "multiply by a number with *, and laws with laws")
        return multiplied(self, other)

    def compressed(self, share: Any) -> Law:
        """The law of the corner of size ``share`` (0 to 1) of a matrix in general position: R(g) becomes R(share · g)."""
        from theory.free.corners import compressed

        return compressed(self, share)

    def projected(self, share: Any) -> Law:
        """The law of P A P for a projector P of rank ``share`` times the size, zeros included."""
        return self.compressed(share).embedded(share)

    def embedded(self, ratio: Any) -> Law:
        """The law with zeros added, or taken away: of ``B A`` from that of ``A B``, where AB has ``ratio`` times as many rows."""
        from theory.free.corners import embedded

        return embedded(self, ratio)

    def free_power(self, times: Any) -> Law:
        """The law of a sum of ``times`` >= 1 independent copies, a fraction too: R becomes times · R."""
        from theory.free.corners import free_power

        return free_power(self, times)

    @property
    def inverse(self) -> Law:
        """The law of A⁻¹, where the S-transform is rational and no eigenvalue vanishes: S(w) becomes 1/S(-1-w)."""
        from theory.free.operations import Inverse

        return Inverse(self)

    # What is asked of it.

    def moments(self, n: int) -> list[sp.Expr]:
        """The averages of the first n powers of the eigenvalue."""
        return moments_of(self.cumulants(checked(n)))

    def free_cumulants(self, n: int) -> list[sp.Expr]:
        """κ₁ … κₙ: R(g) = κ₁ + κ₂ g + …; those of a sum add."""
        return self.cumulants(checked(n))

    @property
    def mean(self) -> sp.Expr:
        return self.cumulants(1)[0]

    def R(self, g: Any) -> sp.Expr:
        """The R-transform at g; DerivationError where it is the root of an equation of higher than second degree."""
        from theory.free.algebraic import r_transform

        return r_transform(self, scalar(g, "argument of R"))

    def S(self, w: Any) -> sp.Expr:
        """The S-transform at w; DerivationError for a law of mean zero, which has none, and beyond equations of second degree."""
        from theory.free.algebraic import s_transform

        return s_transform(self, scalar(w, "argument of S"))

    @property
    def polynomial(self) -> sp.Expr:
        """A polynomial in G and z that vanishes at the Green's function G(z) = Tr (z - A)⁻¹ / size."""
        from theory.free.algebraic import polynomial

        return polynomial(self)

    def green_function(self) -> GreenFunction:
        """The closed equations of h = Tr (A + w)⁻¹ / size = -G(-w), with their unknowns: what a density is computed from."""
        from theory.free.system import green_function

        return green_function(self)

    def _repr_latex_(self) -> str:
        return rf"$\displaystyle {sp.latex(self)}$"


def as_law(value: Any, sign: str) -> Law:
    """A number as the law of a multiple of the identity."""
    from theory.free.leaves import Atoms

    return value if isinstance(value, Law) else Atoms(((scalar(value, f"number beside {sign}"), sp.S.One),))


def checked(n: Any) -> int:
    if isinstance(n, bool) or not isinstance(n, int) or not 1 <= n <= MOST:
        refuse("number of moments", repr(n), f"pass 1 to {MOST}; averages of a density go further")
    return n


def beyond(law: Law, what: str, why: str) -> DerivationError:
    """The error for a transform that has no closed form."""
    return DerivationError(f"{what} of {law}: {why}; its equations are green_function()")


def wrapped(law: Law, printer: Any) -> str:
    """LaTeX of a law inside another one."""
    from theory.free.leaves import Atoms

    text = law._latex(printer)
    single = not law.parts and not (isinstance(law, Atoms) and len(law.masses) > 1)
    return text if single else rf"\left({text}\right)"


def inside(law: Law) -> str:
    """The text of a law inside another one."""
    return f"({law})" if law.parts else str(law)
