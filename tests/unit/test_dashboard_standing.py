"""What a screen says of its own figures: closed, corrected, lacking a part, behind; and nothing that it cannot know."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, time
from types import SimpleNamespace
from typing import Any

import pytest
from dashboard_fake import DAY, NOW, FakeBoard
from dashboard_tree import walk, words
from example_day import ExampleNetwork
from proving import ZONE, MemoryReader

from dashboard import drawer
from dashboard.live import Screens
from dashboard.place import Place
from dashboard.scene import Scene, load_hubs
from dashboard.shell import as_of_line, fixed_banner
from dashboard.strips import axis_of, column_params
from hubstat.domain import time as tm
from hubstat.domain.masterdata import Wave
from hubstat.figures.formats import LANGS, Lang
from hubstat.figures.outlook import finish_of, settled
from hubstat.figures.plots import Deadline
from hubstat.figures.progress import completion_chart
from hubstat.figures.status import silence, silent

CLOSED: dict[str, Any] = {"live": False, "provisional": False, "closed": True}


@pytest.fixture
def board() -> FakeBoard:
    return FakeBoard()


def scene_of(board: FakeBoard, place: Place) -> Scene:
    return Scene(board, place, board.moment(place), "light", "k")


def built(board: FakeBoard, place: Place) -> Any:
    return Screens(board).build(place, "light", board.moment(place)).tree


def part(tree: Any, name: str) -> str:
    """Words of the part whose id begins so."""
    return words(next(each for each in walk(tree) if str(getattr(each, "id", "")).startswith(name)))


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("place", [Place(), Place("camp", "C101"), Place("friend", "C101/F1012")])
def test_a_closed_date_has_no_future(board: FakeBoard, place: Place, lang: Lang) -> None:
    place = place.go(lang=lang)
    running = built(board, place)
    ahead = {"ko": ("예상", "부족"), "en": ("projected", "short")}[lang]
    assert any(word in part(running, "verdict-") for word in ahead)
    board.told = CLOSED
    closed = built(board, place)
    assert not any(word in part(closed, "verdict-") for word in ahead)
    if place.level != "friend":
        assert {"ko": "마감된 업무일입니다.", "en": "The date is closed."}[lang] in part(closed, "still-")


def test_the_figures_of_a_closed_date_are_there_without_what_was_foreseen(board: FakeBoard) -> None:
    place = Place()
    before = load_hubs(board, place, board.moment(place))
    board.told = CLOSED
    after = load_hubs(board, place, board.moment(place))
    assert before is not None
    assert after is not None
    assert finish_of(before.here.figures) is not None
    assert finish_of(after.here.figures) is None
    assert after.here.figures == settled(before.here.figures)
    assert set(before.here.figures) - set(after.here.figures) <= {
        "projected_finish", "shortfall", "can_help", "spare_stops", "no_pace_stops", "open_stops", "unassigned_stops",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("told", "tag"),
    [
        ({}, "잠정"),
        (CLOSED, "확정"),
        (CLOSED | {"corrected": True}, "마감 뒤 정정 포함"),
    ],
)
def test_final_is_what_was_known_at_the_closing(board: FakeBoard, told: dict[str, Any], tag: str) -> None:
    board.told = told
    said = part(built(board, Place()), "verdict-")
    assert tag in said
    assert not any(other in said for other in {"잠정", "확정", "마감 뒤 정정 포함"} - {tag})


def test_a_closed_date_offers_both_kinds_of_knowledge(board: FakeBoard) -> None:
    assert fixed_banner(scene_of(board, Place())) == []
    board.told = CLOSED
    place = Place(day=DAY)
    (banner,) = fixed_banner(scene_of(board, place))
    assert "마감된 업무일" in words(banner)
    links = [each.href for each in walk(banner) if getattr(each, "href", None)]
    known, true, now = links
    assert "as_of=" in known
    assert "known_at=" in known
    assert "known_at=" not in true
    assert "date=" not in now
    assert "as_of=" not in now


def test_how_far_the_data_reach_is_said_also_when_nobody_knows(board: FakeBoard) -> None:
    assert "자료 시각 모름" not in words(as_of_line(scene_of(board, Place())))
    board.told = {"data_to": None}
    line = as_of_line(scene_of(board, Place()))
    assert "자료 시각 모름" in words(line)
    assert any(getattr(each, "className", "") == "asof-behind" for each in walk(line))
    board.told = {"data_to": None, "live": False}
    assert "자료 시각 모름" not in words(as_of_line(scene_of(board, Place())))


@pytest.mark.parametrize("data_to", [None, NOW - 61_000])
def test_nothing_due_is_no_good_news_while_the_data_are_behind(board: FakeBoard, data_to: int | None) -> None:
    for key, raw in board.friends.items():
        if key[0] == "C101":
            raw.update(due=0, completed=0)
    board.told = {"data_to": data_to}
    said = words(built(board, Place("camp", "C101")))
    assert "정상으로 받고" not in said
    assert "자료가 늦어 더 있을 수 있습니다" in said


def test_silent_camps_are_named_beside_the_verdict(board: FakeBoard) -> None:
    assert "자료 일부" not in words(built(board, Place()))
    board.silent_camps = {"C000", "C101", "C102", "C111", "C112"}
    said = part(built(board, Place()), "verdict-")
    assert "자료 일부." in said
    assert "소식 없는 캠프 5곳" in said
    assert "외 2곳" in said
    assert "자료 일부" in part(built(board, Place("camp", "C101")), "verdict-")
    assert "자료 일부" not in part(built(board, Place("camp", "C100")), "verdict-")
    assert "자료 일부" not in part(built(board, Place("friend", "C101/F1012")), "verdict-")


def test_silence_is_judged_by_the_waves_that_the_figures_are_of() -> None:
    waves = [
        Wave("KR", "DAWN", *_times("07:00", "21:30", "07:30")),
        Wave("KR", "DAY", *_times("21:00", "10:00", "21:00")),
    ]
    out = {"due": 100, "open": 50, "friends_out": 4, "silent_friends": 4, "completed": 50, "arrived": 100}
    at = tm.parse_instant("2026-11-20T15:00:00+09:00")
    assert silent(out, running=True, since=None)
    assert silence(waves, date(2026, 11, 20), at, ZONE)(out)
    assert not silence(waves[:1], date(2026, 11, 20), at, ZONE)(out), "its deadline is past"


def _times(deadline: str, start: str, end: str) -> tuple[Any, ...]:
    at = datetime.strptime
    return (at(deadline, "%H:%M").time(), False, at(start, "%H:%M").time(), at(end, "%H:%M").time())


@pytest.mark.parametrize(
    ("clock", "dates"),
    [
        ("2026-11-20T09:00:00", ["2026-11-20"]),
        ("2026-11-20T22:00:00", ["2026-11-20", "2026-11-21"]),
        # Shifts end at 23:00, but the day's work is due by midnight.
        ("2026-11-20T23:30:00", ["2026-11-20", "2026-11-21"]),
        ("2026-11-20T23:59:59.999", ["2026-11-20", "2026-11-21"]),
        ("2026-11-21T00:00:00", ["2026-11-21"]),
        ("2026-11-21T08:30:00", ["2026-11-21"]),
    ],
)
def test_a_date_is_at_work_until_its_last_deadline(clock: str, dates: list[str]) -> None:
    reader = MemoryReader(ExampleNetwork())
    reader.clock = lambda: tm.parse_instant(f"{clock}+09:00")
    reader.store = SimpleNamespace(master_data=lambda country: reader.network.master)  # type: ignore[assignment]
    assert [day.isoformat() for day in reader.active_dates()] == dates


@pytest.mark.parametrize(
    ("clock", "dates"),
    [
        ("2026-11-20T23:00:00", ["2026-11-20"]),
        ("2026-11-21T01:59:59", ["2026-11-20"]),
        ("2026-11-21T02:00:01", ["2026-11-21"]),  # none is at work
        ("2026-11-21T19:00:00", ["2026-11-21"]),
    ],
)
def test_a_wave_that_is_due_after_midnight_keeps_its_date_at_work(clock: str, dates: list[str]) -> None:
    wave = Wave("KR", "LATE", time(2), True, time(18), time(23, 30))
    reader = MemoryReader(ExampleNetwork())
    reader.clock = lambda: tm.parse_instant(f"{clock}+09:00")
    master = SimpleNamespace(waves_of=lambda country: [wave])
    reader.store = SimpleNamespace(master_data=lambda country: master)  # type: ignore[assignment]
    assert [day.isoformat() for day in reader.active_dates()] == dates


def test_a_long_list_is_sorted_once_and_made_into_rows_by_the_block(
    board: FakeBoard, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = Place(proof="due")
    proof = board.proof(place, board.moment(place), "due")
    (side,) = proof.sides
    lines = [replace(line, invoice_no=f"{n * 7919 % 5000:06d}") for n, line in enumerate([side.lines[0]] * 5_000)]
    proof = drawer.ordered(replace(proof, sides=[replace(side, lines=lines)]))
    made = 0
    usual = drawer.invoice_row

    def counted(*arguments: Any) -> Any:
        nonlocal made
        made += 1
        return usual(*arguments)

    monkeypatch.setattr(drawer, "invoice_row", counted)
    found = drawer.rows_of(scene_of(board, place), proof, 4_900, 5_000)
    assert [row["name"] for row in found["rowData"]] == [f"{n:06d}" for n in range(4_900, 5_000)]
    assert [row["rank"] for row in found["rowData"]] == list(range(4_900, 5_000))
    assert found["rowCount"] == 5_000
    assert made == 100


def test_a_chosen_wave_ends_where_its_own_curve_does(board: FakeBoard) -> None:
    node = board.nodes(Place(), board.moment(Place()), "nationwide", None)[0]
    at = datetime(2026, 11, 20, 15, 4, tzinfo=ZONE)
    due = Deadline("DAY", at.replace(hour=21, minute=0))

    def label(figures: Any) -> str:
        chart = completion_chart(
            figures, day=DAY, as_of=at, live=True, deadlines=[due], lang="ko", theme="light",
            ahead={f"{DAY}T{hour}": 5 for hour in range(15, 19)},
        )  # fmt: skip
        return next(note["text"] for note in chart["layout"]["annotations"] if "예상 종료" in note["text"])

    finish = finish_of(node.figures)
    assert finish is not None
    assert finish.strftime("%H:%M") in label(node.figures)
    assert "19:00" in label(settled(node.figures))
    assert "●" in label(settled(node.figures))


def test_the_strips_of_a_closed_date_fill_their_axis(board: FakeBoard) -> None:
    place = Place("camp", "C101")
    strips = board.strips("C101", board.moment(place))
    nodes = board.nodes(place, board.moment(place), "friend", "C101")
    live = axis_of(scene_of(board, place), strips, nodes)
    board.told = CLOSED | {"as_of": NOW + 21 * tm.HOUR}
    scene = scene_of(board, place)
    late = {friend: replace(strip, drive=[(strip.drive[0][0], NOW + 21 * tm.HOUR)]) for friend, strip in strips.items()}
    closed = axis_of(scene, late, [replace(node, figures=settled(node.figures)) for node in nodes])
    assert closed.start == live.start
    assert closed.end <= live.end
    assert column_params(scene, closed)["now"][1] == ""
    assert column_params(scene_of(FakeBoard(), place), live)["now"][1] != ""
