"""`theory` is the folder beside `solvers`, and no folder or file of that name elsewhere on the path."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path


def check_siblings() -> None:
    """Raise ImportError when `import theory` would find another package than the sibling of `solvers`.

    Top-level names as plain as these are easily shadowed by a folder in the working directory. A folder
    without `__init__.py` does no harm: Python prefers the real package.
    """
    ours = Path(__file__).resolve().parent.parent / "theory"
    spec = find_spec("theory")
    if spec is None:
        raise ImportError(f"package 'theory' is missing at {ours}; reinstall quenched", name="theory")
    found = [Path(spec.origin)] if spec.origin else [Path(p) for p in spec.submodule_search_locations or ()]
    if (ours / "__init__.py").resolve() not in [path.resolve() for path in found]:
        where = ", ".join(str(path.parent if path.name == "__init__.py" else path) for path in found)
        raise ImportError(
            f"package 'theory' is {where}, which shadows {ours}; rename it or start Python elsewhere",
            name="theory",
            path=where,
        )
