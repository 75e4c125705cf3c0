"""Newton's method with scalars of many digits at one point, and the errors of what it finds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import mpmath as mp
import numpy as np

from solvers.modes.mode_data import ModeData

if TYPE_CHECKING:
    from solvers.extended import Extended

DIGITS = 60
STEPS, HALVINGS, LAST = 25, 10, 2
"""Most steps, most halvings of one, and whole steps at the end."""
NEAREST, FAR = 0.1, 1e3
"""Factors by which a distance from where something ends changes at most in one step."""
SETTLED = 0.1
"""Steps below this share of the errors of the averages are the last."""


@dataclass
class Found:
    """One point: unknowns ``x``; ``values`` of these and of the names asked for with absolute ``errors``; ``slopes`` of the latter
    by the unknowns; the number of ``steps`` and the largest ``residual``."""

    x: list[Any]
    values: list[Any]
    errors: list[Any]
    slopes: Any
    steps: int
    residual: Any


@dataclass
class State:
    """Unknowns; residual, its slopes by the unknowns and by the averages, rounding of the averages; observables with the same
    slopes; what the averages depend on; gaps with their slopes, row by row."""

    x: list[Any]
    residual: Any
    jacobian: Any
    by_average: Any
    noise: list[Any]
    values: Sequence[Any]
    slopes: Any
    through: Any
    inner: Sequence[Any]
    gaps: Sequence[Any]
    gap_slopes: Sequence[Any]


@dataclass
class Arrived:
    """A solution, what is known there, the inverse of the Jacobian, the step that was not taken, the number of those that were."""

    x: list[Any]
    state: State
    inverse: Any
    step: Any
    count: int


@dataclass
class Place:
    """A distance, its slopes by the unknowns, and the number of the gap that it is, if any."""

    value: Any
    slopes: list[Any]
    gap: int | None

    def change(self, step: Any) -> Any:
        return mp.fsum(s * d for s, d in zip(self.slopes, step, strict=True))


class Point:
    """Newton's method at one point, at the working precision."""

    def __init__(self, equations: Extended, parameters: list[Any], data: ModeData, nodes: int):
        self.equations, self.parameters, self.data, self.nodes = equations, parameters, data, nodes
        one = {s: np.asarray([float(v)]) for s, v in zip(equations.parameters, parameters, strict=True)}
        lower, upper = equations.system.bounds(one, 1, data)
        self.lower, self.upper = lower[0], upper[0]
        self.m = len(equations.unknowns)

    def run(self, x: list[Any]) -> Arrived | None:
        """The solution from a start near it; None where Newton's method does not arrive."""
        try:
            here = self.state(x)
            for count in range(1, STEPS + 1):
                if here is None:
                    return None
                x = here.x
                inverse = here.jacobian**-1
                step = -inverse * here.residual
                doubt = _swing(inverse * here.by_average, here.noise)
                small = all(abs(s) <= SETTLED * d for s, d in zip(step, doubt, strict=True))
                if small or all(abs(p.change(step)) <= mp.mpf(10) ** -25 * p.value for p in self.distances(x, here)):
                    return self.last(x, here, count)
                x, here = self.step(x, here, step, inverse)
        except (ZeroDivisionError, ValueError, TypeError, OverflowError):
            return None
        return None

    def last(self, x: list[Any], here: State, count: int) -> Arrived | None:
        """Whole steps of all unknowns beside the solution: equations without averages, which may all but cancel, hold exactly then,
        and rounding enters by the averages alone."""
        for _ in range(LAST):
            inverse = here.jacobian**-1
            moved = self.state([v + s for v, s in zip(x, -inverse * here.residual, strict=True)], False)
            if moved is None:
                return None
            x, here = moved.x, moved
        inverse = here.jacobian**-1
        return Arrived(x, here, inverse, -inverse * here.residual, count + LAST)

    def ahead(self, arrived: Arrived, moved: Point, times: Any) -> list[Any] | None:
        """Along the tangent of the solution in the parameters, to where they are changed so many times as in ``moved``."""
        other = moved.state(arrived.x, False)
        if other is None:
            return None
        step = -(arrived.inverse * (other.residual - arrived.state.residual))
        places = self.distances(arrived.x, arrived.state)
        wanted = [p.value * mp.exp(max(min(times * p.change(step) / p.value, 60), -60)) for p in places]
        return self.placed(arrived.x, places, wanted)

    def step(self, x: list[Any], here: State, step: Any, inverse: Any) -> tuple[list[Any], State | None]:
        """Where a step leads, cut until the simplified Newton correction shrinks, and the state there."""
        places = self.distances(x, here)
        moves = [place.change(step) for place in places]
        counted = [i for i in range(self.m) if i not in self.equations.given_by]
        length = _norm([moves[i] / places[i].value for i in counted])
        share = mp.mpf(1)
        for _ in range(HALVINGS):
            wanted = [p.value * min(max(1 + share * move / p.value, NEAREST), FAR) for p, move in zip(places, moves, strict=True)]
            trial = self.placed(x, places, wanted)
            there = None if trial is None else self.state(trial)
            if trial is not None and there is not None:
                simplified = inverse * there.residual
                if _norm([places[i].change(simplified) / places[i].value for i in counted]) <= (1 - share / 4) * length:
                    return trial, there
            share /= 2
        return x, None

    def distances(self, x: Sequence[Any], here: State) -> list[Place]:
        """Of each unknown, how far it is from where something ends: zero, an end of its interval, or an imaginary root."""
        found = []
        for i, value in enumerate(x):
            high = self.upper[i]
            own = [mp.mpf(int(i == j)) for j in range(self.m)]
            place = Place(abs(value), [(-1 if value < 0 else 1) * s for s in own], None)
            if np.isfinite(high) and high - value < value:
                place = Place(high - value, [-s for s in own], None)
            elif not np.isfinite(self.lower[i]):
                for k, g in enumerate(here.gaps):
                    slopes = here.gap_slopes[k * self.m : (k + 1) * self.m]
                    if abs(slopes[i] * value) > g:
                        place = Place(g, list(slopes), k)
                        break
            found.append(place)
        return found

    def placed(self, x: Sequence[Any], places: Sequence[Place], wanted: Sequence[Any]) -> list[Any] | None:
        """Unknowns at the wanted distances; None where there are none."""
        trial = list(x)
        for i, (place, distance) in enumerate(zip(places, wanted, strict=True)):
            if place.gap is None:
                trial[i] = x[i] + (distance - place.value) * place.slopes[i]
        for i, (place, distance) in enumerate(zip(places, wanted, strict=True)):
            if place.gap is not None and not self._closed_in(trial, i, place.gap, distance):
                return None
        return trial

    def _closed_in(self, trial: list[Any], i: int, gap: int, wanted: Any) -> bool:
        """Move one unknown to where a gap has the size wanted."""
        own, k = self.equations, len(self.equations.inner) + gap
        for _ in range(STEPS):
            value = own._places(*self.parameters, *trial)[k]
            move = (wanted - value) / own._turns(*self.parameters, *trial)[k * self.m + i]
            if not _real(move):
                return False
            trial[i] += move
            if abs(move) <= mp.mpf(10) ** (10 - DIGITS) * abs(trial[i]):
                return True
        return False

    def state(self, x: Sequence[Any], given: bool = True) -> State | None:
        """What is known at one place, where what equations give is put in; None where there are no numbers, or imaginary roots."""
        own, m = self.equations, self.m
        places = own._places(*self.parameters, *x)
        inner, gaps = places[: len(own.inner)], places[len(own.inner) :]
        if not all(map(_real, places)) or any(not g > 0 for g in gaps):
            return None
        a, noise, slopes = own.averages(inner, self.data, self.nodes)
        if not (np.isfinite(a).all() and np.isfinite(slopes).all() and np.isfinite(noise).all()):
            return None
        rounded = [mp.mpf(float(v)) for v in inner]
        a = [mp.mpf(v) + mp.fsum(mp.mpf(s) * (p - r) for s, p, r in zip(row, inner, rounded, strict=True))
             for v, row in zip(a, slopes, strict=True)]  # fmt: skip
        x = list(x)
        outer = own._outer(*self.parameters, *x, *a)
        for i in own.given_by if given else ():
            x[i] -= outer[i]
        turns = own._turns(*self.parameters, *x)
        k, count = len(own.inner), len(a)
        by_place = mp.matrix(slopes.tolist()) * mp.matrix([list(turns[i * m : (i + 1) * m]) for i in range(k)])
        outer = own._outer(*self.parameters, *x, *a)
        flat = own._outer_slopes(*self.parameters, *x, *a)
        if not all(map(_real, outer[:m])):
            return None
        table = mp.matrix([list(flat[i * (m + count) : (i + 1) * (m + count)]) for i in range(len(outer))])
        direct, through = table[:, :m], table[:, m:]
        whole = direct + through * by_place
        f = mp.matrix(outer[:m])
        return State(x, f, whole[:m, :], through[:m, :], [mp.mpf(v) for v in noise], outer[m:], whole[m:, :], through[m:, :], inner,
                      gaps, turns[k * m :])  # fmt: skip

    def found(self, arrived: Arrived) -> Found:
        """The solution with the errors of everything."""
        here, own = arrived.state, self.equations
        coarse, fine = (own.averages(here.inner, self.data, n, False)[0] for n in (self.nodes, 2 * self.nodes - 1))
        apart = [mp.mpf(v) for v in fine - coarse]
        values, rows = [*arrived.x, *here.values], -(arrived.inverse * here.by_average)
        last = [abs(s) for s in arrived.step]
        if here.values:
            turned = here.slopes * rows + here.through
            rows = mp.matrix(rows.tolist() + turned.tolist())
            last += [abs(s) for s in here.slopes * arrived.step]
        errors = []
        for j, tail in enumerate(last):
            row = [rows[j, k] for k in range(rows.cols)]
            rounded = mp.fsum(abs(r) * n for r, n in zip(row, here.noise, strict=True))
            errors.append(rounded + abs(mp.fsum(r * d for r, d in zip(row, apart, strict=True))) + tail)
        return Found(arrived.x, values, errors, here.slopes, arrived.count, max(map(abs, here.residual)))


def _swing(shifts: Any, noise: Sequence[Any]) -> list[Any]:
    return [mp.fsum(abs(shifts[i, k]) * n for k, n in enumerate(noise)) for i in range(shifts.rows)]


def _norm(values: Sequence[Any]) -> Any:
    return mp.sqrt(mp.fsum(v * v for v in values))


def _real(value: Any) -> bool:
    return not isinstance(value, mp.mpc) and bool(mp.isfinite(value))
