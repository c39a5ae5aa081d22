"""Thresholds, verdicts and charts."""

from __future__ import annotations

import re
from dataclasses import asdict
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

import dashboard
from hubstat.figures.charts import shown_hours, sparkline
from hubstat.figures.palette import DARK, LIGHT, Palette
from hubstat.figures.plots import Deadline
from hubstat.figures.progress import completion_chart
from hubstat.figures.progress_rows import progress_rows
from hubstat.figures.sentences import plain, verdict
from hubstat.figures.status import heat_step, status

SEOUL = ZoneInfo("Asia/Seoul")
DAY = date(2026, 11, 20)


@pytest.mark.parametrize(
    ("figures", "expected"),
    [
        ({"due": 0}, "none"),
        ({"due": 100, "m1_late_open": 0, "m1_rate": None}, "fine"),
        ({"due": 100, "m1_late_open": 0, "m1_rate": 0.0199}, "fine"),
        ({"due": 100, "m1_late_open": 0, "m1_rate": 0.02}, "watch"),
        ({"due": 100, "m1_late_open": 1, "m1_rate": 0.01}, "watch"),
        ({"due": 100, "m1_late_open": 1, "m1_rate": 0.05}, "behind"),
        ({"due": 100, "m1_late_open": 0, "m1_rate": 0.5}, "watch"),
    ],
)
def test_status(figures: dict[str, float], expected: str) -> None:
    assert status(figures, "DELIVERY") == expected


def test_a_return_is_judged_by_its_own_delay() -> None:
    assert status({"due": 9, "m1_late_open": 9, "m1_rate": 1.0, "m2_late_open": 0, "m2_rate": 0.0}, "RETURN") == "fine"


@pytest.mark.parametrize(
    ("value", "step"), [(100.0, 0), (102.4, 0), (102.6, 1), (107.1, 2), (97.4, -1), (92.0, -2), (None, 0)]
)
def test_heat_is_the_deviation_from_the_network(value: float | None, step: int) -> None:
    assert heat_step(value, 100.0) == step
    assert heat_step(value, None) == 0


def test_verdicts_say_what_is_late_and_where() -> None:
    figures = {"due": 1034, "completion": 0.496132, "m1_late_open": 192}
    korean = plain(verdict("전국", figures, "all", "DELIVERY", "ko", 8))
    assert korean == "전국 배송 1,034건 가운데 49.6%를 완료했고, 8개 캠프에서 192건이 약속을 넘긴 채 남아 있습니다."
    english = plain(verdict("Camp C01", figures, "DAY", "DELIVERY", "en"))
    assert english == "Camp C01 day deliveries: 49.6% of 1,034 done, 192 open past their promise."
    assert plain(verdict("전국", {"due": 0}, "DAWN", "RETURN", "ko", 0)) == "전국 새벽 회수 예정이 없습니다."


def test_completion_rows_are_cumulative_and_have_no_gap() -> None:
    rows = progress_rows({"completions_by_hour": {"2026-11-20T09": 2, "2026-11-20T11": 3}, "due": 10}, {})
    assert [(row.hour[-2:], row.completed, row.so_far, row.share) for row in rows] == [
        ("09", 2, 2, 0.2),
        ("10", 0, 2, 0.2),
        ("11", 3, 5, 0.5),
    ]


def test_the_completion_chart_ends_at_the_completion_and_marks_now_and_deadline() -> None:
    figures = {
        "due": 10,
        "completed": 5,
        "completion": 0.5,
        "completions_by_hour": {"2026-11-20T09": 2, "2026-11-20T11": 3},
    }
    chart = completion_chart(
        figures,
        day=DAY,
        as_of=datetime(2026, 11, 20, 13, 30, tzinfo=SEOUL),
        live=True,
        deadlines=[Deadline("DAY", datetime(2026, 11, 20, 21, tzinfo=SEOUL))],
        lang="ko",
        theme="light",
    )
    curve = chart["data"][0]
    assert curve["y"] == [0, 20.0, 20.0, 50.0, 50.0]
    assert curve["x"] == [9.0, 10.0, 11.0, 12.0, 13.5]
    assert [(shape["x0"], shape["line"]["dash"]) for shape in chart["layout"]["shapes"]] == [
        (21.0, "solid"),
        (13.5, "dot"),
    ]
    words = " ".join(note["text"] for note in chart["layout"]["annotations"])
    assert "주간 마감 21:00" in words
    assert "지금 13:30" in words
    assert "실제 50.0%" in words


def test_a_chart_without_completions_is_empty_not_broken() -> None:
    chart = completion_chart(
        {"due": 0, "completions_by_hour": {}},
        day=DAY,
        as_of=datetime(2026, 11, 20, 8, tzinfo=SEOUL),
        live=False,
        deadlines=[],
        lang="en",
        theme="dark",
    )
    assert chart["data"][0]["y"] == []


def test_hours_shown_are_the_last_ones_without_gaps() -> None:
    known = {"2026-11-20T09": 1.0, "2026-11-20T12": 2.0, "2026-11-20T16": 3.0}
    assert shown_hours(known, 3, datetime(2026, 11, 20, 13, tzinfo=SEOUL)) == [
        "2026-11-20T10",
        "2026-11-20T11",
        "2026-11-20T12",
    ]
    assert shown_hours({}, 3) == []


def test_a_sparkline_needs_two_samples_and_is_as_wide_as_the_time_between_them() -> None:
    assert sparkline([(0, 1.0)]) == ""
    assert sparkline([(0, 1), (10, 5), (40, 3)], 44, 18) == "2.0,16.0 12.0,2.0 42.0,9.0"


@pytest.mark.parametrize(
    ("selector", "tokens"), [(":root {", LIGHT), (':root[data-mantine-color-scheme="dark"] {', DARK)]
)
def test_style_sheet_and_palette_hold_the_same_colours(selector: str, tokens: Palette) -> None:
    sheet = (Path(dashboard.__file__).parent / "assets" / "tokens.css").read_text()
    block = sheet.split(selector, 1)[1].split("}", 1)[0]
    found = dict(re.findall(r"--([a-z0-9-]+): (#[0-9A-F]{6});", block))
    assert found == {name.replace("_", "-"): value for name, value in asdict(tokens).items()}
