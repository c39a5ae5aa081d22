"""Parts of a screen: each is one component, of what the page can draw by itself; no callback reaches into it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson
import pytest
from dash import html
from dashboard_fake import NOW, FakeBoard
from dashboard_tree import walk
from fake_desk import FakeDesk
from fake_watch import FakeWatch, troubled

from dashboard.app import create_app
from dashboard.board import Still
from dashboard.live import Built, Screens
from dashboard.markup import Markup
from dashboard.place import Place
from dashboard.scene import component_json, written
from hubstat.settings import DashboardSettings

PLACES = [
    Place(),
    Place(compare="week"),
    Place("area", "A00"),
    Place("camp", "C101"),
    Place("camp", "C101", direction="RETURN"),
    Place("friend", "C101/F1010"),
    Place("friend", "C101/unassigned"),
    Place("invoice", "X-1"),
    Place("camp", "C101", proof="due"),
    Place("region", "R1", screen="returns", direction="RETURN"),
    Place(screen="reports", order="daily-final|camp:C101"),
    Place(screen="dictionary"),
    Place(screen="system"),
]


def built(board: FakeBoard, place: Place) -> Built:
    screens = Screens(board, FakeWatch(troubled()), FakeDesk())
    return screens.build(place, "light", screens.moment(place))


def drawn(screen: Built) -> Iterator[dict[str, Any]]:
    """Every element within a part or another ``Markup``, as it is sent."""
    for part in walk([screen.tree, screen.drawer]):
        if isinstance(part, Markup):
            yield from (component_json(each) for each in walk(part.tree))


@pytest.mark.parametrize("place", PLACES, ids=str)
def test_a_part_holds_what_the_page_can_draw_and_nothing_that_a_callback_reaches(place: Place) -> None:
    app = create_app(FakeBoard(), DashboardSettings(), FakeWatch(), FakeDesk())
    reached = {each["id"] for call in app.callback_map.values() for each in [*call["inputs"], *call["state"]]}
    reached |= {output.rpartition(".")[0] for key in app.callback_map for output in key.strip(".").split("...")}
    assert {"pulse", "screen", "resend", "resent", "send-now", "drawer"} <= reached
    found = list(drawn(built(FakeBoard(), place)))
    assert {(each["namespace"], each["type"]) for each in found if each["namespace"] != "dash_html_components"} <= {
        ("dash_mantine_components", "Tooltip")
    }
    ids = [each["props"]["id"] for each in found if "id" in each["props"]]
    assert all(isinstance(each, str) for each in ids)
    assert reached.isdisjoint(ids)


@pytest.mark.parametrize("place", PLACES, ids=str)
def test_all_that_changes_but_for_grids_and_charts_is_a_part(place: Place) -> None:
    screen = built(FakeBoard(), place)
    props = {name.rpartition(".")[2] for name in screen.parts}
    assert props <= {"tree", "figure", "columnDefs", "dashGridOptions", "rowData"}
    parts = {each.id: each for each in walk(screen.tree) if isinstance(each, Markup)}
    for part in screen.parts.values():
        if part.prop == "tree":
            assert written(parts[part.id].tree) == part.written


def test_a_network_of_many_has_no_more_components_than_a_small_one() -> None:
    counts = []
    for number in (0, 60):
        board = FakeBoard()
        board.standing = [Still("C000", f"F{n:04d}", 90.0 - n, NOW) for n in range(number)]
        for raw in board.friends.values():
            raw["shortfall"] = float(number)
        tree = orjson.loads(written(built(board, Place()).tree))
        counts.append(sum(1 for _ in components(tree)))
    assert counts[0] == counts[1] < 250


def components(node: Any) -> Iterator[str]:
    """Types of what Dash draws of a tree as it is sent: it looks for more within ``children`` alone."""
    if isinstance(node, list):
        for each in node:
            yield from components(each)
    elif isinstance(node, dict):
        yield node["type"]
        yield from components(node["props"].get("children"))


def test_a_part_is_sent_with_its_elements_and_properties() -> None:
    more = {"className": "c", "data-n": "1", "aria-live": "off"}
    part = Markup([html.B("1", id="x"), " of ", None], "p", id="p", **more)
    assert orjson.loads(written(part)) == {
        "namespace": "hubstat_markup",
        "type": "Markup",
        "props": {
            "id": "p",
            "tag": "p",
            "className": "c",
            "data-n": "1",
            "aria-live": "off",
            "tree": [
                {"namespace": "dash_html_components", "type": "B", "props": {"children": "1", "id": "x"}},
                " of ",
                None,
            ],
        },
    }
