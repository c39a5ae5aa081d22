"""What is ahead as people read it: plan, deadline, shortfall and help, from figures alone."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from hubstat.figures import formats as fm
from hubstat.figures import outlook
from hubstat.figures.friendday import Stretch, friend_day_chart
from hubstat.figures.plots import Deadline
from hubstat.figures.progress import completion_chart
from hubstat.figures.progress_rows import progress_rows
from hubstat.figures.sentences import completion_summary, plain
from hubstat.figures.verdicts import Camp, crew_verdict, network_verdict

ZONE = ZoneInfo("Asia/Seoul")
DAY = date(2026, 11, 20)
AS_OF = datetime(2026, 11, 20, 15, 4, 30, tzinfo=ZONE)
DEADLINES = [Deadline("DAWN", AS_OF.replace(hour=7, minute=0, second=0)),
             Deadline("DAY", AS_OF.replace(hour=21, minute=0, second=0))]  # fmt: skip
LATE: dict[str, Any] = {
    "due": 1000, "completed": 488, "completion": 0.488, "plan": 497.0, "plan_due": 1000, "open": 512,
    "projected_finish": "2026-11-20T21:51:10.000+09:00", "shortfall": 21.6, "unassigned_stops": 21, "can_help": 9,
    "spare_stops": 58.2,
    "plan_by_hour": {"2026-11-20T13": 300.0, "2026-11-20T14": 490.0, "2026-11-20T15": 600.0, "2026-11-20T16": 1000.0},
    "completions_by_hour": {"2026-11-20T13": 290, "2026-11-20T14": 190, "2026-11-20T15": 8},
}  # fmt: skip
FINE = LATE | {"projected_finish": "2026-11-20T20:48:00.000+09:00", "shortfall": 0.0}


def test_the_finish_is_measured_by_the_deadline_it_misses_or_the_next_one() -> None:
    assert outlook.minutes_after(LATE, DEADLINES) == 51
    assert outlook.minutes_after(FINE, DEADLINES) == -12
    dawn = LATE | {"projected_finish": "2026-11-20T08:30:00.000+09:00"}
    assert outlook.deadline_of(dawn, DEADLINES) == DEADLINES[0]
    assert outlook.deadline_of(dawn | {"shortfall": 0.0}, DEADLINES) == DEADLINES[1]
    assert outlook.minutes_after({}, DEADLINES) is None


def test_unassigned_stops_are_needed_only_by_the_last_deadline() -> None:
    assert outlook.need(LATE, loose=True) == pytest.approx(42.6)
    assert outlook.balance(LATE, loose=True) == pytest.approx(15.6)
    assert outlook.balance(LATE, loose=False) == pytest.approx(36.6)
    assert outlook.is_last([7, 21, 21], 15)
    assert not outlook.is_last([7, 21], 3)


def test_the_gap_is_from_what_could_be_planned() -> None:
    assert outlook.gap_share(LATE) == pytest.approx(-0.009)
    assert outlook.gap_share(LATE | {"plan": None}) is None
    assert outlook.gap_share(LATE | {"plan_due": 0}) is None


def test_the_verdict_names_the_worst_camp_its_shortfall_and_its_deadline() -> None:
    camps = [Camp("안산1캠프", LATE | {"shortfall": 3.0}), Camp("성남3캠프", LATE), Camp("서초1캠프", FINE)]
    found = network_verdict("전국", LATE, camps, DEADLINES, DAY, ("DAY", "DELIVERY"), "ko")
    assert found is not None
    assert plain(found) == (
        "전국 주간 배송: 계획보다 0.9%p 뒤처졌습니다. 배송·회수 전체로는 2개 캠프가 마감을 넘길 것으로 예상됩니다. "
        "가장 급한 곳은 성남3캠프: 21:00 마감에 22스톱 부족."
    )
    calm = network_verdict("Nationwide", FINE, [camps[2]], DEADLINES, DAY, ("all", "DELIVERY"), "en")
    assert calm is not None
    assert plain(calm) == "Nationwide deliveries: 0.9 pp behind plan, every camp finishes within its deadline."
    assert network_verdict("전국", {}, [], DEADLINES, DAY, ("all", "DELIVERY"), "ko") is None


def test_nobody_is_told_all_is_well_of_stops_that_cannot_be_projected() -> None:
    some = FINE | {"no_pace_stops": 7, "open_stops": 40}
    found = network_verdict("전국", some, [Camp("서초1캠프", some)], DEADLINES, DAY, ("all", "DELIVERY"), "ko")
    assert found is not None
    assert plain(found) == "전국 배송: 계획보다 0.9%p 뒤처졌고, 7스톱은 예상할 수 없습니다."
    crew = crew_verdict("성남3캠프", some, DEADLINES, DAY, "ko")
    assert crew is not None
    assert plain(crew) == "성남3캠프: 20:48 종료 예상, 7스톱은 예상할 수 없습니다."
    assert all(part.tone != "ok" for part in (*found, *crew))
    assert completion_summary(some, "15:04", DAY, "en").endswith(" 7 stops cannot be projected.")
    assert outlook.left({"open_stops": 2, "unassigned_stops": 3}) == 5


def test_the_verdict_of_a_camp_says_when_how_much_and_who_helps() -> None:
    found = crew_verdict("성남3캠프", LATE, DEADLINES, DAY, "ko")
    assert found is not None
    assert plain(found) == (
        "성남3캠프: 21:51 종료 예상, 21:00 마감보다 51분 늦습니다. 22스톱 부족하고 9명이 58스톱을 도울 수 있습니다."
    )
    nobody = crew_verdict("Camp", LATE | {"can_help": 0}, DEADLINES, DAY, "en")
    assert nobody is not None
    assert plain(nobody).endswith("22 stops short; nobody in the camp can help.")
    fine = crew_verdict("성남3캠프", FINE, DEADLINES, DAY, "ko")
    assert fine is not None
    assert plain(fine) == "성남3캠프: 20:48 종료 예상, 21:00 마감 안에 끝납니다."
    assert crew_verdict("성남3캠프", {}, DEADLINES, DAY, "ko") is None


def test_the_rows_of_the_main_chart_hold_plan_and_projection() -> None:
    rows = progress_rows(LATE, {"2026-11-20T15": 92, "2026-11-20T16": 400})
    assert [row.hour[11:] for row in rows] == ["13", "14", "15", "16"]
    assert [row.so_far for row in rows] == [290, 480, 488, 488]
    assert [row.plan for row in rows] == [0.3, 0.49, 0.6, 1.0]
    assert [row.ahead for row in rows] == [None, None, 0.58, 0.98]
    assert rows[-1].share is None


def test_the_main_chart_shows_plan_projection_band_and_the_gap_below() -> None:
    chart = completion_chart(
        LATE, day=DAY, as_of=AS_OF, live=True, deadlines=DEADLINES, lang="ko", theme="light",
        ahead={"2026-11-20T15": 92, "2026-11-20T21": 400}, error=12.0,
    )  # fmt: skip
    dashes = [trace["line"].get("dash") for trace in chart["data"] if trace["type"] == "scatter"]
    assert dashes == [None, "dash", "dot", "solid"]
    gaps = chart["data"][-1]
    now = gaps["x"].index(pytest.approx(15 + 4 / 60))
    assert gaps["y"][now] == pytest.approx(-9.0)
    assert gaps["marker"]["color"][-1] == "rgba(0,0,0,0)"
    words = " ".join(note["text"] for note in chart["layout"]["annotations"])
    assert "계획 49.7%" in words
    assert "실제 48.8%" in words
    assert "▲ 21:51 예상 종료 ±12분" in words
    assert "주간 마감 21:00" in words


def test_without_a_plan_the_lower_panel_has_the_hours() -> None:
    bare = {key: value for key, value in LATE.items() if not key.startswith("plan")}
    chart = completion_chart(bare, day=DAY, as_of=AS_OF, live=False, deadlines=DEADLINES, lang="en", theme="dark")
    assert list(chart["data"][-1]["y"]) == [290, 190, 8]
    assert "Plan" not in " ".join(note["text"] for note in chart["layout"]["annotations"])


def test_the_summary_tells_plan_and_finish() -> None:
    words = completion_summary(LATE, "15:04", DAY, "ko")
    assert "계획은 49.7%, 차이 −0.9%p입니다." in words
    assert words.endswith("지금 속도로 21:51에 끝나고 22스톱이 마감을 넘깁니다.")
    assert completion_summary(FINE, "15:04", DAY, "en").endswith("At the present pace all is done at 20:48.")


def test_the_day_of_a_friend_marks_every_stretch_now_and_the_finish() -> None:
    day = [Stretch("drive", 10, 15), Stretch("stop", 10.2, 10.21), Stretch("rest", 12, 13, "휴게"),
           Stretch("idle", 14, 14.1), Stretch("batch", 14.5, 14.51)]  # fmt: skip
    chart = friend_day_chart(day, now=15.07, live=True, finish=21.9, late=True, deadlines=[(21.0, "마감 21:00")],
                             lang="ko", theme="light")  # fmt: skip
    assert len([shape for shape in chart["layout"]["shapes"] if shape["type"] == "rect"]) == 4
    words = [note["text"] for note in chart["layout"]["annotations"]]
    assert words == ["<b>마감 21:00</b>", "지금 15:04", "휴게", "▲"]


def test_small_numbers_as_text() -> None:
    assert [fm.stops(value) for value in (None, 0.0, 0.2, 0.6, 21.6)] == ["—", "0", "<1", "1", "22"]
    assert fm.stops(0.5) == "<1"
    assert [fm.balance(value) for value in (None, 0.0, 1e-12, 63.0, -63.4)] == ["—", "0", "0", "+63", "−63"]
    assert [fm.balance(value) for value in (0.5, -0.3)] == ["+<1", "−<1"]
    assert [fm.points(value, "ko") for value in (-0.0004, 0.0)] == ["+0.0%p", "+0.0%p"]
    assert [fm.shift(value, "ko") for value in (None, 52, -12, 276, -125)] == ["—", "+52분", "−12분", "+4:36", "−2:05"]
    assert fm.shift(52, "en") == "+52m"


@pytest.mark.parametrize(("now", "shown"), [(15.07, "15:04"), (16 + 59.9 / 60, "16:59"), (16.1, "16:06"),
                                            (24.5, "00:30"), (-1.5, "22:30")])  # fmt: skip
def test_now_is_named_by_its_whole_minute(now: float, shown: str) -> None:
    chart = friend_day_chart([], now=now, live=True, finish=None, late=False, deadlines=[], lang="ko", theme="light")
    assert [note["text"] for note in chart["layout"]["annotations"]] == [f"지금 {shown}"]


def test_a_wave_of_the_master_data_without_a_text_is_named_by_its_code() -> None:
    chart = completion_chart(LATE, day=DAY, as_of=AS_OF, live=True, deadlines=[Deadline("NIGHT", DEADLINES[1].at)],
                             lang="ko", theme="light")  # fmt: skip
    assert any("NIGHT 마감 21:00" in note["text"] for note in chart["layout"]["annotations"])
