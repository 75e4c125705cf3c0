"""Per-mode data of a dimension: arrays such as the spectrum eta, their entries eta[k], and the index k."""

from __future__ import annotations

from itertools import count

import sympy as sp
from sympy.printing.precedence import PRECEDENCE

from theory.labels import subscript

_serial = count()


class ModeIndex(sp.Symbol):
    """A free index that runs over the modes of a dimension."""

    __slots__ = ("dimension", "serial")

    def __new__(cls, dimension: str, name: str = "r") -> ModeIndex:
        return cls._made(dimension, name, 0)

    @classmethod
    def _made(cls, dimension: str, name: str, serial: int) -> ModeIndex:
        new = sp.Symbol.__xnew__(cls, name, integer=True)
        new.dimension, new.serial = str(dimension), serial
        return new

    @classmethod
    def dummy(cls, dimension: str) -> ModeIndex:
        """An index unequal to every other one."""
        return cls._made(dimension, "_r", 1 + next(_serial))

    def _hashable_content(self):
        return (*super()._hashable_content(), self.dimension, self.serial)

    def __reduce_ex__(self, protocol):
        return ModeIndex._made, (self.dimension, self.name, self.serial)


class ModeArray(sp.Symbol):
    """Data with one entry per mode (or per pair of modes, ``rank=2``): ``eta[k]``; real unless assumed otherwise."""

    __slots__ = ("rank", "latex_entry")
    _iterable = False  # it has entries, but is no sequence for SymPy or for iter()
    __iter__ = None

    def __new__(cls, name: str, rank: int = 1, latex_entry: str | None = None, **assumptions) -> ModeArray:
        assumptions.setdefault("real", True)
        new = sp.Symbol.__xnew__(cls, name, **assumptions)
        new.rank, new.latex_entry = rank, latex_entry
        return new

    def __getitem__(self, indices) -> ModeValue:
        return ModeValue(self, *(indices if isinstance(indices, tuple) else (indices,)))

    def _hashable_content(self):
        return (*super()._hashable_content(), self.rank, self.latex_entry or "")

    def __reduce_ex__(self, protocol):
        return _array, (self.name, self.rank, self.latex_entry, dict(self._assumptions_orig))


def _array(name, rank, latex_entry, assumptions):
    return ModeArray(name, rank, latex_entry, **assumptions)


class ModeValue(sp.Expr):
    """The entry of a :class:`ModeArray` at a mode."""

    is_commutative = True
    _diff_wrt = True
    is_symbol = True  # or SymPy would differentiate by a dummy in its place, which no sum over modes runs through

    def __new__(cls, array: ModeArray, *indices):
        if len(indices) != array.rank:
            raise IndexError(f"{array}: {len(indices)} indices, give {array.rank}")
        return sp.Expr.__new__(cls, array, *indices)

    array = property(lambda self: self.args[0])
    indices = property(lambda self: self.args[1:])

    def _eval_derivative(self, symbol):
        if isinstance(symbol, ModeValue) and len(symbol.indices) > 1:
            raise TypeError(f"derivative by {symbol}: entries of matrices are not differentiated by; use a sum of its own")
        return sp.S.One if symbol == self else sp.S.Zero

    def _eval_is_real(self):
        return self.array.is_real

    def _eval_is_positive(self):
        return self.array.is_positive

    def _eval_is_nonnegative(self):
        return self.array.is_nonnegative

    @property
    def precedence(self) -> int:
        """For printers: an entry that is written as a square is put in brackets before a power."""
        return PRECEDENCE["Pow"] if self.array.latex_entry else PRECEDENCE["Atom"]

    def _latex(self, printer) -> str:
        index = "".join(printer._print(i) for i in self.indices)
        if self.array.latex_entry:
            return self.array.latex_entry.replace("#", index)
        return subscript(printer._print(sp.Symbol(self.array.name)), index)

    def _sympystr(self, printer) -> str:
        return f"{self.array.name}_{''.join(printer._print(i) for i in self.indices)}"
