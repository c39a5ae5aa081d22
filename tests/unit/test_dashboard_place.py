"""The address is the whole state."""

from __future__ import annotations

from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from dashboard.place import Place, lang_of, parse
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
        ("?as_of=2026-11-20T15:00:00&known_at=2026-11-20T14:59:59", "known_at"),
    ],
)
def test_a_wrong_address_names_its_field(search: str, field: str) -> None:
    with pytest.raises(QueryError, match=f"^{field}:"):
        parse(search, SEOUL, "ko")


def test_going_elsewhere_keeps_moment_filters_and_open_figure_and_leaves_the_order() -> None:
    place = Place("camp", "C01", date(2026, 11, 20), "DAY", as_of=1, known_at=2, sort="late.desc", proof="due")
    there = place.go(level="friend", hub="C01/F1")
    assert there == Place("friend", "C01/F1", date(2026, 11, 20), "DAY", as_of=1, known_at=2, proof="due")
    assert there.go(level="area", hub="A1").proof == "due"
    assert place.go(wave="DAWN").sort == "late.desc"


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"wave": "DAWN"},
        {"direction": "RETURN"},
        {"screen": "returns"},
        {"screen": "returns", "level": "area", "hub": "A1"},
        {"level": "invoice", "hub": "X", "direction": "RETURN"},
    ],
)
def test_every_other_change_closes_the_drawer_as_does_a_direction_without_the_figure(changes: dict[str, Any]) -> None:
    assert Place("camp", "C01", proof="m1_late_open").go(**changes).proof is None


def test_the_language_of_a_wrong_address_is_known() -> None:
    assert lang_of("?level=planet&lang=en", "ko") == "en"
    assert lang_of("?lang=fr", "ko") == "ko"
