"""A Friend (or the unassigned ones of a camp): figures, the day by hours, every invoice."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dash import html

from dashboard.board import Line
from dashboard.grids import Column, column, grid
from dashboard.parts import card, card_head, figure
from dashboard.scene import UNASSIGNED, Hubs, Scene, hub_name
from dashboard.screens.summary import hourly_card, late_card, states_card, tiles_card, verdict_card
from hubstat.figures import formats as fm


def build(scene: Scene, hubs: Hubs) -> html.Div:
    """The screen of a Friend."""
    hub = f"friend:{scene.place.hub}"
    lines = scene.board.invoices(scene.place, scene.moment)
    side = [late_card(scene, hubs.here, hub), states_card(scene, hubs.here, hub)]
    main: list[Any] = [invoices_card(scene, lines)]
    if hubs.here.hub != UNASSIGNED:
        main.insert(0, hourly_card(scene, hubs.here, hub))
        side.insert(0, excluded_card(scene, hubs, hub))
    return html.Div(
        [
            verdict_card(scene, hubs.here, hub, hub_name(hubs.here, "friend", scene.lang), None),
            tiles_card(scene, hubs.here, hub),
            html.Div(
                [html.Div(main, className="main-column"), html.Div(side, className="side-column")], className="columns"
            ),
        ],
        className="screen",
    )


def excluded_card(scene: Scene, hubs: Hubs, hub: str) -> html.Section:
    """On-road time, what was excluded from it by kind, what is left, and idle."""
    figures = hubs.here.figures
    excluded = figures.get("excluded_minutes") or {}
    rows = [
        (scene.say(f"excluded.{kind}"), f"excluded_minutes.{kind}", minutes, fm.span(minutes))
        for kind, minutes in excluded.items()
    ]
    total = figures.get("net_on_road_minutes")
    items = [
        html.Li([html.Span(name), figure(metric, value, shown, hub, "" if value else "zero")])
        for name, metric, value, shown in rows
    ]
    items.append(
        html.Li(
            [html.Span(scene.say("table.net")), figure("net_on_road_minutes", total, fm.span(total), hub)],
            className="sum",
        )
    )
    return card(
        [
            card_head(scene.say("table.excluded")),
            html.Ul(**scene.part("excluded", "children", items), className="pairs"),
        ],
        "side-card",
    )


def invoice_rows(scene: Scene, lines: Sequence[Line]) -> list[dict[str, Any]]:
    """Invoices as grid rows, latest first, then by number."""
    ordered = sorted(lines, key=lambda line: (-(line.late if line.late is not None else -1), line.invoice_no))
    return [
        {
            "id": f"{line.direction}:{line.invoice_no}",
            "name": line.invoice_no,
            "href": scene.href(level="invoice", hub=line.invoice_no, direction=line.direction),
            "meta": "",
            "quiet": False,
            "rank": rank,
            "promise": scene.clock(line.promise),
            "completed": scene.clock(line.completed_at, seconds=True),
            "late": line.late,
            "state": scene.say(f"state.{line.state}"),
            "camp": line.camp or fm.NONE,
            "friend": line.friend or scene.say("hub.unassigned"),
            "why": line.why_en if scene.lang == "en" else line.why_ko,
        }
        for rank, line in enumerate(ordered)
    ]


def invoice_columns(scene: Scene, with_friend: bool) -> list[Column]:
    """Columns of an invoice list."""
    left = {"type": None, "cellRenderer": None}
    columns = [
        {
            "headerName": scene.say("col.invoice"), "field": "name", "minWidth": 172, "width": 172,
            "cellRenderer": "HsName", "cellDataType": False, "resizable": False, "suppressMovable": True,
        },
        column(scene.say("col.promise"), "promise", 96, cellRenderer=None),
        column(scene.say("col.completed"), "completed", 116, cellRenderer=None),
        column(scene.say("col.late"), "late", 84, cellRendererParams={"metric": "late_minutes", "form": "count"}),
        column(scene.say("col.state"), "state", 124, **left),
        column(scene.say("col.why"), "why", 180, flex=1, **left),
    ]  # fmt: skip
    if with_friend:
        columns.insert(4, column(scene.say("col.friend"), "friend", 92, **left))
        columns.insert(4, column(scene.say("col.camp"), "camp", 76, **left))
    return columns


def invoices_card(scene: Scene, lines: Sequence[Line]) -> html.Section:
    """Every invoice of the Friend."""
    title = scene.say("invoices.title", n=fm.count(len(lines)))
    rows = invoice_rows(scene, lines)
    if not rows:
        return card([card_head(title), html.P(scene.say("empty.no_invoices"), className="calm")])
    height = None if len(rows) <= 20 else "600px"
    phone = [
        html.Li(
            html.A(
                [
                    html.Span(row["name"], className="row-name"),
                    html.Span(row["state"], className="quiet"),
                    html.Span(row["promise"], className="row-n"),
                    html.Span("›", className="chevron", **{"aria-hidden": "true"}),
                ],
                href=row["href"],
                className="row-link",
                **{"data-nav": "1"},
            )
        )
        for row in rows
    ]
    return card(
        [
            card_head(title),
            html.Div(
                grid(scene, "invoices", invoice_columns(scene, False), rows, height=height),
                className="wide-only",
            ),
            html.Ul(**scene.part("list", "children", phone), className="phone-only rows"),
        ],
        "table-card",
    )
