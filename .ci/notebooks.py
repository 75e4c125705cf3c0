"""Execute every notebook in `notebooks/` (.py, .md, .ipynb), two at a time; exit 1 if any fails."""

import sys
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

FOLDER = Path("notebooks")
# Warnings are errors in the notebook's own cells, not in the machinery that runs them.
STRICT = """
import warnings
warnings.simplefilter("error")
warnings.filterwarnings("ignore", module="ipykernel")
del warnings
"""


def execute(path: Path) -> tuple[float, str]:
    """The seconds taken and the error, empty when there is none."""
    import jupytext
    import nbformat
    from nbclient import NotebookClient

    start = time.perf_counter()
    try:
        notebook = jupytext.read(path)
        notebook.cells.insert(0, nbformat.v4.new_code_cell(STRICT))
        NotebookClient(
            notebook, timeout=600, kernel_name="python3", resources={"metadata": {"path": str(FOLDER)}}
        ).execute()
        error = ""
    except Exception as failure:
        error = str(failure) or repr(failure)
    return time.perf_counter() - start, error


def is_notebook(path: Path) -> bool:
    """Markdown counts as a notebook only with jupytext's header, so a README is none."""
    if path.suffix == ".md":
        return "jupytext:" in path.read_text("utf-8")[:1000]
    return path.suffix in (".py", ".ipynb")


def main() -> int:
    paths = [path for path in sorted(FOLDER.glob("*")) if is_notebook(path)]
    failed = 0
    with ProcessPoolExecutor(2) as pool:
        for path, (seconds, error) in zip(paths, pool.map(execute, paths), strict=True):
            print(f"{'FAILED' if error else 'ok':6} {seconds:6.1f} s  {path}", flush=True)
            if error:
                print(error)
                failed += 1
    print(f"{len(paths)} notebooks, {failed} failed")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
