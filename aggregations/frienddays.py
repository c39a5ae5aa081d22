"""The Friend-days of one service date from tick to tick: only those are folded again of which something new is known.

Those of many Friends are folded in a process of its own, as their documents are most of what a tick reads.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from datetime import date
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from aggregations import elsewhere
from aggregations.day import Day, View
from aggregations.elsewhere import DATES_KEPT, Elsewhere, pieces
from aggregations.friendlook import FriendDocuments
from aggregations.question import Moment
from aggregations.schedules import Schedules
from hubstat.domain.baselines import Baselines
from hubstat.domain.friendday import FriendDay
from hubstat.domain.masterdata import MasterData
from hubstat.elastic.search import PointInTime

# Of more Friends than these the days are folded elsewhere, where there is a process for it.
_HERE: Final = 2_000
_DAYS_AT_ONCE: Final = 100


class Changed(NamedTuple):
    """What is new of a date's Friend-days. gone: Friends who have none any more."""

    days: list[FriendDay]
    gone: list[str]


class Folds:
    """Folds what is new, look after look."""

    def __init__(self, service_date: str, zone: ZoneInfo) -> None:
        self._schedules: Final = Schedules(service_date, zone)
        self._documents: Final = FriendDocuments(service_date)
        self._unsettled: set[str] = set()

    def changed(self, day: Day, view: View) -> Changed:
        """What is new since the last look; of the first all."""
        reading = day.friend_days(view, self._schedules)
        documents = self._documents.changed(reading.look(), self._unsettled)
        days = list(reading.days(documents))
        self._unsettled = {friend for friend, parts in documents.items() if not reading.settled(parts)}
        return Changed(days, sorted(documents.keys() - {found.friend_id for found in days}))


class FriendDays:
    """Friend-days of one service date and one version of the baselines and the master data. process: for many."""

    def __init__(self, service_date: date, zone: ZoneInfo, process: Elsewhere | None) -> None:
        self._service_date: Final = service_date
        self._zone: Final = zone
        self._folds = Folds(service_date.isoformat(), zone)
        self._process: Final = process
        self._there = False
        self._days: dict[str, FriendDay] = {}

    def refresh(self, day: Day, view: View) -> tuple[FriendDay, ...]:
        """All of them by Friend; each the same object as before unless something new is known of it.

        What it raises leaves half of a look: it is not to be used again. Raises what ``Elsewhere.call`` does.
        """
        if self._process is None or not (self._there or self._many(view)):
            changed = self._folds.changed(day, view)
        else:
            changed = self._changed_there(self._process, day, view)
        for friend in changed.gone:
            self._days.pop(friend, None)
        self._days.update((found.friend_id, found) for found in changed.days)
        return tuple(self._days[friend] for friend in sorted(self._days))

    def _many(self, view: View) -> bool:
        n = len(self._days) or view.friends.distinct({"term": {"date": self._service_date.isoformat()}}, "friend_id")
        return n > _HERE

    def _changed_there(self, process: Elsewhere, day: Day, view: View) -> Changed:
        looks = (view.invoices.shareable, view.friends.shareable, view.corrections.shareable)
        with process.alone():
            found = process.call(_change, self._service_date, day.moment, looks) if self._there else None
            if found is None:  # it knows nothing of this date, or no more: all of it is new
                process.call(_begin, self._service_date, day.master, day.baselines)
                found = process.call(_change, self._service_date, day.moment, looks)
                assert found is not None
                self._there = True
                self._days.clear()
                self._folds = Folds(self._service_date.isoformat(), self._zone)  # what it kept is kept there
            n, gone, took = found
            process.took += took
            return Changed([each for piece in range(n) for each in process.call(_give, piece)], gone)


# -- in the other process ---------------------------------------------------------------------------------------------


class _Date(NamedTuple):
    master: MasterData
    baselines: Baselines
    folds: Folds


_dates: Final[OrderedDict[date, _Date]] = OrderedDict()
_new: Final[list[list[FriendDay]]] = []


def _begin(service_date: date, master: MasterData, baselines: Baselines) -> None:
    zone = elsewhere.reader().zone
    _dates[service_date] = _Date(master, baselines, Folds(service_date.isoformat(), zone))
    _dates.move_to_end(service_date)
    while len(_dates) > DATES_KEPT:
        _dates.popitem(last=False)


def _change(service_date: date, moment: Moment, looks: Sequence[str | None]) -> tuple[int, list[str], int] | None:
    """How many pieces are new, which Friends have no day any more, and what Elasticsearch took, ms.

    None where nothing is known of the date.
    """
    # What fails leaves half of a look: then nothing is known of it.
    known, reader = _dates.pop(service_date, None), elsewhere.reader()
    if known is None:
        return None
    invoices, friends, corrections = (PointInTime.shared(reader.store.client, look) for look in looks)
    view = View(invoices, friends, corrections, known.master)
    day = Day(reader.view, known.master, reader.country, service_date, moment, known.baselines)
    changed = known.folds.changed(day, view)
    _dates[service_date] = known
    _new[:] = pieces(changed.days, _DAYS_AT_ONCE)
    return len(_new), changed.gone, view.took


def _give(piece: int) -> list[FriendDay]:
    return _new[piece]
