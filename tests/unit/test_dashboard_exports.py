"""Exports: what is shown, raw, under what it is of; lists of any length; refusals in one line."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import asgi
import openpyxl
import pytest
from dashboard_fake import NOW, FakeBoard
from dashboard_tree import walk
from fake_desk import FakeDesk
from fake_watch import FakeWatch

from dashboard.app import create_app
from dashboard.board import Line, Listing, Moment
from dashboard.exports import export, table_of
from dashboard.live import Screens
from dashboard.place import Place
from hubstat.domain.metrics import METRICS
from hubstat.errors import AccessError, QueryError
from hubstat.settings import DashboardSettings

Client = Callable[[str], asgi.Answer]


@pytest.fixture
def board() -> FakeBoard:
    return FakeBoard()


@pytest.fixture
def screens(board: FakeBoard) -> Screens:
    return Screens(board, FakeWatch(), FakeDesk())


@pytest.fixture
def client(board: FakeBoard) -> Callable[[str], asgi.Answer]:
    server = create_app(board, DashboardSettings(), FakeWatch(), FakeDesk()).server
    return lambda address: asgi.get(server, address)


def rows_of(data: bytes) -> tuple[dict[str, str], list[dict[str, str]]]:
    """Header lines and data rows of a CSV."""
    assert data.startswith(b"\xef\xbb\xbf")
    lines = list(csv.reader(io.StringIO(data.decode("utf-8-sig"))))
    empty = lines.index([])
    head = {line[0]: line[1] for line in lines[1:empty]}
    return head, [dict(zip(lines[empty + 1], line, strict=True)) for line in lines[empty + 2 :]]


def test_a_table_holds_the_boards_figures_unrounded(board: FakeBoard, screens: Screens) -> None:
    place = Place("region", "R1", lang="en")
    built = screens.build(place, "light", screens.moment(place))
    table = table_of(built, "children")
    nodes = {f"area:{node.hub}": node for node in board.nodes(place, board.moment(place), "area", None)}
    areas = [row for row in table.rows if row["id"].startswith("area:")]
    assert len(areas) == 2
    for row in areas:
        figures = nodes[row["id"]].figures
        shown = {metric: value for metric, value in row.items() if metric in figures}
        assert shown == {metric: figures[metric] for metric in shown}
        assert {"completion", "m1_late_open"} <= set(shown)
    assert [row["id"] for row in table.rows][-1] == "region:R1"


@pytest.mark.parametrize(
    ("search", "table", "least"),
    [
        ("lang=ko", "children", 5),
        ("lang=ko&level=camp&hub=C101", "friends", 10),
        ("lang=ko&level=friend&hub=C101/F1010", "invoices", 100),
        ("lang=en&screen=returns", "children", 5),
        ("lang=en&screen=returns", "stages", 4),
        ("lang=ko&screen=dictionary", "metrics", len(METRICS)),
        ("lang=ko&screen=system", "partitions", 12),
        ("lang=ko&screen=reports", "runs", 4),
        ("lang=ko&level=camp&hub=C101&proof=due", "proof", 1000),
    ],
)
def test_every_table_comes_as_csv_and_as_the_same_xlsx(client: Client, search: str, table: str, least: int) -> None:
    answer = client(f"/export?{search}&table={table}&format=csv")
    assert answer.status == 200, answer.text
    head, rows = rows_of(answer.body)
    assert len(rows) >= least
    assert int(answer.headers["x-export-rows"]) == len(rows)
    zone, version = ("Zone", "Definition version") if "lang=en" in search else ("시간대", "지표 정의")
    assert head[zone] == "Asia/Seoul"
    assert head[version]
    assert 'filename="hubstat-' in answer.headers["content-disposition"]
    book = openpyxl.load_workbook(io.BytesIO(client(f"/export?{search}&table={table}&format=xlsx").body))
    lines: list[tuple[Any, ...]] = list(book.worksheets[0].values)
    start = len(head) + 3
    assert len(lines) - start == len(rows)
    assert list(rows[0]) == [str(cell) for cell in lines[start - 1] if cell is not None]


def test_an_export_says_its_scope_and_moment(client: Client) -> None:
    answer = client("/export?lang=en&level=camp&hub=C101&as_of=2026-11-20T15:00:00&table=friends&format=csv")
    head, _ = rows_of(answer.body)
    assert head["Scope"].endswith("(camp:C101)")
    assert head["As of"] == "2026-11-20T15:00:00.000+09:00"
    assert head["Direction"] == "DELIVERY"


@pytest.mark.parametrize(
    ("search", "says"),
    [
        ("lang=en&table=nothing&format=csv", "table: this screen has children"),
        ("lang=en&table=children&format=pdf", "format: one of"),
        ("lang=en&table=proof&format=csv", "names no figure"),
        ("lang=en&level=planet&table=children&format=csv", "level: one of"),
    ],
)
def test_a_wrong_export_is_refused_in_one_line(client: Client, search: str, says: str) -> None:
    answer = client(f"/export?{search}")
    assert answer.status == 400
    assert says in answer.text
    assert "\n" not in answer.text


def test_an_export_without_the_right_is_forbidden(board: FakeBoard, client: Client) -> None:
    board.fail = AccessError("kim has no right to nationwide KR")
    assert client("/export?table=children&format=csv").status == 403


def test_a_list_too_long_for_a_spreadsheet_is_refused_before_it_is_read(
    screens: Screens, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = Place("camp", "C101")
    built = screens.build(place, "light", screens.moment(place))
    monkeypatch.setattr("dashboard.exports.XLSX_ROWS", 10)
    with pytest.raises(QueryError, match="CSV"):
        export(screens, built, "due", "proof", "xlsx")


class Endless(FakeBoard):
    """Its lists have a million lines. read: how many were taken; closed: whether the look at the data was let go of."""

    read = 0
    closed = False

    @contextmanager
    def listing(self, place: Place, moment: Moment, metric: str) -> Iterator[Listing]:
        try:
            yield Listing(1_000_000, self._million(self._lines(place, 1)[0]), moment.as_of)
        finally:
            self.closed = True

    def _million(self, line: Line) -> Iterator[Line]:
        for _ in range(1_000_000):
            self.read += 1
            yield line


def test_a_list_is_read_as_it_is_written_and_let_go_of_when_nobody_wants_the_rest() -> None:
    board = Endless()
    screens = Screens(board)
    place = Place("camp", "C101")
    found = export(screens, screens.build(place, "light", screens.moment(place)), "due", "proof", "csv")
    assert found.rows == 1_000_000
    head, block = next(found.body), next(found.body)
    assert b"due = 1000000" in head
    assert block.count(b"\n") == board.read == 1_000
    assert not board.closed
    found.body.close()
    assert board.closed


def test_a_projected_list_says_the_moment_of_the_projection() -> None:
    class Projected(FakeBoard):
        @contextmanager
        def listing(self, place: Place, moment: Moment, metric: str) -> Iterator[Listing]:
            yield Listing(0, iter(()), moment.as_of - 30_000)

    screens = Screens(Projected())
    place = Place("camp", "C101", lang="en")
    built = screens.build(place, "light", screens.moment(place))
    head, _ = rows_of(b"".join(export(screens, built, "m1_at_risk", "proof", "csv").body))
    assert head["As of"] == head["Known at"] == "2026-11-20T15:04:00.000+09:00"
    assert "Projection as of" not in head


def test_a_table_says_the_moments_of_projection_and_comparison(board: FakeBoard) -> None:
    place = Place("region", "R1", lang="en", compare="week")
    moment = replace(board.moment(place), projected_at=NOW - 30_000)
    table = table_of(Screens(board).build(place, "light", moment), "children")
    head = dict(table.header)
    assert head["Projection as of"] == "2026-11-20T15:04:00.000+09:00"
    assert head["Compared with"] == "2026-11-13T15:04:30.000+09:00"
    kinds = {column.key: column.kind for column in table.columns}
    assert {key: kinds[key] for key in ("gap", "was", "shortfall", "projected_finish")} == {
        "gap": "share", "was": "share", "shortfall": "number", "projected_finish": "time",
    }  # fmt: skip
    for row in table.rows:
        assert isinstance(row["gap"], float)
        assert isinstance(row["was"], float)


@pytest.mark.parametrize(("metric", "files"), [("m1_late_open", 2), ("m3.out", 2), ("can_help", 0)])
def test_a_drawer_offers_a_file_only_of_what_can_be_listed(screens: Screens, metric: str, files: int) -> None:
    place = Place("camp", "C101", proof=metric)
    drawer = screens.build(place, "light", screens.moment(place)).drawer
    links = [node for node in walk(drawer) if "/export" in (getattr(node, "href", None) or "")]
    assert len(links) == files
