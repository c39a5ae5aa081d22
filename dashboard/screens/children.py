"""What lies below a hub: a table, worst first, with the total pinned; on a phone a list."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dash import html

from dashboard.grids import Column, Row, grid
from dashboard.markup import markup
from dashboard.parts import card, card_head, figure, link, shape
from dashboard.scene import Scene
from hubstat.figures import formats as fm


def children_card(scene: Scene, level: str, columns: list[Column], rows: Sequence[Row], total: Row) -> html.Section:
    """The hubs of ``level`` below the scene's own. rows: worst first; total: the row of the hub itself."""
    title = scene.say("table.children", level=scene.say(f"level.{level}"))
    return card(
        [card_head(title, scene.say("table.worst")), *hub_rows(scene, "children", columns, rows, total)], "table-card"
    )


def hub_rows(scene: Scene, name: str, columns: list[Column], rows: Sequence[Row], total: Row) -> list[Any]:
    """Rows as a table called ``name``, those of no hub and the total pinned; on a phone as a list."""
    own, apart = [row for row in rows if not row["quiet"]], [row for row in rows if row["quiet"]]
    return [
        html.Div(grid(scene, name, columns, own, [*apart, total]), className="wide-only"),
        markup(scene, "list", _phone_list(scene, rows), "ul", className="phone-only rows"),
    ]


def _phone_list(scene: Scene, rows: Sequence[Row]) -> list[Any]:
    """The same rows for a narrow screen: name, projected finish, late open, completion, 44 px high."""
    items = []
    for row in rows:
        late = row["f"][f"{scene.prefix}_late_open"]
        finish, _, short = row["fin"]
        body = [
            html.Span([row["name"], html.Span(f" {row['meta']}", className="quiet")], className="row-name"),
            figure("projected_finish", row["f"]["projected_finish"], finish, row["id"],
                   "row-n" + (" tone-late" if short else " quiet")),
            html.Span(
                [
                    shape("late" if late else "none"),
                    figure(f"{scene.prefix}_late_open", late, fm.count(late), row["id"]),
                ],
                className="row-n" + (" tone-late" if late else " zero"),
            ),
            figure("completion", row["f"]["completion"], fm.percent(row["f"]["completion"]), row["id"], "row-n"),
            html.Span("›", className="chevron", **{"aria-hidden": "true"}),
        ]  # fmt: skip
        items.append(
            html.Li(link(body, row["href"], "row-link") if row["href"] else html.Div(body, className="row-link"))
        )
    return items
