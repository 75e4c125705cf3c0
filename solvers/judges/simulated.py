"""Judge of what is compared with simulations of the declared model."""

from __future__ import annotations

from typing import Any

import numpy as np
import sympy as sp
from numpy.typing import NDArray

from solvers.compile import compile_expressions
from solvers.judges.numeric import Evaluator
from solvers.judges.reading import Reading
from solvers.judges.verdicts import Verdict
from solvers.monte_carlo import simulate
from solvers.shifts import Shift
from theory.errors import ClaimError
from theory.papers.claims import PointSet, Simulated, Simulation
from theory.papers.dynamics import Agreement
from theory.parsing import parse
from theory.symbols import positive

SIGMAS = 4.0


def judge_simulation(reading: Reading, model: Any, seed: int = 0) -> Verdict:
    """Formula against mean at every replication: four standard errors, and a bound that falls like 1/r."""
    claim = reading.claim
    assert isinstance(claim, Simulation)
    simulated, formula = claim.statement.args
    if not isinstance(simulated, Simulated):
        raise ClaimError(f"claim {claim.name!r}: the left side of a simulation is Simulated(observable)")
    name = reading.name_of(simulated.args[0])
    values = parameters_of(claim)
    designs: dict[str, Any] = {matrix: CircleFeatures(frequencies) for matrix, frequencies in claim.circle.items()}
    if claim.points is not None:
        shift = shift_of(claim.points)
        values, designs = {**values, **shift.values}, {claim.points.matrix: shift.rows()}
    right = Evaluator(reading.theory, [reading.read(formula)])
    count = {reading.count.name: 1} if reading.count in {p.symbol for p in reading.theory.parameters} else {}
    theory = np.array([float(value) for (value,) in right({**count, **values}, 15)])
    rows, holds = [], True
    for copies in claim.replicates:
        drawn = {"trials": claim.trials, "seed": seed + copies, "replicate": copies, "design": designs or None}
        estimate = simulate(model, observables=[name], **drawn, **values)
        if not np.all(estimate.reliable):
            raise ClaimError(f"claim {claim.name!r}: the standard error is not to be trusted: {'; '.join(estimate.warnings)}")
        mean, stderr = (np.atleast_1d(x) for x in (estimate[name].mean, estimate[name].stderr))
        excess = np.abs(mean - theory) - claim.bound * np.abs(theory) / copies
        holds &= bool(np.all(excess < SIGMAS * stderr))
        worst = int(np.argmax(excess / stderr))
        where = f" in mode {worst + 1}" if theory.size > 1 else ""
        rows.append(_row(copies, claim.trials, theory[worst], mean[worst], stderr[worst], where))
    return Verdict(holds, "; ".join(rows))


def _row(copies: int, trials: int, theory: float, mean: float, stderr: float, where: str) -> str:
    bias = (mean - theory) / theory
    return (
        f"r = {copies}: theory {theory:.5g}, simulated {mean:.5g} +- {stderr:.2g} ({trials} trials){where},"
        f" {100 * bias:+.1f} %, r times bias {copies * bias:+.3f}({copies * stderr / abs(theory):.3f})"
    )


def parameters_of(claim: Simulation | Agreement) -> dict[str, Any]:
    """The claim's parameters as numbers and lists; a formula is evaluated at the mode numbers k = 1, ..., M."""
    values = dict(claim.parameters)
    count, k = None, positive("k")
    if any(isinstance(value, str) for value in values.values()):
        count = values.pop("M", None)
    for name, value in values.items():
        if isinstance(value, str):
            if count is None:
                raise ClaimError(f"claim {claim.name!r}: {name} is a formula in k, and M is not given")
            formula = parse(value, {"k": k})
            values[name] = [float(formula.xreplace({k: sp.Integer(i)})) for i in range(1, count + 1)]
        elif isinstance(value, tuple):
            values[name] = list(value)
    return values


def shift_of(points: PointSet) -> Shift:
    """The kernel's training and test distributions on the points."""
    x = np.random.default_rng(points.seed).standard_normal((points.count, points.dimension))
    x /= np.linalg.norm(x, axis=1)[:, None]
    coordinates = {f"x{i + 1}": x[:, i] for i in range(points.dimension)}
    gram = _formula(points.kernel, {"t": np.clip(x @ x.T, -1.0, 1.0)})
    texts = (points.target, points.train, points.test)
    target, train, test = (_formula(text, coordinates) * np.ones(points.count) for text in texts)
    return Shift(gram, target, train / train.sum(), test / test.sum())


def _formula(text: str, values: dict[str, NDArray]) -> NDArray:
    """A formula at arrays in the place of its names."""
    names = {name: sp.Symbol(name, real=True) for name in values}
    used = {names[name]: value for name, value in values.items()}
    return np.asarray(compile_expressions([parse(text, names)])(used)[0], dtype=float)


class CircleFeatures:
    """Fourier features of uniform points on the circle: sqrt(2) cos(f x) for f > 0, sqrt(2) sin(|f| x) for f < 0, and 1 for 0."""

    def __init__(self, frequencies: tuple[int, ...]):
        self.frequencies = np.asarray(frequencies)

    def __call__(self, generator: np.random.Generator, shape: tuple[int, int]) -> NDArray:
        angles = generator.uniform(0.0, 2 * np.pi, shape[0])[:, None] * np.abs(self.frequencies)
        waves = np.where(self.frequencies > 0, np.cos(angles), np.sin(angles))
        return np.where(self.frequencies == 0, 1.0, np.sqrt(2.0) * waves)

