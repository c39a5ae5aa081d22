"""The dates before a day, which its baselines are made of: few invoices, but each Friend's day whole."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Final

from hubstat.simulator.camp import CampDay
from hubstat.simulator.network import NetworkSpec
from hubstat.simulator.record import Options, Record
from hubstat.simulator.scale import Scale

# The baselines of a service date D look at D-29 … D-2, its plan at the same weekday of the four weeks before.
_NEAREST: Final = 2
HISTORY_DAYS: Final = 28
_WEEKS: Final = (7, 14, 21, 28)
SMALL: Final = Scale(friends=0.06, weekly=True)


def history_dates(day: date, count: int, nearest: int = _NEAREST) -> list[date]:
    """The ``count`` service dates up to ``nearest`` days before ``day``, in the order they are most wanted in.

    First those of the same weekday, which the plan needs, then the others from the latest on.
    """
    wanted = range(nearest, nearest + count)
    weeks = [back for back in _WEEKS if back in wanted]
    return [day - timedelta(days=back) for back in weeks + [back for back in wanted if back not in weeks]]


def history_records(spec: NetworkSpec, day: date, seed: int, options: Options, scale: Scale) -> Iterator[Record]:
    """All records of a past service date, camp by camp and in each invoice by invoice, Friends first.

    Records of one invoice that follow each other are folded and written at once, so the past costs ingest less than
    it would in the order of arrival.
    """
    for camp in spec.camps:
        played = CampDay(spec, camp, day, seed, options, scale)
        played.run()
        yield from sorted(played.recorder.records, key=_by_document)


def _by_document(record: Record) -> tuple[str, bytes, int]:
    return record.kind, record.key, record.received_ms
