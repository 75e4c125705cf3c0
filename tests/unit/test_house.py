"""The rules of the house, read off the source: who may import what, and how long a file may be."""

import ast
import importlib
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
STDLIB = set(sys.stdlib_module_names)
THEORY_MAY = STDLIB | {"theory", "sympy", "mpmath"}
SOLVERS_MAY = THEORY_MAY | {
    "solvers", "numpy", "scipy", "matplotlib", "tqdm", "threadpoolctl",
    "sklearn", "mlxtend", "flint", "dask", "distributed", "xarray", "IPython",
}  # fmt: skip
HEAVY = {"scipy", "matplotlib", "sklearn", "mlxtend", "xarray", "dask", "distributed", "flint", "IPython"}
SIMULATOR_MAY = ("theory.declaration", "theory.errors", "theory.symbols")


def sources(*packages):
    return [path for package in packages for path in sorted((ROOT / package).rglob("*.py"))]


def module_name(path):
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(nodes, package):
    """Absolute dotted names that these nodes import; `from a import b` counts as a.b."""
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parents = package.split(".")
                base = ".".join([*parents[: len(parents) - node.level + 1], *([base] if base else [])])
            yield from (f"{base}.{alias.name}" for alias in node.names)


def run_on_import(node):
    """The nodes that are executed when the module is imported: no function bodies, no TYPE_CHECKING."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            continue
        yield child
        yield from run_on_import(child)


def outside(names, allowed):
    return [name for name in names if name.partition(".")[0] not in allowed]


def theory_imports_only_sympy(tree, package):
    return outside(imports(ast.walk(tree), package), THEORY_MAY)


def solvers_import_only_what_is_declared(tree, package):
    return outside(imports(ast.walk(tree), package), SOLVERS_MAY)


def heavy_imports_are_lazy(tree, package):
    return [name for name in imports(run_on_import(tree), package) if name.partition(".")[0] in HEAVY]


def no_lambdify(tree, package):
    names = {getattr(node, key, None) for node in ast.walk(tree) for key in ("id", "attr", "name")}
    return ["lambdify"] if "lambdify" in names else []


def simulators_read_declarations_only(tree, package):
    names = [name for name in imports(ast.walk(tree), package) if name.partition(".")[0] == "theory"]
    return [name for name in names if not any(f"{name}.".startswith(f"{ok}.") for ok in SIMULATOR_MAY)]


def at_most_250_lines(source, package):
    length = len(source.splitlines())
    return [f"{length} lines"] if length > 250 else []


RULES = {
    theory_imports_only_sympy: ["theory"],
    solvers_import_only_what_is_declared: ["solvers"],
    heavy_imports_are_lazy: ["solvers"],
    no_lambdify: ["theory", "solvers"],
    simulators_read_declarations_only: ["solvers/monte_carlo"],
    at_most_250_lines: ["theory", "solvers"],
}
EXCEPT = {no_lambdify: ["solvers/compile.py"]}


def violations(rule, source, package):
    return rule(source if rule is at_most_250_lines else ast.parse(source), package)


@pytest.mark.parametrize("rule", RULES)
def test_house_rule(rule):
    broken = []
    for path in sources(*RULES[rule]):
        if str(path.relative_to(ROOT)) in EXCEPT.get(rule, []):
            continue
        package = module_name(path if path.name == "__init__.py" else path.parent)
        found = violations(rule, path.read_text("utf-8"), package)
        broken += [f"{path.relative_to(ROOT)}: {what}" for what in found]
    assert not broken, "\n".join([rule.__name__, *broken])


@pytest.mark.parametrize(
    ("rule", "source", "package", "legal"),
    [
        (theory_imports_only_sympy, "def f():\n    import numpy.linalg", "theory", False),
        (theory_imports_only_sympy, "from scipy import special", "theory", False),
        (theory_imports_only_sympy, "from solvers.compile import compile", "theory.a", False),
        (theory_imports_only_sympy, "import math, sympy\nfrom ..errors import X", "theory.a", True),
        (solvers_import_only_what_is_declared, "import numba", "solvers", False),
        (solvers_import_only_what_is_declared, "from . import results", "solvers", True),
        (heavy_imports_are_lazy, "try:\n    import scipy.stats\nfinally:\n    pass", "solvers", False),
        (heavy_imports_are_lazy, "class A:\n    from matplotlib import pyplot", "solvers", False),
        (heavy_imports_are_lazy, "def f():\n    import scipy.optimize", "solvers", True),
        (heavy_imports_are_lazy, "if TYPE_CHECKING:\n    import xarray", "solvers", True),
        (no_lambdify, "from sympy import lambdify as f", "solvers", False),
        (no_lambdify, "import sympy\nsympy.lambdify(1, 2)", "theory", False),
        (no_lambdify, "'''lambdify is called elsewhere'''", "theory", True),
        (simulators_read_declarations_only, "from theory.saddle import x", "solvers.monte_carlo", False),
        (simulators_read_declarations_only, "from theory import models", "solvers.monte_carlo", False),
        (simulators_read_declarations_only, "import theory", "solvers.monte_carlo", False),
        (simulators_read_declarations_only, "from theory.declaration import Dim", "solvers.a", True),
        (simulators_read_declarations_only, "from theory import errors", "solvers.monte_carlo", True),
        (at_most_250_lines, "\n" * 251, "theory", False),
        (at_most_250_lines, "\n" * 250, "theory", True),
    ],
)
def test_each_rule_catches_what_it_forbids(rule, source, package, legal):
    assert (violations(rule, source, package) == []) is legal


@pytest.mark.parametrize("package", ["theory", "solvers"])
def test_every_public_name_exists(package):
    missing = []
    for name in map(module_name, sources(package)):
        if name.endswith("__main__"):
            continue
        module = importlib.import_module(name)
        public = getattr(module, "__all__", [])
        missing += [f"{name}.{attribute}" for attribute in public if not hasattr(module, attribute)]
        missing += [f"{name}.{attribute} twice" for attribute in set(public) if public.count(attribute) > 1]
    assert not missing


@pytest.mark.parametrize(
    ("modules", "forbidden"),
    [
        (list(map(module_name, sources("theory"))), {"numpy", "scipy", "matplotlib", "solvers"}),
        (["solvers"], HEAVY),
        (["solvers.cli"], HEAVY | {"sympy", "numpy"}),
    ],
    ids=["theory", "solvers", "command line"],
)
def test_import_stays_light(modules, forbidden):
    """In a fresh process, so that nothing imported before hides the answer."""
    code = "import importlib, sys\nfor m in sys.argv[1:]: importlib.import_module(m)\nprint(*sys.modules)"
    call = [sys.executable, "-c", code, *modules]
    done = subprocess.run(call, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert forbidden.isdisjoint(done.stdout.split()), f"imported by {' '.join(modules)}"
