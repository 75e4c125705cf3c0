"""Canonical text of declared mathematics: equal parts have equal text in every process."""

from __future__ import annotations

from functools import lru_cache
from hashlib import sha256

import sympy as sp


def canonical(part: object) -> str:
    """Text that is equal for equal parts, whatever the order, the process or the hash seed in which they were built.

    Parts of the language bring their own text or digest as ``key``; arguments of sums and products are sorted.
    """
    key = getattr(part, "key", None)
    if isinstance(key, str):
        return key
    if isinstance(part, (tuple, list)):
        return f"({','.join(map(canonical, part))})"
    if isinstance(part, sp.Dummy):
        return f"dummy:{part.name}:{part.dummy_index}"
    if isinstance(part, sp.Symbol):
        return _symbol(part)
    if isinstance(part, sp.Basic) and part.args:
        arguments = [canonical(argument) for argument in part.args]
        if isinstance(part, (sp.Add, sp.Mul)):
            arguments.sort()
        return f"{type(part).__name__}({','.join(arguments)})"
    return f"{type(part).__name__}:{part}"


@lru_cache(maxsize=4096)
def _symbol(part: sp.Symbol) -> str:
    known = ",".join(f"{name}={value}" for name, value in sorted(part.assumptions0.items()) if value is not None)
    return f"symbol:{part.name}[{known}]"


def digest(*parts: object) -> str:
    """SHA-256 of the canonical text of the parts, as hex."""
    return sha256("\n".join(canonical(part) for part in parts).encode()).hexdigest()
