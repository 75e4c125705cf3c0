"""Files that a job writes: refused before the job starts where they cannot be written, and whole or absent after it."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from theory.errors import ParameterError


def output_file(path: str | Path, *endings: str) -> Path:
    """The path as one that can be written; ParameterError for another ending, no such folder, or no permission."""
    path = Path(path).expanduser()
    if endings and path.suffix not in endings:
        raise ParameterError(f"output {str(path)!r} ends in {path.suffix or 'nothing'!r}; give {' or '.join(endings)}")
    if path.is_dir():
        raise ParameterError(f"output {str(path)!r} is a folder; give the name of a file")
    _require_writable(path.parent)
    return path


def output_folder(path: str | Path) -> Path:
    """The path as a folder that exists or can be made; ParameterError where it is a file or cannot be written."""
    path = Path(path).expanduser()
    if path.exists() and not path.is_dir():
        raise ParameterError(f"output {str(path)!r} is a file; give the name of a folder")
    above = path
    while not above.exists():
        above = above.parent
    _require_writable(above)
    return path


def _require_writable(folder: Path) -> None:
    if not folder.is_dir():
        raise ParameterError(f"there is no folder {str(folder)!r} to write into; make it first")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise ParameterError(f"folder {str(folder)!r} cannot be written; give another one")


@contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """A temporary file beside `path`, of the same ending, which takes its place when the block ends without an error."""
    path = Path(path)
    handle, name = tempfile.mkstemp(prefix=f".{path.stem}-", suffix=path.suffix, dir=path.parent)
    os.close(handle)
    try:
        yield Path(name)
        os.chmod(name, 0o666 & ~_mask())
        os.replace(name, path)
    finally:
        Path(name).unlink(missing_ok=True)


@contextmanager
def filling(folder: str | Path) -> Iterator[Path]:
    """A temporary folder whose files are moved into `folder` when the block ends without an error."""
    with tempfile.TemporaryDirectory(prefix="quenched-") as name:
        yield Path(name)
        Path(folder).mkdir(parents=True, exist_ok=True)
        for file in sorted(Path(name).iterdir()):
            with replacing(Path(folder) / file.name) as beside:
                shutil.copyfile(file, beside)


def _mask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
