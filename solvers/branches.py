"""What continuation gives: a branch of solutions, a critical line, and the special points on them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from solvers.modes.mode_data import ModeData
from solvers.seen import Seen, Special, found_in
from solvers.systems import System
from solvers.verdicts import Verdict, judged
from solvers.zeros import Place, ZeroCurve
from theory.errors import ParameterError

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True, eq=False)
class Branch:
    """Solutions along a branch: ``values`` of the ``parameter``, order parameters and observables by name, all of shape (points,).

    ``error`` is the distance to the exact branch across it, relative to the size of each unknown. ``ends`` says why it stops at
    either end: "outside" (the end of the interval), "lost" (the solution leaves its domain), "closed", "long". ``parameters`` holds
    the values of the others. ``verdicts`` say at which points conditions hold, such as stability against replica symmetry breaking.
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
    verdicts: dict[str, Verdict]
    _seen: Seen = field(repr=False)
    _places: tuple[Place, ...] = field(repr=False)

    @classmethod
    def of(
        cls, system: System, curve: ZeroCurve, finer: ZeroCurve, places: Sequence[Place], ends: tuple[str, str], parameter: str,
        names: Sequence[str], given: Mapping[Any, float], data: ModeData, parameters: dict[str, Any], theory: Any, tolerance: float,
    ) -> Branch:  # fmt: skip
        """From the places that were found; everything else is computed at them."""
        seen = Seen(system, curve, (parameter,), tuple(names), dict(given), data)
        at = np.stack([p.x for p in places])
        found, apart = seen.at(at), np.stack([curve.error(p, finer)[:-1] for p in places])
        error = np.max(apart / np.stack([curve.scale(x)[:-1] for x in at]), axis=1, initial=0.0)
        order = {n: found[n] for n in system.theory.order_parameters}
        others = {n: found[n] for n in names}
        verdicts = judged(theory, seen.scalars(at), order, seen.errors(at, apart), tolerance, error.shape)
        turns = [seen.special(_turn(curve, p), "turn") for p in _turning(places)]
        name = system.theory.name
        return cls(
            name, parameter, found[parameter], order, others, error, ends, parameters, tuple(turns), verdicts, seen, tuple(places)
        )

    def __getitem__(self, name: str) -> NDArray:
        return found_in({self.parameter: self.values, **self.order_parameters, **self.observables}, name, self.model)

    @property
    def sound(self) -> NDArray:
        """Points at which no verdict fails, shape (points,)."""
        return ~np.any([np.zeros(self.values.shape, dtype=bool), *(v.failed for v in self.verdicts.values())], axis=0)

    def find(self, name: str, value: float = 0.0) -> tuple[Special, ...]:
        """Points at which an observable, order parameter or the parameter itself has a value, in the order of the branch."""
        self[name]
        return self._roots(lambda x: float(self._seen.one(x, name)) - value, self[name] - value)

    def meet(self, other: Branch, name: str) -> tuple[Special, ...]:
        """Points at which the observable is equal on another branch at the same value of the parameter."""
        if not isinstance(other, Branch) or (other.model, other.parameter) != (self.model, self.parameter):
            where = f"{self.model} in {self.parameter}"
            raise ParameterError(f"{where}: {other!r}; give another branch of the same theory and parameter")
        found_in(other.observables | other.order_parameters, name, other.model)

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
        """Draw an observable or order parameter against the parameter, dashed where a verdict fails, with its spinodals as dots;
        returns the axes."""
        from solvers.figures import axis_label, new_figure, style

        ax = ax if ax is not None else new_figure()[1][0]
        with style():
            sound, beside = self.sound, ~self.sound
            beside[1:] |= ~sound[:-1]
            beside[:-1] |= ~sound[1:]
            (drawn,) = ax.plot(self.values, np.where(sound, self[y], np.nan), **look)
            if not sound.all():
                rest = {k: v for k, v in look.items() if k not in ("label", "color", "c", "linestyle", "ls")}
                ax.plot(self.values, np.where(beside, self[y], np.nan), color=drawn.get_color(), linestyle="--", **rest)
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
        return "\n  ".join([*rows, *points, *(str(v) for v in self.verdicts.values() if not v)])


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
        return found_in({**self.values, **self.order_parameters}, name, self.model)

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
