"""Public parameters of a model: what a solver or a simulator must be given, with names, domains and shapes."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields, replace
from keyword import iskeyword
from numbers import Integral, Real

import sympy as sp

from theory.declaration.checks import RESERVED, identifier, refuse
from theory.declaration.dimensions import Dim, Spectrum
from theory.declaration.ensembles import symbol_of
from theory.declaration.keys import digest
from theory.declaration.sites import Leaf, Site
from theory.modes import ModeArray

GIVEN = frozenset({"quenched", "deterministic"})


@dataclass(frozen=True)
class Parameter:
    """A public name for a symbol of a declaration.

    ``symbol`` is a SymPy symbol, a Dim (its size), a Spectrum, or a Quenched vector or Deterministic matrix (its values);
    in a derived theory, the ModeArray that stands for them. The domain is [lower, upper], open below if ``lower_open``, above if
    ``upper_open``;
    ``limit_at_lower`` says that the lower end means the limit from above, as ridge = 0 means ridge -> 0+. ``default`` None:
    a value is required. ``ndim`` is 0 for a number, 1 for one value per mode of ``dimension``, 2 for a matrix; it follows
    from the symbol. DeclarationError on anything inconsistent.
    """

    name: str
    symbol: sp.Symbol
    meaning: str = ""
    lower: float | None = None
    upper: float | None = None
    lower_open: bool = False
    limit_at_lower: bool = False
    default: float | None = None
    ndim: int | None = None
    dimension: str | None = None
    integer: bool = False
    upper_open: bool = False

    def __post_init__(self) -> None:
        identifier(self.name, "parameter")
        symbol = symbol_of(self.symbol)
        if not isinstance(symbol, sp.Symbol) or (isinstance(symbol, Site) and not _given(symbol)):
            refuse(f"symbol of parameter {self.name}", repr(self.symbol), "pass a symbol, dimension or given vector")
        natural = _rank(symbol)
        if self.ndim not in (None, natural):
            refuse(f"ndim of parameter {self.name}", self.ndim, f"values of {symbol} have ndim {natural}")
        for end in ("lower", "upper", "default"):
            value = getattr(self, end)
            if value is not None and (not isinstance(value, Real) or isinstance(value, bool) or not math.isfinite(value)):
                refuse(f"{end} of parameter {self.name}", repr(value), "pass a finite number or None")
        for flag in ("lower_open", "upper_open", "limit_at_lower", "integer"):
            if not isinstance(getattr(self, flag), bool):
                refuse(f"{flag} of parameter {self.name}", repr(getattr(self, flag)), "pass True or False")
        if not isinstance(self.meaning, str):
            refuse(f"meaning of parameter {self.name}", repr(self.meaning), "pass text")
        if self.lower is None and (self.lower_open or self.limit_at_lower):
            refuse(f"lower end of parameter {self.name}", "None", "give lower= a number")
        if self.upper is None and self.upper_open:
            refuse(f"upper end of parameter {self.name}", "None", "give upper= a number")
        if self.lower_open and self.limit_at_lower:
            refuse(f"lower end of parameter {self.name}", "open and a limit", "the limit belongs to a closed end: lower_open=False")
        if None not in (self.lower, self.upper) and self.lower > self.upper:
            refuse(f"domain of parameter {self.name}", f"[{self.lower}, {self.upper}]", "lower must not exceed upper")
        for end in ("lower", "upper", "default"):
            value = getattr(self, end)
            if isinstance(value, Real) and not isinstance(value, Integral):
                object.__setattr__(self, end, float(value))
        object.__setattr__(self, "symbol", symbol)
        object.__setattr__(self, "ndim", natural)
        if isinstance(symbol, Site) and self.dimension is None:
            object.__setattr__(self, "dimension", symbol.node.dims[0].name)
        if self.default is not None and not self.contains(self.default):
            refuse(f"default of parameter {self.name}", self.default, f"the domain is {self.domain}")

    def contains(self, value: float) -> bool:
        """Whether a number lies in the domain."""
        below = self.lower is not None and (value <= self.lower if self.lower_open else value < self.lower)
        above = self.upper is not None and (value >= self.upper if self.upper_open else value > self.upper)
        return not below and not above and not (self.integer and value != int(value))

    @property
    def domain(self) -> str:
        """The domain in words: ``"ridge >= 0"``."""
        low, high = self.lower, self.upper
        less = "<" if self.lower_open else "<="
        if low is None and high is None:
            text = f"{self.name} real"
        elif high is None:
            text = f"{self.name} {'>' if self.lower_open else '>='} {low}"
        else:
            more = "<" if self.upper_open else "<="
            text = f"{self.name} {more} {high}" if low is None else f"{low} {less} {self.name} {more} {high}"
        return text + ", integer" * self.integer

    @property
    def key(self) -> str:
        others = [str(getattr(self, field.name)) for field in fields(self) if field.name != "symbol"]
        return digest("parameter", self.symbol, *others)


def _given(symbol: Site) -> bool:
    return isinstance(symbol.node, Leaf) and symbol.node.kind in GIVEN


def _rank(symbol: sp.Symbol) -> int:
    if isinstance(symbol, ModeArray):
        return symbol.rank
    return 1 if isinstance(symbol, Spectrum) else len(symbol.node.dims) if isinstance(symbol, Site) else 0


def inferred(symbol: sp.Symbol, dims: tuple[Dim, ...]) -> Parameter:
    """The parameter that a symbol becomes when the declaration does not name one: its domain follows from its assumptions."""
    if isinstance(symbol, Site):
        kind = "given matrix" if symbol.node.kind == "deterministic" else "given values"
        return Parameter(symbol.name, symbol, f"{kind} {symbol.name} over {' x '.join(d.name for d in symbol.node.dims)}")
    if isinstance(symbol, Dim):
        return Parameter(symbol.name, symbol, f"size of {symbol.name}", lower=0, lower_open=True)
    if isinstance(symbol, Spectrum):
        home = next(d for d in dims if symbol in d.spectra)
        return Parameter(symbol.name, symbol, f"{symbol.name} of each mode of {home.name}", lower=0, dimension=home.name)
    positive, nonnegative = bool(symbol.is_positive), bool(symbol.is_nonnegative)
    return Parameter(
        public_name(symbol), symbol, f"{symbol.name}", lower=0 if nonnegative else None, lower_open=positive,
        upper=0 if symbol.is_nonpositive else None, integer=bool(symbol.is_integer),
    )


def public_name(symbol: sp.Symbol) -> str:
    """An identifier for a symbol: ``sigma^2`` is ``sigma2``, ``lambda`` is ``lambda_``."""
    name = "".join(c for c in symbol.name if c.isalnum() or c == "_").lstrip("_")
    if not name.isidentifier():
        refuse("symbol without a public name", repr(symbol.name), "name it with parameters=[Parameter(name, symbol, ...)]")
    return f"{name}_" if iskeyword(name) or name in RESERVED else name


def placed(parameter: Parameter, dims: tuple[Dim, ...]) -> Parameter:
    """The parameter of a spectrum with the dimension that the spectrum lives on."""
    if not isinstance(parameter.symbol, Spectrum):
        return parameter
    home = next(d.name for d in dims if parameter.symbol in d.spectra)
    if parameter.dimension not in (None, home):
        refuse(f"dimension of parameter {parameter.name}", parameter.dimension, f"{parameter.symbol} lives on {home}")
    return replace(parameter, dimension=home)
