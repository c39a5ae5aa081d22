"""The reader: every figure that a screen, a mail, an export or the command line shows comes from here."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from aggregations.counting import InvoiceCounter
from aggregations.productivity import FriendDayReader
from aggregations.question import Answer, FigureRow, Moment, Question, Scope
from aggregations.rollup import Ground, camps_of_row, friend_rows, hub_rows, inside, resolve
from aggregations.tally import Tally
from aggregations.viewer import Viewer
from hubstat.domain import time as tm
from hubstat.domain.friendday import FriendDay
from hubstat.domain.hierarchy import UNMAPPED
from hubstat.domain.masterdata import MasterData
from hubstat.domain.metrics import metrics_for
from hubstat.elastic.search import PointInTime
from hubstat.elastic.store import Store

# A worker that has not reported for this long (ms) is taken to have stopped at its last report.
_SILENT: Final = 5_000


def now_ms() -> int:
    """The present, ms."""
    return time.time_ns() // 1_000_000


@dataclass(frozen=True, slots=True)
class View:
    """One consistent look at everything: three points in time, and the master data in force."""

    invoices: PointInTime
    friends: PointInTime
    corrections: PointInTime
    master: MasterData


class Reader:
    """Answers questions. ``clock``: the present in ms."""

    def __init__(self, store: Store, country: str, clock: Callable[[], int] = now_ms) -> None:
        self.store = store
        self.country = country
        self.zone: ZoneInfo = tm.zone(country)
        self.clock = clock

    @contextmanager
    def view(self) -> Iterator[View]:
        """Open one consistent look."""
        with (
            self.store.point_in_time("invoices-*") as invoices,
            self.store.point_in_time("friends-*") as friends,
            self.store.point_in_time("friend-corrections") as corrections,
        ):
            yield View(invoices, friends, corrections, self.store.master_data(self.country))

    def query(self, viewer: Viewer, question: Question) -> Answer:
        """Figures of every node of a level at one (T, K). Raises ``QueryError``, ``AccessError``."""
        moment = question.moment(self.clock(), self.zone)
        with self.view() as view:
            tree = view.master.hierarchy.on(question.service_date)
            scope = resolve(tree, question.level, question.hub)
            viewer.require(tree, question.service_date, scope.level, scope.hub)
            rows = self._rows(view, question, scope, moment)
        return Answer(
            question.level,
            question.service_date,
            moment,
            question.wave,
            question.direction,
            self.zone,
            rows,
        )

    def _rows(self, view: View, question: Question, scope: Scope, moment: Moment) -> tuple[FigureRow, ...]:
        only = None if question.metrics is None else frozenset(question.metrics)
        counter = self.counter(view, question.service_date, moment)
        days = self.friend_days(view, question.service_date, moment, scope) if wants_friends(question) else []
        ground = self.ground(view, question.service_date, moment)
        direction = question.direction
        if question.level != "friend":
            camps = of_wave(counter.by_camp(direction), question.wave)
            waiting = of_wave(counter.waiting_by_camp(direction), question.wave) if wants_backlog(question) else {}
            return hub_rows(
                ground,
                camp_tallies(camps, days),
                camp_tallies(waiting, ()),
                question.level,
                scope,
                direction,
                only,
            )
        wanted = camps_of_row(scope.hub) if scope.level == "camp" else None
        friends = of_wave(counter.by_friend(direction, wanted), question.wave)
        waiting = (
            of_wave(counter.waiting_by_friend(direction, wanted), question.wave) if wants_backlog(question) else {}
        )
        return friend_rows(
            ground,
            view.master,
            friend_tallies(friends, days),
            friend_tallies(waiting, ()),
            scope,
            direction,
            question.service_date,
            only,
        )

    def counter(self, view: View, service_date: date, moment: Moment) -> InvoiceCounter:
        """Counts the invoices of a service date at (T, K) through one look."""
        reasons = customer_reasons(view.master)
        return InvoiceCounter(view.invoices, service_date.isoformat(), moment, self.zone, reasons)

    def ground(self, view: View, service_date: date, moment: Moment) -> Ground:
        """The hierarchies that figures of a service date at T roll up by."""
        hierarchy = view.master.hierarchy
        return Ground(hierarchy.on(service_date), hierarchy.on(tm.local_date(moment.as_of, self.zone)))

    def friend_days(self, view: View, service_date: date, moment: Moment, scope: Scope) -> list[FriendDay]:
        """Friend-days that belong to the camps of a node."""
        reading = FriendDayReader(view.friends, view.corrections, view.invoices, service_date, moment, self.zone)
        if scope.level == "camp" and scope.hub != UNMAPPED:
            return reading.of_camp(scope.hub)
        tree = view.master.hierarchy.on(service_date)
        return [day for day in reading.all() if inside(tree, scope, day.camp)]

    def data_to(self, now: int) -> int | None:
        """Received time (ms) of the first record not in the figures yet, else now; None where no worker reports."""
        beats = self.store.heartbeats()
        alive = [beat for beat in beats if now - beat.written_at < _SILENT]
        if alive:
            return min(beat.oldest_unwritten_at or now for beat in alive)
        return max((beat.oldest_unwritten_at or beat.written_at for beat in beats), default=None)

    def active_dates(self) -> list[date]:
        """Service dates whose shift is running, the one to open with first; outside every shift the date of today."""
        now = self.clock()
        today = tm.local_date(now, self.zone)
        waves = self.store.master_data(self.country).waves_of(self.country)
        active: list[date] = []
        for day in (today, today + timedelta(days=1)):
            if any(start <= now < end for start, end in (wave.shift_at(day, self.zone) for wave in waves)):
                active.append(day)
        return active or [today]


def customer_reasons(master: MasterData) -> frozenset[str]:
    """Reasons that count as a customer's in the adjusted rate."""
    return frozenset(reason.reason for reason in master.reasons.values() if reason.customer)


def wants_friends(question: Question) -> bool:
    """Whether a question asks for a productivity figure."""
    known = metrics_for(question.direction)
    return any(known[name].of_friends for name in question.metrics or known)


def wants_backlog(question: Question) -> bool:
    """Whether a question asks for what waits at T, whatever its service date."""
    known = metrics_for(question.direction)
    return any(known[name].of_backlog for name in question.metrics or known)


def of_wave(tallies: dict[tuple[str | None, ...], Tally], wave: str) -> dict[tuple[str | None, ...], Tally]:
    """Tallies of one wave (or of all), without the wave in the key."""
    return {key[:-1]: tally for key, tally in tallies.items() if key[-1] == wave}


def camp_tallies(camps: dict[tuple[str | None, ...], Tally], days: Sequence[FriendDay]) -> dict[str | None, Tally]:
    """Camps' tallies with the Friend-days that belong to them."""
    found: dict[str | None, Tally] = {}
    for (camp,), tally in camps.items():
        found.setdefault(camp, Tally()).add(tally)
    for day in days:
        found.setdefault(day.camp, Tally()).add_friend_day(day)
    return found


def friend_tallies(
    friends: dict[tuple[str | None, ...], Tally], days: Sequence[FriendDay]
) -> dict[tuple[str | None, str | None], Tally]:
    """Friends' tallies by (camp, Friend) with their Friend-days."""
    found: dict[tuple[str | None, str | None], Tally] = {}
    for (camp, friend), tally in friends.items():
        found.setdefault((camp, friend), Tally()).add(tally)
    for day in days:
        found.setdefault((day.camp, day.friend_id), Tally()).add_friend_day(day)
    return found
