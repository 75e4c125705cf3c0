"""A declaration of the user's own, ``FILE.py:NAME``: the file is run, and what goes wrong in it is told in one line."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable
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
    return _loaded(text, "model", "an Energy", lambda value: hasattr(value, "derive"))


def load_matrix(text: str) -> Any:
    """The same for what has a density: a matrix, an Expression, a law of theory.free, or a function that returns one."""
    from theory.declaration.expression import Expression
    from theory.declaration.matrix import Mat
    from theory.free import Law

    return _loaded(text, "matrix", "X.T @ X / P", lambda value: isinstance(value, Mat | Expression | Law))


def _loaded(text: str, kind: str, example: str, wanted: Callable[[Any], bool]) -> Any:
    file, _, name = text.rpartition(":")
    if not file:
        raise ParameterError(f"{text!r} names a file and no {kind} in it; give FILE.py:NAME")
    path = Path(file).expanduser()
    if not path.is_file():
        raise ParameterError(f"there is no file {file!r}; give FILE.py:NAME with the path of an existing one")
    with redirect_stdout(sys.stderr):
        value = _named(_module(path), name, path, wanted)
        if not wanted(value) or isinstance(value, type):
            value = _called(value, name, path, kind)
    if not wanted(value):
        raise ParameterError(f"{name!r} of {path} is of type {type(value).__name__}; name a {kind}, such as {example}")
    return value


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


def _named(module: ModuleType, name: str, path: Path, wanted: Callable[[Any], bool]) -> Any:
    if name not in vars(module):
        known = [
            key
            for key, value in vars(module).items()
            if wanted(value) and not (isinstance(value, type) and value.__module__.startswith("theory."))
        ]
        raise ParameterError(f"no {name!r} in {path}; {did_you_mean(name, known)}")
    return vars(module)[name]


def _called(maker: Any, name: str, path: Path, kind: str) -> Any:
    if not callable(maker):
        classes = ", a model class" if kind == "model" else ""
        raise ParameterError(f"{name!r} of {path} is of type {type(maker).__name__}; name a {kind}{classes} or a function")
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
