"""Numbers and times as people read them."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest

from hubstat.figures import formats as fm

SEOUL = ZoneInfo("Asia/Seoul")


@pytest.mark.parametrize(("value", "shown"), [(0, "0"), (1234, "1,234"), (-5376, "−5,376"), (None, "—")])
def test_counts(value: int | None, shown: str) -> None:
    assert fm.count(value) == shown


@pytest.mark.parametrize(
    ("share", "shown"),
    [(None, "—"), (0.0, "0.0%"), (0.4884, "48.8%"), (1.0, "100.0%"), (0.99996, "99.9%"), (0.9994, "99.9%")],
)
def test_a_share_never_reads_100_before_it_is_reached(share: float | None, shown: str) -> None:
    assert fm.percent(share) == shown


def test_two_digits_keep_the_same_promise() -> None:
    assert fm.percent(0.999999, 2) == "99.99%"
    assert fm.percent(0.0205, 2) == "2.05%"


def test_points_have_a_sign_and_a_true_minus() -> None:
    assert fm.points(-0.009, "ko") == "−0.9%p"
    assert fm.points(0.012, "en") == "+1.2 pp"


def test_minutes_as_hours() -> None:
    assert fm.span(203.4) == "3:23"
    assert fm.span(None) == "—"
    assert fm.hours(378) == "6.3"
    assert fm.hours(60_960) == "1,016"
    assert fm.late(52, "ko") == "+52분"
    assert fm.late(52, "en") == "+52m"


def test_a_time_of_another_day_says_so() -> None:
    moment = datetime(2026, 11, 19, 22, 41, 7, tzinfo=SEOUL)
    assert fm.clock(moment, date(2026, 11, 19)) == "22:41"
    assert fm.clock(moment, date(2026, 11, 20), seconds=True) == "11. 19. 22:41:07"
    assert fm.clock(moment, date(2026, 11, 20), lang="en") == "19 Nov 22:41"
    assert fm.clock(None) == "—"


def test_dates_in_both_languages() -> None:
    assert fm.day(date(2026, 11, 20), "ko") == "2026. 11. 20.(금)"
    assert fm.day(date(2026, 11, 20), "en") == "Fri, 20 Nov 2026"


def test_hours_over_midnight_have_no_gap() -> None:
    assert fm.hours_between("2026-11-19T22", "2026-11-20T01") == [
        "2026-11-19T22",
        "2026-11-19T23",
        "2026-11-20T00",
        "2026-11-20T01",
    ]


@pytest.mark.parametrize(
    ("value", "ko", "en"),
    [(5000, "5천", "5k"), (10_000, "1만", "10k"), (12_500, "1.25만", "12.5k"), (800, "800", "800")],
)
def test_axis_numbers(value: int, ko: str, en: str) -> None:
    assert (fm.axis_count(value, "ko"), fm.axis_count(value, "en")) == (ko, en)
