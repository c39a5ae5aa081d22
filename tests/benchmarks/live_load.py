"""What each process takes of the machine while the board is measured: all of them share its cores."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

import psutil

# Part of a command line → name.
_NAMES: Final = {
    "-m hubstat ingest": "worker",
    "-m hubstat dashboard": "dashboard",
    "org.elasticsearch": "Elasticsearch",
    "kafka.Kafka": "Kafka",
    "chrom": "browser",
    "multiprocessing.spawn": "feed",
    "bench_live": "bench",
}


@contextmanager
def shares() -> Iterator[Callable[[], dict[str, float]]]:
    """Gives a question: since the block began, % of one core that each known process took."""
    before, began = _seconds(), time.monotonic()

    def found() -> dict[str, float]:
        spent, took = _seconds() - before, time.monotonic() - began
        return {name: round(100 * seconds / took, 1) for name, seconds in spent.most_common()}

    yield found


def _seconds() -> Counter[str]:
    """CPU seconds of the processes that run, by name."""
    total: Counter[str] = Counter()
    names: dict[int, str | None] = {}
    processes = list(psutil.process_iter(["pid", "ppid", "cmdline", "cpu_times", "nice"]))
    for process in processes:
        line = " ".join(process.info["cmdline"] or ())
        names[process.info["pid"]] = next((name for part, name in _NAMES.items() if part in line), None)
    for process in processes:
        name, times = names[process.info["pid"]], process.info["cpu_times"]
        if name == "feed" and names.get(process.info["ppid"]) == "dashboard":
            name = "projection" if process.info["nice"] else "Friends' days"
        if name is not None and times is not None:
            total[name] += times.user + times.system
    return total
