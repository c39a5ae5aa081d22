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
from hubstat.figures.status import on_shift, silent


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
    assert silent(figures, 0, running=running, working=False) is expected


@pytest.mark.parametrize(
    ("figures", "expected"),
    [
        ({"open": 4, "friends_out": 0, "last_completed_at": None}, True),
        ({"open": 4, "friends_out": 0, "last_completed_at": "2026-11-20T13:59:59+09:00"}, True),
        ({"open": 4, "friends_out": 0, "last_completed_at": "2026-11-20T14:00:00+09:00"}, False),
        ({"open": 4, "friends_out": 1, "last_completed_at": None}, False),
        ({"open": 0, "friends_out": 0, "last_completed_at": None}, False),
    ],
)
def test_a_camp_with_nobody_out_and_nothing_completed_is_silent_while_its_shift_works(
    figures: dict[str, Any], expected: bool
) -> None:
    four = tm.parse_instant("2026-11-20T16:00:00+09:00")
    assert silent(figures, four, running=True, working=True) is expected
    assert not silent(figures, four, running=True, working=False)


def test_a_shift_works_from_its_third_hour_to_its_end() -> None:
    (wave,) = (each for each in parse_master({}, "KR").waves_of("KR") if each.wave == "DAY")
    day = date(2026, 11, 20)
    start, end = wave.shift_at(day, ZONE)
    asked = (start, start + 2 * tm.HOUR - 1, start + 2 * tm.HOUR, end - 1, end)
    assert [on_shift([wave], day, moment, ZONE) for moment in asked] == [False, False, True, True, False]


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
