"""How many invoices of a service date have each cell, carried from one look to the next by what has changed between.

A change gives a document a greater sequence number, so the sum of these numbers over the documents of a date tells
whether all that changed was found: where it does not come out, all of it is counted anew. So a tick costs what has
changed, not what there is, and gives the same counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final, NamedTuple

from aggregations import compiler
from aggregations.cells import CellTallies, as_changes
from aggregations.question import Moment
from aggregations.tally import Tallies
from hubstat.domain import time as tm
from hubstat.domain.codes import Direction
from hubstat.domain.measures import Context
from hubstat.elastic.search import Hit, PointInTime

# Writes of one index that may still be on their way when a later one can be seen already; more are noticed.
_ON_THE_WAY: Final = 256
# Elasticsearch keeps an open look for five minutes; one that is older than this (ms) is not asked any more.
_CARRIED_WITHIN: Final = 2 * tm.MINUTE
# Where more documents have changed, counting all anew costs no more: so many, and one of so many of all.
_MOST_CHANGED: Final = 1_000
_ONE_OF: Final = 250
_FIELDS: Final = ("cell", "hour_cell", "completed_at", "max_event_time", "max_received_at")
_DUE: Final = "due"


class Stamp(NamedTuple):
    """What tells one state of a date's documents from another.

    last: greatest sequence number by index. n, total: how many documents, and the sum of their sequence numbers.
    """

    last: dict[str, int]
    n: int
    total: int


class CellCounts:
    """Counts of one service date at the moments of consecutive looks."""

    def __init__(self, service_date: str) -> None:
        self._service_date = service_date
        self._known: tuple[PointInTime, Moment, Stamp] | None = None
        self._received: int | None = None
        self._tallies = CellTallies()

    def at(self, look: PointInTime, moment: Moment, context: Context) -> tuple[dict[Direction, Tallies], int | None]:
        """Tallies by direction, not to be changed, and the latest received time (ms) of the date's documents so far.

        Only of documents whose stored state holds at (T, K). The look before has to be open still.
        """
        stamp = self._stamp(look)
        if not self._carried(look, moment, stamp):
            self._known = None
            count_cells(self._tallies, look, self._service_date, moment)
            self._received = self._last_received(look)
        self._known = (look, moment, stamp)
        return self._tallies.at(context), self._received

    @property
    def _of_date(self) -> compiler.Query:
        return {"term": {"due_dates": self._service_date}}

    def _stamp(self, look: PointInTime) -> Stamp:
        # One look through the numbers of a million documents, not one for each of what it gives.
        numbers = {"numbers": {"stats": {"field": "_seq_no"}}}
        by_index = {"terms": {"field": "_index", "size": 10_000}, "aggs": numbers}
        found = look.search({"size": 0, "query": self._of_date, "aggs": {"indices": by_index}})["aggregations"]
        indices = found["indices"]["buckets"] if found else []
        return Stamp(
            {each["key"]: int(each["numbers"]["max"]) for each in indices},
            sum(each["doc_count"] for each in indices),
            sum(int(each["numbers"]["sum"]) for each in indices),
        )

    def _last_received(self, look: PointInTime) -> int | None:
        latest = {"received": {"max": {"field": "max_received_at"}}}
        found = look.search({"size": 0, "query": self._of_date, "aggs": latest})["aggregations"]
        at = found["received"]["value"] if found else None
        return None if at is None else int(at)

    def _carried(self, look: PointInTime, moment: Moment, stamp: Stamp) -> bool:
        """Take what has changed since the look before; False where that is not certain to be all."""
        if self._known is None:
            return False
        before, then, last = self._known
        if moment.as_of - then.as_of > _CARRIED_WITHIN:
            return False
        writes = sum(greatest - last.last.get(index, 0) for index, greatest in stamp.last.items())
        if writes > _MOST_CHANGED + stamp.n // _ONE_OF:
            return False
        new = self._read(look, self._maybe_changed(last, then))
        old = self._read(before, {"ids": {"values": sorted(new)}}) if new else {}
        n = last.n - len(old) + len(new)
        total = last.total + sum(d.sequence for d in new.values()) - sum(d.sequence for d in old.values())
        if (n, total) != (stamp.n, stamp.total):
            return False
        latest = max((int(hit.fields["max_received_at"]) for hit in new.values()), default=None)
        if latest is not None:
            self._received = max(latest, self._received or latest)
        gone = ((each, -1) for each in self._counting(old.values(), then))
        come = ((each, 1) for each in self._counting(new.values(), moment))
        return self._tallies.move(*as_changes([*gone, *come]))

    def _maybe_changed(self, last: Stamp, then: Moment) -> compiler.Query:
        """Documents written since, some written before, and those that were later than (T, K) at the look before."""
        written: list[compiler.Query] = [
            compiler.all_of([{"term": {"_index": index}}, {"range": {"_seq_no": {"gt": greatest - _ON_THE_WAY}}}])
            for index, greatest in last.last.items()
        ]
        elsewhere: compiler.Query = {"bool": {"must_not": [{"terms": {"_index": list(last.last)}}]}}
        later = compiler.unsettled(then.as_of, then.known_at)
        return {"bool": {"should": [*written, elsewhere, later], "minimum_should_match": 1}}

    def _read(self, look: PointInTime, query: compiler.Query) -> dict[str, Hit]:
        """Documents of the date by id."""
        due: compiler.Query = {"term": {"due_date": {"value": self._service_date, "_name": _DUE}}}
        hits = look.hits({"bool": {"filter": [self._of_date, query], "should": [due]}}, _FIELDS)
        return {hit.document_id: hit for hit in hits}

    @staticmethod
    def _counting(hits: Iterable[Hit], moment: Moment) -> Iterator[dict[str, Any]]:
        """The fields of those that count under the date and whose stored state holds at (T, K)."""
        for _, _, fields, names in hits:
            if (
                _DUE in names
                and "cell" in fields
                and int(fields["max_event_time"]) <= moment.as_of
                and int(fields["max_received_at"]) <= moment.known_at
            ):
                yield fields


def count_cells(
    tallies: CellTallies, look: PointInTime, service_date: str, moment: Moment, more: Sequence[compiler.Query] = ()
) -> None:
    """Count all invoices of a date whose stored state holds at (T, K). more: what else has to hold of them."""
    settled = compiler.settled(moment.as_of, moment.known_at)
    query = compiler.all_of([*compiler.counted_on(service_date), *settled, *more])
    cells = [(cell, n) for cell, n, _ in look.groups(query, "cell")]
    tallies.count(cells, look.groups(query, "hour_cell", "completed_at"))
