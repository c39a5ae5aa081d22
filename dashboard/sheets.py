"""Plain tables: what a screen shows in rows, drawn as an HTML table and taken by the export as it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from dash import html

from dashboard.markup import markup
from dashboard.scene import Scene

# What of a kind stands at the right.
_NUMBERS: Final = frozenset({"count", "percent", "minutes", "decimal"})
Cells = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Head:
    """A column.

    kind: ``text``, ``words`` (may be long), ``count``, ``decimal``, ``percent`` (a share), ``minutes``, ``time`` (ISO,
    local) or ``date``.
    """

    key: str
    label: str
    kind: str = "text"


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table of a screen. rows: raw values by the columns' keys."""

    name: str
    title: str
    heads: Sequence[Head]
    rows: Sequence[Cells]


def plain_table(
    scene: Scene, sheet: Sheet, shown: Sequence[Cells], none: Any = None, *, long: bool = False
) -> html.Div:
    """The table of a sheet; on a phone a card for each row.

    shown: what to draw of each of its rows, by key; a column that nothing is drawn of is for the export alone. none:
    what stands in its place while it has no row. long: it scrolls within its card.
    """
    scene.sheets[sheet.name] = sheet
    content = _table(sheet, shown) if shown else none
    scrolls = {"role": "region", "aria-label": sheet.title, "tabIndex": "0"} if long and shown else {}
    name = "plain-box plain-scroll" if long else "plain-box"
    return markup(scene, sheet.name, content, className=name, **scrolls)


def _table(sheet: Sheet, shown: Sequence[Cells]) -> html.Table:
    drawn = [head for head in sheet.heads if any(head.key in cells for cells in shown)]
    heads = [html.Th(head.label, scope="col", className=_side(head)) for head in drawn]
    body = [
        html.Tr(
            [
                html.Td(html.Span(cells.get(head.key)), className=_side(head), **{"data-label": head.label})
                for head in drawn
            ]
        )
        for cells in shown
    ]
    return html.Table(
        [html.Caption(sheet.title, className="sr"), html.Thead(html.Tr(heads)), html.Tbody(body)], className="plain"
    )


def _side(head: Head) -> str:
    if head.kind in _NUMBERS:
        return "right"
    return {"words": "wide", "time": "time", "date": "time"}.get(head.kind, "left")
