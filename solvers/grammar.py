"""The value grammar of the command line: what may stand after ``name=``.

    0.1                    a number
    1,0.5,0.25             a list
    10:1000:20             start:stop:count, equally spaced
    10:1000:20:log         start:stop:count:log, equal ratios
    @spectrum.npy, @a.csv  a file: an array, or one column or row of numbers
    powerlaw:1.5:1000      k^-1.5 for k = 1..1000; powerlaw:1.5:inf has every mode and needs no array

The value's rank then decides: of the parameter's own rank it is the value, one more and it is an axis to sweep.
"""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from theory.errors import ParameterError

if TYPE_CHECKING:
    import numpy as np

_DECIMAL = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_INTEGER = re.compile(r"[+-]?\d+", re.ASCII)
_LARGEST_COUNT = 10**8  # a gigabyte; beyond it a typing error is likelier than a wish
FORMS = "a number, a,b,c, start:stop:count[:log], @FILE.npy, @FILE.csv or powerlaw:EXPONENT:MODES"


def assignments(texts: Iterable[str]) -> dict[str, Any]:
    """Values by name, from texts ``name=value``.

    Raises ParameterError for a text without a name or a value, a name given twice, and every value outside the grammar.
    """
    pairs = {}
    for text in texts:
        name, equals, value = (part.strip() for part in text.partition("="))
        if not equals or not name:
            raise ParameterError(f"--set {text!r} is not of the form name=value; write for instance --set ridge=0.1")
        if name in pairs:
            raise ParameterError(f"parameter {name!r} is given twice; give it once")
        pairs[name] = value
    return {name: parse(value, name) for name, value in pairs.items()}


def names(text: str, option: str) -> tuple[str, ...]:
    """The names of a comma list, each once; ParameterError otherwise."""
    found = tuple(part.strip() for part in text.split(","))
    if not all(found):
        raise ParameterError(f"{option} {text!r} holds an empty name; write for instance {option} N,P")
    for name in found:
        if found.count(name) > 1:
            raise ParameterError(f"{option} {text!r} names {name!r} twice; name it once")
    return found


def parse(text: str, name: str = "value") -> Any:
    """The value that a text stands for: an int or float, an array, or a `PowerLaw`.

    ``name`` is what messages call the value. Raises ParameterError, with the text and the repair.
    """
    text = text.strip()
    if not text:
        raise ParameterError(f"{name} has no value; give {FORMS}")
    if text.startswith("@"):
        return _file(text, name)
    if text.split(":")[0].strip().lower() == "powerlaw":
        return _power_law(text, name)
    if ":" in text:
        return _range(text, name)
    if "," in text:
        import numpy as np

        return np.array([_number(part, f"{name}={text}") for part in text.split(",")])
    return _number(text, name)


def _number(text: str, where: str) -> int | float:
    text = text.strip()
    if not text:
        raise ParameterError(f"{where} holds an empty entry; give a number between every two separators")
    if not _DECIMAL.fullmatch(text):
        raise ParameterError(f"{where}: {text!r} is not a finite decimal number; give {FORMS}")
    value = float(text)
    if not math.isfinite(value):
        raise ParameterError(f"{where}: {text!r} is beyond floating point; give a smaller number")
    exact = _INTEGER.fullmatch(text) and abs(value) < 2**53
    return int(text) if exact else value


def _range(text: str, name: str) -> np.ndarray:
    import numpy as np

    where = f"{name}={text}"
    parts = [part.strip() for part in text.split(":")]
    if len(parts) not in (3, 4):
        raise ParameterError(f"{where} has {len(parts)} parts; give start:stop:count or start:stop:count:log")
    if len(parts) == 4 and parts[3] != "log":
        raise ParameterError(f"{where} ends in {parts[3]!r}; the only spacing to name is 'log'")
    start, stop = _number(parts[0], where), _number(parts[1], where)
    if not _INTEGER.fullmatch(parts[2]) or int(parts[2]) < 1:
        raise ParameterError(f"{where}: count {parts[2]!r} is not a positive integer; give one, as in 10:1000:20")
    count = int(parts[2])
    if count > _LARGEST_COUNT:
        raise ParameterError(f"{where}: count {count} is more than {_LARGEST_COUNT}; give fewer points")
    if count == 1 and start != stop:
        raise ParameterError(f"{where}: one point cannot be both start and stop; give count 2 or more")
    if len(parts) == 3:
        if not math.isfinite(float(stop) - float(start)):
            raise ParameterError(f"{where}: the range is beyond floating point; give nearer ends")
        return np.linspace(start, stop, count)
    if start <= 0 or stop <= 0:
        raise ParameterError(f"{where}: a log range needs positive ends; give a start and a stop above 0")
    return np.geomspace(start, stop, count)


def _power_law(text: str, name: str) -> Any:
    from solvers.modes.power_law import parse_power_law

    try:
        return parse_power_law(text.partition(":")[2])
    except ParameterError as error:
        raise ParameterError(f"{name}={text}: {error}; as in powerlaw:1.5:1000 or powerlaw:1.5:inf") from None


def _file(text: str, name: str) -> np.ndarray:
    where, path = f"{name}={text}", Path(text[1:]).expanduser()
    if path.suffix not in (".npy", ".csv"):
        raise ParameterError(f"{where}: {path.suffix or 'nothing'!r} is not a known ending; give @FILE.npy or @FILE.csv")
    if not path.is_file():
        raise ParameterError(f"{where}: there is no file {str(path)!r}; give the path of an existing one")
    try:
        array = _npy(path, where) if path.suffix == ".npy" else _csv(path, where)
    except (OSError, UnicodeDecodeError) as error:
        raise ParameterError(f"{where} cannot be read ({error}); give a readable file") from None
    if array.size == 0:
        raise ParameterError(f"{where} holds no number; give at least one")
    import numpy as np

    finite = np.isfinite(array)
    if not finite.all():
        place = ", ".join(map(str, np.argwhere(~finite)[0]))
        raise ParameterError(f"{where} holds {array[~finite][0]} at [{place}]; give finite numbers only")
    return array


def _npy(path: Path, where: str) -> np.ndarray:
    import numpy as np

    try:
        array = np.load(path, allow_pickle=False)
    except (ValueError, EOFError) as error:
        raise ParameterError(f"{where} is no plain .npy array ({error}); write it with numpy.save") from None
    if not isinstance(array, np.ndarray):
        raise ParameterError(f"{where} is an archive of arrays; save the one that is meant with numpy.save")
    if array.dtype.kind not in "iuf":
        raise ParameterError(f"{where} has dtype {array.dtype}; give real numbers")
    return array.astype(float) if array.dtype.kind == "f" else array


def _csv(path: Path, where: str) -> np.ndarray:
    import numpy as np

    rows = []
    with path.open(newline="", encoding="utf-8-sig") as lines:
        reader = csv.reader(lines)
        try:
            for row in reader:
                if any(cell.strip() for cell in row):
                    rows.append((reader.line_num, row))
        except csv.Error as error:
            raise ParameterError(f"{where} is no comma-separated text ({error}); give a column of numbers") from None
    if rows and not any(_is_number(cell) for cell in rows[0][1]):
        raise ParameterError(f"{where} starts with {rows[0][1][0].strip()!r}, a header; give numbers only")
    columns = max((len(row) for _, row in rows), default=0)
    if len(rows) > 1 and columns > 1:
        raise ParameterError(f"{where} has {len(rows)} rows and {columns} columns; give one column or one row, or a .npy")
    return np.array([_number(cell, f"{where}, line {line}") for line, row in rows for cell in row], dtype=float)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
