"""The projection of a running date: it reads every open invoice, so it is made beside the ticks, of its own moment."""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from aggregations.counting import Grain
from aggregations.day import Day
from aggregations.question import ALL_WAVES, FigureRow, Moment, Question, Scope
from aggregations.rollup import Ground, Places, friend_rows, hub_rows, inside
from hubstat.domain import time as tm
from hubstat.domain.codes import Direction
from hubstat.domain.metric import Need

log = logging.getLogger(__name__)

_INVOICES: Final[frozenset[Need]] = frozenset({"invoices"})
PROJECTED: Final[frozenset[Need]] = frozenset({"projection"})
# Making one takes at most a tenth of the time, however large the network is.
_LEAST_PAUSE: Final = 10
# It works so long before it rests (s), then after every stretch (s) for so many times as long.
_UNHURRIED_AFTER: Final = 0.3
_STRETCH: Final = 0.01
_RESTS: Final = 9.0
# (camp, direction, wave, hour since the epoch): invoices whose stop is projected to be done in that hour
_Ahead = Counter[tuple[str | None, str, str, int]]


@dataclass(frozen=True)
class Forecast:
    """What the projection of a date gives at one moment, for every hub and Friend."""

    moment: Moment
    day: Day
    _places: dict[tuple[Grain, Direction, str], Places] = field(default_factory=dict)
    _ahead: list[_Ahead] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def rows(self, ground: Ground, question: Question, scope: Scope) -> tuple[FigureRow, ...]:
        """Rows of a question that asks for projected figures alone; Friends who have nothing to do have none."""
        grain: Grain = "friend" if question.level == "friend" else "camp"
        rows = friend_rows if grain == "friend" else hub_rows
        return rows(ground, self.day.master, self._of(grain, question.direction, question.wave), {}, question, scope)

    def _of(self, grain: Grain, direction: Direction, wave: str) -> Places:
        key = (grain, direction, wave)
        with self._lock:
            if key not in self._places:
                self._places[key] = self.day.projected(grain, direction, wave)
            return self._places[key]

    def ahead(self, ground: Ground, direction: Direction, wave: str, scope: Scope) -> dict[int, int]:
        """Open due invoices of a hub by the hour (since the epoch) in which their stop is projected to be done.

        Those that nobody holds, and those of Friends without a pace, are in no hour.
        """
        with self._lock:
            if not self._ahead:
                self._ahead.append(_ahead(self.day))
        found: Counter[int] = Counter()
        for (camp, each_direction, each_wave, hour), count in self._ahead[0].items():
            if each_direction == direction and wave in (ALL_WAVES, each_wave) and inside(ground.day, scope, camp):
                found[hour] += count
        return dict(sorted(found.items()))


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


def _ahead(day: Day) -> _Ahead:
    found: _Ahead = Counter()
    for projection in day.outlook().by_friend.values():
        for stop in projection.stops:
            if stop.finish is not None:
                for each in stop.invoices:
                    found[each.camp, each.direction, each.wave, stop.finish // tm.HOUR] += 1
    return found


class Abandoned(Exception):
    """Nobody waits for it any more."""


class Rest:
    """Called in between long work, leaves the interpreter to the ticks: they wait for nothing but it.

    Short work goes on without. rested: how long it has slept, ms. ended: once set, ``Abandoned`` is raised.
    """

    def __init__(self, ended: threading.Event) -> None:
        self._ended: Final = ended
        self._since = time.thread_time() + _UNHURRIED_AFTER
        self.rested = 0

    def __call__(self) -> None:
        worked = time.thread_time() - self._since
        if worked < _STRETCH:
            return
        began = time.monotonic()
        if self._ended.wait(_RESTS * worked):
            raise Abandoned
        self.rested += round(1000 * (time.monotonic() - began))
        self._since = time.thread_time()


@dataclass
class _Making:
    """The latest forecast of a date and the one under way.

    tried: as-of of the last try. took: how long it took without rests, and lasted: with them, ms.
    """

    generation: int = 0
    last: Forecast | None = None
    running: Future[tuple[Forecast | None, int, int]] | None = None
    tried: int | None = None
    took: int = 0
    lasted: int = 0


class Forecasts:
    """Makes forecasts one at a time, anew when a figure has changed or a minute has gone by.

    clock: the present, ms. patience_seconds: how long a tick waits for one that is made as fast as that: a small
    network's is then of the tick itself.
    """

    def __init__(self, clock: Callable[[], int], patience_seconds: float) -> None:
        self._clock = clock
        self._patience = patience_seconds
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="forecast")
        self._ended: Final = threading.Event()
        self._dates: dict[date, _Making] = {}

    def current(
        self, service_date: date, moment: Moment, generation: int, make: Callable[[Rest], Day]
    ) -> Forecast | None:
        """The latest forecast of a date, begun anew where it is due; None while the first is being made.

        make: the day at this moment, called and read in another thread, which rests now and then. Where it raises, that
        is logged, the forecast before stays, with its moment, and the next try comes as it would after any other.
        """
        making = self._dates.setdefault(service_date, _Making())
        if making.running is None and self._due(making, moment, generation):
            making.generation, making.tried = generation, moment.as_of
            making.running = self._pool.submit(self._made, moment, make)
        if making.running is not None:
            wait([making.running], self._patience if making.lasted <= 1000 * self._patience else 0)
            if making.running.done():
                (made, making.took, making.lasted), making.running = making.running.result(), None
                making.last = made or making.last
        return making.last

    def _made(self, moment: Moment, make: Callable[[Rest], Day]) -> tuple[Forecast | None, int, int]:
        """The forecast and how long it took and lasted, without the time that it waited for its turn, ms."""
        began, rest = self._clock(), Rest(self._ended)
        try:
            made = Forecast(moment, make(rest))
        except Abandoned:
            made = None
        except Exception:
            log.exception("the projection of %s could not be made", moment)
            made = None
        lasted = self._clock() - began
        return made, max(0, lasted - rest.rested), lasted

    def _due(self, making: _Making, moment: Moment, generation: int) -> bool:
        if making.tried is None:
            return True
        if moment.as_of - making.tried < _LEAST_PAUSE * making.took:
            return False
        if making.last is None or making.last.moment.as_of != making.tried:  # the last try failed
            return True
        return making.generation != generation or making.tried // tm.MINUTE != moment.as_of // tm.MINUTE

    def forget(self, service_date: date) -> None:
        """Let go of a date that nobody looks at."""
        self._dates.pop(service_date, None)

    def close(self) -> None:
        """Give up the one that is being made: at a large network it lasts for minutes."""
        self._ended.set()
        self._pool.shutdown(cancel_futures=True)
