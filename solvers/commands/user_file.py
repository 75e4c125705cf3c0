"""A declaration of the user's own, ``FILE.py:NAME``: the file is run, and what goes wrong in it is told in one line."""

from __future__ import annotations

import sys
import traceback
from contextlib import redirect_stdout
from pathlib import Path
from types import ModuleType
from typing import Any

from theory.errors import DeclarationError, ParameterError, did_you_mean


def load(text: str) -> Any:
    """What NAME stands for in FILE.py: a model, or what a model class or a function without arguments returns.

    Raises ParameterError for a missing file or name, DeclarationError for an error in the file, with file and line. The
    file may import its neighbours. What it prints goes to stderr.
    """
    file, _, name = text.rpartition(":")
    if not file:
        raise ParameterError(f"{text!r} names a file and no model in it; give FILE.py:NAME")
    path = Path(file).expanduser()
    if not path.is_file():
        raise ParameterError(f"there is no file {file!r}; give FILE.py:NAME with the path of an existing one")
    with redirect_stdout(sys.stderr):
        model = _named(_module(path), name, path)
        if not hasattr(model, "derive") or isinstance(model, type):
            model = _called(model, name, path)
    if not hasattr(model, "derive"):
        raise ParameterError(f"{name!r} of {path} is of type {type(model).__name__}; name a model, such as an Energy")
    return model


def _module(path: Path) -> ModuleType:
    module = ModuleType(f"user's {path}")
    module.__file__ = str(path)
    sys.modules[module.__name__] = module  # where dataclasses look
    sys.path.append(str(path.resolve().parent))  # last, so that a neighbour shadows nothing
    try:
        exec(compile(path.read_bytes(), str(path), "exec"), module.__dict__)
    except (Exception, SystemExit) as error:
        raise _in_file(error, path) from error
    finally:
        sys.path.pop()
    return module


def _named(module: ModuleType, name: str, path: Path) -> Any:
    if name not in vars(module):
        known = [
            key
            for key, value in vars(module).items()
            if hasattr(value, "derive") and not (isinstance(value, type) and value.__module__.startswith("theory."))
        ]
        raise ParameterError(f"no {name!r} in {path}; {did_you_mean(name, known)}")
    return vars(module)[name]


def _called(maker: Any, name: str, path: Path) -> Any:
    if not callable(maker):
        raise ParameterError(f"{name!r} of {path} is of type {type(maker).__name__}; name a model, a model class or a function")
    try:
        return maker()
    except (Exception, SystemExit) as error:
        raise _in_file(error, path) from error


def _in_file(error: BaseException, path: Path) -> DeclarationError:
    """The error as one line that names the last line of the user's own file on the way to it."""
    if isinstance(error, SyntaxError) and error.filename == str(path):
        line, what = error.lineno, error.msg
    else:
        frames = traceback.extract_tb(error.__traceback__)
        line = next((frame.lineno for frame in reversed(frames) if frame.filename == str(path)), None)
        what = str(error)
    place = f"{path}, line {line}" if line else str(path)
    return DeclarationError(f"{place}: {type(error).__name__}: {what}; correct the file")
