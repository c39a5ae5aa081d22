"""Nationwide, region, area: verdict, answers, tiles, completion chart, children worst first, camps with late ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dash import html

from dashboard.board import Node
from dashboard.grids import (
    QUIET,
    Column,
    Row,
    column,
    figure_column,
    grid,
    heat_columns,
    name_column,
    row_of,
    with_sort,
    worst_first,
)
from dashboard.parts import card, card_head, figure, link, shape
from dashboard.scene import BELOW, UNMAPPED, Hubs, Scene, hub_name
from dashboard.screens.summary import completion_card, late_card, states_card, tiles_card, verdict_card
from hubstat.figures import formats as fm
from hubstat.figures.charts import shown_hours

HEAT_HOURS = 6


def build(scene: Scene, hubs: Hubs) -> html.Div:
    """The screen of a hub above the camp."""
    level = scene.place.level
    hub = f"{level}:{hubs.here.hub}"
    who = hub_name(hubs.here, level, scene.lang)
    return html.Div(
        [
            verdict_card(scene, hubs.here, hub, who, hubs.camps),
            tiles_card(scene, hubs.here, hub),
            html.Div(
                [
                    html.Div(
                        [completion_card(scene, hubs.here, hub), children_card(scene, hubs)], className="main-column"
                    ),
                    html.Div(
                        [
                            worst_card(scene, hubs),
                            late_card(scene, hubs.here, hub),
                            states_card(scene, hubs.here, hub),
                        ],
                        className="side-column",
                    ),
                ],
                className="columns",
            ),
        ],
        className="screen",
    )


def children_card(scene: Scene, hubs: Hubs) -> html.Section:
    """The children as a table, worst first, with the total pinned; on a phone as a list."""
    level = BELOW[scene.place.level]
    hours = shown_hours(
        hubs.network.figures.get("invoices_per_hour") or {}, HEAT_HOURS, scene.local(scene.moment.as_of)
    )
    ordered = worst_first(hubs.children, scene.prefix, scene.lang)
    counts = _camp_counts(hubs, level)
    rows = [
        row_of(
            scene, node, level, rank, hours, hubs.network.figures,
            href=scene.href(level=level, hub=node.hub), meta=counts.get(node.hub, ""),
        )
        for rank, node in enumerate(ordered)
    ]  # fmt: skip
    apart = [row for row in rows if row["quiet"]]
    total = row_of(
        scene, hubs.here, scene.place.level, len(rows), hours, hubs.network.figures,
        name=hub_name(hubs.here, scene.place.level, scene.lang), meta=fm.count(len(hubs.camps)),
    ) | {"total": True}  # fmt: skip
    title = scene.say("table.children", level=scene.say(f"level.{level}"))
    return card(
        [
            card_head(title, scene.say("table.worst")),
            html.Div(
                grid(
                    scene,
                    "children",
                    _columns(scene, level, hours),
                    [row for row in rows if not row["quiet"]],
                    [*apart, total],
                ),
                className="wide-only",
            ),
            html.Ul(**scene.part("list", "children", phone_list(scene, rows)), className="phone-only rows"),
        ],
        "table-card",
    )


def _camp_counts(hubs: Hubs, level: str) -> dict[str, str]:
    if level != "area":
        return {}
    counts: dict[str, int] = {}
    for camp in hubs.camps:
        counts[camp.parent or UNMAPPED] = counts.get(camp.parent or UNMAPPED, 0) + 1
    return {hub: str(count) for hub, count in counts.items()}


def _columns(scene: Scene, level: str, hours: Sequence[str]) -> list[Column]:
    prefix = scene.prefix
    return with_sort(
        [
            name_column(scene.say(f"level.{level}"), 92),
            figure_column(scene.say("table.done"), "completion", 102, "percent", cellRenderer="HsProgress"),
            figure_column(scene.say("table.done_of"), "completed", 116, "count", params={"of": "due"}),
            figure_column(
                scene.say("table.late"), f"{prefix}_late_open", 78, "count", colId="late",
                cellRenderer="HsLate", comparator={"function": "hsWorst"},
            ),
            figure_column(scene.say("table.rate"), f"{prefix}_rate", 58, "percent", cellClass=QUIET),
            *heat_columns(scene, hours),
            figure_column(scene.say("table.hourly"), "hourly_deliveries", 58, "decimal"),
            column(
                scene.say("table.idle_each"), "each", 64,
                cellRendererParams={"metric": "idle_minutes", "form": "decimal", "raw": "idle_minutes"},
            ),
            figure_column(
                scene.say("table.last"), "last_completed_at", 84, "text",
                cellRenderer="HsLast", params={"words": [scene.say("table.so_far"), scene.say("table.final")]},
            ),
        ],
        scene.place.sort,
    )  # fmt: skip


def phone_list(scene: Scene, rows: Sequence[Row]) -> list[Any]:
    """The same rows for a narrow screen: name, late open, completion, 44 px high."""
    items = []
    for row in rows:
        late = row["f"][f"{scene.prefix}_late_open"]
        body = [
            html.Span([row["name"], html.Span(f" {row['meta']}", className="quiet")], className="row-name"),
            html.Span(
                [
                    shape("late" if late else "none"),
                    figure(f"{scene.prefix}_late_open", late, fm.count(late), row["id"]),
                ],
                className="row-n" + (" tone-late" if late else " zero"),
            ),
            figure("completion", row["f"]["completion"], fm.percent(row["f"]["completion"]), row["id"], "row-n"),
            html.Span("›", className="chevron", **{"aria-hidden": "true"}),
        ]
        items.append(
            html.Li(link(body, row["href"], "row-link") if row["href"] else html.Div(body, className="row-link"))
        )
    return items


def worst_card(scene: Scene, hubs: Hubs) -> html.Section:
    """Every camp with late open invoices, worst first, one click away."""
    key = f"{scene.prefix}_late_open"
    late = [camp for camp in worst_first(hubs.camps, scene.prefix, scene.lang) if camp.figures.get(key)]
    late.sort(key=lambda camp: -camp.figures[key])
    head = html.Div(
        [
            html.Span(scene.say("level.camp")),
            html.Span(scene.say("worst.late")),
            html.Span(scene.say("worst.rate")),
            html.Span(scene.say("worst.done")),
        ],
        className="worst-row worst-head",
    )
    body: list[Any] = [head, *[_worst_row(scene, camp, late[0]) for camp in late]]
    if not late:
        body = [html.P([shape("ok"), scene.say("worst.none")], className="calm")]
    title = html.Span(
        [scene.say("worst.title"), html.Span(f" {len(late)}", className="tone-late" if late else "quiet")]
    )
    return card(
        [html.Div(**scene.part("worst", "children", [card_head(title), html.Div(body, className="worst")]))],
        "side-card",
    )


def _worst_row(scene: Scene, camp: Node, worst: Node) -> html.A:
    figures, prefix = camp.figures, scene.prefix
    late = figures[f"{prefix}_late_open"]
    width = f"{100 * late / worst.figures[f'{prefix}_late_open']:.1f}%"
    hub = f"camp:{camp.hub}"
    name = hub_name(camp, "camp", scene.lang)
    return link(
        [
            html.Span(name, className="row-name"),
            html.Span(
                [
                    html.Span(html.Span(className="bar-fill late-fill", style={"width": width}), className="bar"),
                    figure(f"{prefix}_late_open", late, fm.count(late), hub, "tone-late"),
                ],
                className="worst-late",
            ),
            figure(
                f"{prefix}_rate", figures.get(f"{prefix}_rate"), fm.percent(figures.get(f"{prefix}_rate")), hub, "quiet"
            ),
            figure("completion", figures.get("completion"), fm.percent(figures.get("completion")), hub),
        ],
        scene.href(level="camp", hub=camp.hub),
        "worst-row",
    )
