"""Everything that is counted of one service date at one (T, K): read part by part, each once, from one look."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, TypeVar, cast
from zoneinfo import ZoneInfo

from aggregations.counting import (
    Camps,
    Folded,
    Grain,
    InvoiceCounter,
    Progress,
    add_tallies,
    count_one,
)
from aggregations.productivity import FriendDayReader
from aggregations.question import ALL_WAVES, Moment
from aggregations.schedules import Schedules
from aggregations.tally import AT_RISK, LOADS, Key, Tallies, Tally, add_to
from aggregations.work import Outlook, Place, friend_tallies, outlook, places_of, work_of_camps
from hubstat.domain import time as tm
from hubstat.domain.baselines import FIRST_OFFSET, Baselines
from hubstat.domain.codes import DIRECTIONS, Direction
from hubstat.domain.friendday import FriendDay
from hubstat.domain.hierarchy import HubTree
from hubstat.domain.loading import Loading
from hubstat.domain.masterdata import MasterData
from hubstat.domain.measures import Context
from hubstat.domain.metric import Need
from hubstat.elastic.search import PointInTime

_T = TypeVar("_T")
# After so many things it is asked whether to go on: each takes 10 to 100 µs.
_TURN_EVERY: Final = 100
ALL_NEEDS: Final[frozenset[Need]] = frozenset(
    {"invoices", "minutes", "backlog", "load", "plan", "friends", "projection"}
)


@dataclass(frozen=True, slots=True)
class View:
    """One consistent look at everything: three points in time, and the master data in force."""

    invoices: PointInTime
    friends: PointInTime
    corrections: PointInTime
    master: MasterData

    @property
    def took(self) -> int:
        """What all searches through it took in Elasticsearch, ms."""
        return self.invoices.took + self.friends.took + self.corrections.took


@dataclass(frozen=True, slots=True)
class Limits:
    """The camps that are asked for (None: all): under the date, and where what waits at T is."""

    camps: Camps = None
    waiting: Camps = None


def context_of(master: MasterData, country: str, service_date: date, moment: Moment, zone: ZoneInfo) -> Context:
    """What predicates are read against on a service date at T."""
    return Context(
        moment.as_of,
        frozenset(reason.reason for reason in master.reasons.values() if reason.customer),
        {reason.reason: reason.group for reason in master.reasons.values()},
        {wave.wave: wave.deadline_at(service_date, zone) for wave in master.waves_of(country)},
        tm.day_end(service_date, zone),
    )


class Day:
    """Parts of a service date at (T, K). A part is read when it is first asked for, and then kept.

    look: opens a view for parts that are asked for outside ``within``. days: the Friend-days where they are known.
    """

    def __init__(
        self,
        look: Callable[[], Any],
        master: MasterData,
        country: str,
        service_date: date,
        moment: Moment,
        baselines: Baselines,
        limits: Limits | None = None,
        progress: Progress | None = None,
    ) -> None:
        self._look = look
        self._view: View | None = None
        self._lock = threading.RLock()
        self._kept: dict[tuple[Any, ...], Any] = {}
        self._settled: Mapping[Direction, Tallies] | None = None
        self._folded_days: Sequence[FriendDay] | None = None
        self._turn: Callable[[], None] | None = None
        self._zone = tm.zone(country)
        self._limits = limits or Limits()
        self._progress = progress
        self.master = master
        self.service_date = service_date
        self.moment = moment
        self.baselines = baselines
        self.tree: HubTree = master.hierarchy.on(service_date)
        self.context = context_of(master, country, service_date, moment, self._zone)

    @contextmanager
    def within(self, view: View) -> Iterator[None]:
        """Read what is asked for inside through one view."""
        with self._lock:
            self._view = view
            try:
                yield
            finally:
                self._view = None

    def unhurried(self, turn: Callable[[], None]) -> None:
        """Have ``turn`` called in between what takes long of the projection; what it raises ends that."""
        self._turn = turn

    def keep(self, view: View) -> None:
        """Read everything that is asked for from now on through one view, which stays open."""
        self._look = lambda: nullcontext(view)

    def give_days(self, folded: Sequence[FriendDay]) -> None:
        """Take Friend-days that are known already, folded at this moment or at an earlier one."""
        self._folded_days = folded

    def give_work(self, work: Mapping[Key, Tally]) -> None:
        """Take the Friends' work by (camp,), without what the projection adds, as it is added up already."""
        self._kept["work of camps", False] = work

    def give_settled(self, settled: Mapping[Direction, Tallies]) -> None:
        """Take the invoices by camp whose stored state holds at (T, K), as they are counted already."""
        self._settled = settled

    def give_waiting(self, waiting: Mapping[Direction, Tallies]) -> None:
        """Take what waits at T by camp, as it is counted already."""
        for direction, tallies in waiting.items():
            self._kept["waiting", "camp", direction] = tallies

    def tallies(self, grain: Grain, direction: Direction, wave: str, needs: frozenset[Need]) -> dict[Key, Tally]:
        """Tallies by (camp,) or (camp, Friend) of one wave or all, with the Friends' work where it is needed.

        Made once for all levels; not to be changed.
        """
        key = ("tallies", grain, direction, wave, needs)
        return self._kept_or(key, lambda: self._tallies(grain, direction, wave, needs))

    def _tallies(self, grain: Grain, direction: Direction, wave: str, needs: frozenset[Need]) -> dict[Key, Tally]:
        found: dict[Key, Tally] = {}
        for part in self._parts(grain, direction, needs):
            add_tallies(found, {key[:-1]: tally for key, tally in part.items() if key[-1] == wave})
        if needs & {"friends", "projection"}:
            add_tallies(found, self._work_at(grain, "projection" in needs))
        return found

    def waiting(self, grain: Grain, direction: Direction, wave: str) -> dict[Key, Tally]:
        """What waits at T, by (camp,) or (camp, Friend), of one wave or all."""
        counted = self.all_waiting(grain, direction)
        return {key[:-1]: tally for key, tally in counted.items() if key[-1] == wave}

    def all_waiting(self, grain: Grain, direction: Direction) -> Tallies:
        """What waits at T by (camp, wave) or (camp, Friend, wave)."""
        return self._once(
            ("waiting", grain, direction),
            lambda view: self._counter(view).waiting(grain, direction, self._limits.waiting),
        )

    def counted(self, grain: Grain, direction: Direction, needs: frozenset[Need] = ALL_NEEDS) -> Tallies:
        """Everything of the invoices under the date by (camp, wave) or (camp, Friend, wave). Not to be changed."""
        first, *others = self._parts(grain, direction, needs)
        if not others:
            return first
        found: Tallies = {}
        for part in (first, *others):
            add_tallies(found, part)
        return found

    def _parts(self, grain: Grain, direction: Direction, needs: frozenset[Need]) -> Iterator[Tallies]:
        yield self._invoices(grain, direction)
        if "minutes" in needs:
            yield self._minutes(grain, direction)
        if "load" in needs and direction == "DELIVERY":
            yield self._loads(grain)
        if "projection" in needs:
            yield self._at_risk(grain, direction)
        if "plan" in needs and grain == "camp":
            yield self._plan(direction)

    def days(self) -> tuple[FriendDay, ...]:
        """Friend-days of which something counts at the camps asked for."""
        return self._once(("days",), self._read_days)

    def outlook(self) -> Outlook:
        """The projection of every Friend of these camps, and of those who hold something of theirs."""
        return self._once(("outlook",), self._project)

    def work(self, needs: frozenset[Need] = ALL_NEEDS) -> dict[Place, Tally]:
        """Friends' work by place, with what the projection adds where it is needed."""
        projected = "projection" in needs
        return self._once(("work", projected), lambda _: self._work(projected))

    def departures(self) -> dict[str, int]:
        """First departure (ms) of every Friend who has held a due delivery of these camps and has departed."""
        return self._once(("departures",), lambda view: self._departures(view, self._loadings(view)))

    def inside(self, camp: str | None) -> bool:
        """Whether a camp is one of those asked for."""
        return self._limits.camps is None or camp in self._limits.camps

    def area_of(self, camp: str | None) -> str | None:
        """Area of a camp on the service date, None where no master data place it."""
        return self.tree.path(camp).area if self.tree.knows(camp) else None

    def counter(self, view: View) -> InvoiceCounter:
        """Counts this date at this (T, K) through a view."""
        return self._counter(view)

    # -- the parts --------------------------------------------------------------------------------------------------

    def _once(self, key: tuple[Any, ...], read: Callable[[View], _T]) -> _T:
        return self._kept_or(key, lambda: self._through(read))

    def _through(self, read: Callable[[View], _T]) -> _T:
        if self._view is not None:
            return read(self._view)
        with self._look() as view, self.within(view):
            return read(view)

    def _kept_or(self, key: tuple[Any, ...], make: Callable[[], _T]) -> _T:
        with self._lock:
            if key not in self._kept:
                self._kept[key] = make()
            found: _T = self._kept[key]
            return found

    def _counter(self, view: View) -> InvoiceCounter:
        return InvoiceCounter(
            view.invoices, self.service_date.isoformat(), self.moment, self._zone, self.context, self._progress
        )

    def _folded(self, direction: Direction, by_friend: bool) -> Folded:
        # A fold with Friends serves camps too; the other way round it has to be done again.
        if ("folded", direction, True) in self._kept:
            by_friend = True
        return self._once(
            ("folded", direction, by_friend),
            lambda view: self._counter(view).fold_counts(direction, self._limits.camps, by_friend),
        )

    def _invoices(self, grain: Grain, direction: Direction) -> Tallies:
        def read(view: View) -> Tallies:
            counter = self._counter(view)
            if grain == "camp":
                found = dict(self._settled_of_camps(counter)[direction])
            else:
                found = counter.of_friends(direction, self._limits.camps)
            folded = self._folded(direction, grain == "friend")
            for key, tally in ((folded.friends if grain == "friend" else folded.camps) or {}).items():
                whole = Tally()  # what was counted may be that of other moments too
                for part in filter(None, (found.get(key), tally)):
                    whole.add(part)
                found[key] = whole
            return found

        return self._once(("invoices", grain, direction), read)

    def _settled_of_camps(self, counter: InvoiceCounter) -> Mapping[Direction, Tallies]:
        if self._settled is not None:
            return self._settled
        return self._once(("settled",), lambda _: counter.of_camps(self._limits.camps))

    def _minutes(self, grain: Grain, direction: Direction) -> Tallies:
        return self._once(
            ("minutes", grain, direction),
            lambda view: self._counter(view).minutes(grain, direction, self._limits.camps),
        )

    def _read_days(self, view: View) -> tuple[FriendDay, ...]:
        if self._folded_days is not None:
            return tuple(each.at(self.moment.as_of) for each in self._folded_days)
        reading = self.friend_days(view)
        camps = self._limits.camps
        if camps is None or None in camps:
            days = reading.all()
        else:
            days = reading.of_camps([camp for camp in camps if camp is not None])
        return tuple(day for day in days if any(self.inside(camp) for camp in places_of(day)))

    def friend_days(self, view: View, schedules: Schedules | None = None) -> FriendDayReader:
        """Reads Friend-days of this date at this (T, K) through a view. schedules: as kept from earlier looks."""
        return FriendDayReader(
            view.friends,
            view.corrections,
            view.invoices,
            self.service_date,
            self.moment,
            self._zone,
            self.baselines,
            self.area_of,
            schedules,
        )

    def _days_of(self, view: View, friends: set[str]) -> dict[str, FriendDay]:
        """Friend-days of some Friends, wherever they belong."""
        known = {day.friend_id: day for day in self.days()}
        others = sorted(friends - known.keys())
        if others and self._limits.camps is not None:
            known |= {day.friend_id: day for day in self.friend_days(view).of_friends(others)}
        return known

    def _project(self, view: View) -> Outlook:
        counter = self._counter(view)
        camps = self._limits.camps
        pending = list(self.in_turns(counter.pending(camps)))
        for direction in DIRECTIONS:
            pending += self._folded(direction, False).pending
        if camps is not None:
            # A Friend of these camps may hold invoices of others too, and those who hold theirs may be of others.
            friends = {each.friend for each in pending if each.friend is not None}
            friends |= {day.friend_id for day in self.days()}
            loose = [each for each in pending if each.friend is None]
            chosen = sorted(friends)
            pending = [*loose, *counter.pending(friends=chosen), *counter.fold_pending(chosen)] if chosen else loose
        days = self._days_of(view, {each.friend for each in pending if each.friend is not None})
        return outlook(
            pending,
            days,
            as_of=self.moment.as_of,
            baselines=self.baselines,
            area_of=self.area_of,
            deadline_of=self.context.deadline,
            each=self.in_turns,
        )

    def in_turns(self, items: Iterable[_T]) -> Iterator[_T]:
        """The same, asking now and then whether to go on."""
        for number, item in enumerate(items):
            if self._turn is not None and number % _TURN_EVERY == 0:
                self._turn()
            yield item

    def _work(self, projected: bool) -> dict[Place, Tally]:
        found: dict[Place, Tally] = {}
        for day in self.days():
            for place, tally in friend_tallies(day, self.baselines, self.area_of).items():
                if self.inside(place[0]):
                    found[place] = tally
        if projected:
            for place, left in self.outlook().work.items():
                if self.inside(place[0]):
                    found.setdefault(place, Tally()).add(left.tally())
        return found

    def _work_at(self, grain: Grain, projected: bool) -> Mapping[Key, Tally]:
        """Friends' work by place; that of a camp is added up once for all waves, directions and levels."""
        needs: frozenset[Need] = frozenset({"projection"}) if projected else frozenset()
        if grain == "friend":
            return cast("Mapping[Key, Tally]", self.work(needs))
        key = ("work of camps", projected)
        return self._kept_or(key, lambda: {(camp,): tally for camp, tally in work_of_camps(self.work(needs)).items()})

    def _at_risk(self, grain: Grain, direction: Direction) -> Tallies:
        found: Tallies = {}
        for each in self.outlook().at_risk:
            if each.direction == direction and self.inside(each.camp):
                place = (each.camp,) if grain == "camp" else (each.camp, each.friend)
                count_one(found, place, each.wave, (AT_RISK[direction], ""))
        return found

    def _loads(self, grain: Grain) -> Tallies:
        return self._once(("loads", grain), lambda view: self._count_loads(view, grain))

    def _count_loads(self, view: View, grain: Grain) -> Tallies:
        loadings = self._loadings(view)
        departures = self._once(("departures",), lambda view: self._departures(view, loadings))
        found: Tallies = {}
        for loading in loadings:
            place = (loading.camp,) if grain == "camp" else (loading.camp, loading.friend)
            for part in loading.parts(departures):
                count_one(found, place, loading.wave, (LOADS[part], ""))
        return found

    def _loadings(self, view: View) -> list[Loading]:
        return [*self._counter(view).loadings(self._limits.camps), *self._folded("DELIVERY", False).loadings]

    def _departures(self, view: View, loadings: Iterable[Loading]) -> dict[str, int]:
        days = self._days_of(view, {friend for loading in loadings for _, friend in loading.holdings})
        return {friend: day.first_departure for friend, day in days.items() if day.first_departure is not None}

    def _plan(self, direction: Direction) -> Tallies:
        return self._once(("plan", direction), lambda _: self._planned(direction))

    def _planned(self, direction: Direction) -> Tallies:
        found: Tallies = {}
        for (camp, wave), tally in self._invoices("camp", direction).items():
            due = tally.counts["due", ""]
            if camp is None or wave == ALL_WAVES or not due:
                continue
            shares = self.baselines.plan.get((camp, direction, str(wave)))
            if shares is None:
                continue
            planned = plan_tally(due, shares, self._midnight, self.moment.as_of)
            for each in (wave, ALL_WAVES):
                found.setdefault((camp, each), Tally()).add(planned)
        return found

    @property
    def _midnight(self) -> int:
        return tm.day_start(self.service_date, self._zone)


def plan_tally(due: int, shares: Sequence[float], midnight: int, as_of: int) -> Tally:
    """The plan of one camp and wave: due × share at the end of each hour, and at T, linear within the hour."""
    first = midnight // tm.HOUR + FIRST_OFFSET
    planned = {first + place: due * share for place, share in enumerate(shares)}
    place, within = divmod(as_of - first * tm.HOUR, tm.HOUR)
    if place < 0:
        now = 0.0
    elif place >= len(shares):
        now = due * shares[-1]
    else:
        before = due * shares[place - 1] if place else 0.0
        now = before + (due * shares[place] - before) * within / tm.HOUR
    tally = Tally(plan=planned)
    tally.counts["plan_due", ""] = due
    add_to(tally.sums, {"plan": now})
    return tally
