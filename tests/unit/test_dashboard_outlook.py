"""Screens of what is ahead, over a made-up network: camps past their deadline, help, strips, comparison, proofs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import orjson
import pytest
from dashboard_fake import NOW, FakeBoard
from dashboard_tree import figures, table, walk, words

from dashboard import drawer
from dashboard.app import Updates
from dashboard.board import Addend, Line, Moment, Proof, Side
from dashboard.live import Screens
from dashboard.place import Place, parse
from dashboard.scene import Scene
from hubstat.errors import QueryError
from hubstat.settings import DashboardSettings


@pytest.fixture
def board() -> FakeBoard:
    return FakeBoard()


def build(board: FakeBoard, place: Place) -> Any:
    return Screens(board).build(place, "light", board.moment(place)).tree


def rows_of_class(tree: Any, name: str) -> list[Any]:
    return [node for node in walk(tree) if getattr(node, "className", None) == name]


def test_the_network_names_the_camps_past_their_deadline_the_most_stops_first(board: FakeBoard) -> None:
    place = Place()
    camps = board.nodes(place, board.moment(place), "camp", None)
    short = sorted((c.figures["shortfall"] for c in camps if c.figures["shortfall"]), reverse=True)
    tree = build(board, place)
    rows = [node for node in rows_of_class(tree, "short-row") if hasattr(node, "href")]
    shown = [
        orjson.loads(node.to_plotly_json()["props"]["data-value"])
        for row in rows
        for node in walk(row)
        if node.to_plotly_json()["props"].get("data-metric") == "shortfall"
    ]
    assert shown == short
    assert len(short) == 3
    said = words(tree)
    worst = max(camps, key=lambda camp: camp.figures["shortfall"])
    assert f"가장 급한 곳은 {worst.name_ko}: 21:00 마감에" in said
    assert "3개 캠프가 마감을 넘길 것으로 예상됩니다." in said


def test_nothing_is_said_of_what_is_ahead_before_the_first_projection(board: FakeBoard) -> None:
    known = board.moment

    class Waiting(FakeBoard):
        def moment(self, place: Place) -> Moment:
            return replace(known(place), projected_at=None)

    said = words(build(Waiting(), Place()))
    assert "예상을 계산하고 있습니다" in said
    assert "마감을 넘길 캠프 없음" not in said
    assert "모든 캠프가 마감 안에 끝납니다" not in said


@pytest.mark.parametrize("chosen", [{"wave": "DAWN"}, {"direction": "RETURN"}])
def test_what_is_ahead_is_of_all_work_whatever_is_chosen(board: FakeBoard, chosen: dict[str, Any]) -> None:
    said = words(build(board, Place(**chosen)))
    assert "배송·회수 전체로는  3개 캠프가 마감을 넘길 것으로 예상됩니다." in said
    assert "21:00 마감에" in said
    assert "07:00 마감에" not in said
    assert "예상·부족은 배송·회수와 모든 웨이브 기준" in said
    assert "예상·부족은 배송·회수와 모든 웨이브 기준" not in words(build(board, Place()))


def test_stops_that_cannot_be_projected_are_named_and_nothing_is_called_fine(board: FakeBoard) -> None:
    for raw in board.friends.values():
        raw.update(shortfall=0.0, projected_finish=None, no_pace_stops=raw["open_stops"], unassigned_stops=0)
    for place in (Place(), Place("camp", "C101")):
        said = words(build(board, place))
        assert "스톱은 예상할 수 없습니다." in said
        assert "예상할 수 없음" in said
        assert not {
            each for each in ("남은 스톱 없음", "마감 안에 끝납니다", "도움이 필요한 캠프 없음") if each in said
        }


def test_a_camp_shows_who_can_help_and_what_is_missing(board: FakeBoard) -> None:
    tree = build(board, Place("camp", "C101"))
    shown = figures(tree)
    friends = board.nodes(Place("camp", "C101"), board.moment(Place()), "friend", "C101")
    able = {f"friend:C101/{node.hub}": node.figures["spare_stops"] for node in friends if node.figures["can_help"]}
    assert able
    assert {hub: value for (hub, metric), value in shown.items() if metric == "spare_stops" and "friend" in hub} == able
    assert shown["camp:C101", "shortfall"] == sum(node.figures["shortfall"] for node in friends)
    assert "캠프 안에서 모자람" in words(tree)


def test_every_friend_has_a_strip_on_one_axis_and_its_words(board: FakeBoard) -> None:
    grid = table(build(board, Place("camp", "C101")))
    column = next(entry for entry in grid.columnDefs if entry.get("field") == "s")
    axis = column["cellRendererParams"]["axis"]
    assert axis["deadlines"][-1][1] == "마감 21:00"
    assert axis["now"][1] == "지금 15:04"
    for row in grid.rowData:
        strip = row["s"]
        assert all(0 <= at <= axis["length"] for at in strip["s"])
        assert strip["r"][0][0] == "휴게"
        assert "스톱" in strip["label"]
    assert sum(row["s"]["late"] for row in grid.rowData) == sum(bool(row["f"]["shortfall"]) for row in grid.rowData)


def test_a_comparison_shows_the_change_and_the_moment(board: FakeBoard) -> None:
    place = Place(compare="week")
    changes = {
        props["data-change"]: props.get("data-before")
        for node in walk(build(board, place))
        if "data-change" in (props := node.to_plotly_json()["props"])
    }
    here = board.nodes(place, board.moment(place), "nationwide", None)[0].figures
    assert changes["due"] == str(here["due"])
    assert set(changes) >= {"due", "completion", "m1_late_open", "undelivered"}
    assert "지난주 같은 요일 2026. 11. 13.(금) 15:04 기준" in words(build(board, place))


def test_a_comparison_is_asked_for_again_until_it_has_been_read(board: FakeBoard) -> None:
    updates = Updates(Screens(board), DashboardSettings())
    search = Place(compare="yesterday", as_of=NOW, known_at=NOW).search(board.zone)
    board.compared_ready = False
    first, props = updates.answer(search, "light", None)
    assert first["live"]
    assert "비교할 수치를 읽고 있습니다" in words(props["screen"]["children"])
    board.compared_ready = True
    second, props = updates.answer(search, "light", first)
    assert not second["live"]
    assert any(key.startswith("compared-") for key in props)


def test_the_address_keeps_the_comparison_and_refuses_an_unknown_one(board: FakeBoard) -> None:
    place = Place(compare="closed")
    assert parse(place.search(board.zone), board.zone, "ko") == place
    with pytest.raises(QueryError, match="compare: one of week, yesterday, closed, not 'moon'"):
        parse("?compare=moon", board.zone, "ko")


def test_figures_lead_to_what_they_are_made_of(board: FakeBoard) -> None:
    proofs = {
        node.to_plotly_json()["props"]["data-proof"]
        for node in walk(build(board, Place("camp", "C101")))
        if "data-proof" in node.to_plotly_json()["props"]
    }
    assert proofs >= {"due", "completion", "m1_late_open", "m1_at_risk", "undelivered", "projected_finish", "shortfall",
                      "can_help", "spare_stops", "friends_absent", "m3.out", "m1_buckets.(0,30]"}  # fmt: skip


def test_the_drawer_shows_both_sides_of_a_division_in_blocks(board: FakeBoard) -> None:
    place = Place()
    scene = Scene(board, place, board.moment(place), "light", "k")
    line = Line("1", "DELIVERY", "done", "C1", "F1", NOW, NOW, None, "까닭", "why")
    lines = [replace(line, invoice_no=str(number)) for number in range(5)]
    addend = Addend("3", "C1", None, None, None, False, "몫", "share")
    proof = Proof(0.5, [Side("completed", "", 5, lines), Side("due", "", 1, (), [addend])], NOW)
    block = drawer.rows_of(scene, proof, 3, 6)
    assert block["rowCount"] == 6
    assert [row["side"] for row in block["rowData"]] == ["완료", "완료", "대상"]
    assert len({row["id"] for row in drawer.rows_of(scene, proof, 0, 6)["rowData"]}) == 6


def test_a_camp_names_its_friends_who_stand_still(board: FakeBoard) -> None:
    (shown,) = [words(node) for node in walk(build(board, Place("camp", "C000"))) if "still-" in str(
        getattr(node, "id", ""))]  # fmt: skip
    assert "김0001" in shown
    assert "캠프 C000" not in shown
    assert "캠프 C000" in words(build(board, Place("area", "A00")))


def test_an_unknown_wave_is_refused(board: FakeBoard) -> None:
    with pytest.raises(QueryError, match=r"^wave: one of all, DAWN, DAY, not 'NOON'"):
        build(board, Place(wave="NOON"))


def test_a_fixed_moment_has_no_trend_of_the_last_minutes(board: FakeBoard) -> None:
    screens = Screens(board)
    for _ in range(3):
        screens.build(Place(), "light", board.moment(Place()))
        board.now += 60_000
        board.generation += 1

    def trends(place: Place) -> set[str]:
        tree = screens.build(place, "light", board.moment(place)).tree
        return {node.alt for node in walk(tree) if getattr(node, "className", None) == "spark"}

    assert "15:04~15:07 사이 본 값 4개" in trends(Place())
    assert not {alt for alt in trends(Place(as_of=NOW, known_at=NOW)) if "본 값" in alt}
