"""Check what a wheel holds: both packages, their data, the licence, and nothing else."""

import sys
from pathlib import Path
from zipfile import ZipFile

DATA = ["theory/py.typed", "solvers/py.typed", "theory/papers/references.bib"]
PACKAGES = ("theory", "solvers")


def faults(wheel: Path) -> list[str]:
    names = ZipFile(wheel).namelist()
    wanted = DATA + [path.as_posix() for package in PACKAGES for path in Path(package).rglob("*.py")]
    found = [f"lacks {name}" for name in wanted if name not in names]
    if not any(".dist-info/" in name and name.endswith("/LICENSE") for name in names):
        found.append("lacks LICENSE")
    for name in names:
        top = name.partition("/")[0]
        if top not in PACKAGES and not top.endswith(".dist-info"):
            found.append(f"holds {name}, which is no part of theory or solvers")
        if Path(name).name.startswith(("test_", "conftest", "bench_")) or name.endswith((".pyc", ".ipynb")):
            found.append(f"holds {name}, which is not for users")
    return found


if __name__ == "__main__":
    wheel = Path(sys.argv[1])
    if found := faults(wheel):
        raise SystemExit("\n".join(f"{wheel.name} {fault}" for fault in found))
    print(f"{wheel.name}: {wheel.stat().st_size / 1024:.0f} KiB, complete")
