"""Looking into a tree of Dash components, and into parts of a screen. Loaded by path from the tests."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson


def inner(node: Any) -> Any:
    """What a component holds."""
    return getattr(node, "children", None) if type(node).__name__ != "Markup" else node.tree


def walk(node: Any) -> Iterator[Any]:
    """Every component of a tree, and every element of its parts."""
    if isinstance(node, list | tuple):
        for child in node:
            yield from walk(child)
    elif hasattr(node, "to_plotly_json"):
        yield node
        yield from walk(inner(node))


def words(tree: Any) -> str:
    """Every text of a tree."""
    texts = []
    for node in walk(tree):
        children = inner(node)
        parts = children if isinstance(children, list) else [children]
        texts += [part for part in parts if isinstance(part, str)]
    return " ".join(texts)


def figures(tree: Any) -> dict[tuple[str, str], Any]:
    """Raw values by (hub, metric) of every figure outside the tables; differing values of one figure fail."""
    found: dict[tuple[str, str], Any] = {}
    for node in walk(tree):
        props = node.to_plotly_json()["props"]
        if "data-hub" in props:
            key = (props["data-hub"], props["data-metric"])
            value = orjson.loads(props["data-value"])
            assert found.setdefault(key, value) == value, key
    return found


def table(tree: Any) -> Any:
    """The first grid of a tree."""
    return next(node for node in walk(tree) if type(node).__name__ == "AgGrid")
