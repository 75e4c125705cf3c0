"""Digests of mathematics that are equal in every process."""

from __future__ import annotations

from hashlib import sha256

import sympy as sp


def signature(*parts: object) -> str:
    """SHA-256 of names and expressions; SymPy's structural text does not depend on hash seeds.

    >>> x, y = sp.symbols("x y")
    >>> signature(x + y) == signature(y + x)
    True
    """
    texts = [sp.srepr(part) if isinstance(part, sp.Basic) else str(part) for part in parts]
    return sha256("\n".join(texts).encode()).hexdigest()
