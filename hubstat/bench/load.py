"""The load: one simulated service date, its invoices dealt out to groups that are alike."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from hubstat.simulator import Options, Record, build_network, simulate_day

# Far ahead: no date of it closes while it is measured, so the only writes are those of its own events.
DAY: Final = date(2035, 1, 17)
SEED: Final = 1
# The simulator's mean; only the number of invoices that are simulated depends on it.
_EVENTS_AN_INVOICE: Final = 7
# As many times as large as the group that warms up is each one that is measured.
_LARGER: Final = 4
_OPTIONS: Final = Options(duplicates=0.01, out_of_order=0.02, corrections=0.002)


@dataclass(slots=True)
class Group:
    """Some of the invoices, and some Friends' own events, by received time.

    before: the first half of its records, which fills caches; after: the second, which is measured.
    """

    before: list[Record] = field(default_factory=list)
    after: list[Record] = field(default_factory=list)

    @property
    def events(self) -> int:
        """Invoice events of the second half."""
        return sum(record.kind == "invoice" for record in self.after)


def groups(count: int, events: int) -> list[Group]:
    """So many groups, each with about ``events`` invoice events in its second half."""
    return _dealt(list(range(count)), count * events)


def rounds(count: int, events: int) -> list[Group]:
    """A group to warm up with, and then so many groups four times as large, each as of :func:`groups`."""
    places = [0, *(place for place in range(1, count + 1) for _ in range(_LARGER))]
    return _dealt(places, len(places) * events // _LARGER)


def _dealt(places: list[int], events: int) -> list[Group]:
    """A day with twice so many invoice events; each place of the list gives its group an equal share."""
    spec = build_network(max(100, 2 * events // _EVENTS_AN_INVOICE), SEED, "KR")
    dealt: list[list[Record]] = [[] for _ in range(places[-1] + 1)]
    for record in simulate_day(spec, DAY, SEED, _OPTIONS):
        # Not Kafka's hash: each group has to cover all partitions.
        dealt[places[zlib.crc32(record.key) % len(places)]].append(record)
    return [Group(records[: len(records) // 2], records[len(records) // 2 :]) for records in dealt]


def invoices_only(records: list[Record]) -> list[Record]:
    """The invoice events among some records."""
    return [record for record in records if record.kind == "invoice"]
