"""A camp: its Friends with what is done and left, pace, idle, what was excluded by kind, and last completion."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dash import html

from dashboard.grids import (
    EXCLUDED,
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
from dashboard.parts import card, card_head
from dashboard.scene import Hubs, Scene, hub_name
from dashboard.screens.network import phone_list
from dashboard.screens.summary import completion_card, hourly_card, late_card, states_card, tiles_card, verdict_card
from hubstat.figures import formats as fm
from hubstat.figures.charts import shown_hours
from hubstat.figures.status import FRIEND_RATE_BASE

HEAT_HOURS = 5
_WIDTHS = {"app_lock": 60, "load_wait": 66, "window_wait": 66, "offline": 66}


def build(scene: Scene, hubs: Hubs) -> html.Div:
    """The screen of a camp."""
    hub = f"camp:{hubs.here.hub}"
    return html.Div(
        [
            verdict_card(scene, hubs.here, hub, hub_name(hubs.here, "camp", scene.lang), None),
            tiles_card(scene, hubs.here, hub),
            friends_card(scene, hubs),
            html.Div(
                [
                    html.Div([completion_card(scene, hubs.here, hub)], className="main-column"),
                    html.Div([hourly_card(scene, hubs.here, hub, 9)], className="side-column"),
                ],
                className="columns",
            ),
            html.Div([late_card(scene, hubs.here, hub), states_card(scene, hubs.here, hub)], className="halves"),
        ],
        className="screen",
    )


def friends_card(scene: Scene, hubs: Hubs) -> html.Section:
    """The Friends of the camp, worst first; unassigned and the total pinned."""
    camp = hubs.here.hub
    hours = shown_hours(hubs.here.figures.get("invoices_per_hour") or {}, HEAT_HOURS, scene.local(scene.moment.as_of))
    ordered = worst_first(hubs.children, scene.prefix, scene.lang)
    rows: list[Row] = [
        row_of(
            scene, node, "friend", rank, hours, hubs.network.figures,
            href=scene.href(level="friend", hub=f"{camp}/{node.hub}"),
        ) | {"id": f"friend:{camp}/{node.hub}"}
        for rank, node in enumerate(ordered)
    ]  # fmt: skip
    total = row_of(
        scene, hubs.here, "camp", len(rows), hours, hubs.network.figures, name=scene.say("table.total")
    ) | {"total": True}  # fmt: skip
    people = sum(1 for row in rows if not row["quiet"])
    title = scene.say("table.friends", n=fm.count(people))
    notes = f"{scene.say('table.footnote')} · {scene.say('table.small_base', n=FRIEND_RATE_BASE)}"
    body: list[Any] = [
        html.Div(
            grid(
                scene,
                "friends",
                _columns(scene, hours),
                [row for row in rows if not row["quiet"]],
                [*[row for row in rows if row["quiet"]], total],
            ),
            className="wide-only",
        ),
        html.Ul(**scene.part("list", "children", phone_list(scene, rows)), className="phone-only rows"),
        html.P(notes, className="footnote"),
    ]
    if not rows:
        body = [html.P(scene.say("empty.no_friends"), className="calm")]
    return card([card_head(title, scene.say("table.worst")), *body], "table-card")


def _columns(scene: Scene, hours: Sequence[str]) -> list[Column]:
    prefix = scene.prefix
    excluded = [
        column(
            scene.say(f"excluded.{kind}"), f"ex.{kind}", _WIDTHS.get(kind, 50), cellClass=QUIET,
            cellRendererParams={"metric": f"excluded_minutes.{kind}", "form": "count", "zero": True},
        )
        for kind in EXCLUDED
    ]  # fmt: skip
    return with_sort(
        [
            name_column(scene.say("level.friend"), 88),
            figure_column(scene.say("table.done"), "completion", 104, "percent", cellRenderer="HsProgress"),
            figure_column(scene.say("table.done_left"), "completed", 104, "count", params={"of": "open"}),
            figure_column(
                scene.say("table.late"), f"{prefix}_late_open", 78, "count", colId="late",
                cellRenderer="HsLate", comparator={"function": "hsWorst"},
            ),
            figure_column(scene.say("table.rate"), f"{prefix}_rate", 62, "percent", cellClass=QUIET),
            *heat_columns(scene, hours),
            figure_column(scene.say("table.hourly"), "hourly_deliveries", 60, "decimal"),
            figure_column(scene.say("table.stops"), "stops", 56, "count"),
            figure_column(scene.say("table.net"), "net_on_road_minutes", 62, "span"),
            figure_column(scene.say("table.idle"), "idle_minutes", 64, "count", cellRenderer="HsIdle"),
            {"headerName": scene.say("table.excluded"), "children": excluded, "headerClass": "group-head"},
            figure_column(
                scene.say("table.last"), "last_completed_at", 84, "text",
                cellRenderer="HsLast", params={"words": [scene.say("table.so_far"), scene.say("table.final")]},
            ),
        ],
        scene.place.sort,
    )  # fmt: skip
