"""What a back-test looks at: every Friend with stops left at every full hour of a closed date, and what happened. Pure.

At a full local hour T a Friend is seen as the board saw the Friend then, at (T, T). What happened is what was final, at
(C, C):

- a Friend *finished* with the last scan (completion or failed attempt) of the last stop, in the Friend's runs of the
  service date, at which there was any of the invoices that the Friend held at T;
- who completed none of them in these runs (all reassigned, given back or never done) has no finish;
- an invoice was *late in the end* where M1 or M2 at C counts it as late: completed or closed after the promise then in
  force, or still open with that promise past.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final, TypeVar
from zoneinfo import ZoneInfo

from aggregations.productivity import work_in_invoice
from aggregations.question import Moment
from hubstat.domain import time as tm
from hubstat.domain.baselines import AreaOf
from hubstat.domain.codes import FRIEND_RANK
from hubstat.domain.document import invoice_key, pending_of
from hubstat.domain.friendday import FriendDay, FriendDetail, Work, friend_day_detail, schedule_of
from hubstat.domain.invoice import fold
from hubstat.domain.log import EventLog
from hubstat.domain.projection import Pending
from hubstat.domain.row import Row, row_of

_DAY: Final = timedelta(days=1)
_Kept = TypeVar("_Kept")
# Something that is so from one of the hours on until before another one, both as places in the list of hours.
_During = tuple[int, int, _Kept]


@dataclass(frozen=True, slots=True)
class Case:
    """One Friend with stops left at T. as_of: T, ms.

    pending: open due invoices that the Friend held. day: the Friend-day, None without one. finished: ms; None where
    the Friend completed none of them. late: invoice keys of those that were late in the end.
    """

    as_of: int
    friend: str
    pending: tuple[Pending, ...]
    day: FriendDay | None
    finished: int | None
    late: frozenset[str]


class ClosedDate:
    """A closed date, filled invoice by invoice and Friend by Friend; of each invoice it keeps what changed, and when.

    wanted: whether a Friend is looked at.
    """

    def __init__(
        self, service_date: date, zone: ZoneInfo, area_of: AreaOf, wanted: Callable[[str], bool] = lambda _: True
    ) -> None:
        closing = tm.closing(service_date, zone)
        self.service_date = service_date
        self._zone = zone
        self._area_of = area_of
        self._wanted = wanted
        # Up to the closing, which tells what happened.
        self._hours = range(tm.day_start(service_date - _DAY, zone), closing + 1, tm.HOUR)
        self._held: dict[str, list[_During[Pending]]] = {}
        self._work: dict[str, list[_During[Work]]] = {}
        self._friends: dict[str, EventLog] = {}
        self._late: set[str] = set()

    def add_friend(self, friend_id: str, log: EventLog) -> None:
        """Take a Friend's own events."""
        self._friends[friend_id] = log

    def add_invoice(self, key: str, log: EventLog) -> None:
        """Take an invoice that counts under the date, or on which somebody worked around it."""
        direction, invoice_no = key.split(":", 1)
        places = self._changes(log)
        if not places:  # nothing of it was known by the closing
            return
        pending: list[_During[Pending]] = []
        work: list[_During[tuple[str, Work]]] = []
        for place, until in zip(places, [*places[1:], len(self._hours)], strict=True):
            at = self._hours[place]
            state = fold(direction, invoice_no, log, self._zone, at, at)
            row = row_of(state)
            if row is not None and state.promise is not None and state.promise.service_date == self._date:
                left = pending_of(state, row)
                if left is not None and left.friend is not None:
                    _extend(pending, place, until, [left])
                if until == len(self._hours) and _late(row, self._hours[-1]):
                    self._late.add(key)
            _extend(work, place, until, work_in_invoice(key, log, Moment(at, at), self._zone))
        for first, end, left in pending:
            if left.friend is not None and self._wanted(left.friend):
                self._held.setdefault(left.friend, []).append((first, end, left))
        for first, end, (friend, item) in work:
            if self._wanted(friend):
                self._work.setdefault(friend, []).append((first, end, item))

    def cases(self) -> Iterator[Case]:
        """Every Friend with stops left at each full hour, from the start of the day before to before the closing."""
        for friend, held in sorted(self._held.items()):
            finishes, completed = self._outcome(friend)
            for place, as_of in enumerate(self._hours[:-1]):
                pending = tuple(_at(held, place))
                if not pending:
                    continue
                keys = [invoice_key(each.direction, each.invoice_no) for each in pending]
                finished = max((finishes[key] for key in keys if key in finishes), default=None)
                yield Case(
                    as_of,
                    friend,
                    pending,
                    self._day(friend, place),
                    finished if any(key in completed for key in keys) else None,
                    frozenset(self._late.intersection(keys)),
                )

    def final_days(self) -> Iterator[FriendDay]:
        """The Friend-days at (C, C)."""
        for friend in sorted({*self._friends, *self._work}):
            day = self._day(friend, len(self._hours) - 1)
            if day is not None:
                yield day

    @property
    def _date(self) -> str:
        return self.service_date.isoformat()

    def _changes(self, log: EventLog) -> list[int]:
        """The hours at which the state at (T, T) may be another one than at the hour before."""
        start = self._hours[0]
        instants = {instant for _, copy in log for instant in (copy.time, copy.received)}
        places = {max(0, -(-(instant - start) // tm.HOUR)) for instant in instants}
        return sorted(place for place in places if place < len(self._hours))

    def _outcome(self, friend: str) -> tuple[dict[str, int], dict[str, int]]:
        """By invoice key the last scan of its last stop, and of those that the Friend completed when, ms."""
        detail = self._detail(friend, len(self._hours) - 1)
        if detail is None:
            return {}, {}
        finishes: dict[str, int] = {}
        for stop in (stop for run in detail.runs for stop in run.stops):
            for key in stop.invoices:
                finishes[key] = max(stop.last, finishes.get(key, 0))
        return finishes, detail.completed

    def _day(self, friend: str, place: int) -> FriendDay | None:
        detail = self._detail(friend, place)
        return None if detail is None else detail.day

    def _detail(self, friend: str, place: int) -> FriendDetail | None:
        as_of = self._hours[place]
        facts = self._friends.get(friend, EventLog()).facts(FRIEND_RANK, as_of, as_of)
        return friend_day_detail(
            friend,
            schedule_of(facts, self._date, self._zone),
            _at(self._work.get(friend, []), place),
            as_of=as_of,
            zone=self._zone,
            area_of=self._area_of,
        )


def _late(row: Row, closing: int) -> bool:
    return row.promise < closing if row.settled is None else row.settled >= 0


def _at(known: list[_During[_Kept]], place: int) -> list[_Kept]:
    return [each for first, end, each in known if first <= place < end]


def _extend(known: list[_During[_Kept]], place: int, until: int, found: list[_Kept]) -> None:
    """Add what is so from ``place`` on until before ``until``; what was so just before goes on."""
    for each in found:
        for index, (first, end, same) in enumerate(known):
            if end == place and same == each:
                known[index] = (first, until, each)
                break
        else:
            known.append((place, until, each))
