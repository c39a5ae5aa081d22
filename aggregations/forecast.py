"""The projection of a running date: it reads every open invoice, so it is made beside the ticks, of its own moment."""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import date
from typing import Final

from aggregations.day import Day
from aggregations.elsewhere import Abandoned
from aggregations.projected import Projected, of_friends, of_hubs, projected_of
from aggregations.projecting import Made, Projector, projected_here
from aggregations.question import ALL_WAVES, FigureRow, Moment, Question, Scope
from aggregations.reader import Reader
from aggregations.rollup import Ground, Places, friend_rows, hub_rows, inside
from hubstat.domain import time as tm
from hubstat.domain.codes import Direction
from hubstat.domain.friendday import FriendDay
from hubstat.domain.metric import Need

log = logging.getLogger(__name__)

_INVOICES: Final[frozenset[Need]] = frozenset({"invoices"})
PROJECTED: Final[frozenset[Need]] = frozenset({"projection"})
# Making one takes at most a tenth of the time, however large the network is.
_LEAST_PAUSE: Final = 10
# A network whose projection cannot be made is tried again no sooner (ms): it may cost as much each time.
_AFTER_FAILURE: Final = 10_000
# What takes longer than this here (s of the processor) is made elsewhere.
_HERE: Final = 0.3


class Forecast:
    """What the projection of a date gives at one moment, for every hub and Friend.

    day: counted at that moment. projected: as made beside it; None: it is made of the day when it is first asked for.
    """

    def __init__(self, day: Day, projected: Projected | None = None) -> None:
        self.day: Final = day
        self._projected = projected
        self._hubs: Final[dict[tuple[Direction, str], Places]] = {}
        self._lock: Final = threading.Lock()

    @property
    def moment(self) -> Moment:
        """(T, K)."""
        return self.day.moment

    def rows(self, ground: Ground, question: Question, scope: Scope) -> tuple[FigureRow, ...]:
        """Rows of a question that asks for projected figures alone; Friends who have nothing to do have none."""
        of = (question.direction, question.wave)
        if question.level == "friend":
            return friend_rows(ground, self.day.master, self._of_friends(ground, *of, scope), {}, question, scope)
        return hub_rows(ground, self.day.master, self._of_hubs(*of), {}, question, scope)

    def _of_hubs(self, direction: Direction, wave: str) -> Places:
        projected = self._made()
        with self._lock:
            if (direction, wave) not in self._hubs:
                self._hubs[direction, wave] = of_hubs(projected, direction, wave)
            return self._hubs[direction, wave]

    def _of_friends(self, ground: Ground, direction: Direction, wave: str, scope: Scope) -> Places:
        return {
            (camp, friend): tally
            for camp, part in self._made().items()
            if inside(ground.day, scope, camp)
            for friend, tally in of_friends(part, direction, wave).items()
        }

    def ahead(self, ground: Ground, direction: Direction, wave: str, scope: Scope) -> dict[int, int]:
        """Open due invoices of a hub by the hour (since the epoch) in which their stop is projected to be done.

        Those that nobody holds, and those of Friends without a pace, are in no hour.
        """
        found: Counter[int] = Counter()
        for camp, part in self._made().items():
            if part.ahead and inside(ground.day, scope, camp):
                for (each_direction, each_wave, hour), count in part.ahead.items():
                    if each_direction == direction and wave in (ALL_WAVES, each_wave):
                        found[hour] += count
        return dict(sorted(found.items()))

    def _made(self) -> Projected:
        with self._lock:
            if self._projected is None:
                self._projected = projected_of(self.day.outlook())
            return self._projected


def completed(day: Day, ground: Ground, direction: Direction, wave: str, scope: Scope) -> int:
    """Due invoices of a hub that are completed at a day's moment."""
    counted = day.counted("camp", direction, _INVOICES)
    return sum(
        sum(tally.hours.values())
        for (camp, each_wave), tally in counted.items()
        if each_wave == wave and inside(ground.day, scope, camp)
    )


def left_ahead(ahead: Mapping[int, int], done: int, hour: int) -> dict[int, int]:
    """What is still ahead by hour: less what was done since it was projected, the earliest first; from ``hour`` on."""
    found: dict[int, int] = {}
    for each, count in sorted(ahead.items()):
        taken = min(max(done, 0), count)
        done -= taken
        if each >= hour and count > taken:
            found[each] = count - taken
    return found


class TooLong(Exception):
    """It is to be made elsewhere."""


class Turn:
    """Asked in between whether to go on: raises ``Abandoned`` once ``ended`` is set.

    most: of the processor's time of this thread, s; after it ``TooLong`` is raised.
    """

    def __init__(self, ended: threading.Event, most: float) -> None:
        self._ended: Final = ended
        self._until: Final = time.thread_time() + most

    def __call__(self) -> None:
        if self._ended.is_set():
            raise Abandoned
        if time.thread_time() > self._until:
            raise TooLong


class Maker:
    """Makes the projections of one reader. projector: makes what takes long here; None: that is made here, too."""

    def __init__(self, reader: Reader, projector: Projector | None) -> None:
        self._reader: Final = reader
        self._projector: Final = projector
        self._large: Final[set[date]] = set()
        self._ended: Final = threading.Event()

    def make(self, day: Day, folded: Sequence[FriendDay]) -> Made:
        """The projection at a day's moment. Raises ``Abandoned`` once closed."""
        of = (day.service_date, day.moment, folded)
        if self._projector is None:
            return Made(projected_here(self._reader, *of, Turn(self._ended, float("inf")))[0])
        if day.service_date not in self._large:
            try:
                return Made(projected_here(self._reader, *of, Turn(self._ended, _HERE))[0])
            except TooLong:
                self._large.add(day.service_date)
        return self._projector.project(*of)

    def forget(self, service_date: date) -> None:
        """Let go of a date that nobody looks at."""
        self._large.discard(service_date)

    def close(self) -> None:
        """Give up the one that is being made here."""
        self._ended.set()


@dataclass
class _Making:
    """The latest forecast of a date and the one under way.

    awaited: whether a tick has waited for the one under way. tried: as-of of the last try. took: how long it took
    without rests, and lasted: with them, ms.
    """

    generation: int = 0
    last: Forecast | None = None
    running: Future[tuple[Forecast | None, int, int]] | None = None
    awaited: bool = False
    tried: int | None = None
    took: int = 0
    lasted: int = 0


class Forecasts:
    """Makes forecasts one at a time, anew when a figure has changed or a minute has gone by.

    clock: the present, ms. patience_seconds: how long one tick waits for one that is made as fast as that: a small
    network's is then of the tick itself, unless that of another date is being made.
    """

    def __init__(self, clock: Callable[[], int], patience_seconds: float) -> None:
        self._clock = clock
        self._patience = patience_seconds
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="forecast")
        self._dates: dict[date, _Making] = {}

    def current(self, day: Day, generation: int, make: Callable[[], Made]) -> Forecast | None:
        """The latest forecast of a day's date, begun anew where it is due; None while the first is being made.

        make: the projection at the day's moment, called in another thread. Where it raises, that is logged, the
        forecast before stays, with its moment, and the next try comes some seconds later.
        """
        making = self._dates.setdefault(day.service_date, _Making())
        if making.running is None and self._due(making, day.moment, generation):
            making.generation, making.tried = generation, day.moment.as_of
            making.running, making.awaited = self._pool.submit(self._made, day, make), False
        if making.running is not None:
            quick = making.lasted <= 1000 * self._patience
            wait([making.running], self._patience if quick and not making.awaited else 0)
            making.awaited = True
            if making.running.done():
                (made, took, making.lasted), making.running = making.running.result(), None
                if made is not None:  # what failed after a rest says nothing of the work
                    making.last, making.took = made, took
        return making.last

    def _made(self, day: Day, make: Callable[[], Made]) -> tuple[Forecast | None, int, int]:
        """The forecast and how long it took, without rests and with them, ms."""
        began, made, rested = self._clock(), None, 0
        try:
            projected, rested = make()
            made = Forecast(day, projected)
        except Abandoned:
            pass
        except Exception:
            log.exception("the projection of %s could not be made", day.moment)
        lasted = max(0, self._clock() - began)
        return made, max(0, lasted - rested), lasted

    def _due(self, making: _Making, moment: Moment, generation: int) -> bool:
        if making.tried is None:
            return True
        if moment.as_of - making.tried < _LEAST_PAUSE * making.took:
            return False
        if making.last is None or making.last.moment.as_of != making.tried:  # the last try failed
            return moment.as_of - making.tried >= _AFTER_FAILURE
        return making.generation != generation or making.tried // tm.MINUTE != moment.as_of // tm.MINUTE

    def forget(self, service_date: date) -> None:
        """Let go of a date that nobody looks at."""
        self._dates.pop(service_date, None)

    def close(self) -> None:
        """Return when the one that is being made has ended."""
        self._pool.shutdown(cancel_futures=True)
