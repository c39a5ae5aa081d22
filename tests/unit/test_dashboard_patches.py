"""What is sent of a part that changed: applied to what was shown it gives what is wanted, and it is smaller."""

from __future__ import annotations

import copy
from datetime import timedelta
from typing import Any

import orjson
import pytest
from dash import html
from dashboard_fake import FakeBoard
from hypothesis import given
from hypothesis import strategies as st

from dashboard.app import Updates
from dashboard.live import Screens
from dashboard.patches import PATCHED, patch
from dashboard.place import Place
from dashboard.scene import written
from hubstat.settings import DashboardSettings

SCALARS = st.none() | st.booleans() | st.integers(-3, 3) | st.floats(-3, 3) | st.sampled_from(["", "a", "1"])
NAMES = st.sampled_from(["props", "type", "children", "id", "key", "x"])
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=4), max_leaves=12
)


def applied(value: Any, operations: list[dict[str, Any]]) -> Any:
    """As the renderer applies them, one after the other."""
    value = copy.deepcopy(value)
    for operation in operations:
        *way, last = operation["location"]
        target = value
        for step in way:
            target = target[step]
        if operation["operation"] == "Delete":
            del target[last]
        else:
            target[last] = copy.deepcopy(operation["params"]["value"])
    return value


@given(VALUES, VALUES)
def test_a_patch_makes_the_wanted_value(shown: Any, wanted: Any) -> None:
    # With something long that stays, a patch is always smaller than the whole value.
    pair = [{"kept": "x" * 20_000, "changed": value} for value in (shown, wanted)]
    found = patch(orjson.dumps(pair[0]), orjson.dumps(pair[1]))
    assert found is not None
    assert written(applied(pair[0], found["operations"])) == written(pair[1])


def test_a_value_that_is_no_longer_than_its_patch_is_sent_whole() -> None:
    assert patch(b"[1,2,3]", b"[1,2,4]") is None
    assert patch(b'"a"', b'"' + b"b" * 500 + b'"') is None


@pytest.mark.parametrize(
    ("shown", "wanted"),
    [
        (html.Div("a"), html.Span("a")),
        (html.Div("a", id="one"), html.Div("a", id="two")),
        (html.Div("a", key="one"), html.Div("a", key="two")),
    ],
)
def test_another_component_is_sent_whole(shown: Any, wanted: Any) -> None:
    kept = html.P("x" * 500)
    found = patch(written([shown, kept]), written([wanted, kept]))
    assert found is not None
    (operation,) = found["operations"]
    assert operation["location"] == [0]
    assert operation["params"]["value"] == orjson.loads(written(wanted))


def test_true_is_not_one() -> None:
    kept = "x" * 500
    found = patch(orjson.dumps([1, kept]), orjson.dumps([True, kept]))
    assert found is not None
    assert found["operations"][0]["params"]["value"] is True


@pytest.mark.parametrize(
    "place", [Place(), Place(level="camp", hub="C000"), Place(screen="returns", direction="RETURN")]
)
def test_a_refresh_sends_of_each_part_what_makes_it_the_new_one(place: Place) -> None:
    board = FakeBoard()
    screens = Screens(board)
    updates = Updates(screens, DashboardSettings())
    search = place.search(board.zone)
    pulse, _ = updates.answer(search, "light", None)
    before = screens.build(place, "light", board.moment(place))
    for raw in board.friends.values():
        raw["completed"], raw["open"] = raw["completed"] + 1, raw["open"] - 1
    board.now += int(timedelta(seconds=2).total_seconds() * 1000)
    board.generation += 1
    after = screens.build(place, "light", board.moment(place))
    _, props = updates.answer(search, "light", pulse)
    patched = 0
    for name, part in after.parts.items():
        if part.prop not in PATCHED or before.digests[name] == after.digests[name]:
            continue
        sent = props[part.id][part.prop]
        if isinstance(sent, dict) and "operations" in sent:
            shown = orjson.loads(written(before.parts[name].value))
            assert written(applied(shown, sent["operations"])) == written(part.value)
            patched += 1
        else:
            assert sent is part.value
    assert patched
