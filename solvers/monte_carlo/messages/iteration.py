"""Approximate message passing: the iteration, its memory terms, its convergence and its stability."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from solvers.monte_carlo.messages.graph import Channel, Graph
from solvers.monte_carlo.messages.measures import Tilt
from theory.errors import ConvergenceError

TOLERANCE = 1e-10
"""Root mean square change in one iteration, relative to the values."""
ITERATIONS = 600
DAMPINGS = (1.0, 0.6, 0.3, 0.1)
"""Share of the new values in each iteration, tried in turn."""
LEAST, BEGUN = 1e-12, 1e-3
"""The least variance, and that of a state at a given start."""
SPREAD = 0.1
"""Of the random fields at which an iteration begins."""


@dataclass
class Messages:
    """Means and variances of the states, their fields a and precisions b, and for each channel the means omega, variances V, and
    g and Gamma: the change of the mean field over V, and minus its derivative by omega."""

    mean: NDArray
    variance: NDArray
    a: NDArray
    b: NDArray
    omega: list[NDArray]
    spread: list[NDArray]
    force: list[NDArray]
    gain: list[NDArray]
    before: NDArray
    """Means one iteration earlier, which the memory of couplings holds."""


def begin(graph: Graph, rng: np.random.Generator, start: NDArray | None) -> Messages:
    """The first messages: means at a given start, or near where there is no data."""
    if start is None:
        mean, variance = graph.moments(SPREAD * rng.standard_normal(graph.size), np.ones(graph.size))
    else:
        mean, variance = start.copy(), np.full(graph.size, BEGUN)
    zero, fields = np.zeros(graph.size), [np.zeros(len(channel.matrix)) for channel in graph.channels]
    return Messages(mean, variance, zero, zero, fields, fields, fields, fields, zero)


def iterate(graph: Graph, old: Messages, share: float) -> Messages:
    """One iteration (Rangan 2011; for couplings Bolthausen 2014), of which ``share`` is taken."""
    a, b = graph.pulled(old.mean), np.zeros(graph.size)
    omegas, spreads, forces, gains = [], [], [], []
    for k, channel in enumerate(graph.channels):
        spread = np.maximum(channel.squares @ old.variance, LEAST)
        omega = channel.matrix @ old.mean + channel.offset - spread * old.force[k]
        force, gain = response(channel, omega, spread)
        force, gain = _mixed(old.force[k], force, share), _mixed(old.gain[k], gain, share)
        precision = channel.squares.T @ gain
        a, b = a + precision * old.mean + channel.matrix.T @ force, b + precision
        for values, new in zip((omegas, spreads, forces, gains), (omega, spread, force, gain), strict=True):
            values.append(new)
    if graph.coupling is not None:
        memory = graph.coupling**2 @ old.variance
        a, b = a + graph.coupling @ old.mean - memory * old.before, b - memory
    mean, variance = graph.moments(a, b)
    mean, variance = _mixed(old.mean, mean, share), _mixed(old.variance, variance, share)
    return Messages(mean, variance, a, b, omegas, spreads, forces, gains, old.mean)


def response(channel: Channel, omega: NDArray, spread: NDArray) -> tuple[NDArray, NDArray]:
    """g and Gamma of a channel."""
    shift, variance = channel.local.moments(cavity(omega, spread))
    return shift / spread, (1 - variance / spread) / spread


def cavity(omega: NDArray, spread: NDArray) -> Tilt:
    """The Gaussian of mean omega and variance V that a field has without its own term."""
    return Tilt(np.zeros_like(omega), 1 / spread, omega)


def resolve(graph: Graph, messages: Messages) -> bool:
    """Whether local measures had to be integrated more finely at these messages."""
    sites = [site.resolve(tilt) for site, tilt in zip(graph.sites, graph.tilts(messages.a, messages.b), strict=True)]
    fields = [c.local.resolve(cavity(*m)) for c, *m in zip(graph.channels, messages.omega, messages.spread, strict=True)]
    return any(sites) or any(fields)


def _mixed(old: NDArray, new: NDArray, share: float) -> NDArray:
    return new if share == 1 else (1 - share) * old + share * new


def _change(graph: Graph, old: Messages, new: Messages) -> float:
    """The largest root mean square change of the messages, relative to the spread of what they stand for."""

    def relative(a: NDArray, b: NDArray, spread: NDArray | float) -> float:
        return float(np.sqrt(np.mean((b - a) ** 2)) / (np.sqrt(np.mean(b**2 + spread)) + LEAST)) if len(a) else 0.0

    thermal = 0.0 if graph.units.minimum else 1.0
    forces = zip(old.force, new.force, new.gain, strict=True)
    return max(
        relative(old.mean, new.mean, thermal * new.variance),
        relative(old.variance, new.variance, 0.0),
        *(relative(a, b, thermal * np.abs(gain)) for a, b, gain in forces),
    )


@dataclass
class Found:
    """A fixed point, and how much damping it took."""

    messages: Messages
    share: float
    iterations: int


def fixed_point(graph: Graph, rng: np.random.Generator, start: NDArray | None, names: str) -> Found:
    """The fixed point; ConvergenceError, with the last residual, where the iteration finds none."""
    failures = []
    for share in DAMPINGS:
        messages, residual, reason, count = begin(graph, rng, start), np.inf, "", 0
        for count in range(1, ITERATIONS + 1):
            try:
                new = iterate(graph, messages, share)
            except ConvergenceError as error:
                reason = f"; {error}"
                break
            # The first residuals say how far the beginning was, not how near the end is.
            residual, messages = _change(graph, messages, new) / share, new
            if not np.isfinite(residual):
                break
            if residual < TOLERANCE and count > 2 and not resolve(graph, messages):
                return Found(messages, share, count)
        failures.append((residual, share, count, reason))
    residual, share, count, reason = min(failures, key=lambda f: f[0] if np.isfinite(f[0]) else np.inf)
    raise ConvergenceError(
        f"{names}: message passing does not converge; the last residual after {count} iterations is {residual:.2g} "
        f"(damping {1 - share:g}){reason}; change the parameters, or sample by another algorithm"
    )


def replicon(graph: Graph, messages: Messages) -> float:
    """Growth of a random error of the means in one iteration, of which the signs average out: above one replica symmetry breaks.

    The largest eigenvalue of the linear map of the variances of errors (Kabashima 2003), by the power method.
    """
    errors, growth = np.ones(graph.size), 0.0
    for _ in range(200):
        total = np.zeros(graph.size) if graph.coupling is None else graph.coupling**2 @ errors
        for channel, gain in zip(graph.channels, messages.gain, strict=True):
            total = total + channel.squares.T @ (gain**2 * (channel.squares @ errors))
        new = messages.variance**2 * total
        last, growth = growth, float(np.linalg.norm(new) / np.linalg.norm(errors))
        if growth == 0 or abs(growth - last) < 1e-10 * growth:
            break
        errors = new / np.linalg.norm(new)
    return growth
