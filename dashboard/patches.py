"""What turns a value that a browser shows into another one, as Dash's partial update of a property.

On a live board most of a part stays as it is: its words, links and styles, and the hours gone by of a chart.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import orjson

# Values that are shown by properties of which a browser takes a partial update.
PATCHED: Final = frozenset({"tree", "figure"})

Step = str | int


def patch(shown: bytes, wanted: bytes) -> dict[str, Any] | None:
    """Operations from one value to another, both as JSON, in the form of ``dash.Patch``; None where the whole value is
    no longer than they are."""
    operations = [
        {"operation": "Delete", "location": location, "params": {}}
        if value is _GONE
        else {"operation": "Assign", "location": location, "params": {"value": value}}
        for location, value in _differences([], orjson.loads(shown), orjson.loads(wanted))
    ]
    if any(not operation["location"] for operation in operations) or len(orjson.dumps(operations)) >= len(wanted):
        return None
    return {"__dash_patch_update": "__dash_patch_update", "operations": operations}


_GONE: Final = object()


def _differences(location: list[Step], shown: Any, wanted: Any) -> Iterator[tuple[list[Step], Any]]:
    """Places at which the values differ, with what is wanted there."""
    if isinstance(shown, list) and isinstance(wanted, list) and len(shown) == len(wanted):
        for place, (before, after) in enumerate(zip(shown, wanted, strict=True)):
            yield from _differences([*location, place], before, after)
    elif isinstance(shown, dict) and isinstance(wanted, dict) and _component(shown) == _component(wanted):
        for name in shown.keys() - wanted.keys():
            yield [*location, name], _GONE
        for name, after in wanted.items():
            if name in shown:
                yield from _differences([*location, name], shown[name], after)
            else:
                yield [*location, name], after
    elif shown != wanted or type(shown) is not type(wanted):  # True is no 1
        yield location, wanted


def _component(value: dict[str, Any]) -> tuple[Any, ...]:
    """What makes a component another one, which is then sent whole."""
    props = value.get("props")
    named = (props.get("id"), props.get("key")) if isinstance(props, dict) else ()
    return (value.get("namespace"), value.get("type") if named else None, *named)
