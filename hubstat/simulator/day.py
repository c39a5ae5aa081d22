"""A whole service date in the order in which its records arrive, in bounded memory."""

from __future__ import annotations

import heapq
import marshal
import tempfile
from collections.abc import Callable, Iterator
from datetime import date
from operator import attrgetter
from typing import IO, Final

from hubstat.simulator.camp import CampDay
from hubstat.simulator.network import NetworkSpec
from hubstat.simulator.record import Options, Record
from hubstat.simulator.scale import WHOLE, Scale

_CHUNK: Final = 200  # records read back at once for each camp
Run = list[tuple[int, int]]


def simulate_day(
    spec: NetworkSpec,
    day: date,
    seed: int,
    options: Options = Options(),  # noqa: B008 - frozen
    on_camp: Callable[[CampDay], None] | None = None,
    scale: Scale = WHOLE,
) -> Iterator[Record]:
    """All records of a service date, by received time; the same bytes for the same arguments.

    Camps are played one after the other before the first record comes; each is sorted and put aside in a temporary
    file, so memory holds one camp's day and a few records of each other. ``on_camp`` is called as each camp has been
    played.
    """
    with tempfile.TemporaryFile(prefix="hubstat-simulate-") as aside:
        runs: list[Run] = []
        for camp in spec.camps:
            played = CampDay(spec, camp, day, seed, options, scale)
            played.run()
            if on_camp is not None:
                on_camp(played)
            runs.append(_put_aside(aside, played.recorder.records))
        yield from heapq.merge(*(_read_back(aside, run) for run in runs), key=attrgetter("received_ms"))


def _put_aside(aside: IO[bytes], records: list[Record]) -> Run:
    """Sort one camp's records by received time and write them in chunks; returns their places (offset, size)."""
    records.sort(key=attrgetter("received_ms"))
    run: Run = []
    for start in range(0, len(records), _CHUNK):
        chunk = marshal.dumps([tuple(record) for record in records[start : start + _CHUNK]])
        run.append((aside.tell(), len(chunk)))
        aside.write(chunk)
    return run


def _read_back(aside: IO[bytes], run: Run) -> Iterator[Record]:
    for offset, size in run:
        aside.seek(offset)
        for kind, key, value, received in marshal.loads(aside.read(size)):
            yield Record(kind, key, value, received)
