"""A board: the network on one service date at one moment, for every viewer and every level."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cache
from typing import Final, NamedTuple

from aggregations.day import Day, View
from aggregations.forecast import PROJECTED, Forecast, completed, left_ahead
from aggregations.question import Answer, FigureRow, Moment, Question, Scope
from aggregations.reader import Reader, rows_of
from aggregations.rollup import Ground, inside, resolve
from aggregations.tally import Tally, figures
from aggregations.viewer import Viewer
from aggregations.work import places_of
from hubstat.domain import time as tm
from hubstat.domain.friendday import FriendDay, FriendDetail, too_long
from hubstat.domain.masterdata import MasterData
from hubstat.domain.metrics import metrics_for
from hubstat.shared import Shared

# Camps of which a board keeps what it has read.
_READ: Final = 1_000


class StandsStill(NamedTuple):
    """A Friend who stands still at T for longer than allowed. silence, last_activity: ms."""

    silence: int
    camp: str | None
    friend_id: str
    last_activity: int | None


@dataclass(frozen=True)
class Board:
    """The network on one service date at one moment.

    generation: grows with every change of a figure, a Friend's within its camp too. data_to: received time (ms) of the
    first record not yet in the figures, else T; None where ingest does not say. forecast: None while the first is
    made. _view: the look of a tick, through which all of it is read, also what is asked for later; None for a fixed
    moment.
    """

    generation: int
    service_date: date
    moment: Moment
    data_to: int | None
    master: MasterData
    day: Day
    forecast: Forecast | None
    _reader: Reader
    _view: View | None = None
    last_received: int | None = None
    folded: tuple[FriendDay, ...] = ()
    _friends: Shared[Answer] = field(default_factory=lambda: Shared(_READ))
    _shown: dict[Question, Answer] = field(default_factory=dict)
    _days: Shared[Day] = field(default_factory=lambda: Shared(_READ))
    _details: Shared[tuple[FriendDetail, ...]] = field(default_factory=lambda: Shared(_READ))
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def shown(self, viewer: Viewer, question: Question) -> Answer:
        """As ``answer``, made once for all viewers; on a tick what the projection gives is the forecast's.

        It is of the forecast's moment then, and absent while there is none.
        """
        scope = self._allowed(viewer, question)
        with self._lock:
            known = self._shown.get(question)
        if known is None:
            fixed = self._view is None
            known = self.answer(viewer, question) if fixed else self._with_forecast(viewer, question, scope)
            with self._lock:
                self._shown[question] = known
        return known

    def _with_forecast(self, viewer: Viewer, question: Question, scope: Scope) -> Answer:
        metrics = metrics_for(question.direction)
        asked = question.metrics or tuple(metrics)
        later = tuple(name for name in asked if metrics[name].needs in PROJECTED)
        answer = self.answer(viewer, replace(question, metrics=tuple(name for name in asked if name not in later)))
        if self.forecast is None or not later:
            return answer
        of_day = replace(question, service_date=self.service_date, metrics=later)
        projected = {(row.parent, row.hub): row for row in self.forecast.rows(self._ground, of_day, scope)}
        nothing = FigureRow("", "", "", None, figures(Tally(), question.direction, self._reader.zone, later))
        rows = (
            replace(row, figures=row.figures | projected.get((row.parent, row.hub), nothing).figures)
            for row in answer.rows
        )
        return replace(answer, rows=tuple(rows))

    def _allowed(self, viewer: Viewer, question: Question) -> Scope:
        tree = self.master.hierarchy.on(self.service_date)
        scope = resolve(tree, question.level, question.hub)
        viewer.require(tree, self.service_date, scope.level, scope.hub)
        return scope

    @property
    def _ground(self) -> Ground:
        return self._reader.ground(self.master, self.service_date, self.moment)

    def ahead(self, viewer: Viewer, question: Question) -> dict[int, int]:
        """Open due invoices of the hub of a question by the hour (since the epoch) in which they are projected to be
        done; none at the closing, nor while there is no forecast.

        What was done since the moment of the forecast is no longer ahead, nor is an hour that is over.
        """
        scope = self._allowed(viewer, question)
        if self.forecast is None or self.moment.as_of >= tm.closing(self.service_date, self._reader.zone):
            return {}
        ground, of = self._ground, (question.direction, question.wave, scope)
        found = self.forecast.ahead(ground, *of)
        since = completed(self.day, ground, *of) - completed(self.forecast.day, ground, *of)
        return left_ahead(found, since, self.moment.as_of // tm.HOUR)

    def silent(self, viewer: Viewer, question: Question) -> list[StandsStill]:
        """Friends of the hub of a question who stand still for longer than their allowance, the longest first."""
        within = self._within(self._allowed(viewer, question))
        still = [found for found in self._still() if within(found.camp)]
        return sorted(still, key=lambda found: (-found.silence, found.friend_id))

    def _still(self) -> Iterator[StandsStill]:
        """Whose silence is longer than allowed."""
        as_of = self.moment.as_of
        for day in self._known_days():
            silence = day.pauses.silence(as_of)
            if silence is not None and too_long(silence, day.allowance):
                yield StandsStill(silence, day.camp, day.friend_id, day.last_activity)

    def _within(self, scope: Scope) -> Callable[[str | None], bool]:
        """Whether a camp lies in a hub; each camp has many Friends."""
        tree = self.master.hierarchy.on(self.service_date)
        return cache(lambda camp: inside(tree, scope, camp))

    def _known_days(self) -> tuple[FriendDay, ...]:
        """All Friend-days; on a tick those folded at it or earlier: only silence and remaining break are not of T."""
        return self.day.days() if self._view is None else self.folded

    def last_activities(self, viewer: Viewer, question: Question) -> dict[str, int]:
        """By camp the latest activity (ms) of the Friends of the hub of a question who work there."""
        within = self._within(self._allowed(viewer, question))
        found: dict[str, int] = {}
        for day in self._known_days():
            if day.camp is not None and day.last_activity is not None and within(day.camp):
                found[day.camp] = max(found.get(day.camp, day.last_activity), day.last_activity)
        return found

    def details(self, viewer: Viewer, camp: str) -> tuple[FriendDetail, ...]:
        """The Friend-days of a camp with the parts of their runs, read once for all viewers."""
        tree = self.master.hierarchy.on(self.service_date)
        viewer.require(tree, self.service_date, "camp", camp)
        return self._details.get(camp, lambda: self._read_camp(camp))

    def _read_camp(self, camp: str) -> tuple[FriendDetail, ...]:
        if self._view is not None:
            return tuple(self._read_details(self._view, camp))
        with self._reader.view() as view:
            return tuple(self._read_details(view, camp))

    def _read_details(self, view: View, camp: str) -> Iterator[FriendDetail]:
        reading = self.day.friend_days(view)
        friends = [day.friend_id for day in self._known_days() if day.camp == camp]
        return reading.details(reading.documents(friends)) if friends else iter(())

    def answer(self, viewer: Viewer, question: Question) -> Answer:
        """Figures at this board's moment: hubs from memory, the Friends of a camp read once and shared.

        The question's own moment and date are not looked at.
        """
        scope = self._allowed(viewer, question)
        if question.level == "friend":
            return self._friends_of(viewer, question, scope)
        return self._answer(self.day, question, scope)

    def _answer(self, day: Day, question: Question, scope: Scope) -> Answer:
        asked = replace(question, service_date=self.service_date)
        return Answer(
            question.level,
            self.service_date,
            self.moment,
            question.wave,
            question.direction,
            self._reader.zone,
            rows_of(day, self._ground, asked, scope),
            self.day.baselines.version,
        )

    def _friends_of(self, viewer: Viewer, question: Question, scope: Scope) -> Answer:
        key = (scope, question.direction, question.wave, question.metrics)
        return self._friends.get(key, lambda: self._read_friends(viewer, question, scope))

    def _read_friends(self, viewer: Viewer, question: Question, scope: Scope) -> Answer:
        if self._view is not None:
            view = self._view
            return self._answer(self._days.get(scope, lambda: self._day_of(view, scope)), question, scope)
        asked = replace(
            question, service_date=self.service_date, as_of=self.moment.as_of, known_at=self.moment.known_at
        )
        return self._reader.query(viewer, asked)

    def _day_of(self, view: View, scope: Scope) -> Day:
        """The day of the camps of a node, with the Friend-days that the tick has folded."""
        day = self._reader.day(view, self.service_date, self.moment, scope)
        day.keep(view)
        day.give_days([each for each in self._known_days() if any(day.inside(camp) for camp in places_of(each))])
        return day


def board_at(reader: Reader, service_date: date, moment: Moment) -> Board:
    """A board of a fixed moment: every level, wave and direction."""
    with reader.view() as view:
        day = reader.day(view, service_date, moment)
    return Board(0, service_date, moment, None, view.master, day, Forecast(day), reader)
