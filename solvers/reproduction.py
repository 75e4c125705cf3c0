"""`reproduce`: the main figure of a paper, from the declaration to a verdict: derive, solve, run on data, draw, compare."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from solvers.files import filling, output_folder
from theory.errors import ParameterError, did_you_mean

if TYPE_CHECKING:
    from matplotlib.figure import Figure

TARGETS = {
    "2002.02561": "solvers.targets.sphere",
    "2006.13198": "solvers.targets.image_pairs",
    "2106.02261": "solvers.targets.shifted_digits",
}
"""arXiv number -> module whose `reproduce` does the work."""


@dataclass(frozen=True, eq=False, repr=False)
class Reproduction:
    """What a reproduction found: numbers for strict JSON, arrays by name, the figure, and the verdict in words."""

    paper: str
    numbers: dict[str, Any]
    arrays: dict[str, NDArray]
    figure: Figure
    verdict: str

    def save(self, folder: str | Path) -> list[Path]:
        """Write figure.png, numbers.json and numbers.npz into a folder, which is made if missing; returns their paths.

        Nothing is half-written. ParameterError where the folder cannot be written.
        """
        from solvers.figures import save_figure

        folder = output_folder(folder)
        text = json.dumps(self.numbers, indent=2, allow_nan=False, ensure_ascii=False)
        with filling(folder) as beside:
            save_figure(self.figure, beside / "figure.png")
            (beside / "numbers.json").write_text(text + "\n", encoding="utf-8")
            np.savez_compressed(beside / "numbers.npz", **self.arrays)  # pyright: ignore[reportArgumentType]
        return [folder / name for name in ("figure.png", "numbers.json", "numbers.npz")]

    def __repr__(self) -> str:
        return self.verdict


def reproduce(paper: str, **options: Any) -> Reproduction:
    """Reproduce the main figure of the paper of that arXiv number; options are those of its target, such as data and seed.

    Raises ParameterError for a paper without a target and for options that it does not take.
    """
    target = find(paper)
    known = target.reproduce.__kwdefaults__
    for name in options:
        if name not in known:
            raise ParameterError(f"reproduce {paper} takes no {name!r}; {did_you_mean(name, known)}")
    return target.reproduce(**options)


def find(paper: str) -> Any:
    """The module that reproduces a paper; ParameterError where there is none."""
    if paper not in TARGETS:
        raise ParameterError(f"no figure of paper {paper!r} can be reproduced; {did_you_mean(paper, TARGETS)}")
    return import_module(TARGETS[paper])


def require_error_bars(trials: int) -> None:
    """ParameterError for too few training sets."""
    if trials < 30:
        raise ParameterError(f"trials is {trials}; give at least 30 training sets, so that the error bars mean something")


def universality_gap(theory: NDArray, mean: NDArray, stderr: NDArray) -> dict[str, Any]:
    """Relative difference of data and theory at each point, with its standard error, and over all points.

    Data sets have no size that could grow, so a gap is what is left to report: never agreement. The overall gap is the root of
    the mean squared gap with the sampling error taken out (0 where sampling explains it); its error follows from the points'.
    """
    gap, error = mean / theory - 1, stderr / theory
    squared = float(np.mean(gap**2 - error**2))
    spread = float(np.sqrt(np.sum(4 * gap**2 * error**2 + 2 * error**4)) / gap.size)
    overall = max(squared, 0.0) ** 0.5
    worst = int(np.argmax(np.abs(gap)))
    return {
        "per_point": gap.tolist(),
        "per_point_stderr": error.tolist(),
        "overall": overall,
        "overall_stderr": spread / (2 * overall) if squared > spread else spread**0.5,
        "largest": float(gap[worst]),
        "largest_stderr": float(error[worst]),
        "largest_at": worst,
    }


def in_words(gap: Mapping[str, Any]) -> str:
    """The overall gap and the largest one, in per cent."""
    return (
        f"universality gap {100 * gap['overall']:.1f} ± {100 * gap['overall_stderr']:.1f} % over all sizes, "
        f"largest {100 * gap['largest']:+.1f} ± {100 * gap['largest_stderr']:.1f} %"
    )
