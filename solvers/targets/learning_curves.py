"""A learning curve in theory beside regressions on data, with the gap between them: what targets on images share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class LearningCurve:
    """Theory along a curve and at the simulated sizes, the simulation and the gap between them, all of E_g."""

    curve: Any
    at_sizes: Any
    dots: Any
    gap: dict[str, Any]

    def numbers(self) -> dict[str, Any]:
        """For strict JSON."""
        return {
            "theory": self.curve.to_json(),
            "theory_at_sizes": self.at_sizes.to_json(),
            "simulation": self.dots.to_json(),
            "universality_gap": self.gap,
        }

    def arrays(self) -> dict[str, NDArray]:
        """What is drawn."""
        measured = self.dots.observables["E_g"]
        return {
            "theory_P": np.asarray(self.curve.axes["P"]),
            "theory_E_g": np.asarray(self.curve.observables["E_g"]),
            "simulation_P": np.asarray(self.dots.axes["P"]),
            "simulation_E_g": np.asarray(measured.mean),
            "simulation_stderr": np.asarray(measured.stderr),
        }


def sizes_between(smallest: int, largest: int, count: int) -> NDArray:
    """Whole numbers of samples, equally spaced in their logarithm, each once."""
    return np.unique(np.rint(np.geomspace(smallest, largest, count)).astype(int))


def measure(
    model: Any, theory: Any, task: dict[str, Any], design: Any, *, sizes: NDArray, points: int, largest: int, trials: int,
    seed: int, progress: bool,
) -> LearningCurve:  # fmt: skip
    """The learning curve of a task up to ``largest`` samples, and regressions on rows of a design at some sizes."""
    from solvers.monte_carlo import simulate
    from solvers.reproduction import universality_gap
    from solvers.sweeps import sweep

    wanted = ["E_g"]
    curve = sweep(theory, P=np.geomspace(sizes[0], largest, points), **task, observables=wanted)
    at_sizes = sweep(theory, P=sizes, **task, observables=wanted)
    dots = simulate(
        model, P=sizes, **task, trials=trials, seed=seed, observables=wanted, design={"Phi": design}, progress=progress
    )
    measured = dots.observables["E_g"]
    gap = universality_gap(np.asarray(at_sizes.observables["E_g"]), np.asarray(measured.mean), np.asarray(measured.stderr))
    return LearningCurve(curve, at_sizes, dots, gap)
