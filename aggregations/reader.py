"""The reader: every figure that a screen, a mail, an export or the command line shows comes from here."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from aggregations.counting import Grain, Progress
from aggregations.day import Day, Limits, View
from aggregations.facts.baselines import baselines_of
from aggregations.facts.reading import closed_day
from aggregations.question import Answer, FigureRow, Moment, Question, Scope
from aggregations.rollup import Ground, camps_below, friend_rows, hub_rows, resolve
from aggregations.viewer import Viewer
from hubstat.domain import time as tm
from hubstat.domain.masterdata import MasterData
from hubstat.domain.metrics import metrics_for
from hubstat.elastic.store import Store

# A worker's clock may be so much ahead of this one, and what it says still counts (ms).
_AHEAD_MS: Final = 5_000


def now_ms() -> int:
    """The present, ms."""
    return time.time_ns() // 1_000_000


class Reader:
    """Answers questions. ``clock``: the present in ms. ``progress``: told about folds that take long."""

    def __init__(
        self, store: Store, country: str, clock: Callable[[], int] = now_ms, progress: Progress | None = None
    ) -> None:
        self.store = store
        self.country = country
        self.zone: ZoneInfo = tm.zone(country)
        self.clock = clock
        self.progress = progress

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
        with self.view() as view:
            return self.answer(view, viewer, question)

    def answer(self, view: View, viewer: Viewer, question: Question) -> Answer:
        """As ``query``, through a look that is open already."""
        moment = question.moment(self.clock(), self.zone)
        tree = view.master.hierarchy.on(question.service_date)
        scope = resolve(tree, question.level, question.hub)
        viewer.require(tree, question.service_date, scope.level, scope.hub)
        day = self.day(view, question.service_date, moment, scope)
        with day.within(view):
            rows = rows_of(day, self.ground(view.master, question.service_date, moment), question, scope)
        return Answer(
            question.level,
            question.service_date,
            moment,
            question.wave,
            question.direction,
            self.zone,
            rows,
            day.baselines.version,
        )

    def day(
        self, view: View, service_date: date, moment: Moment, scope: Scope | None = None, *, facts: bool = True
    ) -> Day:
        """Everything counted of a service date at (T, K), of the camps of a node (None: of all).

        facts: whether a closed date may be answered from its facts, where these hold.
        """
        limits = Limits()
        if scope is not None and scope.level != "nationwide":
            ground = self.ground(view.master, service_date, moment)
            limits = Limits(camps_below(ground.day, scope), camps_below(ground.moment, scope))
        baselines = baselines_of(self.store, service_date)
        of_day = (view.master, self.country, service_date, moment, baselines, limits, self.progress)
        kept = closed_day(self.store, self.view, *of_day) if facts else None
        return Day(self.view, *of_day) if kept is None else kept

    def ground(self, master: MasterData, service_date: date, moment: Moment) -> Ground:
        """The hierarchies that figures of a service date at T roll up by."""
        hierarchy = master.hierarchy
        return Ground(hierarchy.on(service_date), hierarchy.on(tm.local_date(moment.as_of, self.zone)))

    def data_to(self, now: int) -> int | None:
        """A time (ms) before which every record received is written and seen by searches, at most now; None: not known.

        It is the least over all partitions: a worker names every one of the topics, also those that it knows nothing
        of. Of each the latest that any worker has said counts, also one that has stopped: what was complete stays so,
        and what nobody reads stands still. What lies in the future was said by a clock that was wrong: it says nothing.
        """
        reached: dict[str, int | None] = {}
        for beat in self.store.heartbeats():
            for partition, said in beat.complete_to.items():
                known = reached.get(partition)
                true = None if said is None or said > now + _AHEAD_MS else said
                reached[partition] = true if known is None else max(known, true or 0)
        said_of_all = [said for said in reached.values() if said is not None]
        if not reached or len(said_of_all) < len(reached):
            return None
        return min(now, *said_of_all)

    def active_dates(self) -> list[date]:
        """Service dates at work, the one to open with first; the date of today where none is.

        A date is at work from the start of a shift until that has ended and its wave's deadline is past, which may be
        on the next day.
        """
        now = self.clock()
        today = tm.local_date(now, self.zone)
        waves = self.store.master_data(self.country).waves_of(self.country)
        active: list[date] = []
        for day in (today, today - timedelta(days=1), today + timedelta(days=1)):
            spans = [(wave.shift_at(day, self.zone), wave.deadline_at(day, self.zone)) for wave in waves]
            if any(start <= now <= max(end, deadline) for (start, end), deadline in spans):
                active.append(day)
        return active or [today]


def rows_of(day: Day, ground: Ground, question: Question, scope: Scope) -> tuple[FigureRow, ...]:
    """Rows of a question's level inside a node, from what is counted of the day."""
    known = metrics_for(question.direction)
    needs = frozenset(known[name].needs for name in question.metrics or known)
    grain: Grain = "friend" if question.level == "friend" else "camp"
    counted = day.tallies(grain, question.direction, question.wave, needs)
    waiting = day.waiting(grain, question.direction, question.wave) if "backlog" in needs else {}
    rows = friend_rows if grain == "friend" else hub_rows
    return rows(ground, day.master, counted, waiting, question, scope)
