"""A camp: its Friends with the day of each as a strip, when each is done, who falls short and who can help."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dash import html

from dashboard.board import Node
from dashboard.grids import (
    EXCLUDED,
    QUIET,
    Column,
    Row,
    column,
    figure_column,
    finish_width,
    last_text,
    name_column,
    row_of,
    with_sort,
    worst_first,
)
from dashboard.markup import markup
from dashboard.parts import card, card_head, figure, twin
from dashboard.scene import UNASSIGNED, Hubs, Scene, hub_name
from dashboard.screens.children import hub_rows
from dashboard.screens.counts import counts
from dashboard.screens.crew import crew_card, still_card
from dashboard.screens.help import help_card
from dashboard.screens.summary import completion_card, hourly_card
from dashboard.screens.tiles import tiles_card
from dashboard.screens.verdict import crew_card as verdict_card
from dashboard.strips import axis_of, cell, column_params
from hubstat.figures import formats as fm
from hubstat.figures.status import FRIEND_RATE_BASE
from hubstat.figures.texts import definition, label

_LEGEND = ("drive", "stop", "rest", "idle", "batch", "finish")


def build(scene: Scene, hubs: Hubs) -> html.Div:
    """The screen of a camp."""
    hub = f"camp:{hubs.here.hub}"
    return html.Div(
        [
            verdict_card(scene, hubs.here, hub, hub_name(hubs.here, "camp", scene.lang)),
            tiles_card(scene, hubs.here, hub, [hubs.here]),
            html.Div(
                [
                    html.Div([friends_card(scene, hubs)], className="main-column"),
                    html.Div([help_card(scene, hubs, hub)], className="side-column"),
                ],
                className="columns columns-wide",
            ),
            html.Div(
                [
                    html.Div([completion_card(scene, hubs.here, hub)], className="main-column"),
                    html.Div([hourly_card(scene, hubs.here, hub, 9)], className="side-column"),
                ],
                className="columns",
            ),
            html.Div([crew_card(scene, hubs.here, hub), still_card(scene, hubs)], className="halves"),
            counts(scene, hubs.here, hub),
        ],
        className="screen",
    )


def friends_card(scene: Scene, hubs: Hubs) -> html.Section:
    """The Friends of the camp, worst first; unassigned and the total pinned."""
    camp = hubs.here.hub
    ordered = worst_first(hubs.children, scene.prefix, scene.lang)
    strips = scene.board.strips(camp, scene.moment)
    axis = axis_of(scene, strips, ordered)
    rows: list[Row] = [
        row_of(
            scene, node, "friend", rank, href=scene.href(level="friend", hub=f"{camp}/{node.hub}"),
        ) | {"id": f"friend:{camp}/{node.hub}", "s": cell(scene, axis, node, strips.get(node.hub))}
        for rank, node in enumerate(ordered)
    ]  # fmt: skip
    total = row_of(
        scene, hubs.here, "camp", len(rows), name=scene.say("table.total")
    ) | {"total": True}  # fmt: skip
    people = sum(1 for row in rows if not row["quiet"])
    title = scene.say("strip.title", n=fm.count(people))
    idle = f"{label('idle_minutes', 'DELIVERY', scene.lang)} = {definition('idle_minutes', 'DELIVERY', scene.lang)}"
    notes = f"{scene.say('table.footnote')} · {scene.say('table.small_base', n=FRIEND_RATE_BASE)} · {idle}"
    body: list[Any] = [
        *hub_rows(scene, "friends", _columns(scene, column_params(scene, axis), [*rows, total]), rows, total),
        markup(scene, "friends-table", _twin(scene, ordered, camp)),
        html.P(notes, className="footnote"),
    ]
    if not rows:
        body = [html.P(scene.say("empty.no_friends"), className="calm")]
    return card([card_head(title, _legend(scene)), *body], "table-card strip-card")


def _legend(scene: Scene) -> html.Span:
    keys = [
        html.Span([html.I(className=f"key key-{part}", **{"aria-hidden": "true"}), scene.say(f"strip.{part}")])
        for part in _LEGEND
    ]
    return html.Span(keys, className="legend wide-only")


def _columns(scene: Scene, strip: dict[str, Any], rows: Sequence[Row]) -> list[Column]:
    prefix = scene.prefix
    return with_sort(
        [
            {**name_column(scene.say("level.friend"), 62), "flex": None, "width": 66},
            figure_column(scene.say("table.done_left"), "completed", 102, "count", cellRenderer="HsDoneLeft"),
            figure_column(
                scene.say("table.late"), f"{prefix}_late_open", 58, "count", colId="late",
                cellRenderer="HsLate", comparator={"function": "hsWorst"},
            ),
            figure_column(scene.say("table.risk"), f"{prefix}_at_risk", 52, "count", cellRenderer="HsRisk"),
            figure_column(scene.say("table.per_hour"), "hourly_deliveries", 48, "decimal"),
            figure_column(scene.say("table.stops_hour"), "hourly_stops", 54, "decimal", cellClass=QUIET),
            figure_column(scene.say("table.net"), "net_on_road_minutes", 54, "span"),
            figure_column(
                scene.say("table.idle_excluded"), "idle_minutes", 80, "count", cellRenderer="HsIdle",
                params={"kinds": {kind: scene.say(f"excluded.{kind}") for kind in EXCLUDED}},
            ),
            figure_column(scene.say("table.efficiency"), "efficiency", 46, "whole"),
            figure_column(
                scene.say("table.finish"), "projected_finish", finish_width(rows, 104), "text", cellRenderer="HsFinish"
            ),
            column(scene.say("table.balance"), "bal", 48, cellRenderer="HsBalance"),
            figure_column(
                scene.say("table.last"), "last_completed_at", 72, "text",
                cellRenderer="HsLast", params={"words": [scene.say("table.so_far"), scene.say("table.final")]},
            ),
            {
                "headerName": scene.say("strip.head"), "field": "s", "flex": 1, "minWidth": 200, "sortable": False,
                "cellDataType": False, "resizable": False, "suppressMovable": True, "cellRenderer": "HsStrip",
                "cellClass": "strip-cell", "headerClass": "strip-head", "headerComponent": "HsStripHead",
                "headerComponentParams": {"axis": strip}, "cellRendererParams": {"axis": strip},
            },
        ],
        scene.place.sort,
    )  # fmt: skip


def _twin(scene: Scene, nodes: Sequence[Node], camp: str) -> html.Details:
    """The strips as a table: stops, every kind of excluded time, idle and last completion of each Friend."""
    head = [scene.say("level.friend"), scene.say("table.stops"), *(scene.say(f"excluded.{kind}") for kind in EXCLUDED),
            scene.say("tile.name.idle_minutes"), scene.say("table.net"), scene.say("table.last")]  # fmt: skip
    rows = []
    for node in nodes:
        if node.hub == UNASSIGNED:
            continue
        hub, get = f"friend:{camp}/{node.hub}", node.figures.get
        excluded = get("excluded_minutes") or {}
        last = get("last_completed_at")
        rows.append(
            [
                node.name(scene.lang),
                figure("stops", get("stops"), fm.count(get("stops")), hub),
                *(
                    figure(f"excluded_minutes.{kind}", excluded.get(kind), fm.count(excluded.get(kind)), hub)
                    for kind in EXCLUDED
                ),
                figure("idle_minutes", get("idle_minutes"), fm.count(get("idle_minutes")), hub),
                figure("net_on_road_minutes", get("net_on_road_minutes"), fm.span(get("net_on_road_minutes")), hub),
                figure("last_completed_at", last, last_text(scene, node.figures), hub),
            ]
        )
    return twin(scene, head, rows)
