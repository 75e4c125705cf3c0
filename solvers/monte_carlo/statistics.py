"""From trials to means and standard errors, averages over disorder included."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

ELEMENTS = 1 << 20
"""Elements of one temporary array."""


@dataclass(frozen=True)
class Moments:
    """What one trial contributes to a function of averages: sum over sites of sum_m mean(c_m) prod_a mean(g_a)^p_ma.

    ``powers`` (monomials, averages); ``coefficients`` (monomials, sites), ``arguments`` (averages, sites). Results are summed over
    groups of ``copies`` neighbouring sites (the copies of a mode), or over all sites where ``copies`` is 0.
    """

    powers: tuple[tuple[int, ...], ...]
    coefficients: NDArray
    arguments: NDArray
    copies: int


@dataclass(frozen=True)
class Record:
    """One trial: values of the plain observables, moments of those with averages, and how near to singular the solution was."""

    values: dict[str, NDArray]
    moments: dict[str, tuple[Moments, ...]] = field(default_factory=dict)
    gap: int | None = None
    smallest: float = 0.0


def mean_and_error(values: NDArray) -> tuple[NDArray, NDArray]:
    """Mean over the first axis and its standard error; the error of a single trial is nan."""
    trials = len(values)
    mean = values.mean(axis=0)
    if trials < 2:
        return mean, np.full_like(mean, np.nan)
    return mean, values.std(axis=0, ddof=1) / np.sqrt(trials)


def jackknife(trials: Sequence[tuple[Moments, ...]]) -> tuple[NDArray, NDArray]:
    """Estimate and standard error of a function of averages over disorder.

    The jackknife removes the bias exactly where two averages at most are multiplied, as in <(f - <f>)^2>, for which it
    is the sample variance with T/(T-1). A single trial gives nan.
    """
    count = len(trials)
    if count < 2:
        shape = np.shape(_function(trials, False))
        return np.full(shape, np.nan), np.full(shape, np.nan)
    whole = _function(trials, False)
    without = _function(trials, True)
    return mean_and_error(count * whole - (count - 1) * without)


def _function(trials: Sequence[tuple[Moments, ...]], leave_out: bool) -> NDArray:
    """The function at the means over all trials, or over all but each one in turn (first axis)."""
    total: NDArray = np.zeros(())
    for part in range(len(trials[0])):
        moments = [trial[part] for trial in trials]
        copies, sites = moments[0].copies, moments[0].coefficients.shape[1]
        # Sites are taken in blocks, so that arrays (trials, sites) stay small.
        block = max(1, ELEMENTS // (len(trials) * max(1, copies))) * max(1, copies)
        values = [_block(moments, slice(start, start + block), leave_out) for start in range(0, sites, block)]
        total = total + (np.concatenate(values, axis=-1) if copies else sum(values[1:], values[0]))
    return total


def _block(moments: Sequence[Moments], sites: slice, leave_out: bool) -> NDArray:
    arguments = [_means([m.arguments[a, sites] for m in moments], leave_out) for a in range(len(moments[0].arguments))]
    value: NDArray = np.zeros(())
    for i, powers in enumerate(moments[0].powers):
        term = _means([m.coefficients[i, sites] for m in moments], leave_out)
        for argument, power in zip(arguments, powers, strict=True):
            term = term * argument**power if power else term
        value = value + term
    if moments[0].copies:
        value = value.reshape(*value.shape[:-1], -1, moments[0].copies)
    return value.sum(axis=-1)


def _means(trials: Sequence[NDArray], leave_out: bool) -> NDArray:
    """Mean over trials; with one left out, the mean over the others in the place of each."""
    values = np.stack(trials)
    return (values.sum(axis=0) - values) / (len(values) - 1) if leave_out else values.mean(axis=0)
