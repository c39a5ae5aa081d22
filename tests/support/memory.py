"""The Python interpreter of the registry over a network held in memory: every figure by folding, no engine."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from datetime import date, timedelta
from typing import Any

from compiled_day import assert_compiled_alike

from aggregations.counting import InvoiceCounter
from aggregations.day import Day, View
from aggregations.productivity import work_in_invoice
from aggregations.question import Answer, Moment, Question
from aggregations.reader import rows_of
from aggregations.rollup import Ground, resolve
from aggregations.schedules import Schedules
from hubstat.domain import time as tm
from hubstat.domain.baselines import Baselines, DayShare, allowances_of, plan_of, standards_of
from hubstat.domain.codes import DIRECTIONS, FRIEND_RANK
from hubstat.domain.contract import Event, Refusal, decode_friend_event, decode_invoice_event
from hubstat.domain.friendday import FriendDay, FriendDetail, Work, friend_day_detail, schedule_of
from hubstat.domain.invoice import InvoiceState, fold
from hubstat.domain.log import EventLog
from hubstat.domain.masterdata import parse
from hubstat.domain.metric import Need
from hubstat.elastic.search import PointInTime
from ingest.derive import supersessions

ZONE = tm.zone("KR")


def received_of(raw: bytes) -> int:
    """Received time of a record of a contract file: its own, else its event time; the epoch where it states none."""
    try:
        record = json.loads(raw)
        return tm.parse_instant(record.get("received_at") or record["event_time"])
    except (ValueError, KeyError, TypeError, AttributeError):
        return 0


class MemoryNetwork:
    """Events of a network, folded anew for every question. history: whether baselines are made of earlier dates."""

    def __init__(self, master: Mapping[str, str] | None = None, *, history: bool = True) -> None:
        self.history = history
        self.master = parse(dict(master or {}), "KR")
        self.invoices: dict[str, EventLog] = {}
        self.friends: dict[str, EventLog] = {}
        self.refused: list[Refusal] = []
        self._days: dict[tuple[date, Moment], Day] = {}

    def add_invoice(self, raw: bytes) -> None:
        """Take one record of invoice-events, as a contract file holds it."""
        self._days.clear()
        try:
            event = decode_invoice_event(raw, received_of(raw), ZONE)
        except Refusal as refusal:
            self.refused.append(refusal)
            return
        self.take(event)

    def take(self, event: Event) -> None:
        """Take one decoded event of an invoice."""
        log = self.invoices.setdefault(event.key, EventLog())
        log.add(event)
        for derived in supersessions(event.key, log, [event]):
            self.take(decode_invoice_event(derived.value, derived.received, ZONE))

    def add_friend(self, raw: bytes) -> None:
        """Take one record of friend-events."""
        self._days.clear()
        event = decode_friend_event(raw, received_of(raw), ZONE)
        self.friends.setdefault(event.key, EventLog()).add(event)

    def query(self, question: Question, now: int = 4_000_000_000_000) -> Answer:
        """The same question the reader answers."""
        moment = question.moment(now, ZONE)
        day = self.day(question.service_date, moment)
        ground = Ground(day.tree, self.master.hierarchy.on(tm.local_date(moment.as_of, ZONE)))
        rows = rows_of(day, ground, question, resolve(day.tree, question.level, question.hub))
        return Answer(
            question.level,
            question.service_date,
            moment,
            question.wave,
            question.direction,
            ZONE,
            rows,
            day.baselines.version,
        )

    def day(self, service_date: date, moment: Moment) -> Day:
        """Everything counted of a service date at (T, K), folded once."""
        known = self._days.get((service_date, moment))
        if known is None:
            known = _MemoryDay(self, service_date, moment, self.baselines(service_date))
            self._days[service_date, moment] = known
        return known

    def baselines(self, service_date: date) -> Baselines:
        """Baselines of a date from the final figures of those before it."""
        if not self.history:
            return Baselines(service_date.isoformat(), 0, {}, {}, {})
        gaps: dict[tuple[str, str], Counter[int]] = {}
        standards: dict[tuple[str, str], list[float]] = {}
        plans: list[Mapping[tuple[str, str, str], DayShare]] = []
        for ago in range(2, 30):
            past = service_date - timedelta(days=ago)
            closed = tm.closing(past, ZONE)
            day = _MemoryDay(self, past, Moment(closed, closed), Baselines("", 0, {}, {}, {}))
            if ago % 7 == 0:
                plans.append(_shares(day))
            for detail in day.friend_days(_VIEW).details():
                area = day.area_of(detail.day.camp)
                for effort in detail.day.efforts:
                    if area is not None and effort.wave is not None and effort.stops:
                        standards.setdefault((area, effort.wave), []).append(effort.net / effort.stops)
                for run in detail.runs:
                    if area is not None and run.wave is not None:
                        counted = gaps.setdefault((area, run.wave), Counter())
                        counted.update(-(-gap.remainder // tm.MINUTE) for gap in run.gaps if gap.counted)
        return Baselines(service_date.isoformat(), 1, allowances_of(gaps), standards_of(standards), plan_of(plans))


def _shares(day: Day) -> dict[tuple[str, str, str], DayShare]:
    needs: frozenset[Need] = frozenset({"invoices"})
    return {
        (camp, direction, str(wave)): DayShare.of_hours(tally.counts["due", ""], tally.hours, day.service_date, ZONE)
        for direction in DIRECTIONS
        for (camp, wave), tally in day.counted("camp", direction, needs).items()
        if camp is not None and wave != "all"
    }


class _Nothing(PointInTime):
    """A point in time at which nothing is stored."""

    def __init__(self) -> None:
        pass

    def search(self, body: dict[str, Any]) -> dict[str, Any]:
        return {"hits": {"hits": [], "total": {"value": 0}}, "aggregations": {}}


_VIEW = View(_Nothing(), _Nothing(), _Nothing(), parse({}, "KR"))


class _MemoryDay(Day):
    """A day of which nothing is stored: all of it is folded from memory."""

    def __init__(self, network: MemoryNetwork, service_date: date, moment: Moment, baselines: Baselines) -> None:
        super().__init__(lambda: nullcontext(_VIEW), network.master, "KR", service_date, moment, baselines)
        self.network = network

    def _counter(self, view: View) -> InvoiceCounter:
        return _MemoryCounter(self)

    def friend_days(self, view: View, schedules: Schedules | None = None) -> Any:
        return _MemoryFriendDays(self)


class _MemoryCounter(InvoiceCounter):
    def __init__(self, day: _MemoryDay) -> None:
        super().__init__(_Nothing(), day.service_date.isoformat(), day.moment, ZONE, day.context)
        self._network = day.network

    def _states(self, query: dict[str, Any]) -> Iterator[InvoiceState]:
        terms = [each["term"] for each in query["bool"]["filter"] if "term" in each]
        wanted = next((term["direction"] for term in terms if "direction" in term), None)
        for key, log in self._network.invoices.items():
            direction, invoice_no = key.split(":", 1)
            if wanted in {None, direction}:
                yield fold(direction, invoice_no, log, ZONE, self._moment.as_of, self._moment.known_at)


class _MemoryFriendDays:
    def __init__(self, day: _MemoryDay) -> None:
        self._day = day

    def all(self) -> list[FriendDay]:
        return [detail.day for detail in self.details()]

    def of_camps(self, camps: Sequence[str]) -> list[FriendDay]:
        return self.all()

    def of_friends(self, friends: Sequence[str]) -> list[FriendDay]:
        return [day for day in self.all() if day.friend_id in friends]

    def documents(self, friends: Sequence[str]) -> list[str]:
        return list(friends)

    def details(self, friends: Sequence[str] | None = None) -> list[FriendDetail]:
        """Of some Friends (None: of all)."""
        day, network = self._day, self._day.network
        work: dict[str, list[Work]] = {}
        for key, log in network.invoices.items():
            for friend, item in work_in_invoice(key, log, day.moment, ZONE):
                work.setdefault(friend, []).append(item)
        moment = day.moment
        found: list[FriendDetail] = []
        for friend in sorted({*work, *network.friends}):
            if friends is not None and friend not in friends:
                continue
            facts = network.friends.get(friend, EventLog()).facts(FRIEND_RANK, moment.as_of, moment.known_at)
            schedule = schedule_of(facts, day.service_date.isoformat(), ZONE)
            done, baselines, area_of = work.get(friend, []), day.baselines, day.area_of
            detail = friend_day_detail(
                friend, schedule, done, as_of=moment.as_of, zone=ZONE, baselines=baselines, area_of=area_of
            )
            alone = None if detail is None else detail.day
            assert_compiled_alike(alone, friend, schedule, done, moment.as_of, ZONE, baselines, area_of)
            if detail is not None:
                found.append(detail)
        return found


def flat(figures: Mapping[str, Any]) -> dict[str, Any]:
    """Figures with the parts of split ones as keys of their own."""
    found: dict[str, Any] = {}
    for name, value in figures.items():
        if isinstance(value, dict):
            found.update({f"{name}.{key}": part for key, part in value.items()})
        else:
            found[name] = value
    return found


def same(left: Any, right: Any) -> bool:
    """Equal; numbers within the rounding of golden files."""
    if isinstance(left, int | float) and isinstance(right, int | float):
        return abs(left - right) <= 0.000002
    return bool(left == right)


def records(*events: Mapping[str, Any]) -> Iterable[bytes]:
    """Contract records as bytes, ``v`` added."""
    return (json.dumps({"v": 1, **event}, ensure_ascii=False).encode() for event in events)
