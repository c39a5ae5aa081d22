"""The network that never stops: at every hour its day is in progress and parcels are delivered."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import takewhile

import orjson
import pytest

from hubstat.domain import time as tm
from hubstat.simulator import NetworkSpec, build_network, demo_stream
from hubstat.simulator.record import Record

ZONE = tm.zone("KR")
MIDNIGHT = tm.day_start(date(2026, 11, 20), ZONE)
SPEC = build_network(20_000, 1, "KR")
SMALL = build_network(1_000, 1, "KR")


def stream(now: int, minutes: int, spec: NetworkSpec = SPEC) -> tuple[list[Record], list[Record]]:
    """Records of the past, and those of the minutes from now on."""
    until = now + minutes * tm.MINUTE
    records = list(takewhile(lambda record: record.received_ms <= until, demo_stream(spec, now, 1)))
    return [r for r in records if r.received_ms <= now], [r for r in records if r.received_ms > now]


def codes(records: list[Record]) -> list[str]:
    return [orjson.loads(record.value)["code"] for record in records]


@pytest.mark.parametrize("hour", [0, 4, 9, 22])
def test_the_day_is_in_progress_and_moves_every_minute(hour: int) -> None:
    now = MIDNIGHT + hour * tm.HOUR
    past, coming = stream(now, 15)
    assert past
    for minute in range(15):
        begin = now + minute * tm.MINUTE
        of_minute = [r for r in coming if begin < r.received_ms <= begin + tm.MINUTE]
        done = [code for code in codes(of_minute) if code in {"DELIVERED", "PICKED_UP"}]
        assert done, f"no completion in minute {minute} after {hour} h"
    started = {
        (sent["service_date"], sent["wave"])
        for sent in (orjson.loads(record.value) for record in past)
        if sent["code"] == "ROUTE_STARTED"
    }
    today, tomorrow = "2026-11-20", "2026-11-21"
    assert (today, "DAWN") in started
    assert ((tomorrow, "DAWN") in started) == (hour == 22)
    assert ((today, "SAME_DAY") in started) == (hour == 22)


def test_all_hours_move_and_days_roll_over() -> None:
    """From 05:00 on for 26 hours: completions in nearly every minute, in each part of an hour."""
    now = MIDNIGHT + 5 * tm.HOUR
    _, coming = stream(now, 26 * 60)
    minutes = {
        (record.received_ms - now) // tm.MINUTE
        for record in coming
        if record.kind == "invoice" and orjson.loads(record.value)["code"] in {"DELIVERED", "PICKED_UP"}
    }
    for ten in range(0, 26 * 60, 10):
        moving = sum(minute in minutes for minute in range(ten, ten + 10))
        assert moving >= 7, f"{moving} of 10 minutes move from {ten / 60 + 5:.1f} h on"
    dates = {orjson.loads(record.value).get("service_date") for record in coming}
    assert {(date(2026, 11, 20) + timedelta(days=n)).isoformat() for n in range(3)} <= dates


def test_it_is_the_same_stream_after_a_restart() -> None:
    """A demo that is started again sends what it sent before, so that nothing is counted twice."""
    now = MIDNIGHT + 10 * tm.HOUR
    first, coming = stream(now, 60, SMALL)
    again, _ = stream(now + tm.HOUR, 0, SMALL)
    assert sorted(again, key=lambda r: (r.received_ms, r.value)) == sorted(
        first + coming, key=lambda r: (r.received_ms, r.value)
    )


def test_today_comes_first_and_what_is_to_come_in_order() -> None:
    past, coming = stream(MIDNIGHT + 10 * tm.HOUR, 30, SMALL)
    dates = [orjson.loads(record.value).get("service_date", "") for record in past]
    assert "2026-11-20" in dates[:100]
    assert "2026-11-19" in dates[-100:]
    times = [record.received_ms for record in coming]
    assert times == sorted(times)


def test_no_waybill_is_used_on_two_days() -> None:
    past, _ = stream(MIDNIGHT + 12 * tm.HOUR, 0, SMALL)
    registered: dict[str, set[str]] = {}
    for record in past:
        sent = orjson.loads(record.value)
        if sent["code"] == "REGISTERED":
            registered.setdefault(sent["invoice_no"], set()).add(sent["service_date"])
    assert all(len(dates) == 1 for dates in registered.values())


def test_it_tells_which_dates_it_plays_and_has_passed() -> None:
    """A date is passed a while after its last record, so that this one was surely sent."""
    now = MIDNIGHT + 10 * tm.HOUR
    told: list[tuple[date, bool, int]] = []
    sent: list[Record] = []
    for record in demo_stream(SMALL, now, 1, on_date=lambda day, passed: told.append((day, passed, len(sent)))):
        sent.append(record)
        if record.received_ms > now + 3 * tm.DAY:
            break
    begun = [day.isoformat() for day, passed, _ in told if not passed]
    assert begun[:3] == ["2026-11-20", "2026-11-21", "2026-11-19"]
    over = {day: count for day, passed, count in told if passed}
    assert {date(2026, 11, 19), date(2026, 11, 20)} <= set(over)
    for day, count in over.items():
        places = [
            place for place, record in enumerate(sent) if b'"invoice_no":"%b' % f"{day:%y%m%d}".encode() in record.value
        ]
        assert max(places) < count
        assert sent[count].received_ms > sent[max(places)].received_ms + 10 * tm.MINUTE
