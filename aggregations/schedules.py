"""What Friends' own events say of one service date, kept as long as these are the same: a break a day against scans."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

import orjson

from hubstat.compiled import compiled_core
from hubstat.domain import time as tm
from hubstat.domain.codes import FRIEND_RANK
from hubstat.domain.document import restore_events
from hubstat.domain.excluded import RECORDED_KINDS, begins_interval, interval_marks
from hubstat.domain.friendday import Schedule, schedule_of
from hubstat.domain.log import Fact

if TYPE_CHECKING:
    from hubstat.hubstat_core import FriendSchedule

_ROUTE_MARKS: Final = frozenset({"ROUTE_STARTED", "ROUTE_ENDED"})


@dataclass(frozen=True, slots=True)
class KeptSchedule:
    """A schedule with the digest of the events it was made of. compiled: as the core takes it; None without one."""

    events: bytes
    schedule: Schedule
    compiled: FriendSchedule | None


class Schedules:
    """Schedules of Friends on one service date, of documents that hold nothing later than (T, K)."""

    def __init__(self, service_date: str, zone: ZoneInfo) -> None:
        self.service_date: Final = service_date
        self._zone = zone
        self._compiled = compiled_core(zone) is not None
        self._kept: dict[str, KeptSchedule] = {}

    def of(self, friend_id: str, documents: Sequence[dict[str, Any]]) -> KeptSchedule:
        """The schedule that a Friend's documents of several dates give."""
        sent = orjson.dumps([found for document in documents if (found := document["log"]["events"])])
        events = blake2b(sent, digest_size=16).digest()
        kept = self._kept.get(friend_id)
        if kept is None or kept.events != events:
            facts = restore_events(friend_id, documents).facts(FRIEND_RANK)
            schedule = schedule_of(facts, self.service_date, self._zone)
            kept = self._kept[friend_id] = KeptSchedule(
                events, schedule, compiled(schedule) if self._compiled else None
            )
        return kept


def compiled(schedule: Schedule) -> FriendSchedule:
    from hubstat.hubstat_core import FriendSchedule

    marks = interval_marks(schedule.known)
    routes = (fact for fact in schedule.known if fact.sent["code"] in _ROUTE_MARKS)
    return FriendSchedule(
        schedule.service_date,
        schedule.window,
        [(shift.start, shift.end, shift.service_date, shift.wave) for shift in schedule.shifts],
        [(f.time, f.rank, f.event_id, f.sent["code"] == "ROUTE_STARTED", f.sent.get("camp_id")) for f in routes],
        [[(mark.time, begins_interval(mark), _until(mark)) for mark in marks[kind]] for kind in RECORDED_KINDS],
        schedule.breaks,
    )


def _until(mark: Fact) -> int | None:
    return tm.parse_instant(mark.sent["until"]) if "until" in mark.sent else None
