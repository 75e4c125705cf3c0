"""Training and test distributions on a finite set of points that make the derived error out of distribution small, or large.

The error is that of a theory with the parameters of the model `out-of-distribution`. Its derivatives by eigenvalues and target
coefficients come from the solver; how eigenvalues and eigenfunctions move with the training distribution is first-order
perturbation theory of the kernel's eigenproblem (2106.02261 descends the same error).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from solvers.shifts import Shift, symmetric
from theory.errors import ConvergenceError, ParameterError

PIECE = 1 << 21
"""Matrix entries that are evaluated at once."""
REACH = 12.0
"""Logits stay within this distance of those of the reference."""
APART, SPLIT = 1e-9, 1e-6
"""Relative distance below which two eigenvalues count as equal, and the change of probabilities that takes them apart."""


@dataclass(frozen=True, eq=False)
class OptimalMeasure:
    """Probabilities ``pmf`` (m,), the ``error`` there and at the ``start``, the largest component of the gradient by logits that is
    left (in units of the first error), and the number of steps."""

    pmf: NDArray
    error: float
    start: float
    slope: float
    steps: int

    @property
    def participation(self) -> float:
        """How many points carry the measure: 1/sum p_i^2."""
        return float(1 / np.sum(self.pmf**2))


def point_errors(theory: Any, shift: Shift, observable: str = "E_g", **task: Any) -> NDArray:
    """Mean squared error at each of the m points: its average over any test distribution is the error on that."""
    features = shift.modes.features
    return _of_overlaps(theory, shift, (np.multiply.outer(f, f) for f in features), len(features), observable, task)


def train_gradient(theory: Any, shift: Shift, observable: str = "E_g", **task: Any) -> tuple[float, NDArray]:
    """The error, and its derivatives by the logits of the training probabilities, shape (m,).

    Equal eigenvalues other than 0, whose eigenfunctions are not determined, are taken apart by changing probabilities by 1e-6.
    """
    from solvers.sweeps import sweep

    shift = _split(shift)
    curve = sweep(theory, **task, **shift.values, observables=[observable])
    if np.any(curve.status == "failed"):
        raise ConvergenceError(f"{theory.name}: no solution at this training distribution; change the parameters")
    by_eigenvalue, by_target = (curve.gradient(name, observable) for name in ("eigenvalues", "target"))
    eta, a, p, overlap = shift.modes.eigenvalues, shift.modes.coefficients, shift.modes.pmf, shift.values["overlap"]
    vectors = shift.modes.features * np.sqrt(p)[:, None]
    rates = _rates(eta)
    explicit = np.empty(len(p))
    for i, u in enumerate(vectors):
        # The kernel sqrt(p) K sqrt(p) moves by (eta_k + eta_l)/2 u_k u_l, its eigenvectors by this rotation; so does sqrt(p) y.
        turn = rates * np.multiply.outer(u, u)
        explicit[i] = by_eigenvalue @ (eta * u**2) + by_target @ (turn.T @ a + u * (u @ a) / 2)

    def moved() -> Iterator[NDArray]:
        weights = np.asarray(shift.test) / p
        for u, weight in zip(vectors, weights, strict=True):
            turn = rates * np.multiply.outer(u, u)
            yield 2 * symmetric(turn.T @ overlap) - weight * np.multiply.outer(u, u)

    # A multiple of the identity keeps the overlaps positive, and the errors free of cancellation.
    lift = [np.linalg.norm(change) for change in moved()]
    unit = np.eye(len(eta))
    lifted = (change + size * unit for change, size in zip(moved(), lift, strict=True))
    (of_unit,) = _of_overlaps(theory, shift, iter([unit]), 1, observable, task)
    by_log = explicit + _of_overlaps(theory, shift, lifted, len(p), observable, task) - np.array(lift) * of_unit
    return float(curve.observables[observable]), by_log - p * by_log.sum()


def optimise_train(
    theory: Any, shift: Shift, observable: str = "E_g", steps: int = 60, penalty: float = 0.0, **task: Any
) -> OptimalMeasure:
    """The training distribution on the points of least error, from that of ``shift`` down (a local minimum), by L-BFGS.

    The theory takes features for Gaussian, which they are not when a few points carry the whole measure: ``penalty`` times the
    Kullback-Leibler divergence from the first distribution, in units of the first error, keeps it spread. ParameterError where that
    is negative.
    """
    from scipy.optimize import minimize

    if not penalty >= 0:
        raise ParameterError(f"penalty: {penalty!r}; give 0 or a positive number")
    first = shift.modes.pmf
    reference = np.log(first)
    start, _ = train_gradient(theory, shift, observable, **task)

    def objective(logits: NDArray) -> tuple[float, NDArray]:
        p = _softmax(logits)
        value, slope = train_gradient(theory, shift.trained_on(p), observable, **task)
        ratio = np.log(p / first)
        return value / start + penalty * float(p @ ratio), slope / start + penalty * p * (ratio - p @ ratio)

    bounds = [(x - REACH, x + REACH) for x in reference]
    options = {"maxiter": steps, "ftol": 1e-10, "gtol": 1e-8}
    found = minimize(objective, reference, jac=True, method="L-BFGS-B", bounds=bounds, options=options)
    pmf = _softmax(found.x)
    error, _ = train_gradient(theory, shift.trained_on(pmf), observable, **task)
    return OptimalMeasure(pmf, error, start, float(np.abs(objective(found.x)[1]).max()), int(found.nit))


def optimise_test(
    theory: Any, shift: Shift, divergence: float, hardest: bool = False, observable: str = "E_g", **task: Any
) -> OptimalMeasure:
    """The test distribution of least (``hardest``: largest) error among those of this Kullback-Leibler divergence from that of
    ``shift``, in nats.

    The error is linear in the test distribution, so that the optimum is test * exp(-errors/T), with T from the divergence.
    ParameterError where the points on which the error is best or worst lie nearer than that.
    """
    from scipy.optimize import brentq

    errors = point_errors(theory, shift, observable, **task)
    reference = np.asarray(shift.test)
    signed = errors if hardest else -errors
    support = reference > 0
    extreme = support & (signed >= signed[support].max() - 1e-12 * np.abs(signed).max())
    furthest = -np.log(reference[extreme].sum())
    if not 0 < divergence < furthest:
        raise ParameterError(f"divergence: {divergence:g}; from this distribution it lies between 0 and {furthest:.4g} nats")
    scale = np.ptp(signed[support])

    def tilted(strength: float) -> NDArray:
        weight = np.where(support, reference * np.exp(strength * (signed - signed[support].max()) / scale), 0.0)
        return weight / weight.sum()

    def excess(strength: float) -> float:
        p = tilted(strength)
        return float(np.sum(p[p > 0] * np.log(p[p > 0] / reference[p > 0]))) - divergence

    upper = 1.0
    while excess(upper) < 0:
        upper *= 2
    pmf = tilted(brentq(excess, 0.0, upper, xtol=1e-12))
    return OptimalMeasure(pmf, float(pmf @ errors), float(reference @ errors), 0.0, 0)


def _of_overlaps(theory: Any, shift: Shift, overlaps: Iterator[NDArray], count: int, name: str, task: Mapping[str, Any]) -> NDArray:
    """The error, which is linear in the overlap, for many of them."""
    from solvers.sweeps import sweep

    values = shift.values
    size = len(values["eigenvalues"])
    step, found = max(1, PIECE // size**2), []
    for start in range(0, count, step):
        some = np.stack([next(overlaps) for _ in range(min(step, count - start))])
        found.append(sweep(theory, **task, **{**values, "overlap": some}, observables=[name]).observables[name])
    return np.concatenate(found)


def _rates(eta: NDArray) -> NDArray:
    """(eta_k + eta_l)/2/(eta_l - eta_k), 0 where nothing turns: on the diagonal and between modes of eigenvalue 0."""
    gap = eta[None, :] - eta[:, None]
    same = (gap == 0) | ((eta[None, :] == 0) & (eta[:, None] == 0))
    return np.where(same, 0.0, (eta[None, :] + eta[:, None]) / 2 / np.where(same, 1.0, gap))


def _split(shift: Shift) -> Shift:
    eta = shift.modes.eigenvalues
    positive = eta[eta > 0]
    if np.all(np.diff(positive) < -APART * positive[:-1]):
        return shift
    p = shift.modes.pmf * (1 + SPLIT * np.random.default_rng(0).uniform(-1, 1, len(shift.modes.pmf)))
    return shift.trained_on(p / p.sum())


def _softmax(logits: NDArray) -> NDArray:
    weights = np.exp(logits - logits.max())
    return weights / weights.sum()
