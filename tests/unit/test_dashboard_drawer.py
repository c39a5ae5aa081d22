"""The proof drawer: compared with the screen's own figure, shared by all who open it, kept on the way up and down."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import orjson
import pytest
from dashboard_fake import NOW, FakeBoard
from dashboard_tree import walk, words

from dashboard import drawer
from dashboard.app import PROVING, Updates
from dashboard.board import Moment, Proof
from dashboard.live import Built, Screens
from dashboard.place import Place, parse
from hubstat.errors import AccessError, QueryError
from hubstat.figures.formats import Lang
from hubstat.settings import DashboardSettings

LATE = Place("camp", "C101", proof="m1_late_open")


class Counting(FakeBoard):
    """Counts the proofs it reads. more: invoices that the list has and the screen has not; fail_proof: raised."""

    def __init__(self) -> None:
        super().__init__()
        self.read: list[Place] = []
        self.more = 0
        self.fail_proof: Exception | None = None
        self.gate = threading.Event()
        self.gate.set()

    def proof(self, place: Place, moment: Moment, metric: str) -> Proof:
        self.read.append(place)
        self.gate.wait(10)
        if self.fail_proof is not None:
            raise self.fail_proof
        found = super().proof(place, moment, metric)
        if not self.more:
            return found
        (side,) = found.sides
        lines = [*side.lines, *(replace(side.lines[0], invoice_no=f"later-{n}") for n in range(self.more))]
        return replace(found, figure=found.figure + self.more, sides=[replace(side, figure=len(lines), lines=lines)])


@pytest.fixture
def board() -> Counting:
    return Counting()


@pytest.fixture
def updates(board: Counting) -> Updates:
    return Updates(Screens(board), DashboardSettings())


def built(board: FakeBoard, place: Place) -> Built:
    return Screens(board).build(place, "light", board.moment(place))


def attributes(tree: Any, name: str) -> list[Any]:
    found = (node.to_plotly_json()["props"] for node in walk(tree))
    return [each[name] for each in found if name in each]


def more_late(board: FakeBoard, number: int = 1) -> None:
    board.friends["C101", "F1012"]["late_open"] += number
    board.generation += 1
    board.now += 2_000


def test_the_list_is_compared_with_the_figure_that_the_screen_shows(board: Counting) -> None:
    screen = built(board, LATE)
    tile = next(
        props["data-value"]
        for node in walk(screen.tree)
        if (props := node.to_plotly_json()["props"]).get("data-metric") == "m1_late_open" and "data-hub" in props
    )
    assert attributes(screen.drawer, "data-tile") == [tile]
    assert attributes(screen.drawer, "data-agrees") == ["1"]
    assert f"화면 {tile} = 목록 {tile} (같은 시점)" in words(screen.drawer)


@pytest.mark.parametrize(("as_of", "said"), [(None, "화면 뒤에 들어온 기록이 목록에는 있습니다"), (NOW, "오류입니다")])
def test_a_list_that_is_not_the_screens_figure_is_not_called_equal(
    board: Counting, as_of: int | None, said: str
) -> None:
    board.more = 2
    shown = built(board, replace(LATE, as_of=as_of, known_at=as_of)).drawer
    (tile,), (listed,) = attributes(shown, "data-tile"), attributes(shown, "data-list")
    assert int(listed) == int(tile) + 2
    assert attributes(shown, "data-agrees") == ["0"]
    assert said in words(shown)
    assert "같은 시점" not in words(shown)


@pytest.mark.parametrize("metric", ["completion", "projected_finish", "m3", "m3.out", "shortfall", "m1_buckets.(0,30]"])
def test_figures_of_every_kind_are_compared(board: FakeBoard, metric: str) -> None:
    place = replace(LATE, proof=metric)
    assert attributes(built(board, place).drawer, "data-agrees") == ["1"]

    class Other(FakeBoard):
        def proof(self, place: Place, moment: Moment, metric: str) -> Proof:
            found = super().proof(place, moment, metric)
            other: Any = "2026-11-20T22:59:00.000+09:00"
            if isinstance(found.figure, dict):
                other = {**found.figure, "out": 1}
            elif not isinstance(found.figure, str):
                other = found.figure + 1
            return replace(found, figure=other)

    assert attributes(built(Other(), place).drawer, "data-agrees") == ["0"]


def test_a_fraction_added_in_another_order_is_the_same_one() -> None:
    assert drawer.same(0.1 + 0.2, 0.3)
    assert not drawer.same(0.3, 0.301)
    assert not drawer.same(None, 0.0)
    assert drawer.same({"a": 1, "b": 0}, {"a": 1})
    assert not drawer.same({"a": 1}, {"a": 2})


def test_opening_sends_the_drawer_and_the_ways_that_keep_it_but_no_screen(updates: Updates, board: Counting) -> None:
    first, _ = updates.answer(replace(LATE, proof=None).search(board.zone), "light", None)
    opened, props = updates.answer(LATE.search(board.zone), "light", first)
    assert set(PROVING) <= set(props)
    assert "screen" not in props
    assert opened["key"] == first["key"]
    assert opened["proof"][0] == "m1_late_open"
    links = [
        href for part in props.values() for href in attributes(part.get("children"), "href") if "level=region" in href
    ]
    assert links
    assert all("proof=m1_late_open" in href for href in links)
    closed, props = updates.answer(replace(LATE, proof=None).search(board.zone), "light", opened)
    assert orjson.dumps(props["drawer-slot"]["children"]) == b"[]"
    assert "screen" not in props
    assert closed["proof"] is None


def test_a_drawer_that_the_page_closed_by_itself_is_taken_away_or_opened_again(
    updates: Updates, board: Counting
) -> None:
    opened, _ = updates.answer(LATE.search(board.zone), "light", None)
    gone = opened | {"proof": []}
    _, props = updates.answer(replace(LATE, proof=None).search(board.zone), "light", gone)
    assert orjson.dumps(props["drawer-slot"]["children"]) == b"[]"
    more_late(board)
    _, props = updates.answer(LATE.search(board.zone), "light", gone)
    assert attributes(props["drawer-slot"]["children"], "id").count("proof-figure") == 1


def test_a_screen_that_has_moved_on_is_said_with_both_figures_and_moments(updates: Updates, board: Counting) -> None:
    search = LATE.search(board.zone)
    pulse, props = updates.answer(search, "light", None)
    (then,) = attributes(props["drawer-slot"]["children"], "data-tile")
    pulse, props = updates.answer(search, "light", pulse)
    assert drawer.SINCE not in props
    more_late(board, 3)
    pulse, props = updates.answer(search, "light", pulse)
    assert "drawer-slot" not in props
    said = words(props[drawer.SINCE]["children"])
    assert f"화면은 {then}(15:04:30)에서 {int(then) + 3}(15:04:32)(으)로 바뀌었습니다" in said
    board.friends["C101", "F1012"]["due"] += 1
    board.generation += 1
    pulse, props = updates.answer(search, "light", pulse)
    assert drawer.SINCE not in props, "the open figure did not change"
    more_late(board, -3)
    pulse, props = updates.answer(search, "light", pulse)
    assert props[drawer.SINCE]["children"] == []
    assert len(board.read) == 1


def test_an_unchanged_generation_keeps_what_is_open(updates: Updates, board: Counting) -> None:
    search = LATE.search(board.zone)
    opened, _ = updates.answer(search, "light", None)
    board.now += 2_000
    again, props = updates.answer(search, "light", opened)
    assert set(props) == {"asof"}
    assert again["proof"] == opened["proof"]


def test_a_proof_is_read_once_for_all_who_open_it_at_once(board: Counting) -> None:
    screens = Screens(board)
    board.gate.clear()

    def opened(lang: Lang) -> str:
        place = replace(LATE, lang=lang)
        return words(screens.build(place, "light", screens.moment(place)).drawer)

    with ThreadPoolExecutor(6) as pool:
        asked = [pool.submit(opened, lang) for lang in ("ko", "en", "ko", "en", "ko", "ko")]
        while not board.read:
            threading.Event().wait(0.01)
        board.gate.set()
        said = {each.result() for each in asked}
    assert len(board.read) == 1
    assert len(said) == 2, "one for each language"
    more_late(board)
    opened("ko")
    assert len(board.read) == 2
    screens.build(replace(LATE, proof="due"), "light", screens.moment(LATE)).drawer  # noqa: B018
    assert len(board.read) == 3


def test_what_cannot_be_proved_leaves_the_screen_and_can_be_asked_again(updates: Updates, board: Counting) -> None:
    board.fail_proof = QueryError("m1_late_open is 3 but 2 was found for it: please report this")
    search = LATE.search(board.zone)
    pulse, props = updates.answer(search, "light", None)
    assert pulse["ok"]
    assert "C101" in words(props["screen"]["children"])
    shown = props["drawer-slot"]["children"]
    assert {"proof-cause", "proof-renew"} <= set(attributes(shown, "id"))
    assert "please report" not in words(shown)
    board.fail_proof = None
    _, props = updates.answer(search, "light", pulse | {"proof": []})
    assert "proof-figure" in attributes(props["drawer-slot"]["children"], "id")


def test_without_a_right_no_figure_stays_behind_the_drawer(updates: Updates, board: Counting) -> None:
    board.fail_proof = AccessError("kim has no right to camp C101")
    pulse, props = updates.answer(LATE.search(board.zone), "light", None)
    assert not pulse["ok"]
    assert attributes(props["screen"]["children"], "data-metric") == []


def test_a_figure_that_the_direction_has_not_is_said_in_the_drawer(updates: Updates, board: Counting) -> None:
    pulse, props = updates.answer(replace(LATE, proof="m2_late", lang="en").search(board.zone), "light", None)
    assert pulse["ok"]
    assert "no metric of this direction is called m2_late" in words(props["drawer-slot"]["children"])
    assert board.read == []


@pytest.mark.parametrize("place", [Place(), Place("area", "A00"), Place("camp", "C101"), Place("friend", "C101/F1012")])
def test_the_open_figure_is_kept_up_beside_and_down(board: FakeBoard, place: Place) -> None:
    screen = built(board, replace(place, proof="due"))
    ways = [
        parse(href, board.zone, "ko")
        for href in attributes(screen.drawer, "href")
        if not href.startswith("/export") and "proof=" in href
    ]
    levels: set[str] = {way.level for way in ways}
    order: Sequence[str] = ("nationwide", "region", "area", "camp", "friend")
    here = order.index(place.level)
    assert levels >= set(order[: here + 2]) - ({place.level} if place.level == "nationwide" else set())
    assert {way.proof for way in ways} == {"due"}
    below = [orjson.loads(value) for value in attributes(screen.drawer, "data-value")[:-1]]
    if place.level != "friend":
        assert attributes(screen.drawer, "data-below")
        assert screen.hubs is not None
        assert sum(below) == screen.hubs.here.figures["due"]
        assert below == sorted(below, reverse=True)


def test_rows_name_camps_and_friends(board: FakeBoard) -> None:
    for metric, first in (("due", "캠프 C000"), ("can_help", "캠프 C000")):
        screens = Screens(board)
        place = replace(LATE, proof=metric)
        screen = screens.build(place, "light", screens.moment(place))
        assert screen.drawer is not None
        rows = screens.proof_rows(screen.scene.proof_key, 0, 5)
        assert rows is not None
        assert {row["camp"] for row in rows["rowData"]} == {first}
        assert all(row["friend"].startswith("김") for row in rows["rowData"])
