"""A whole service date in the order in which its records arrive, in bounded memory."""

from __future__ import annotations

import marshal
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import date
from itertools import groupby
from operator import attrgetter, itemgetter
from typing import IO, Final

from hubstat.domain import time as tm
from hubstat.simulator.camp import CampDay
from hubstat.simulator.network import NetworkSpec
from hubstat.simulator.record import Kind, Options, Record
from hubstat.simulator.scale import WHOLE, Scale

# What is read back at once: the records of all camps in so much time, 70,000 of them at the peak of a million invoices.
_SPAN_MS: Final = 5 * tm.MINUTE
Place = tuple[int, int]  # offset and size


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
    file, so memory holds one camp's day, then five minutes of all of them. ``on_camp`` is called as each camp has
    been played.
    """
    with tempfile.TemporaryFile(prefix="hubstat-simulate-") as aside:
        places: dict[int, list[Place]] = defaultdict(list)
        for camp in spec.camps:
            played = CampDay(spec, camp, day, seed, options, scale)
            played.run()
            if on_camp is not None:
                on_camp(played)
            for span, place in _put_aside(aside, played.recorder.records):
                places[span].append(place)
        for span in sorted(places):
            yield from _read_back(aside, places[span])


def _put_aside(aside: IO[bytes], records: list[Record]) -> Iterator[tuple[int, Place]]:
    """Sort one camp's records by received time and write them span by span; gives each span with its place."""
    records.sort(key=attrgetter("received_ms"))
    for span, of_span in groupby(records, lambda record: record.received_ms // _SPAN_MS):
        chunk = marshal.dumps([tuple(record) for record in of_span])
        yield span, (aside.tell(), len(chunk))
        aside.write(chunk)


def _read_back(aside: IO[bytes], places: list[Place]) -> Iterator[Record]:
    """One span's records of all camps by received time; those of one time in the order of the camps."""
    together: list[tuple[Kind, bytes, bytes, int]] = []
    for offset, size in places:
        aside.seek(offset)
        together += marshal.loads(aside.read(size))
    together.sort(key=itemgetter(3))
    return map(Record._make, together)
