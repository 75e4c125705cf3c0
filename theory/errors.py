"""The exceptions of the workbench: every message names the object, the value and the repair, in one line."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


class QuenchedError(Exception):
    """Root of every error that the workbench raises on purpose."""


class DeclarationError(QuenchedError, ValueError):
    """A model that is ill-posed as typed."""


class DerivationError(QuenchedError, ValueError):
    """A declaration that an engine cannot derive."""


class ParameterError(QuenchedError, ValueError):
    """A value, name or shape that a model does not take."""


class ConvergenceError(QuenchedError, ArithmeticError):
    """A solver that did not reach the promised accuracy."""


class DivergenceError(QuenchedError, ArithmeticError):
    """A quantity that is infinite at the parameters asked for."""


class ClaimError(QuenchedError, ValueError):
    """A claim or formula that cannot be judged as it is written."""


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """The repair for a name that is not known.

    >>> did_you_mean("rigde", ["ridge", "noise"])
    "did you mean 'ridge'?"
    """
    names = sorted(str(k) for k in known)
    close = get_close_matches(str(name), names, n=1)
    return f"did you mean {close[0]!r}?" if close else f"known: {', '.join(names) or 'none'}"
