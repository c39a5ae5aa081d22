"""The machine that is measured on, and what processes use of it."""

from __future__ import annotations

import os
import platform
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Final

import psutil

_PACKAGES: Final = ("aiokafka", "elasticsearch", "faust-streaming", "orjson", "cramjam", "zstandard", "duckdb")
_EVERY_SECONDS: Final = 0.1


def conditions() -> dict[str, str]:
    """Cores, processor, memory, system and versions."""
    found = {
        "cores": f"{len(os.sched_getaffinity(0)) if hasattr(os, 'sched_getaffinity') else os.cpu_count()}",
        "processor": _processor(),
        "memory": f"{psutil.virtual_memory().total / 2**30:.0f} GiB",
        "system": f"{platform.system()} {platform.machine()}",
        "Python": platform.python_version(),
    }
    for name in _PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def _processor() -> str:
    path = Path("/proc/cpuinfo")
    lines = path.read_text().splitlines() if path.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or "unknown"


def _family(pid: int) -> list[psutil.Process]:
    """A process and those it has started: Elasticsearch's only watches over the one that does the work."""
    try:
        process = psutil.Process(pid)
        return [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


@dataclass(frozen=True, slots=True)
class Sample:
    """One look. at: monotonic seconds; cpu: seconds by process, all threads; rss: bytes by process; counts: as asked
    for."""

    at: float
    cpu: Mapping[str, float]
    rss: Mapping[str, int]
    counts: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Used:
    """What happened from the beginning until one of the counts last changed."""

    seconds: float
    cpu: Mapping[str, float]


class Watch:
    """Looks at processes, each with those that it has started, and at counts ten times a second while it is open; a
    context manager."""

    def __init__(self, processes: Mapping[str, int], counts: Callable[[], Mapping[str, int]]) -> None:
        self._processes = {name: _family(pid) for name, pid in processes.items()}
        self._counts = counts
        self._cpu: dict[int, float] = {}
        self._ended = threading.Event()
        self._failure: Exception | None = None
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)
        self.samples: list[Sample] = []

    def __enter__(self) -> Watch:
        self._look()
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._ended.set()
        self._thread.join()
        if kind is not None:  # it says why; that the looks failed, too, would only hide it
            return
        if self._failure is not None:
            raise self._failure
        self._look()

    def used(self, *names: str) -> Used:
        """Time and CPU until the last of these counts last changed."""
        first, last = self.samples[0], self.samples[-1]
        final = [last.counts[name] for name in names]
        end = next(each for each in self.samples if [each.counts[name] for name in names] == final)
        return Used(end.at - first.at, {name: end.cpu[name] - first.cpu[name] for name in end.cpu})

    def peak(self, name: str) -> int:
        """Greatest memory of a process, bytes."""
        return max(sample.rss[name] for sample in self.samples)

    def _run(self) -> None:
        try:
            while not self._ended.wait(_EVERY_SECONDS):
                self._look()
        except Exception as error:
            self._failure = error

    def _look(self) -> None:
        counts = dict(self._counts())
        cpu = dict.fromkeys(self._processes, 0.0)
        rss = dict.fromkeys(self._processes, 0)
        for name, family in self._processes.items():
            for process in family:
                # Of one that has ended there is what it had used; who waits for it says that it ended.
                with suppress(psutil.NoSuchProcess), process.oneshot():
                    times = process.cpu_times()
                    self._cpu[process.pid] = times.user + times.system
                    rss[name] += process.memory_info().rss
                cpu[name] += self._cpu.get(process.pid, 0.0)
        self.samples.append(Sample(time.monotonic(), cpu, rss, counts))
