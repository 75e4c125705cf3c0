"""What a benchmark is: a task, a yardstick timed beside it on the same machine, and the ratio allowed."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from timeit import Timer

SHORTEST = 0.01  # seconds: quicker calls are repeated within one reading


@dataclass(frozen=True)
class Benchmark:
    """`task` may cost at most `at_most` times `yardstick`; both are called without arguments."""

    name: str
    task: Callable[[], object]
    yardstick: Callable[[], object]
    at_most: float
    yardstick_name: str = "yardstick"


@dataclass(frozen=True)
class Reading:
    """The best times of one benchmark, in seconds, and their ratio."""

    benchmark: Benchmark
    task: float
    yardstick: float

    @property
    def ratio(self) -> float:
        return self.task / self.yardstick

    @property
    def within(self) -> bool:
        return self.ratio <= self.benchmark.at_most


def _loops(timer: Timer) -> int:
    """Calls per reading; the calls made to find out are the warm-up."""
    number = 1
    while (elapsed := timer.timeit(number)) < SHORTEST:
        number = max(2 * number, round(number * 1.2 * SHORTEST / max(elapsed, SHORTEST / 100)))
    return number


def measure(benchmark: Benchmark, rounds: int = 5, patience: float = 20.0) -> Reading:
    """The best of `rounds` readings of task and yardstick in turn, fewer once `patience` seconds are spent.

    In turn, so that a machine that slows down slows both; the best, since noise only adds.
    """
    timers = Timer(benchmark.task), Timer(benchmark.yardstick)
    loops = [_loops(timer) for timer in timers]
    best = [float("inf"), float("inf")]
    start = time.perf_counter()
    for done in range(rounds):
        if done and time.perf_counter() - start > patience:
            break
        for k, timer in enumerate(timers):
            best[k] = min(best[k], timer.timeit(loops[k]) / loops[k])
    return Reading(benchmark, *best)
