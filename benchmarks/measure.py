"""What a benchmark is: a task, a yardstick timed beside it on the same machine, and the ratio allowed."""

from __future__ import annotations

import ctypes
import time
from collections.abc import Callable
from dataclasses import dataclass
from timeit import Timer

SHORTEST = 0.01  # seconds: quicker calls are repeated within one reading


LARGEST, KEPT = 1 << 25, 1 << 30  # bytes: arrays that malloc takes from its own heap, and what it keeps of that when they are gone
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3


def keep_memory() -> bool:
    """Let malloc keep what arrays leave; whether the C library can be told so.

    By default arrays above a threshold, which moves with what was freed before, come from the system and go back to it: each is
    written into fresh pages, at several times the cost of the arithmetic, or into warm ones, as the history of the process has it.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):
        return False
    return bool(mallopt(M_MMAP_THRESHOLD, LARGEST)) and bool(mallopt(M_TRIM_THRESHOLD, KEPT))


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
    """The best times of one benchmark, in seconds of the processor, and their ratio."""

    benchmark: Benchmark
    task: float
    yardstick: float

    @property
    def ratio(self) -> float:
        return self.task / self.yardstick

    @property
    def within(self) -> bool:
        return self.ratio <= self.benchmark.at_most


def processor_time() -> float:
    """Seconds that this process and those that it has waited for have computed: other processes on the machine do not count."""
    try:
        import resource
    except ImportError:
        return time.perf_counter()
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


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
    timers = Timer(benchmark.task, timer=processor_time), Timer(benchmark.yardstick, timer=processor_time)
    loops = [_loops(timer) for timer in timers]
    best = [float("inf"), float("inf")]
    start = time.perf_counter()
    for done in range(rounds):
        if done and time.perf_counter() - start > patience:
            break
        for k, timer in enumerate(timers):
            best[k] = min(best[k], timer.timeit(loops[k]) / loops[k])
    return Reading(benchmark, *best)
