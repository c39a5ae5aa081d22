"""What the mails need of the shared figures: when a camp is silent, differences, weekdays, the board's address."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from memory import ZONE

from dashboard.place import Place, parse
from hubstat.domain import time as tm
from hubstat.domain.masterdata import parse as parse_master
from hubstat.figures import formats as fm
from hubstat.figures.address import search
from hubstat.figures.status import shift_since, silent


@pytest.mark.parametrize(
    ("figures", "running", "expected"),
    [
        ({"m1_base": 5, "arrived": 0, "completed": 0}, False, True),
        ({"m1_base": 5, "arrived": 1, "completed": 0}, False, False),
        ({"m1_base": 0, "arrived": 0, "completed": 0, "due": 9, "open": 9}, True, False),
        ({"m1_base": 5, "arrived": 9, "open": 4, "friends_out": 3, "silent_friends": 3}, True, True),
        ({"m1_base": 5, "arrived": 9, "open": 4, "friends_out": 3, "silent_friends": 3}, False, False),
        ({"m1_base": 5, "arrived": 9, "open": 4, "friends_out": 3, "silent_friends": 2}, True, False),
        ({"m1_base": 5, "arrived": 9, "open": 4, "friends_out": 2, "silent_friends": 2}, True, False),
        ({"m1_base": 5, "arrived": 9, "open": 0, "friends_out": 3, "silent_friends": 3}, True, False),
        ({}, True, False),
    ],
)
def test_a_camp_is_silent_where_it_must_have_something_to_say(
    figures: dict[str, Any], running: bool, expected: bool
) -> None:
    assert silent(figures, running=running, since=None) is expected


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, True),
        ({"last_completed_at": "2026-11-20T08:59:59+09:00"}, True),
        ({"last_completed_at": "2026-11-20T09:00:00+09:00"}, False),
        ({"friends_out": 1}, False),
        ({"open": 9}, False),
        ({"open": 40, "due": 1000}, False),
    ],
)
def test_a_camp_whose_shift_has_nobody_out_and_nothing_completed_is_silent(
    changes: dict[str, Any], expected: bool
) -> None:
    figures = {"due": 100, "arrived": 60, "open": 60, "friends_out": 0, "last_completed_at": None} | changes
    nine = tm.parse_instant("2026-11-20T09:00:00+09:00")
    assert silent(figures, running=True, since=nine) is expected
    assert not silent(figures, running=True, since=None)


def test_shifts_that_overlap_are_one_and_say_something_from_their_third_hour() -> None:
    waves = parse_master({}, "KR").waves_of("KR")
    day, clock = date(2026, 11, 20), "2026-11-{}:00+09:00"
    dawn, ten = (tm.parse_instant(clock.format(start)) for start in ("19T21:30", "20T10:00"))
    asked = {
        "19T23:29": None, "19T23:30": dawn, "20T07:29": dawn, "20T07:30": None, "20T11:59": None, "20T12:00": ten,
        "20T19:00": ten, "20T22:59": ten, "20T23:00": None,
    }  # fmt: skip
    found = {moment: shift_since(waves, day, tm.parse_instant(clock.format(moment)), ZONE) for moment in asked}
    assert found == asked


@pytest.mark.parametrize(
    ("difference", "digits", "expected"),
    [(214, 0, "+214"), (-1234.4, 0, "−1,234"), (0.04, 1, "±0"), (-0.04, 1, "±0"), (-0.44, 1, "−0.4"), (None, 0, "—")],
)
def test_differences_carry_their_sign(difference: float | None, digits: int, expected: str) -> None:
    assert fm.signed(difference, digits) == expected


def test_weekdays() -> None:
    assert (fm.weekday(date(2026, 11, 20), "ko"), fm.weekday(date(2026, 11, 20), "en")) == ("금", "Fri")


def test_an_address_is_read_back_by_the_board() -> None:
    moment = 1_795_230_000_123
    address = search(
        ZONE, lang="en", level="camp", hub="C/1 &", day=date(2026, 11, 20), wave="DAWN", direction="RETURN",
        as_of=moment, known_at=moment, sort="late.desc", proof="m2_late",
    )  # fmt: skip
    assert parse(address, ZONE, "ko") == Place(
        "camp", "C/1 &", date(2026, 11, 20), "DAWN", "RETURN", moment, moment, "late.desc", "en", "m2_late"
    )
    assert search(ZONE, lang="ko") == "?lang=ko"
