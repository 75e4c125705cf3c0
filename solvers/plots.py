"""`plot`: theory lines and simulation dots of one observable, in one call."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from solvers.figures import DASHES, MARKERS, axis_label, colours, new_figure, style, symbol, tex_number
from theory.errors import ParameterError, did_you_mean

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_INSIDE = 7  # a longer legend stands beside the axes
_LOG_FROM = 10.0  # an axis is logarithmic when its positive values span more than this factor


def plot(
    curve: Any = None,
    dots: Any = None,
    x: str | None = None,
    y: str = "E_g",
    ax: Axes | None = None,
    *,
    modes: Sequence[int] | None = None,
    label: str | None = None,
    color: Any = None,
) -> Axes:
    """Draw observable ``y`` over the axis ``x``: a `Curve` as lines, an `Estimate` as dots with standard errors.

    ``x`` is by default the axis with the most points. Other axes make one line each, told apart by colour and dashes and named in
    the legend; of an observable with one value per mode, ``modes`` (0 is the first) chooses the lines, five of them by default. An
    axis is logarithmic when its values are positive and span more than a factor 10. A failed point leaves a gap, an infinite value
    is an infinity sign at the upper edge, a dot whose standard error means nothing is hollow. ``label`` and ``color`` name a single
    line.

    Returns the matplotlib axes, new ones if ``ax`` is not given (``.figure`` is then theirs). Raises ParameterError for an unknown
    axis, observable or mode, and where there is nothing to draw.
    """
    if curve is None and dots is None:
        raise ParameterError("nothing to plot; give a curve, dots or both")
    x = _abscissa(curve if curve is not None else dots, x)
    lines = [] if curve is None else _series(curve, x, y, modes)
    points = [] if dots is None else _series(dots, x, y, modes)
    if ax is None:
        ax = new_figure()[1][0]
    keys = list(dict.fromkeys(series.key for series in (*lines, *points)))
    if label is not None and len(keys) > 1:
        raise ParameterError(f"label {label!r} names one line and there are {len(keys)}; leave it out, or draw them one by one")
    looks = _looks(keys, color)
    with style():
        for series in lines:
            _line(ax, series, looks[series.key], (label or "theory") if len(keys) == 1 and (label or points) else None)
        for series in points:
            name = (label if not lines else None) if label else _simulated(points)
            _dots(ax, series, looks[series.key], name if len(keys) == 1 else None)
        if len(keys) > 1:
            _name_looks(ax, looks, bool(lines), _simulated(points) if points else None)
        _scales(ax)
        ax.set_xlabel(axis_label(x))
        ax.set_ylabel(axis_label(y))
        entries = len(ax.get_legend_handles_labels()[1])
        if entries:
            ax.legend(**({"loc": "upper left", "bbox_to_anchor": (1, 1)} if entries > _INSIDE else {}))
    return ax


@dataclass(frozen=True)
class _Look:
    """How a key is drawn."""

    colour: Any
    dash: Any
    marker: str


def _looks(keys: Sequence[tuple], color: Any) -> dict[tuple, _Look]:
    """Colour for the first axis and dashes for the others; colour for all of them together where dashes do not suffice."""
    firsts, rests = list(dict.fromkeys(key[:1] for key in keys)), list(dict.fromkeys(key[1:] for key in keys))
    if len(rests) > len(DASHES):
        firsts, rests = list(keys), []
    shades = colours(len(firsts)) if color is None else [color] * len(firsts)
    looks = {}
    for key in keys:
        first, rest = (firsts.index(key[:1]), rests.index(key[1:])) if rests else (firsts.index(key), 0)
        looks[key] = _Look(shades[first], DASHES[rest], MARKERS[(rest if len(rests) > 1 else first) % len(MARKERS)])
    return looks


def _name_looks(ax: Axes, looks: dict[tuple, _Look], drawn: bool, simulated: str | None) -> None:
    """Entries of the legend: a colour for each value of the first axis, dashes for each of the others, one for all dots."""
    dashed = len({look.dash for look in looks.values()}) > 1
    shown: dict[tuple, _Look] = {}
    for key, look in looks.items():
        plain = _Look(look.colour, DASHES[0] if drawn else "", look.marker if not drawn else "")
        shown.setdefault(key[:1] if dashed else key, plain)
    if dashed:
        for key, look in looks.items():
            shown.setdefault(key[1:], _Look("0.3", look.dash if drawn else "", look.marker if not drawn else ""))
    for key, look in shown.items():
        ax.plot([], [], color=look.colour, linestyle=look.dash, marker=look.marker, markersize=4, label=_legend(key))
    if simulated and drawn:
        ax.errorbar([], [], yerr=[], linestyle="", marker="o", color="0.3", markersize=4, label=simulated)


@dataclass(frozen=True, eq=False)
class _Series:
    """One line or row of dots: its key ((axis, value), ...), abscissae and values; of dots also errors and trials."""

    key: tuple[tuple[str, float], ...]
    x: NDArray
    y: NDArray
    stderr: NDArray
    reliable: NDArray
    trials: int


def _groups(result: Any) -> tuple[tuple[str, ...], ...]:
    """Names of the parameters that run along each dimension of the arrays."""
    return getattr(result, "groups", tuple((name,) for name in result.axes))


def _abscissa(result: Any, x: str | None) -> str:
    lines = {name: len(values) for name, values in result.axes.items() if np.ndim(values) == 1}
    if not lines:
        raise ParameterError("nothing to plot: no parameter runs over numbers; give one of them a list")
    if x is None:
        return max(lines, key=lambda name: lines[name])
    if x not in lines:
        raise ParameterError(f"no axis {x!r}; {did_you_mean(x, lines)}")
    return x


def _series(result: Any, x: str, y: str, modes: Sequence[int] | None) -> list[_Series]:
    if y not in result.observables:
        raise ParameterError(f"no observable {y!r}; {did_you_mean(y, result.observables)}")
    x = _abscissa(result, x)
    found, groups = result.observables[y], _groups(result)
    simulated = hasattr(found, "stderr")
    values = np.asarray(found.mean if simulated else found, dtype=float)
    stderr = np.asarray(found.stderr if simulated else np.zeros_like(values), dtype=float)
    trials = int(np.max(found.trials)) if simulated else 0
    shape = values.shape[: len(groups)]
    reliable = np.broadcast_to(result.reliable, shape) if simulated else np.ones(shape, dtype=bool)
    place = next(i for i, group in enumerate(groups) if x in group)
    others = [group for i, group in enumerate(groups) if i != place]
    ranges: list[Sequence[int]] = [range(n) for i, n in enumerate(shape) if i != place]
    if values.ndim > len(groups):
        ranges.append(_modes(values.shape[-1], modes, y))
    series = []
    for index in itertools.product(*ranges):
        key = tuple((name, _told(result.axes[name], i)) for group, i in zip(others, index, strict=False) for name in group)
        if len(index) > len(others):
            key += (("k", float(index[-1] + 1)),)
        where = (*index[:place], slice(None), *index[place:])
        trusted = reliable[where[: len(shape)]]
        series.append(_Series(key, np.asarray(result.axes[x], dtype=float), values[where], stderr[where], trusted, trials))
    return series


def _told(values: NDArray, i: int) -> float:
    """What the legend says of a point on an axis: its value, or its number where each point is an array."""
    return float(values[i]) if np.ndim(values) == 1 else float(i + 1)


def _modes(count: int, modes: Sequence[int] | None, y: str) -> list[int]:
    if modes is None:
        return sorted({round(k) - 1 for k in np.geomspace(1, count, 5)})
    for k in modes:
        if not 0 <= k < count:
            raise ParameterError(f"{y} has {count} modes, none of number {k}; give numbers from 0 to {count - 1}")
    return list(modes)


def _legend(key: tuple) -> str | None:
    return ", ".join(f"${symbol(name)} = {tex_number(value)}$" for name, value in key) or None


def _line(ax: Axes, series: _Series, look: _Look, name: str | None) -> None:
    order = np.argsort(series.x, kind="stable")
    x, y = series.x[order], series.y[order]
    infinite = np.isposinf(y)
    ax.plot(x, np.where(np.isfinite(y), y, np.nan), color=look.colour, linestyle=look.dash, label=name, zorder=2)
    alone = np.isfinite(y) & ~np.isfinite(np.r_[np.nan, y[:-1]]) & ~np.isfinite(np.r_[y[1:], np.nan])
    ax.plot(x[alone], y[alone], ".", color=look.colour, zorder=2)  # a point between two gaps makes no line
    if infinite.any():
        edge = {"transform": ax.get_xaxis_transform(), "clip_on": False}
        ax.plot(x[infinite], np.ones(infinite.sum()), linestyle="", marker=r"$\infty$", color=look.colour, markersize=9, **edge)


def _simulated(points: Sequence[_Series]) -> str:
    return f"simulation, {max(series.trials for series in points)} trials"


def _dots(ax: Axes, series: _Series, look: _Look, name: str | None) -> None:
    for chosen, face, edge in ((series.reliable, look.colour, "white"), (~series.reliable, "none", look.colour)):
        if chosen.any():
            stderr = series.stderr[chosen]
            bars = np.where(np.isfinite(stderr) & series.reliable[chosen], stderr, 0.0)
            ax.errorbar(
                series.x[chosen], series.y[chosen], yerr=bars, linestyle="", marker=look.marker, color=look.colour, label=name,
                markersize=4, markerfacecolor=face, markeredgecolor=edge, markeredgewidth=0.6, elinewidth=1.0, zorder=3,
            )  # fmt: skip
            name = None


def _scales(ax: Axes) -> None:
    """Logarithmic where what is drawn asks for it; whoever draws twice on the same axes gets the range of both."""
    drawn = [line.get_xydata() for line in ax.get_lines() if line.get_transform() == ax.transData]
    data = np.vstack([np.asarray(d, dtype=float).reshape(-1, 2) for d in drawn] or [np.empty((0, 2))])
    data = data[np.isfinite(data).all(axis=1)]
    for values, change in zip(data.T, (ax.set_xscale, ax.set_yscale), strict=True):
        wide = values.size and values.min() > 0 and values.max() > _LOG_FROM * values.min()
        change("log" if wide else "linear", **({"nonpositive": "clip"} if wide else {}))
