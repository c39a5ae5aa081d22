"""Screens over a made-up network: figures exactly as given, states apart, only changes sent."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import orjson
import pytest
from dashboard_fake import DAY, NOW, FakeBoard
from dashboard_tree import figures, table, walk, words

from dashboard.app import Updates
from dashboard.grids import worst_first
from dashboard.live import Built, Screens, screen_key
from dashboard.place import Place
from dashboard.scene import UNMAPPED, load_hubs
from hubstat.errors import EngineError
from hubstat.figures.formats import LANGS, Lang
from hubstat.settings import DashboardSettings


@pytest.fixture
def board() -> FakeBoard:
    return FakeBoard()


@pytest.fixture
def updates(board: FakeBoard) -> Updates:
    return Updates(Screens(board), DashboardSettings())


def build(board: FakeBoard, place: Place) -> Any:
    return Screens(board).build(place, "light", board.moment(place)).tree


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize(
    "place",
    [
        Place(),
        Place(direction="RETURN"),
        Place("region", "R1"),
        Place("area", "A00"),
        Place("camp", "C101", proof="m1_late_open"),
        Place("friend", "C101/F1012"),
        Place("friend", "C101/unassigned"),
        Place("invoice", "X-1"),
        Place(as_of=NOW, known_at=NOW),
    ],
)
def test_every_screen_can_be_built_and_sent(updates: Updates, place: Place, lang: Lang) -> None:
    answer, props = updates.answer(place.go(lang=lang, proof=place.proof).search(FakeBoard.zone), "dark", None)
    assert answer["ok"], props
    assert set(props) >= {"screen", "crumbs", "filters", "asof"}


@pytest.mark.parametrize(
    ("place", "level"),
    [(Place(), "nationwide"), (Place("region", "R2"), "region"), (Place("camp", "C012"), "camp")],
)
def test_figures_are_the_readers(board: FakeBoard, place: Place, level: str) -> None:
    here = next(
        node for node in board.nodes(place, board.moment(place), level, None) if node.hub == (place.hub or "KR")
    )
    shown = figures(build(board, place))
    given = here.figures | (board.ends(place, board.moment(place)) or {})
    hub = f"{level}:{here.hub}"
    compared = 0
    for (shown_hub, metric), value in shown.items():
        name, _, part = metric.partition(".")
        if shown_hub == hub:
            expected = given[name] if not part else given[name].get(part)
            assert value == expected, metric
            compared += 1
    assert compared >= 25


def test_children_and_unassigned_are_all_there_worst_first(board: FakeBoard) -> None:
    tree = build(board, Place("camp", "C101"))
    grid = table(tree)
    assert [row["rank"] for row in grid.rowData] == list(range(10))
    late = [row["f"]["m1_late_open"] for row in grid.rowData]
    assert late == sorted(late, reverse=True)
    pinned = grid.dashGridOptions["pinnedBottomRowData"]
    assert [row["id"] for row in pinned] == ["friend:C101/unassigned", "camp:C101"]
    assert sum(row["f"]["due"] for row in [*grid.rowData, pinned[0]]) == pinned[1]["f"]["due"]


def test_what_has_no_camp_is_not_counted_as_a_camp(board: FakeBoard) -> None:
    camp, friend = next(iter(board.friends))
    board.camps[UNMAPPED] = (UNMAPPED, UNMAPPED)
    board.friends[UNMAPPED, "F-none"] = board.friends[camp, friend]
    place = Place()
    hubs = load_hubs(board, place, board.moment(place))
    assert hubs is not None
    assert UNMAPPED in {node.hub for node in hubs.children}
    assert {node.hub for node in hubs.camps} == set(board.camps) - {UNMAPPED}


def test_worst_first_is_late_open_then_completion_then_name(board: FakeBoard) -> None:
    place = Place("area", "A00")
    nodes = board.nodes(place, board.moment(place), "camp", None)
    ordered = worst_first(nodes, "m1", "ko")
    keys = [(-node.figures["m1_late_open"], node.figures["completion"], node.name_ko) for node in ordered]
    assert keys == sorted(keys)


def test_a_friends_rate_of_few_is_hidden_on_screen_but_not_in_data(board: FakeBoard) -> None:
    board.friends["C101", "F1010"]["base"] = 19
    grid = table(build(board, Place("camp", "C101")))
    row = next(row for row in grid.rowData if row["id"].endswith("F1010"))
    assert row["x"] == {"m1_rate": "—"}
    assert row["f"]["m1_rate"] is not None


def test_no_deliveries_is_not_no_data(board: FakeBoard) -> None:
    for key, raw in board.friends.items():
        if key[0] == "C101":
            raw.update(due=0, completed=0)
    quiet = words(build(board, Place("camp", "C101")))
    assert "예정이 없습니다. 자료는 정상으로 받고 있습니다." in quiet
    unknown = words(build(FakeBoard(empty=True), Place()))
    assert "모름" in unknown
    assert "0이 아니라 모르는 것입니다" in unknown
    assert "예정이 없습니다" not in unknown


def test_an_unchanged_generation_sends_the_as_of_line_alone(board: FakeBoard, updates: Updates) -> None:
    first, _ = updates.answer("", "light", None)
    board.now += 2_000
    second, props = updates.answer("", "light", first)
    assert set(props) == {"asof"}
    assert second["seq"] != first["seq"]


def test_a_screen_of_another_form_is_sent_whole(updates: Updates, board: FakeBoard) -> None:
    due = {key: raw["due"] for key, raw in board.friends.items()}
    for raw in board.friends.values():
        raw.update(due=0)
    first, props = updates.answer("", "light", None)
    assert "예정이 없습니다" in words(props["screen"]["children"])
    for key, raw in board.friends.items():
        raw.update(due=due[key])
    board.generation += 1
    second, props = updates.answer("", "light", first)
    assert "예정이 없습니다" not in words(props["screen"]["children"])
    board.generation += 1
    board.friends["C101", "F1012"]["late_open"] += 1
    third, props = updates.answer("", "light", second)
    assert "screen" not in props
    assert third["form"] == second["form"]


def test_data_that_came_takes_the_place_of_no_data(updates: Updates, board: FakeBoard) -> None:
    full, board.friends = board.friends, FakeBoard(empty=True).friends
    first, props = updates.answer("", "light", None)
    assert "모름" in words(props["screen"]["children"])
    board.friends = full
    board.generation += 1
    _, props = updates.answer("", "light", first)
    assert "모름" not in words(props["screen"]["children"])


def test_another_active_date_sends_header_and_screen(updates: Updates, board: FakeBoard) -> None:
    first, _ = updates.answer("", "light", None)
    known = board.moment
    board.moment = lambda place: replace(known(place), day=DAY + timedelta(days=1))  # type: ignore[method-assign]
    second, props = updates.answer("", "light", first)
    assert second["day"] == "2026-11-21"
    assert "21" in words(props["filters"]["children"])
    assert "screen" in props


def test_another_order_of_rows_is_no_other_screen(updates: Updates, board: FakeBoard) -> None:
    first, _ = updates.answer("", "light", None)
    _, props = updates.answer(Place(sort="f.completion.desc").search(board.zone), "light", first)
    assert "screen" not in props
    (columns,) = [values["columnDefs"] for values in props.values() if "columnDefs" in values]
    assert {entry["field"]: entry.get("sort") for entry in columns if "field" in entry}["f.completion"] == "desc"


def opened(built: Built) -> Any:
    """The figure that a drawer proves."""
    return next(node for node in walk(built.drawer) if getattr(node, "id", None) == "proof-figure").children


def test_a_drawer_opened_again_is_of_its_own_minute_and_date(board: FakeBoard) -> None:
    screens, place = Screens(board), Place("camp", "C101", proof="m1_late_open")
    first = screens.build(place, "light", screens.moment(place))
    figure = opened(first)
    board.friends["C101", "F1012"]["late_open"] += 1
    board.generation += 1
    board.now += 60_000
    second = screens.build(place, "light", screens.moment(place))
    assert opened(second) != figure
    assert first.scene.proof_key != second.scene.proof_key
    assert screens.proof_rows(first.scene.proof_key, 0, 1)
    assert screens.proof_rows(second.scene.proof_key, 0, 1)


@pytest.mark.parametrize("after", [Place("camp", "C101"), Place("camp", "NOPE")])
def test_where_a_drawer_was_an_empty_list_is_sent(updates: Updates, board: FakeBoard, after: Place) -> None:
    first, _ = updates.answer(Place("camp", "C101", proof="m1_late_open").search(board.zone), "light", None)
    _, props = updates.answer(after.search(board.zone), "light", first)
    # Of None the page's renderer would not learn that the drawer's grid is gone.
    assert orjson.dumps(props["drawer-slot"]["children"]) == b"[]"


def test_a_changed_friend_sends_the_changed_rows_alone(board: FakeBoard, updates: Updates) -> None:
    search = Place("camp", "C101").search(board.zone)
    first, _ = updates.answer(search, "light", None)
    board.friends["C101", "F1012"]["late_open"] += 1
    board.generation += 1
    _, props = updates.answer(search, "light", first)
    key = screen_key(Place("camp", "C101"), "light")
    grid = props[f"friends-{key}"]
    changed = [row["id"] for row in grid["rowTransaction"]["update"]]
    assert "friend:C101/F1012" in changed
    assert len(changed) < 10
    assert "rowData" not in grid
    assert "screen" not in props
    assert f"hourly-{key}" not in props


def test_the_table_is_sent_whole_where_the_server_does_not_know_what_is_shown(board: FakeBoard) -> None:
    search = Place("camp", "C101").search(board.zone)
    first, _ = Updates(Screens(board), DashboardSettings()).answer(search, "light", None)
    board.friends["C101", "F1012"]["late_open"] += 1
    board.generation += 1
    _, props = Updates(Screens(board), DashboardSettings()).answer(search, "light", first)
    assert len(props[f"friends-{screen_key(Place('camp', 'C101'), 'light')}"]["rowData"]) == 10


def test_a_failed_refresh_keeps_the_screen_and_names_the_cause(board: FakeBoard, updates: Updates) -> None:
    first, _ = updates.answer("", "light", None)
    board.fail = EngineError("Elasticsearch does not answer at http://127.0.0.1:1")
    stale, props = updates.answer("", "light", first)
    assert props == {}
    assert stale["ok"]
    assert stale["stale"].startswith("자료 저장소가 응답하지 않습니다")
    board.fail = None
    again, _ = updates.answer("", "light", stale)
    assert "stale" not in again


def test_a_first_failure_shows_the_error_and_then_recovers(board: FakeBoard, updates: Updates) -> None:
    board.fail = EngineError("no engine")
    failed, props = updates.answer("", "light", None)
    assert not failed["ok"]
    assert failed["live"]
    assert "수치를 낼 수 없습니다" in words(props["screen"]["children"])
    board.fail = None
    good, props = updates.answer("", "light", failed)
    assert good["ok"]
    assert "screen" in props


def test_an_unexpected_failure_gives_a_reference_not_a_traceback(
    board: FakeBoard, updates: Updates, caplog: pytest.LogCaptureFixture
) -> None:
    board.fail = RuntimeError("secret detail")
    _, props = updates.answer("", "light", None)
    shown = words(props["screen"]["children"])
    assert "참조 e-" in shown
    assert "secret detail" not in shown
    assert "secret detail" in caplog.text


@pytest.mark.parametrize("search", ["?level=planet", "?level=camp&hub=NOPE", "?level=invoice&hub=missing"])
def test_an_address_that_leads_nowhere_is_an_error_state(updates: Updates, search: str) -> None:
    answer, props = updates.answer(search, "light", None)
    assert not answer["ok"]
    assert "screen" in props


def test_a_fixed_moment_is_not_refreshed_and_says_so(board: FakeBoard, updates: Updates) -> None:
    answer, props = updates.answer(Place(as_of=NOW, known_at=NOW).search(board.zone), "light", None)
    assert not answer["live"]
    assert "고정된 시점" in words(props["fixed"]["children"])


def test_the_drawer_lists_as_many_as_its_figure(board: FakeBoard) -> None:
    screens = Screens(board)
    place = Place("camp", "C101", proof="m1_late_open")
    built = screens.build(place, "light", board.moment(place))
    node = next(n for n in walk(built.drawer) if getattr(n, "id", None) == "proof-figure")
    props = node.to_plotly_json()["props"]
    assert props["data-value"] == props["data-list"]
    rows = screens.proof_rows(built.scene.proof_key, 0, 10)
    assert rows is not None
    assert rows["rowCount"] == int(props["data-value"])
    assert len(rows["rowData"]) == 10
    assert screens.proof_rows("unknown", 0, 10) is None
