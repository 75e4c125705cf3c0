"""Run every benchmark in `bench_*.py` beside this file and print a table of ratios."""

from __future__ import annotations

import os

for _name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"):
    os.environ[_name] = "1"  # before NumPy is imported: threads on small systems measure the scheduler

import argparse
import importlib
import sys
from collections.abc import Iterator
from pathlib import Path

from measure import Benchmark, Reading, keep_memory, measure

HERE = Path(__file__).resolve().parent
sys.path.append(str(HERE.parent))  # the packages of this checkout, where none are installed


def discover(words: list[str]) -> Iterator[Benchmark]:
    """What `benchmarks()` of each file yields, if its name holds one of the words or no words are given."""
    for path in sorted(HERE.glob("bench_*.py")):
        for benchmark in importlib.import_module(path.stem).benchmarks():
            if not words or any(word in benchmark.name for word in words):
                yield benchmark


def seconds(value: float) -> str:
    for unit, scale in (("s", 1.0), ("ms", 1e-3)):
        if value >= scale:
            return f"{value / scale:.3g} {unit}"
    return f"{value / 1e-6:.3g} µs"


def row(reading: Reading) -> tuple[str, ...]:
    benchmark = reading.benchmark
    return (
        benchmark.name,
        seconds(reading.task),
        f"{benchmark.yardstick_name} ({seconds(reading.yardstick)})",
        f"{reading.ratio:.2f}",
        f"{benchmark.at_most:g}",
        "yes" if reading.within else "NO",
    )


def table(rows: list[tuple[str, ...]]) -> str:
    """A Markdown table."""
    rows = [("benchmark", "time", "yardstick", "ratio", "at most", "within"), *rows]
    widths = [max(len(cells[k]) for cells in rows) for k in range(len(rows[0]))]
    padded = [[cell.ljust(width) for cell, width in zip(cells, widths, strict=True)] for cells in rows]
    lines = [f"| {' | '.join(cells)} |" for cells in padded]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("words", nargs="*", help="run only benchmarks whose name holds one of these words")
    parser.add_argument("--rounds", type=int, default=5, help="readings of each benchmark; the best counts")
    parser.add_argument("--strict", action="store_true", help="exit 1 when a ratio exceeds its bound")
    options = parser.parse_args()
    if not keep_memory():
        print("malloc cannot be told to keep memory: yardsticks of large arrays may include fresh pages", file=sys.stderr)
    readings = []
    for benchmark in discover(options.words):
        print(f"{benchmark.name} ...", file=sys.stderr)
        readings.append(measure(benchmark, options.rounds))
    if not readings:
        print(f"no benchmark named {' or '.join(options.words) or 'bench_*.py'}", file=sys.stderr)
        return 2
    print(table([row(reading) for reading in readings]))
    return int(options.strict and not all(reading.within for reading in readings))


if __name__ == "__main__":
    sys.exit(main())
