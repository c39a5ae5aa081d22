"""The cards of the screens: how fresh, why undelivered, how it came out, who stands still, the whole day's heat."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any, cast

import pytest
from dashboard_fake import NOW, FakeBoard
from dashboard_tree import figures, inner, table, walk, words
from example_day import DAY as EXAMPLE_DAY
from example_day import ExampleNetwork, moment_of
from fake_watch import FakeWatch, troubled
from proving import EVERYTHING, MemoryReader

from aggregations.board import board_at
from aggregations.question import Moment as Instant
from aggregations.question import Question
from aggregations.system import change_of, ordered_changes
from dashboard.board import Moment, Still
from dashboard.exports import table_of
from dashboard.live import Built, Screens
from dashboard.place import Place
from dashboard.reader_board import ReaderBoard
from dashboard.reader_names import MasterNames
from hubstat.domain import time as tm
from hubstat.domain.codes import DIRECTIONS
from hubstat.domain.hierarchy import CampRow, Hierarchy
from hubstat.domain.measures import UNKNOWN_GROUP
from hubstat.domain.metrics import metrics_for
from hubstat.elastic.overview import Restated
from hubstat.examples import EXAMPLES
from hubstat.figures.formats import LANGS, Lang
from hubstat.figures.texts import definition, text


@pytest.fixture
def board() -> FakeBoard:
    return FakeBoard()


def built(board: FakeBoard, place: Place) -> Built:
    return Screens(board, FakeWatch(troubled())).build(place, "light", board.moment(place))


def part(tree: Any, name: str) -> Any:
    """The part whose id begins so."""
    return next(each for each in walk(tree) if str(getattr(each, "id", "")).startswith(name))


def classed(tree: Any, name: str) -> list[Any]:
    """Components with this class."""
    return [each for each in walk(tree) if name in str(getattr(each, "className", "")).split()]


def fresh(board: FakeBoard, place: Place) -> list[str]:
    """What the corners of the tiles say."""
    found = []
    for tile in classed(built(board, place).tree, "tile-fresh"):
        children = tile.children if isinstance(tile.children, list) else [tile.children]
        found.append("".join(each for each in children if isinstance(each, str)))
    return found


TO, AT = {"ko": "15:04까지", "en": "to 15:04"}, {"ko": "15:03 기준", "en": "at 15:03"}


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("place", [Place(), Place("camp", "C101"), Place("friend", "C101/F1012")])
def test_every_tile_says_up_to_when_it_holds(board: FakeBoard, place: Place, lang: Lang) -> None:
    board.told = {"projected_at": NOW - 60_000}
    found = fresh(board, place.go(lang=lang))
    assert found == [*[TO[lang]] * 3, AT[lang], TO[lang], AT[lang], *[TO[lang]] * 2]


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize(
    ("told", "said"),
    [
        ({"data_to": NOW - 252_000}, {"ko": "4분 전", "en": "4 min old"}),
        ({"data_to": None}, {"ko": "시각 모름", "en": "age unknown"}),
    ],
)
def test_a_tile_whose_data_are_behind_says_how_old_they_are(
    board: FakeBoard, told: dict[str, Any], said: dict[Lang, str], lang: Lang
) -> None:
    board.told = told
    assert set(fresh(board, Place(lang=lang))) == {said[lang]}
    assert len(classed(built(board, Place()).tree, "tile-fresh-risk")) == 8


@pytest.mark.parametrize("lang", LANGS)
def test_a_tile_that_lacks_camps_says_how_many_are_heard(board: FakeBoard, lang: Lang) -> None:
    board.silent_camps = {"C000", "C101"}
    assert set(fresh(board, Place(lang=lang))) == {{"ko": "22/24곳", "en": "22/24 camps"}[lang]}
    assert set(fresh(board, Place("region", "R4", lang=lang))) == {
        TO[lang],
        {"ko": "15:04 기준", "en": "at 15:04"}[lang],
    }


def test_a_tile_of_a_fixed_moment_names_it_and_one_without_a_projection_says_nothing_of_one(board: FakeBoard) -> None:
    assert set(fresh(board, Place(as_of=NOW, known_at=NOW))) == {"15:04 기준"}
    board.told = {"projected_at": None}
    assert fresh(board, Place()) == ["15:04까지"] * 6


@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize(
    "place",
    [Place(), Place("area", "A00"), Place("camp", "C101"), Place("friend", "C101/F1012"), Place("invoice", "X-1"),
     Place(as_of=NOW, known_at=NOW), Place(screen="system")],
)  # fmt: skip
def test_no_list_of_children_has_a_list_in_it(board: FakeBoard, place: Place, direction: str) -> None:
    # React has no such child: the whole screen stays empty.
    board.standing = [Still("C000", f"F{n:04d}", 90.0 - n, NOW) for n in range(9)]
    for node in walk(built(board, replace(place, direction=direction)).tree):
        content = inner(node)
        lists = [each for each in content if isinstance(each, list | tuple)] if isinstance(content, list) else []
        assert lists == [], node


def shown_metrics(board: FakeBoard, place: Place) -> set[str]:
    """Ids of all figures that a screen shows, in a table or outside, or leads to the proof of."""
    found = set()
    for node in walk(built(board, place).tree):
        props = node.to_plotly_json()["props"]
        found |= {str(props[key]).partition(".")[0] for key in ("data-metric", "data-proof") if key in props}
        for column in props.get("columnDefs", ()):
            said = column.get("cellRendererParams") or {}
            found |= {str(said[key]).partition(".")[0] for key in ("metric", "rate", "of") if key in said}
    return found


def test_every_metric_of_the_registry_is_on_a_screen(board: FakeBoard) -> None:
    for direction in DIRECTIONS:
        places = [Place(), Place("camp", "C101"), Place("friend", "C101/F1012"), Place(as_of=NOW, known_at=NOW)]
        found = set().union(*(shown_metrics(board, place.go(direction=direction)) for place in places))
        if direction == "RETURN":
            found |= shown_metrics(board, Place(screen="returns", direction="RETURN"))
        assert {metric for metric in metrics_for(direction) if metric not in found} == set(), direction


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize(("level", "hub"), [("nationwide", None), ("camp", "C000")])
def test_the_undelivered_stand_under_their_groups_with_shares_that_add_up(
    board: FakeBoard, level: str, hub: str | None, lang: Lang
) -> None:
    place = Place(level, hub, lang=lang)
    node = next(n for n in board.nodes(place, board.moment(place), level, None) if n.hub == (hub or "KR"))
    card = part(built(board, place).tree, "reasons-")
    heads = [words(each) for each in classed(card, "reason-head")]
    names = {"ko": {"customer": "고객", "not-attempted": "미시도"},
             "en": {"customer": "Customer", "not-attempted": "Not attempted"}}[lang]  # fmt: skip
    groups = sorted(node.figures["m5_groups"].items(), key=lambda item: -item[1])
    assert [head.startswith(names[group]) for head, (group, _) in zip(heads, groups, strict=True)] == [True] * 2
    shown = figures(card)
    counted = {metric: value for (_, metric), value in shown.items()}
    assert counted["undelivered"] == sum(value for metric, value in counted.items() if metric.startswith("m5."))
    assert counted["undelivered"] == sum(value for metric, value in counted.items() if metric.startswith("m5_groups."))
    assert sum(value for metric, value in counted.items() if metric.startswith("m5_shares.")) == pytest.approx(1)
    proofs = {getattr(each, "data-proof", None) for each in walk(card)}
    assert {"undelivered", "m5.고객부재", "m5.NO_ATTEMPT", "m5_groups.customer", "m5_groups.not-attempted"} <= proofs
    assert {"ko": "고객부재", "en": "Customer absent"}[lang] in words(card)


def test_a_reason_that_nobody_listed_stands_by_its_own_name(board: FakeBoard) -> None:
    for raw in board.friends.values():
        raw["m5"].clear()
        raw["m5"]["고객부재"] = 0
    assert "미배송이 없습니다." in words(part(built(board, Place()).tree, "reasons-"))
    network = ExampleNetwork()
    names = MasterNames(network.master, EXAMPLE_DAY)
    assert names.reason("번개", "ko") is None
    assert names.group("번개") == UNKNOWN_GROUP
    assert (names.reason("고객부재", "en"), names.group("고객부재")) == ("Customer absent", "customer")
    assert names.friend("nobody") == "nobody"


@pytest.mark.parametrize("lang", LANGS)
def test_what_costs_too_much_for_a_tick_is_read_of_a_camp_and_of_a_fixed_moment(board: FakeBoard, lang: Lang) -> None:
    def asked(place: Place) -> tuple[set[str], set[str]]:
        tree = built(board, place.go(lang=lang)).tree
        proofs = {getattr(each, "data-proof", "") for each in walk(tree)}
        return proofs, {metric for _, metric in figures(tree)}

    slow = {"completion_p95", "after_deadline", "load_gap"}
    for place, read in ((Place(), False), (Place("camp", "C101"), True), (Place(as_of=NOW, known_at=NOW), True)):
        proofs, shown = asked(place)
        assert slow <= proofs
        assert slow & shown == (slow if read else set())


@pytest.mark.parametrize("lang", LANGS)
def test_everybody_who_stands_still_is_shown_and_exported_the_longest_first(board: FakeBoard, lang: Lang) -> None:
    board.standing = [Still("C000", f"F{n:04d}", 90.0 - n, NOW - n * 60_000) for n in range(30)]
    screen = built(board, Place(lang=lang))
    card = part(screen.tree, "still-")
    minutes = [
        getattr(each, "data-value") for each in walk(card) if getattr(each, "data-metric", "") == "silent_minutes"
    ]
    assert [float(each) for each in minutes] == [90.0 - n for n in range(30)]
    (more,) = [each for each in walk(card) if type(each).__name__ == "Details"]
    assert {"ko": "모두 보기 (30)", "en": "Show all (30)"}[lang] in words(more)
    assert len(classed(more, "bar-row")) == 22
    rows = table_of(screen, "still").rows
    assert [row["minutes"] for row in rows] == [90.0 - n for n in range(30)]
    assert rows[0]["id"] == "friend:C000/F0000"
    assert "still" in dict(screen.tables)


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize(("number", "drawn"), [(60, 60), (61, 8), (10_000, 8)])
def test_more_than_sixty_who_stand_still_are_listed_by_the_proof_and_the_export(
    board: FakeBoard, lang: Lang, number: int, drawn: int
) -> None:
    board.standing = [Still("C000", f"F{n:05d}", 20_000.0 - n, NOW - (20_000 - n) * 60_000) for n in range(number)]
    screen = built(board, Place(lang=lang))
    card = part(screen.tree, "still-")
    assert len(classed(card, "bar-row")) == drawn
    words_of_all = {"ko": f"모두 보기 ({number:,})", "en": f"Show all ({number:,})"}[lang]
    assert words_of_all in words(card)
    assert [row["minutes"] for row in table_of(screen, "still").rows] == [each.minutes for each in board.standing]
    if drawn < number:
        (every,) = [each for each in classed(card, "short-more") if words(each) == words_of_all]
        assert getattr(every, "data-proof") == "silent_friends"
        assert every.href == screen.scene.href(proof="silent_friends")
        assert len(screen.parts[f"{card.id}.tree"].written) < 12_000


@pytest.mark.parametrize("lang", LANGS)
def test_the_heat_map_has_every_hour_of_the_day_up_to_now_and_is_exported(board: FakeBoard, lang: Lang) -> None:
    screen = built(board, Place(lang=lang))
    heat = part(screen.tree, "heat-" + screen.scene.key)
    heads = [words(each) for each in walk(heat) if type(each).__name__ == "Th" and each.scope == "col"]
    hours = ["10시", "11시", "12시", "13시", "14시", "15시"] if lang == "ko" else [f"{hour}" for hour in range(10, 16)]
    assert heads[1:-1] == hours
    nodes = {f"region:{node.hub}": node for node in board.nodes(Place(), board.moment(Place()), "region", None)}
    shown = {key: value for key, value in figures(heat).items() if key[0] in nodes}
    assert len(shown) == 4 * 7
    for (hub, metric), value in shown.items():
        name, _, hour = metric.partition(".")
        found = nodes[hub].figures[name]
        assert value == (found[hour] if hour else found)
    steps = {getattr(each, "data-step") for each in walk(heat) if hasattr(each, "data-step")}
    assert steps >= {"0"}
    assert len(steps) > 1
    table_rows = table_of(screen, "heat").rows
    assert {row["id"]: row["2026-11-20T11"] for row in table_rows} == {
        hub: node.figures["invoices_per_hour"]["2026-11-20T11"] for hub, node in nodes.items()
    }


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize(("place", "below"), [(Place(), "region"), (Place("region", "R1"), "area")])
def test_a_row_says_how_many_camps_it_has_how_many_are_behind_and_its_last_activity(
    board: FakeBoard, place: Place, below: str, lang: Lang
) -> None:
    grid = table(built(board, place.go(lang=lang)).tree)
    camps = board.nodes(place, board.moment(place), "camp", None)
    (total,) = grid.dashGridOptions["pinnedBottomRowData"]
    for row in grid.rowData:
        hub = row["id"].removeprefix(f"{below}:")
        own = [camp for camp in camps if hub in board.camps[camp.hub]]
        late = [each.hub for each in own if each.figures["m1_late_open"] and each.figures["m1_rate"] >= 0.05]
        behind = [each for each in own if each.figures["shortfall"] or each.hub in late]
        assert (row["meta"], row["behind"]) == (str(len(own)), len(behind))
        assert row["heard"] == ("15:02" if own[0].hub < "C1" else "15:03")
    assert total["behind"] == sum(row["behind"] for row in grid.rowData)
    assert total["meta"] == str(sum(int(row["meta"]) for row in grid.rowData))
    names = {column["field"]: column["headerName"] for column in grid.columnDefs}
    assert names["activity"] == {"ko": "마지막 활동", "en": "Last active"}[lang]
    assert names["f.last_completed_at"] == {"ko": "최종 완료", "en": "Last done"}[lang]


def test_the_last_activity_is_exported_as_a_time_and_nothing_is_active_on_a_closed_date(board: FakeBoard) -> None:
    rows = table_of(built(board, Place()), "children").rows
    assert {row["activity"] for row in rows} == {"2026-11-20T15:02:30.000+09:00", "2026-11-20T15:03:30.000+09:00"}
    board.told = {"live": False, "provisional": False, "closed": True}
    assert {row["heard"] for row in table(built(board, Place()).tree).rowData} == {"—"}


@pytest.mark.parametrize("lang", LANGS)
def test_a_camps_friends_have_their_final_completion_and_idle_is_as_defined(board: FakeBoard, lang: Lang) -> None:
    screen = built(board, Place("camp", "C101", lang=lang))
    grid = table(screen.tree)
    assert {"f.last_completed_at", "f.completed", "f.hourly_stops", "f.efficiency", "f.projected_finish"} <= {
        column["field"] for column in grid.columnDefs
    }
    assert all(row["last"].startswith("15:0") for row in grid.rowData)
    (footnote,) = classed(screen.tree, "footnote")
    assert definition("idle_minutes", "DELIVERY", lang) in words(footnote)


@pytest.mark.parametrize("lang", LANGS)
def test_names_stand_where_names_are_known_and_nobody_is_named_above_the_camp(board: FakeBoard, lang: Lang) -> None:
    camp = {"ko": "캠프 C000", "en": "Hub C000"}[lang]
    said = words(built(board, Place("invoice", "X-1", lang=lang)).tree)
    assert camp in said
    assert "김0000" in said
    assert "F0000" not in said
    screens = Screens(board)
    for place, name in ((Place("camp", "C000", proof="due"), "김0000"), (Place(proof="due"), "··00")):
        place = replace(place, lang=lang)
        screen = screens.build(place, "light", board.moment(place))
        assert screen.drawer is not None
        found = screens.proof_rows(screen.scene.proof_key, 0, 1)
        assert found is not None
        assert (found["rowData"][0]["camp"], found["rowData"][0]["friend"]) == (camp, name)


@pytest.mark.parametrize(
    ("key", "one", "many"),
    [
        ("verdict.camps_short", "1 camp is projected to miss its deadline. ",
         "12 camps are projected to miss their deadline. "),
        ("ask.where_unit", "of 1 camp", "of 12 camps"),
        ("system.trouble.camps", "1 silent camp", "12 silent camps"),
        ("tile.risk", "1 stop short", "12 stops short"),
        ("invoices.title", "1 invoice", "12 invoices"),
    ],
)  # fmt: skip
def test_one_is_no_plural(key: str, one: str, many: str) -> None:
    assert text(key, "en", n="1") == one
    assert text(key, "en", n="12") == many


@pytest.mark.parametrize("lang", LANGS)
def test_the_system_shows_what_was_restated_from_what_to_what(board: FakeBoard, lang: Lang) -> None:
    screen = built(board, Place(screen="system", lang=lang))
    said = words(part(screen.tree, "changes-"))
    parts = {
        "ko": ("수원2", "회수 지연율", "출차·배차 현황", "done · 배송 · 주간", "수원2 ··21"),
        "en": ("Suwon 2", "Pickup delay rate", "Dispatch status", "done · Delivery · Day", "Suwon 2 ··21"),
    }[lang]
    for each in (*parts, "3.12%", "3.08%", "1,604", "1,607", "—", "00:12:40"):
        assert each in said
    rows = table_of(screen, "changes").rows
    assert [(row["day"], row["id"], row["old"], row["new"]) for row in rows] == [
        ("2026-11-18", "nationwide:KR", 0.0312, 0.0308),
        ("2026-11-18", "camp:C002", 1_604, 1_607),
        ("2026-11-15", "friend:C002/F0021", None, "2026-11-16T00:12:40.000+09:00"),
    ]
    whole = words(screen.tree)
    assert {"ko": "31건 가운데 최근 3건", "en": "the last 3 of 31"}[lang] in whole
    assert {"ko": "미배정 샤드 12", "en": "12 shards unassigned"}[lang] in whole
    assert "260.0" in words(part(screen.tree, "workers-"))
    assert {row["refused"] for row in table_of(screen, "workers").rows} == {2, 0}


def test_a_restated_hub_has_the_name_of_its_date() -> None:
    def row(name: str, since: date, until: date | None) -> CampRow:
        return CampRow("C1", name, name, "A1", "권역", "Area", "R1", "지역", "Region", "KR", since, until)

    moved = date(2026, 11, 15)
    hierarchy = Hierarchy([row("옛 이름", date(2026, 1, 1), moved), row("새 이름", moved, None)], "KR")
    for day, name in (("2026-11-14", "옛 이름"), ("2026-11-15", "새 이름")):
        camp = Restated(day, "camp", "C1", "A1", "DELIVERY", "all", "completed", "", 1, 2, NOW)
        friend = replace(camp, level="friend", hub="F1", parent="C1", noted_at=NOW + 1)
        network = replace(camp, level="nationwide", hub="KR", parent=None)
        found = ordered_changes([change_of(each, hierarchy) for each in (camp, friend, network)])
        assert [(each.name_ko, each.place) for each in found] == [(name, "C1/F1"), ("전국", "KR"), (name, "C1")]


EXAMPLE = next(example for example in EXAMPLES if example.metric == "completion_p95")


def test_the_readers_board_reads_the_ends_of_a_camp_at_the_full_minute_and_no_network_while_it_is_live() -> None:
    reader = MemoryReader(ExampleNetwork())
    as_of, known_at = moment_of(EXAMPLE)
    camps = reader.query(EVERYTHING, Question("camp", EXAMPLE_DAY, as_of=as_of, known_at=known_at)).rows
    camp = next(row.hub for row in camps if row.figures["completion_p95"] is not None)
    board = ReaderBoard(cast(Any, reader), 2.0)
    at = Moment(EXAMPLE_DAY, as_of + 59_000, as_of + 59_000, None, "1", True, True, "1")
    minute = as_of - as_of % tm.MINUTE + 59_000 // tm.MINUTE * tm.MINUTE
    found = board.ends(Place("camp", camp), at)
    asked = Question("camp", EXAMPLE_DAY, f"camp:{camp}", as_of=minute, known_at=minute)
    (row,) = reader.query(EVERYTHING, asked).rows
    assert found == {
        metric: row.figures[metric] for metric in ("load_assigned", "load_gap", "completion_p95", "after_deadline")
    }
    assert board.ends(Place(), at) is None
    fixed = board.ends(Place(), replace(at, as_of=as_of, known_at=known_at, live=False))
    assert fixed is not None
    assert fixed["completion_p95"] is not None
    board.close()


def test_the_last_activity_of_a_camp_is_that_of_its_latest_friend() -> None:
    reader = MemoryReader(ExampleNetwork())
    found = board_at(reader, EXAMPLE_DAY, Instant(*moment_of(EXAMPLE)))
    latest = found.last_activities(EVERYTHING, Question("nationwide", EXAMPLE_DAY))
    days = [day for day in found.day.days() if day.camp is not None and day.last_activity is not None]
    assert days
    for day in days:
        assert latest[day.camp or ""] >= (day.last_activity or 0)
    assert set(latest.values()) <= {day.last_activity for day in days}
    camp = sorted(latest)[0]
    assert set(found.last_activities(EVERYTHING, Question("camp", EXAMPLE_DAY, f"camp:{camp}"))) == {camp}
