"""What is taken along: every table of a screen, in the shown order, without a future where there is none."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import asgi
import pytest
from dashboard_fake import NOW, FakeBoard
from dashboard_tree import inner, walk, words

from dashboard import drawer
from dashboard.app import create_app
from dashboard.board import Detail, Listing, Moment
from dashboard.export_sheets import ahead_of
from dashboard.exports import export, in_order, table_of
from dashboard.live import Built, Screens, frame
from dashboard.place import Place, parse
from hubstat.figures.export import csv_bytes
from hubstat.settings import DashboardSettings

PLACES = [
    Place(),
    Place("area", "A00"),
    Place("camp", "C101"),
    Place("friend", "C101/F1010"),
    Place("friend", "C101/unassigned"),
    Place("camp", "C101", direction="RETURN"),
    Place("region", "R1", screen="returns", direction="RETURN"),
]
CLOSED = {"live": False, "closed": True, "provisional": False, "projected_at": NOW}


@pytest.fixture
def board() -> FakeBoard:
    return FakeBoard()


def built(board: FakeBoard, place: Place) -> Built:
    screens = Screens(board)
    return screens.build(place, "light", screens.moment(place))


@pytest.mark.parametrize("place", PLACES, ids=str)
def test_every_table_on_offer_is_a_file_with_rows(board: FakeBoard, place: Place) -> None:
    screen = built(board, place)
    names = [name for name, _ in screen.tables]
    assert len(names) == len(set(names))
    rows = {}
    for name in names:
        table = table_of(screen, name)
        assert csv_bytes(table).startswith(b"\xef\xbb\xbf")
        rows[name] = len(table.rows)
        keys = [column.key for column in table.columns]
        assert len(keys) == len(set(keys)), name
        assert all(not isinstance(row.get(key), dict | list) for row in table.rows for key in keys), name
    assert [name for name, count in rows.items() if not count and name != "still"] == []


def test_what_each_level_shows_is_on_offer(board: FakeBoard) -> None:
    common = {"figures", "progress", "hourly", "states", "late", "undelivered", "waiting"}
    wanted = {
        Place(): common | {"children", "heat", "still", "short"},
        Place("camp", "C101"): common | {"friends", "still", "work", "strips"},
        Place("friend", "C101/F1010"): common | {"invoices", "strips"},
    }
    for place, names in wanted.items():
        assert {name for name, _ in built(board, place).tables} == names
    assert built(FakeBoard(empty=True), Place()).tables == []


def test_tables_hold_the_figures_of_the_screen(board: FakeBoard) -> None:
    screen = built(board, Place("camp", "C101"))
    assert screen.hubs is not None
    figures = screen.hubs.here.figures
    assert {row["key"]: row["m3"] for row in table_of(screen, "states").rows} == figures["m3"]
    assert {row["key"]: row["m5"] for row in table_of(screen, "undelivered").rows} == figures["m5"]
    assert sum(row["m1_buckets"] for row in table_of(screen, "late").rows) == figures["m1_late"]
    assert {row["hour"]: row["worked_by_hour"] for row in table_of(screen, "hourly").rows} == figures["worked_by_hour"]
    assert sum(row["completions_by_hour"] for row in table_of(screen, "progress").rows) == figures["completed"]
    every = {(row["metric"], row["part"]): row for row in table_of(screen, "figures").rows}
    assert every["due", ""]["value"] == figures["due"]
    assert every["m3", "out"]["value"] == figures["m3"]["out"]
    assert every["projected_finish", ""]["time"] == figures["projected_finish"]
    spans = table_of(screen, "strips").rows
    assert [row["id"] for row in spans if row["what"] == "운전"] == [row["id"] for row in table_of(screen, "work").rows]
    for row in spans:
        assert row["start"] <= row["end"]


@pytest.mark.parametrize("place", PLACES, ids=str)
def test_a_closed_date_is_exported_without_a_future(board: FakeBoard, place: Place) -> None:
    live = built(board, place)
    board.told = CLOSED
    screen = built(board, place)
    assert "short" not in dict(screen.tables)
    ahead = set()
    for name, _ in screen.tables:
        table = table_of(screen, name)
        keys = {column.key for column in table.columns} | {str(row.get("metric")) for row in table.rows}
        assert {key for key in keys if ahead_of(screen.scene, key)} == set(), name
        assert not keys & {"bal", "projected"}, name
        assert "예상 기준 시각" not in dict(table.header)
        if name in dict(live.tables):
            other = table_of(live, name)
            shown = {column.key for column in other.columns} | {str(row.get("metric")) for row in other.rows}
            ahead |= {key for key in shown if ahead_of(live.scene, key)}
    assert ahead, "a live date has columns of the projection, so that their absence says something"


def test_a_date_with_later_corrections_is_not_called_final(board: FakeBoard) -> None:
    board.told = CLOSED | {"corrected": True}
    assert "마감 뒤 정정 포함" in dict(table_of(built(board, Place()), "children").header).values()
    board.told = CLOSED
    assert "확정" in dict(table_of(built(board, Place()), "children").header).values()


def ids(screen: Built, name: str) -> list[str]:
    return [row["id"] for row in table_of(screen, name).rows]


@pytest.mark.parametrize("column", ["f.completed", "name", "f.projected_finish", "f.hourly_deliveries"])
def test_rows_come_in_the_order_of_the_address_and_the_pinned_ones_last(board: FakeBoard, column: str) -> None:
    down, up = (built(board, Place("camp", "C101", sort=f"{column}.{way}")) for way in ("desc", "asc"))
    key = column.removeprefix("f.")
    for screen, falling in ((down, True), (up, False)):
        rows = table_of(screen, "friends").rows
        assert [row["id"] for row in rows[-2:]] == ["friend:C101/unassigned", "camp:C101"]
        values = [row[key] for row in rows[:-2]]
        assert len(set(values)) > 1
        assert values == sorted(values, reverse=falling)


def test_without_an_order_and_by_lateness_the_worst_come_first(board: FakeBoard) -> None:
    usual = ids(built(board, Place("camp", "C101")), "friends")
    assert ids(built(board, Place("camp", "C101", sort="late.desc")), "friends") == usual
    best = ids(built(board, Place("camp", "C101", sort="late.asc")), "friends")
    assert best[:-2] == usual[:-2][::-1]
    assert ids(built(board, Place("camp", "C101", sort="nothing.asc")), "friends") == usual


def test_nothing_comes_before_something_and_texts_of_numbers_are_numbers() -> None:
    rows = [{"a": 3, "t": "−2.0"}, {"a": None, "t": "+10.5"}, {"a": 1, "t": "—"}]
    leaves = [{"field": "a"}, {"field": "t", "comparator": {"function": "hsNumber"}}]
    assert [row["a"] for row in in_order(leaves, rows, "a.asc")] == [None, 1, 3]
    assert [row["a"] for row in in_order(leaves, rows, "a.desc")] == [3, 1, None]
    assert [row["t"] for row in in_order(leaves, rows, "t.desc")] == ["+10.5", "—", "−2.0"]


class Noting(FakeBoard):
    """Notes the moments that lists are asked of, and gives them in another order than the drawer."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[Moment] = []

    @contextmanager
    def listing(self, place: Place, moment: Moment, metric: str) -> Iterator[Listing]:
        self.asked.append(moment)
        with super().listing(place, moment, metric) as found:
            yield replace(found, lines=iter([*found.lines][::-1]))


def get(board: FakeBoard) -> Callable[[str], asgi.Answer]:
    server = create_app(board, DashboardSettings()).server
    return lambda address: asgi.get(server, address)


def test_a_drawers_file_is_its_list_at_its_moment_in_its_order() -> None:
    board = Noting()
    screens = Screens(board)
    place = Place("camp", "C101", proof="m1_late_open")
    screen = screens.build(place, "light", screens.moment(place))
    address = next(href for node in walk(screen.drawer) if "format=csv" in (href := getattr(node, "href", None) or ""))
    shown = screens.proof_rows(screen.scene.proof_key, 0, 10_000)
    assert shown is not None
    board.now += 45_000
    board.generation += 1
    answer = get(board)(address)
    assert answer.status == 200, answer.text
    assert [(moment.as_of, moment.known_at, moment.live) for moment in board.asked] == [(NOW, NOW, False)]
    lines = list(csv.reader(io.StringIO(answer.body.decode("utf-8-sig"))))
    empty = lines.index([])
    head = {line[0]: line[1] for line in lines[1:empty]}
    assert head["기준 시각"] == head["인지 시각"] == "2026-11-20T15:04:30.000+09:00"
    number = lines[empty + 1].index("송장")
    assert [line[number] for line in lines[empty + 2 :]] == [row["name"] for row in shown["rowData"]]
    named = lines[empty + 1].index("캠프 이름")
    assert {line[named] for line in lines[empty + 2 :]} == {"캠프 C000"}


@pytest.mark.parametrize("listed", ["x&listed_known=5", "5", "9&listed_known=5", "-5&listed_known=5"])
def test_a_wrong_moment_of_a_list_is_refused(listed: str) -> None:
    answer = get(FakeBoard())(f"/export?level=camp&hub=C101&proof=due&table=proof&format=csv&listed_at={listed}")
    assert answer.status == 400
    assert "목록의 시점" in answer.text


def test_a_list_too_long_to_be_sorted_says_so(board: FakeBoard, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dashboard.exports.XLSX_ROWS", 10)
    screens = Screens(board)
    screen = built(board, Place("camp", "C101"))
    assert "읽은 순서" in b"".join(export(screens, screen, "due", "proof", "csv").body).decode()
    monkeypatch.setattr("dashboard.exports.XLSX_ROWS", 10_000)
    assert "읽은 순서" not in b"".join(export(screens, screen, "due", "proof", "csv").body).decode()


class Elsewhere(FakeBoard):
    """Its invoices are of the day before, of another wave, and of a Friend who has no row today."""

    friend: str | None = "F-gone"
    camp: str | None = "C000"

    def invoice(self, place: Place, moment: Moment) -> Detail:
        found = super().invoice(place, moment)
        assert found.service_date is not None
        return replace(
            found,
            line=replace(found.line, friend=self.friend, camp=self.camp),
            service_date=found.service_date.replace(day=19),
            wave="DAWN",
        )


@pytest.mark.parametrize(
    ("camp", "friend", "steps"),
    [
        ("C000", "F-gone", ["전국", "경기남부", "캠프 A00", "캠프 C000", "김-gone", "X-1"]),
        ("C000", None, ["전국", "경기남부", "캠프 A00", "캠프 C000", "미배정", "X-1"]),
        ("C-new", "F-gone", ["전국", "캠프 C-new", "김-gone", "X-1"]),
        (None, None, ["전국", "캠프 미확인", "미배정", "X-1"]),
    ],
)
def test_the_ways_from_an_invoice_are_of_its_own_date_and_never_lost(
    camp: str | None, friend: str | None, steps: list[str]
) -> None:
    board = Elsewhere()
    board.camp, board.friend = camp, friend
    screen = built(board, Place("invoice", "X-1", wave="DAY", proof="due"))
    crumbs = frame(screen, set())["crumbs"]["children"]
    assert [words(node) for node in walk(crumbs) if type(node).__name__ == "Li"] == steps
    ways = [
        parse(node.href, board.zone, "ko")
        for tree in (crumbs, screen.tree)
        for node in walk(tree)
        if type(node).__name__ == "A" and "level=" in (getattr(node, "href", None) or "")
    ]
    assert len(ways) >= 4
    assert {str(way.day) for way in ways} == {"2026-11-19"}
    assert {way.wave for way in ways} == {"DAWN"}
    assert {way.proof for way in ways} == {"due"}


def test_an_invoice_of_the_shown_date_pins_no_date(board: FakeBoard) -> None:
    screen = built(board, Place("invoice", "X-1"))
    hrefs = [getattr(node, "href", None) or "" for node in walk(screen.tree)]
    assert any("level=friend" in href for href in hrefs)
    assert not any("date=" in href for href in hrefs)


def test_a_drawer_has_a_file_of_a_list_alone(board: FakeBoard) -> None:
    for metric, files in (("due", 2), ("completion", 0)):
        shown: Any = built(board, Place("camp", "C101", proof=metric)).drawer
        assert shown is not drawer.CLOSED
        assert sum("/export" in (getattr(node, "href", None) or "") for node in walk(shown)) == files


def nested(node: Any) -> Iterator[Any]:
    """Lists that stand among children, which no page can draw."""
    for each in walk(node):
        children = inner(each)
        if isinstance(children, list | tuple):
            yield from (child for child in children if isinstance(child, list | tuple | dict))


@pytest.mark.parametrize("place", [*PLACES, Place("invoice", "X-1"), Place("camp", "C101", proof="due")], ids=str)
def test_no_list_stands_among_the_children_of_a_screen(board: FakeBoard, place: Place) -> None:
    screen = built(board, place)
    assert list(nested(screen.tree)) == []
    assert list(nested(screen.drawer)) == []
