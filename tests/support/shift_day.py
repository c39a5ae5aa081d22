"""Small Friend-days written by hand: times as 'HH:MM[:SS]' of 20 November 2026, '+1 HH:MM' of the day after."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from compiled_day import assert_compiled_alike

from hubstat.domain import time as tm
from hubstat.domain.baselines import NO_BASELINES, Baselines
from hubstat.domain.codes import FRIEND_RANK, RANK
from hubstat.domain.friendday import FriendDay, FriendDetail, Work, friend_day_detail, schedule_of
from hubstat.domain.log import Fact

ZONE = tm.zone("KR")
DATE = "2026-11-20"
MIDNIGHT = tm.day_start(tm.parse_date(DATE), ZONE)
MINUTE = tm.MINUTE


def at(text: str) -> int:
    """Epoch ms of a local time; a leading '+1 ' or '-1 ' moves it by a day."""
    days, clock = text.split(" ") if " " in text else ("0", text)
    parts = [int(part) for part in clock.split(":")]
    since = timedelta(hours=parts[0], minutes=parts[1], seconds=parts[2] if len(parts) > 2 else 0)
    return MIDNIGHT + int(days) * tm.DAY + int(since.total_seconds()) * 1000


def event(code: str, time: str, **sent: Any) -> Fact:
    """A friend event; planned_from, planned_to and until as local times; camp C1 unless stated (None: no camp)."""
    fields = {"code": code, "event_time": tm.iso_local(at(time), ZONE), "camp_id": "C1"} | sent
    for name in ("planned_from", "planned_to", "until"):
        if name in fields:
            fields[name] = tm.iso_local(at(fields[name]), ZONE)
    return Fact(
        at(time),
        FRIEND_RANK[code],
        f"{code} {time}",
        at(time),
        {name: value for name, value in fields.items() if value is not None},
    )


def shift(start: str, end: str, **sent: Any) -> Fact:
    """A shift of the date, planned the day before; wave DAY unless stated."""
    return event(
        "SHIFT_PLANNED",
        "-1 12:00",
        **({"planned_from": start, "planned_to": end, "service_date": DATE, "wave": "DAY"} | sent),
    )


def planned_break(start: str, end: str) -> Fact:
    """A break planned the day before."""
    return event("BREAK_PLANNED", "-1 12:00", planned_from=start, planned_to=end)


def recorded_break(start: str, end: str) -> list[Fact]:
    """A break that was taken."""
    return [event("BREAK_STARTED", start), event("BREAK_ENDED", end)]


def scan(time: str, key: str | None = "own", code: str = "DELIVERED", **fields: Any) -> Work:
    """An activity; every scan is at a doorstep of its own unless a key is stated (None: without a key)."""
    known: dict[str, Any] = {"camp": "C1", "promised_from": None, "service_date": DATE, "wave": "DAY"}
    direction = "RETURN" if code == "PICKED_UP" else "DELIVERY"
    return Work(
        time=at(time),
        rank=RANK[direction][code],
        event_id=f"e {time} {key} {code}",
        code=code,
        invoice=f"{direction}:{time} {key}",
        address_key=f"k {time}" if key == "own" else key,
        **(known | fields),
    )


def detail(
    facts: Sequence[Fact],
    work: Sequence[Work],
    as_of: str = "+1 12:00",
    *,
    baselines: Baselines = NO_BASELINES,
    areas: Mapping[str | None, str] | None = None,
) -> FriendDetail | None:
    """The detail at T, of which the compiled core says the same; facts later than T are left out. areas: by camp."""
    ordered = sorted((fact for fact in facts if fact.time <= at(as_of)), key=lambda fact: fact.order)
    schedule = schedule_of(ordered, DATE, ZONE)
    done = [w for w in work if w.time <= at(as_of)]
    area_of = (areas or {}).get
    found = friend_day_detail("F1", schedule, done, as_of=at(as_of), zone=ZONE, baselines=baselines, area_of=area_of)
    day = None if found is None else found.day
    assert_compiled_alike(day, "F1", schedule, done, at(as_of), ZONE, baselines, area_of)
    return found


def day(
    facts: Sequence[Fact],
    work: Sequence[Work],
    as_of: str = "+1 12:00",
    *,
    baselines: Baselines = NO_BASELINES,
    areas: Mapping[str | None, str] | None = None,
) -> FriendDay:
    """The Friend-day at T, which there must be."""
    found = detail(facts, work, as_of, baselines=baselines, areas=areas)
    assert found is not None
    return found.day
