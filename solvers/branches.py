"""What continuation gives: a branch of solutions, a critical line, and the special points on them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from solvers.modes.mode_data import ModeData
from solvers.systems import System
from solvers.zeros import Place, ZeroCurve
from theory.errors import ParameterError, did_you_mean

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ALONE = 0.1
"""Share of a tangent that other unknowns may have where one of them vanishes."""
SMALL = 1e-5
"""Of its natural size: an order parameter below it vanishes at a turning point."""


@dataclass(frozen=True)
class Special:
    """A point of a branch: ``kind`` "spinodal" (the branch turns round), "continuous" or "crossing".

    At a continuous one it turns where an order parameter vanishes, into its mirror image. ``parameters`` are all scalar ones,
    ``direction`` (unknowns,) is that of the branch.
    """

    kind: str
    parameters: dict[str, float]
    order_parameters: dict[str, float]
    observables: dict[str, float]
    direction: NDArray = field(repr=False)

    def __getitem__(self, name: str) -> float:
        return _found({**self.parameters, **self.order_parameters, **self.observables}, name, "this point")


@dataclass(frozen=True, eq=False)
class Branch:
    """Solutions along a branch: ``values`` of the ``parameter``, order parameters and observables by name, all of shape (points,).

    ``error`` is the distance to the exact branch across it, relative to the size of each unknown. ``ends`` says why it stops at
    either end: "outside" (the end of the interval), "lost" (the solution leaves its domain), "closed", "long". ``parameters`` holds
    the values of the others.
    """

    model: str
    parameter: str
    values: NDArray
    order_parameters: dict[str, NDArray]
    observables: dict[str, NDArray]
    error: NDArray
    ends: tuple[str, str]
    parameters: dict[str, Any]
    spinodals: tuple[Special, ...]
    _seen: Seen = field(repr=False)
    _places: tuple[Place, ...] = field(repr=False)

    @classmethod
    def of(
        cls, system: System, curve: ZeroCurve, finer: ZeroCurve, places: Sequence[Place], ends: tuple[str, str], parameter: str,
        names: Sequence[str], given: Mapping[Any, float], data: ModeData, parameters: dict[str, Any],
    ) -> Branch:  # fmt: skip
        """From the places that were found; everything else is computed at them."""
        seen = Seen(system, curve, (parameter,), tuple(names), dict(given), data)
        found = seen.at(np.stack([p.x for p in places]))
        error = np.array([np.max(curve.error(p, finer)[:-1] / curve.scale(p.x)[:-1], initial=0.0) for p in places])
        order = {n: found[n] for n in system.theory.order_parameters}
        others = {n: found[n] for n in names}
        turns = [seen.special(_turn(curve, p), "turn") for p in _turning(places)]
        name = system.theory.name
        return cls(name, parameter, found[parameter], order, others, error, ends, parameters, tuple(turns), seen, tuple(places))

    def __getitem__(self, name: str) -> NDArray:
        return _found({self.parameter: self.values, **self.order_parameters, **self.observables}, name, self.model)

    def find(self, name: str, value: float = 0.0) -> tuple[Special, ...]:
        """Points at which an observable, order parameter or the parameter itself has a value, in the order of the branch."""
        self[name]
        return self._roots(lambda x: float(self._seen.one(x, name)) - value, self[name] - value)

    def meet(self, other: Branch, name: str) -> tuple[Special, ...]:
        """Points at which the observable is equal on another branch at the same value of the parameter."""
        if not isinstance(other, Branch) or (other.model, other.parameter) != (self.model, self.parameter):
            where = f"{self.model} in {self.parameter}"
            raise ParameterError(f"{where}: {other!r}; give another branch of the same theory and parameter")
        _found(other.observables | other.order_parameters, name, other.model)

        def difference(x: NDArray) -> float:
            partner = other.find(self.parameter, float(self._seen.one(x, self.parameter)))
            return float(self._seen.one(x, name)) - partner[0][name] if partner else np.nan

        return self._roots(difference, np.array([difference(p.x) for p in self._places]))

    def _roots(self, function: Any, values: NDArray) -> tuple[Special, ...]:
        from scipy.optimize import brentq

        found, curve = [], self._seen.curve
        for here, a, b in zip(self._places[:-1], values[:-1], values[1:], strict=True):
            if not (np.isfinite(a) and np.isfinite(b)) or a * b > 0 or (a == 0 and b == 0):
                continue
            sign = float(np.sign(a))
            reach = _reach(curve, here, lambda p, s=sign: function(p.x) * s <= 0)
            if reach is None:
                continue
            length = brentq(lambda h, p=here: function(_on(curve, p, h).x), 0.0, reach, xtol=1e-14) if a else 0.0
            found.append(self._seen.special(_on(curve, here, length), "crossing"))
        return tuple(found)

    def plot(self, y: str, ax: Axes | None = None, **look: Any) -> Axes:
        """Draw an observable or order parameter against the parameter, with its spinodals as dots; returns the axes."""
        from solvers.figures import axis_label, new_figure, style

        ax = ax if ax is not None else new_figure()[1][0]
        with style():
            (drawn,) = ax.plot(self.values, self[y], **look)
            for point in self.spinodals:
                ax.plot([point[self.parameter]], [point[y]], marker="o", markersize=4, color=drawn.get_color())
            ax.set_xlabel(axis_label(self.parameter))
            ax.set_ylabel(axis_label(y))
        return ax

    def __repr__(self) -> str:
        low, high = self.values.min(), self.values.max()
        points = [f"{s.kind} at {self.parameter} = {s[self.parameter]:.10g}" for s in self.spinodals]
        head = f"branch of {self.model}: {self.parameter} from {low:.6g} to {high:.6g}, {len(self.values)} points"
        rows = [f"{head}, ends {' and '.join(self.ends)}"]
        return "\n  ".join([*rows, *points])


@dataclass(frozen=True, eq=False)
class Line:
    """A critical line: ``values`` of its two parameters by name, order parameters by name, ``error`` as of a branch; (points,)."""

    model: str
    values: dict[str, NDArray]
    order_parameters: dict[str, NDArray]
    error: NDArray
    ends: tuple[str, str]

    @classmethod
    def of(
        cls, system: System, curve: ZeroCurve, finer: ZeroCurve, places: Sequence[Place], ends: tuple[str, str],
        names: Sequence[str],
        given: Mapping[Any, float], data: ModeData,
    ) -> Line:  # fmt: skip
        """From the places that were found."""
        seen = Seen(system, curve, tuple(names), (), dict(given), data)
        found = seen.at(np.stack([p.x for p in places]))
        error = np.array([np.max(curve.error(p, finer) / curve.scale(p.x), initial=0.0) for p in places])
        order = {n: found[n] for n in system.theory.order_parameters}
        return cls(system.theory.name, {n: found[n] for n in names}, order, error, ends)

    def __getitem__(self, name: str) -> NDArray:
        return _found({**self.values, **self.order_parameters}, name, self.model)

    def plot(self, ax: Axes | None = None, **look: Any) -> Axes:
        """Draw the second parameter against the first; returns the axes."""
        from solvers.figures import axis_label, new_figure, style

        ax = ax if ax is not None else new_figure()[1][0]
        (x, xs), (y, ys) = self.values.items()
        with style():
            ax.plot(xs, ys, **look)
            ax.set_xlabel(axis_label(x))
            ax.set_ylabel(axis_label(y))
        return ax


@dataclass(frozen=True, eq=False)
class Seen:
    """What is seen at points of a curve: followed parameters, order parameters, observables."""

    system: System
    curve: ZeroCurve
    followed: tuple[str, ...]
    names: tuple[str, ...]
    given: dict[Any, float]
    data: ModeData

    def at(self, xs: NDArray) -> dict[str, NDArray]:
        """Values by name at coordinates (points, n + 1)."""
        opened, theory, points = self.curve.opened(xs), self.system.theory, len(xs)
        known: dict[Any, NDArray] = {s: np.full(points, v) for s, v in self.given.items()}
        known |= {s: opened[:, i] for i, s in enumerate(self.curve.variables)}
        wanted = [*theory.order_parameters, *self.names]
        known = {s: v for s, v in known.items() if s in {p.symbol for p in theory.parameters} | set(self.system.unknowns)}
        values = self.system.outputs(wanted)(known, points, self.data)
        stride = 2 + len(self.system.unknowns)
        found = {n: np.broadcast_to(values[i * stride], (points,)) for i, n in enumerate(wanted)}
        return found | {n: known[theory.parameter(n).symbol] for n in self.followed}

    def one(self, x: NDArray, name: str) -> float:
        return float(self.at(x[None])[name][0])

    def special(self, place: Place, kind: str) -> Special:
        """The point by itself; a turn is one of two kinds."""
        found = {n: float(v[0]) for n, v in self.at(place.x[None]).items()}
        m = len(self.system.unknowns)
        if kind == "turn":
            gone = (np.abs(place.x[:m]) < SMALL * self.curve.units[:m]) & ~self.system.logarithmic
            # What vanishes with a square root of the distance moves alone.
            kind = "continuous" if np.any(gone) and np.linalg.norm(place.tangent[:m][~gone]) < ALONE else "spinodal"
        theory = self.system.theory
        scalars = {p.name: float(self.given[p.symbol]) for p in theory.parameters if not p.ndim and p.symbol in self.given}
        direction = (place.tangent * self.curve.scale(place.x))[:m]
        order = {n: found[n] for n in theory.order_parameters}
        seen = {n: found[n] for n in self.names}
        return Special(kind, {**scalars, **{n: found[n] for n in self.followed}}, order, seen, direction)


def _turning(places: Sequence[Place]) -> list[Place]:
    """Places behind which the parameter turns round before the next one."""
    return [a for a, b in pairwise(places) if a.tangent[-1] * b.tangent[-1] < 0]


def _turn(curve: ZeroCurve, here: Place) -> Place:
    from scipy.optimize import brentq

    reach = _reach(curve, here, lambda p: p.tangent[-1] * here.tangent[-1] <= 0)
    if reach is None:
        return here
    return _on(curve, here, brentq(lambda h: _on(curve, here, h).tangent[-1], 0.0, reach, xtol=1e-14))


def _reach(curve: ZeroCurve, here: Place, beyond: Any) -> float | None:
    """A length of step at which ``beyond`` holds."""
    for factor in (1.0, 1.3, 1.7, 0.6):
        place = curve.on(here, factor * here.step)
        if place is not None and beyond(place):
            return factor * here.step
    return None


def _on(curve: ZeroCurve, here: Place, length: float) -> Place:
    found = curve.on(here, length) if length else here
    return here if found is None else found


def _found(tables: Mapping[str, Any], name: str, where: str) -> Any:
    if name not in tables:
        raise ParameterError(f"{where}: no {name!r}; {did_you_mean(name, tables)}")
    return tables[name]
