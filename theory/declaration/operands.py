"""What vectors and matrices share: SymPy and NumPy leave operators to them, and what needs an index is refused."""

from __future__ import annotations

from theory.declaration.checks import NotAScalar, refuse


class Operand:
    """Base of vectors and matrices; ``kind`` names it in error messages, ``functions`` says how to apply a function."""

    __slots__ = ()
    kind = functions = ""
    _op_priority = 1000.0  # SymPy's operators leave a product such as sqrt(eta)*w to __rmul__
    __array_ufunc__ = None  # and so do NumPy's

    @property
    def __sympy__(self):
        raise NotAScalar(f"{self.kind} in a SymPy function: {self}; {self.functions}")

    def __getitem__(self, index):
        refuse(f"entry of a {self.kind}", f"{self}[{index!r}]", "indices are never written; use sum_over or a per-mode observable")

    def __iter__(self):
        refuse(f"loop over a {self.kind}", self, "indices are never written; use sum_over or Tr")

    def __float__(self):
        refuse(f"{self.kind} as a number", self, "reduce it with sum_over or Tr")

    def __bool__(self):
        refuse(f"{self.kind} as a truth value", self, "compare declarations with ==")

    def _compare(self, other):
        refuse(f"comparison of a {self.kind}", f"{self} with {other}", "an indicator is heaviside(v) of theory")

    __lt__ = __le__ = __gt__ = __ge__ = _compare

    def _reversed(self, other):
        refuse("product from the left", f"{other} @ {self}", "vectors multiply from the right: use A.T @ v")

    __rmatmul__ = _reversed
