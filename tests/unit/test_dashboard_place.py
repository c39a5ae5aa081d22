"""The address is the whole state."""

from __future__ import annotations

from datetime import date
from zoneinfo import ZoneInfo

import pytest

from dashboard.place import Place, parse
from hubstat.errors import QueryError

SEOUL = ZoneInfo("Asia/Seoul")


@pytest.mark.parametrize(
    "place",
    [
        Place(),
        Place(
            "camp", "C01", date(2026, 11, 20), "DAWN", "RETURN", 1_795_000_000_123, 1_795_000_100_000, "late.desc", "en"
        ),
        Place("friend", "C01/F 한&1", proof="m1_late_open"),
        Place("friend", "C01/unassigned"),
        Place("invoice", "D000321", direction="RETURN"),
    ],
)
def test_an_address_round_trips(place: Place) -> None:
    assert parse(place.search(SEOUL), SEOUL, "ko") == place


def test_a_local_time_and_an_unescaped_offset_are_understood() -> None:
    local = parse("?as_of=2026-11-18T17:00:00", SEOUL, "ko").as_of
    assert local == parse("?as_of=2026-11-18T17:00:00+09:00", SEOUL, "ko").as_of
    assert local == parse("?as_of=2026-11-18T08:00:00Z", SEOUL, "ko").as_of


@pytest.mark.parametrize(
    ("search", "field"),
    [
        ("?level=planet", "level"),
        ("?level=camp", "hub"),
        ("?level=friend&hub=F1", "hub"),
        ("?date=2026-13-40", "date"),
        ("?direction=UP", "direction"),
        ("?as_of=noon", "as_of"),
        ("?date=9999-12-31", "date"),
        ("?date=0001-01-01", "date"),
        ("?as_of=9999-12-31T23:59:59", "as_of"),
    ],
)
def test_a_wrong_address_names_its_field(search: str, field: str) -> None:
    with pytest.raises(QueryError, match=f"^{field}:"):
        parse(search, SEOUL, "ko")


def test_going_elsewhere_keeps_moment_and_filters_and_leaves_drawer_and_order() -> None:
    place = Place("camp", "C01", date(2026, 11, 20), "DAY", as_of=1, known_at=2, sort="late.desc", proof="due")
    there = place.go(level="friend", hub="C01/F1")
    assert there == Place("friend", "C01/F1", date(2026, 11, 20), "DAY", as_of=1, known_at=2)
    assert place.go(wave="DAWN").sort == "late.desc"
