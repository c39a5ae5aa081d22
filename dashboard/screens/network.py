"""Nationwide, region, area: verdict, answers, tiles, main chart, children worst first, camps past their deadline."""

from __future__ import annotations

from collections.abc import Sequence

from dash import html

from dashboard.grids import (
    Column,
    column,
    figure_column,
    heat_columns,
    name_column,
    outlook_columns,
    plan_columns,
    row_of,
    with_sort,
    worst_first,
)
from dashboard.scene import BELOW, UNMAPPED, Hubs, Scene, hub_name
from dashboard.screens.children import children_card
from dashboard.screens.crew import crew_card, still_card
from dashboard.screens.short import short_card
from dashboard.screens.summary import completion_card, late_card, states_card
from dashboard.screens.tiles import tiles_card
from dashboard.screens.verdict import network_card
from hubstat.figures import formats as fm
from hubstat.figures.charts import shown_hours

HEAT_HOURS = 5
# The column of the change takes the room of two.
HEAT_HOURS_COMPARED = 3


def build(scene: Scene, hubs: Hubs) -> html.Div:
    """The screen of a hub above the camp."""
    hub = f"{scene.place.level}:{hubs.here.hub}"
    return html.Div(
        [
            network_card(scene, hubs, hub),
            tiles_card(scene, hubs.here, hub),
            html.Div(
                [
                    html.Div([completion_card(scene, hubs.here, hub), _children(scene, hubs)], className="main-column"),
                    html.Div(
                        [
                            short_card(scene, hubs),
                            crew_card(scene, hubs.here, hub),
                            still_card(scene, hubs),
                        ],
                        className="side-column",
                    ),
                ],
                className="columns",
            ),
            html.Div([late_card(scene, hubs.here, hub), states_card(scene, hubs.here, hub)], className="halves"),
        ],
        className="screen",
    )


def _children(scene: Scene, hubs: Hubs) -> html.Section:
    level = BELOW[scene.place.level]
    hours = shown_hours(
        hubs.network.figures.get("invoices_per_hour") or {},
        HEAT_HOURS if scene.place.compare is None else HEAT_HOURS_COMPARED,
        scene.local(scene.moment.as_of),
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
    total = row_of(
        scene, hubs.here, scene.place.level, len(rows), hours, hubs.network.figures,
        name=hub_name(hubs.here, scene.place.level, scene.lang), meta=fm.count(len(hubs.camps)),
    ) | {"total": True}  # fmt: skip
    columns = _columns(scene, level, hours, long=any(len(row["last"]) > 5 for row in [*rows, total]))
    return children_card(scene, level, columns, rows, total)


def _camp_counts(hubs: Hubs, level: str) -> dict[str, str]:
    if level != "area":
        return {}
    counts: dict[str, int] = {}
    for camp in hubs.camps:
        counts[camp.parent or UNMAPPED] = counts.get(camp.parent or UNMAPPED, 0) + 1
    return {hub: str(count) for hub, count in counts.items()}


def _columns(scene: Scene, level: str, hours: Sequence[str], *, long: bool) -> list[Column]:
    """long: whether a last completion has its day before it."""
    prefix = scene.prefix
    return with_sort(
        [
            name_column(scene.say(f"level.{level}"), 92),
            figure_column(scene.say("table.done"), "completion", 100, "percent", cellRenderer="HsProgress"),
            *plan_columns(scene),
            figure_column(
                scene.say("table.late_rate"), f"{prefix}_late_open", 98, "count", colId="late",
                cellRenderer="HsLate", comparator={"function": "hsWorst"}, params={"rate": f"{prefix}_rate"},
            ),
            *outlook_columns(scene),
            *heat_columns(scene, hours),
            figure_column(scene.say("table.hourly"), "hourly_deliveries", 50, "decimal"),
            column(
                scene.say("table.idle_each"), "each", 58,
                cellRendererParams={"metric": "idle_minutes", "form": "decimal", "raw": "idle_minutes"},
            ),
            figure_column(
                scene.say("table.last"), "last_completed_at", 98 if long else 64, "text",
                cellRenderer="HsLast", params={"words": [scene.say("table.so_far"), scene.say("table.final")]},
            ),
        ],
        scene.place.sort,
    )  # fmt: skip
