"""What may be given besides parameters: a theory or a model, names, an executor, a tolerance. Wrong ones are named."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from numbers import Real
from typing import Any

from theory.errors import ParameterError


def check_theory(value: Any) -> None:
    """ParameterError unless ``value`` is a theory; a model is told what to do."""
    if all(hasattr(value, name) for name in ("unknowns", "equations", "residuals", "observables")):
        return
    if hasattr(value, "theory"):
        raise ParameterError(f"theory: {_named(value)} is a model; pass its theory, model.theory()")
    raise ParameterError(f"theory: {value!r} is no theory; pass model.theory(), for instance models.KernelRegression().theory()")


def check_model(value: Any) -> None:
    """ParameterError unless ``value`` is a declared model; a theory, a class or a name is told what to do."""
    if isinstance(value, type):
        raise ParameterError(f"model: {value.__name__} is a class; pass an instance, {value.__name__}()")
    if not all(hasattr(value, name) for name in ("observe", "leaves", "replicate")):
        raise ParameterError(f"model: {_named(value)} is no declared model; pass one, for instance models.KernelRegression()")


def check_names(value: Any, option: str) -> None:
    """ParameterError unless ``value`` is None, a name, or a collection of names."""
    if (value is None and option != "zip") or isinstance(value, str):
        return
    wrong = [name for name in value if not isinstance(name, str)] if isinstance(value, Iterable) else [value]
    if wrong:
        raise ParameterError(f"{option}: {wrong[0]!r} is no name; give names as text, such as 'E_g' or ['E_g', 'E_train']")


def check_executor(value: Any) -> None:
    """ParameterError unless ``value`` is None or maps work like a `concurrent.futures.Executor`."""
    if value is not None and not (hasattr(value, "map") and hasattr(value, "submit")):
        raise ParameterError(f"executor: {value!r} runs nothing; pass a concurrent.futures.Executor")


def check_tolerance(value: Any) -> None:
    """ParameterError unless ``value`` is a relative error."""
    if not isinstance(value, Real) or isinstance(value, bool) or not 0 < float(value) < 1:
        raise ParameterError(f"tolerance: {value!r} is no relative error; give a number between 0 and 1")


def check_starts(value: Any) -> None:
    """ParameterError unless ``value`` is None or maps names to finite numbers."""
    if value is None:
        return
    if not isinstance(value, Mapping):
        raise ParameterError(f"start: {value!r} is no mapping; give every unknown a number, such as {{'kappa': 0.1}}")
    for name, number in value.items():
        if not isinstance(number, Real) or isinstance(number, bool) or not math.isfinite(float(number)):
            raise ParameterError(f"start: {name} = {number!r} is not a finite number; give one")


def _named(value: Any) -> str:
    return str(getattr(value, "name", None) or getattr(value, "__name__", None) or repr(value))
