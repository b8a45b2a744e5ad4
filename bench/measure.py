"""Timing: interleaved rounds, medians, p95, CPU seconds."""

from __future__ import annotations

import statistics
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

Work = Callable[[], object]


@dataclass(frozen=True)
class Timing:
    """Milliseconds per call: median and 95th percentile; CPU milliseconds of this process per call."""

    median: float
    p95: float
    cpu: float


def interleaved(works: dict[str, Work], rounds: int, warm: int = 3) -> dict[str, Timing]:
    """Call each work in turn `rounds` times after `warm` unmeasured rounds, so that noise falls on all alike."""
    wall: dict[str, list[float]] = {name: [] for name in works}
    cpu: dict[str, list[float]] = {name: [] for name in works}
    for number in range(rounds + warm):
        for name, work in works.items():
            began, used = time.perf_counter(), time.process_time()
            work()
            if number >= warm:
                wall[name].append((time.perf_counter() - began) * 1000)
                cpu[name].append((time.process_time() - used) * 1000)
    return {
        name: Timing(statistics.median(times), sorted(times)[int(len(times) * 0.95)], statistics.median(cpu[name]))
        for name, times in wall.items()
    }


def rate(make_work: Callable[[int], Work], clients: int, seconds: float) -> float:
    """Return calls per second of `clients` threads working for `seconds`; each client makes its own work."""
    works = [make_work(number) for number in range(clients)]
    done, stop = [0] * clients, time.perf_counter() + seconds

    def run(number: int) -> None:
        while time.perf_counter() < stop:
            works[number]()
            done[number] += 1

    threads = [threading.Thread(target=run, args=(number,)) for number in range(clients)]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(done) / (time.perf_counter() - began)
