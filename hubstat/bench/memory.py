"""What a worker's memory does once its cache is full."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from hubstat.bench.load import groups, invoices_only
from hubstat.bench.place import Ingest, Site
from hubstat.bench.results import Report
from hubstat.simulator import Record

BENCH: Final = "memory"
_BURST: Final = 50_000
# A cached invoice takes at least so much; so many invoices fill the cache.
_BYTES_AN_INVOICE: Final = 600
_FRIEND: Final = re.compile(rb'(?<="friend_id":")[^"]+')
_PEAK: Final = "memory of worker, after each 50,000 events"


def run(site: Site, events: int, cache_mb: int, report: Report) -> None:
    """Adds to the report. events: written after the cache is full; cache_mb: its bound."""
    (group,) = groups(1, _BURST // 2)
    model = invoices_only([*group.before, *group.after])
    ingest = Ingest.create(site, "whole", cache_mb=cache_mb)
    needed = cache_mb * 2**20 // _BYTES_AN_INVOICE * len(model) // len({record.key for record in model})
    filling = -(-needed // len(model))
    try:
        for place in range(filling):
            site.say(f"memory: filling the cache, {place + 1} of {filling}")
            ingest.send(list(_renamed(model, place)))
            ingest.settle()
        done, place = 0, filling
        while done < events:
            site.say(f"memory: {done:,} of {events:,} events")
            records = list(_renamed(model, place))
            with ingest.watch() as watch:
                ingest.send(records)
                ingest.settle()
            report.add(BENCH, _PEAK, "MB", watch.samples[-1].rss["worker 1"] / 1e6)
            done += len(records)
            place += 1
    finally:
        ingest.close()
    after = report.values(BENCH, _PEAK)
    report.hold("I8 bound", "whole worker", [max(after) - cache_mb * 2**20 / 1e6])
    third = max(1, len(after) // 3)
    report.hold("I8 growth", "whole worker", [max(after[-third:]) - max(after[:third])])
    report.notes[BENCH] = [
        f"Cache of {cache_mb} MiB, filled before; then {done:,} events of ever new invoices and Friends. Growth: the "
        "greatest of the last third less the greatest of the first.",
    ]


def _renamed(model: list[Record], place: int) -> Iterator[Record]:
    """The model's records under other invoice numbers, as long, and of other Friends: each has a day's work once."""
    for record in model:
        number = b"%0*d" % (len(record.key), int(record.key) + (place + 1) * 10 ** (len(record.key) - 4))
        value = _FRIEND.sub(rb"\g<0>.%d" % place, record.value.replace(record.key, number))
        yield Record(record.kind, number, value, record.received_ms)
