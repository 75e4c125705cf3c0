"""Names as mathematics: ``a2`` is a squared, ``E_train`` has an upright index, ``mode_errors`` is a word."""

from __future__ import annotations

import sympy as sp


def squared(name: str) -> str | None:
    """``"a"`` for ``"a2"``: data whose name ends in 2 are squares; None for other names.

    >>> squared("a2"), squared("eta"), squared("w2x")
    ('a', None, None)
    """
    return name[:-1] if len(name) > 1 and name.endswith("2") and name[:-1].isalpha() else None


def subscript(text: str, index: str) -> str:
    r"""One more index on a LaTeX symbol.

    >>> print(subscript("w_{0}", "m"), subscript("w", "m"))
    w_{0,m} w_{m}
    """
    if not index:
        return text
    if "_{" in text and text.endswith("}"):
        return f"{text[:-1]},{index}}}"
    return f"{text}_{{{index}}}"


def label(name: str) -> str:
    r"""LaTeX of the public name of an observable or parameter.

    >>> print(label("E_g"), label("E_train"), label("mode_errors"), label("kappa"))
    E_{g} E_{\mathrm{train}} \mathrm{mode\ errors} \kappa
    """
    head, _, tail = name.partition("_")
    plain = sp.latex(sp.Symbol(head))
    if not tail:
        return plain if len(head) == 1 or plain.startswith("\\") else rf"\mathrm{{{head}}}"
    if len(head) == 1 and "_" not in tail:
        return rf"{plain}_{{{tail}}}" if len(tail) == 1 else rf"{plain}_{{\mathrm{{{tail}}}}}"
    words = name.replace("_", r"\ ")
    return rf"\mathrm{{{words}}}"
