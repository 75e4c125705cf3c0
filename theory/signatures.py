"""Digests of mathematics that are equal in every process."""

from __future__ import annotations

from functools import lru_cache
from hashlib import sha256

import sympy as sp


def signature(*parts: object) -> str:
    """SHA-256 of names and expressions; SymPy's structural text does not depend on hash seeds.

    >>> x, y = sp.symbols("x y")
    >>> signature(x + y) == signature(y + x)
    True
    """
    texts = [_text(part) if isinstance(part, sp.Basic) else str(part) for part in parts]
    return sha256("\n".join(texts).encode()).hexdigest()


@lru_cache(maxsize=4096)
def _text(part: sp.Basic) -> str:
    """Every sweep says what it solved: the text is written once."""
    return sp.srepr(part)
