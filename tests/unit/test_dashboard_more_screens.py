"""Returns, reports, dictionary and system over made-up figures; the ways between the screens; states apart."""

from __future__ import annotations

from datetime import date
from typing import Any

import orjson
import pytest
from dash import html
from dashboard_fake import NOW, FakeBoard
from dashboard_tree import walk, words
from fake_desk import FakeDesk
from fake_watch import HEALTHY, FakeWatch, troubled

from aggregations.system import silent_camps
from dashboard.app import Updates
from dashboard.live import Screens
from dashboard.paced import Paced
from dashboard.packing import Packing
from dashboard.place import Place, parse
from dashboard.shell import to_screen
from hubstat.domain.hierarchy import CampRow, HubTree
from hubstat.domain.metrics import METRICS
from hubstat.elastic.overview import Heard
from hubstat.errors import AccessError, EngineError, QueryError
from hubstat.figures.dictionary import entries, entry_of, formula
from hubstat.figures.formats import LANGS, Lang, elapsed
from hubstat.settings import DashboardSettings


def props(tree: Any, name: str) -> list[Any]:
    """Values of a property of all components that have it, in their order."""
    found = (node.to_plotly_json()["props"] for node in walk(tree))
    return [each[name] for each in found if name in each]


@pytest.fixture
def screens() -> Screens:
    return Screens(FakeBoard(), FakeWatch(), FakeDesk())


@pytest.fixture
def updates(screens: Screens) -> Updates:
    return Updates(screens, DashboardSettings())


def tree_of(screens: Screens, place: Place) -> Any:
    return screens.build(place, "light", screens.moment(place)).tree


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize(
    "place",
    [
        Place(screen="returns", direction="RETURN"),
        Place("area", "A00", screen="returns", direction="RETURN", proof="m6"),
        Place("camp", "C101", screen="returns", direction="RETURN", as_of=NOW, known_at=NOW),
        Place(screen="dictionary"),
        Place("camp", "C101", screen="dictionary", metric="m6", as_of=NOW),
        Place(screen="system"),
        Place(screen="reports"),
        Place(screen="reports", order="daily-final|camp:C101"),
    ],
)
def test_every_screen_can_be_built_and_sent(updates: Updates, place: Place, lang: Lang) -> None:
    answer, sent = updates.answer(place.go(lang=lang, proof=place.proof).search(FakeBoard.zone), "dark", None)
    assert answer["ok"], words(sent["screen"]["children"])
    assert set(sent) >= {"screen", "rail", "crumbs", "filters", "asof", "export"}
    here = [node for node in walk(sent["rail"]["children"]) if getattr(node, "aria-current", None) == "page"]
    assert [getattr(node, "data-screen") for node in here] == [place.screen]


def test_a_screen_that_nothing_is_behind_is_not_offered() -> None:
    bare = Screens(FakeBoard())
    assert bare.offered == {"status", "returns", "dictionary"}
    _, sent = Updates(bare, DashboardSettings()).answer("?screen=system", "light", None)
    assert props(sent["rail"]["children"], "data-screen") == ["status", "returns", "dictionary"]
    assert props(sent["screen"]["children"], "id") == ["failed", "headline"]


def test_the_ways_between_screens_keep_hub_date_and_moment() -> None:
    friend = Place("friend", "C101/F1010", wave="DAY", as_of=NOW, lang="en", sort="late.asc", proof="due")
    returns = to_screen(friend, "returns")
    assert returns == Place("camp", "C101", wave="DAY", as_of=NOW, lang="en", screen="returns")
    assert parse(returns.search(FakeBoard.zone), FakeBoard.zone, "ko").direction == "RETURN"
    back = to_screen(Place("camp", "C101", direction="RETURN", screen="returns"), "status")
    assert back == Place("camp", "C101")
    assert to_screen(Place(screen="dictionary", metric="m6"), "system").metric is None


@pytest.mark.parametrize("search", ["?screen=moon", "?screen=returns&level=friend&hub=C101/F1"])
def test_an_address_of_no_screen_names_its_field(search: str) -> None:
    with pytest.raises(QueryError, match=r"^(screen|level):"):
        parse(search, FakeBoard.zone, "ko")


def test_the_dictionary_has_every_metric_with_an_example_in_both_languages(screens: Screens) -> None:
    found = entries()
    assert len(found) == len(METRICS)
    assert len({entry.key for entry in found}) == len(METRICS)
    assert [entry.key for entry in found if not entry.examples] == []
    for lang in LANGS:
        assert [entry.key for entry in found if not formula(entry.metric.measure, lang)] == []
    tree = tree_of(screens, Place(screen="dictionary", metric="completion"))
    assert set(props(tree, "data-entry")) == {entry.key for entry in found}
    assert props(tree, "data-metric-shown") == ["completion"]
    assert "0.556" in words(tree)


def test_an_id_that_two_directions_have_leads_to_that_of_the_address() -> None:
    delivery, returns = entry_of("m3", "DELIVERY"), entry_of("m3", "RETURN")
    assert delivery is not None
    assert returns is not None
    assert (delivery.key, returns.key) == ("DELIVERY.m3", "RETURN.m3")
    assert entry_of("m1_late", "RETURN") == entry_of("m1_late", "DELIVERY")
    assert entry_of("nothing", "DELIVERY") is None


def test_every_tile_leads_to_its_entry(screens: Screens) -> None:
    hrefs = [href for href in props(tree_of(screens, Place("camp", "C101")), "href") if "screen=dictionary" in href]
    named = {parse(href, FakeBoard.zone, "ko").metric for href in hrefs}
    assert named >= {"due", "m1_late_open"}
    assert named <= {metric.id for metric in METRICS}


def test_returns_show_the_steps_as_the_board_gives_them(screens: Screens) -> None:
    board = screens.board
    place = Place("region", "R2", screen="returns", direction="RETURN")
    tree = tree_of(screens, place)
    stages = board.stages(place, board.moment(place), "region", "R2")["R2"]
    shown = {
        (node["data-hub"], node["data-metric"]): node["data-value"]
        for node in (each.to_plotly_json()["props"] for each in walk(tree))
        if "data-metric" in node
    }
    assert shown["region:R2", "return_pickup_to_warehouse.n"] == str(stages["return_pickup_to_warehouse"]["n"])
    assert "m6_pickup_to_warehouse.>=72" in {metric for _, metric in shown}
    assert "아직 기록되지 않는 것" in words(tree)
    assert {"due", "completed", "m6", "m6_pickup_to_warehouse"} <= set(props(tree, "data-proof"))


def test_a_healthy_system_says_so_and_a_troubled_one_names_what(screens: Screens) -> None:
    calm = words(tree_of(screens, Place(screen="system")))
    assert "자료가 빠짐없이 들어오고 있습니다" in calm
    assert "모든 캠프에서 소식이 오고 있습니다." in calm
    upset = Screens(FakeBoard(), FakeWatch(troubled()))
    said = words(tree_of(upset, Place(screen="system")))
    for part in (
        "수집기",
        "담당 없는 파티션",
        "소식 없는 캠프 2곳",
        "거절된 기록 15건",
        "감사 차이",
        "91분",
        "got 'DELIVERD'",
    ):
        assert part in said


def test_a_partition_that_nobody_holds_makes_the_lag_unknown_not_smaller() -> None:
    assert HEALTHY.lag == 0
    assert troubled().lag is None


def test_without_a_right_there_is_no_figure_not_even_the_last_one(screens: Screens, updates: Updates) -> None:
    first, _ = updates.answer("?screen=system", "light", None)
    watch = FakeWatch()
    watch.fail = AccessError("kim has no right to nationwide KR")
    screens._watch = watch  # type: ignore[misc]
    answer, sent = updates.answer("?screen=system", "light", first)
    assert not answer["ok"]
    assert "no-right" in props(sent["screen"]["children"], "id")
    assert props(sent["screen"]["children"], "data-metric") == []


def test_the_system_that_cannot_be_looked_at_keeps_its_last_screen(screens: Screens, updates: Updates) -> None:
    first, _ = updates.answer("?screen=system", "light", None)
    watch = FakeWatch()
    watch.fail = EngineError("Elasticsearch does not answer")
    screens._watch = watch  # type: ignore[misc]
    answer, sent = updates.answer("?screen=system", "light", first)
    assert answer["stale"].startswith("자료 저장소가 응답하지 않습니다")
    assert sent == {}


def test_an_unchanged_system_sends_its_line_alone(updates: Updates) -> None:
    first, _ = updates.answer("?screen=system", "light", None)
    _, sent = updates.answer("?screen=system", "light", first)
    assert set(sent) == {"asof"}


def test_reports_offer_a_resend_of_what_did_not_arrive_alone(screens: Screens) -> None:
    tree = tree_of(screens, Place(screen="reports"))
    assert sorted(props(tree, "data-resend")) == ["r2", "r4"]
    assert "1건을 보내지 못했습니다" in words(tree)


def test_a_preview_is_the_mail_in_a_frame_that_may_do_nothing(screens: Screens) -> None:
    frame = next(
        node
        for node in walk(tree_of(screens, Place(screen="reports", order="wave-close|camp:C101", wave="DAY", lang="en")))
        if type(node).__name__ == "Iframe"
    )
    assert frame.sandbox == ""
    assert "wave-close" in frame.srcDoc
    with pytest.raises(QueryError, match="order"):
        tree_of(screens, Place(screen="reports", order="daily-final"))
    with pytest.raises(QueryError, match="choose a wave"):
        tree_of(screens, Place(screen="reports", order="wave-close|camp:C101"))


def test_what_is_paced_is_made_once_for_all_and_again_after_its_time() -> None:
    now, made = 0.0, iter(range(10))
    paced = Paced(lambda: next(made), 10, lambda: now)
    assert [paced.get(), paced.get()] == [0, 0]
    now = 10.0
    assert paced.get() == 1
    paced.forget()
    assert paced.get() == 2


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(119, ("age.seconds", {"n": 119})), (120, ("age.minutes", {"n": 2})), (7_200, ("age.hours", {"h": 2, "m": 0})),
     (180_000, ("age.days", {"d": 2, "h": 2})), (-5, ("age.seconds", {"n": 0}))],
)  # fmt: skip
def test_a_time_that_has_passed_in_words(seconds: int, said: tuple[str, dict[str, int]]) -> None:
    assert elapsed(seconds * 1000) == said


def test_a_silent_camp_has_something_open_and_was_not_heard_for_half_an_hour() -> None:
    rows = [
        CampRow(camp, camp, camp, "A1", "권역", "Area", "R1", "지역", "Region", "KR", date(2026, 1, 1), None)
        for camp in ("C1", "C2", "C3", "C4")
    ]
    minute = 60_000
    heard = {
        "C1": Heard(3, NOW - 30 * minute),
        "C2": Heard(3, NOW - 30 * minute + 1),
        "C3": Heard(0, NOW - 90 * minute),
        "C4": Heard(1, NOW - 45 * minute),
        "C9": Heard(1, NOW - 90 * minute),
    }
    found = silent_camps(heard, HubTree(rows, "KR"), NOW)
    assert [(each.camp, each.open) for each in found] == [("C4", 1), ("C1", 3)]


def test_what_is_packed_is_the_same_json_and_is_written_once() -> None:
    packing = Packing()
    value = {"rows": [html.Span("가", id="x"), None, 1.5]}
    first = packing.pack(value)
    assert orjson.loads(orjson.dumps(first)) == {
        "rows": [
            {"props": {"children": "가", "id": "x"}, "type": "Span", "namespace": "dash_html_components"},
            None,
            1.5,
        ]
    }
    assert packing.pack(value) is first
    assert packing.pack(dict(value)) is not first
    assert [packing.pack(each) for each in ("text", 3, None)] == ["text", 3, None]
