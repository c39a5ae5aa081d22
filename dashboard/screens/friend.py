"""A Friend (or the unassigned ones of a camp): figures, the day by hours, every invoice."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dash import dcc, html

from dashboard.board import Line, Node, Strip
from dashboard.grids import Column, column, grid
from dashboard.markup import markup
from dashboard.parts import card, card_head, twin
from dashboard.scene import UNASSIGNED, Hubs, Scene, hub_name
from dashboard.screens.reasons import reasons_card
from dashboard.screens.summary import GRAPH, hourly_card, late_card, states_card
from dashboard.screens.tiles import tiles_card
from dashboard.screens.verdict import crew_card
from dashboard.screens.work import work_card
from dashboard.strips import label
from hubstat.domain import time as tm
from hubstat.figures import formats as fm
from hubstat.figures import outlook as ahead
from hubstat.figures.friendday import Kind, Stretch, friend_day_chart, minutes_text


def build(scene: Scene, hubs: Hubs) -> html.Div:
    """The screen of a Friend."""
    hub = f"friend:{scene.place.hub}"
    lines = scene.board.invoices(scene.place, scene.moment)
    side = [
        reasons_card(scene, hubs.here, hub),
        late_card(scene, hubs.here, hub),
        states_card(scene, hubs.here, hub),
    ]
    main: list[Any] = [invoices_card(scene, lines)]
    if hubs.here.hub != UNASSIGNED:
        main.insert(0, hourly_card(scene, hubs.here, hub))
        strip = scene.board.strips(scene.place.camp or "", scene.moment).get(hubs.here.hub)
        if strip is not None:
            main.insert(0, day_card(scene, hubs.here, strip))
        side.insert(0, work_card(scene, hubs.here, hub))
    return html.Div(
        [
            crew_card(scene, hubs.here, hub, hub_name(hubs.here, "friend", scene.lang), alone=True),
            tiles_card(scene, hubs.here, hub, ()),
            html.Div(
                [html.Div(main, className="main-column"), html.Div(side, className="side-column")], className="columns"
            ),
        ],
        className="screen",
    )


def day_card(scene: Scene, node: Node, strip: Strip) -> html.Section:
    """The day of the Friend on one line, with its sentence and its table twin."""
    midnight = tm.day_start(scene.moment.day, scene.board.zone)

    def hours(moment: float) -> float:
        return (moment - midnight) / tm.HOUR

    spans: list[tuple[Kind, str, int, int]] = [
        *(("drive", scene.say("strip.drive"), *span) for span in strip.drive),
        *(("rest", scene.say(f"excluded.{kind}"), start, end) for kind, start, end in strip.rests),
        *(("spare", scene.say("strip.allowed"), *span) for span in strip.spare),
        *(("idle", scene.say("tile.name.idle_minutes"), *span) for span in strip.idle),
        *(("stop", scene.say("strip.stop"), *span) for span in strip.stops),
        *(("batch", scene.say("strip.batch"), *span) for span in strip.batches),
    ]
    finish = ahead.finish_of(node.figures)
    chart = friend_day_chart(
        [Stretch(kind, hours(start), hours(end), name) for kind, name, start, end in spans],
        now=None if scene.moment.closed else hours(scene.moment.as_of),
        live=scene.moment.live,
        finish=None if finish is None else hours(finish.timestamp() * 1000),
        late=ahead.falls_short(node.figures),
        deadlines=[
            (hours(item.at.timestamp() * 1000), scene.say("deadline.one", time=fm.clock(item.at)))
            for item in scene.all_deadlines()
        ],
        lang=scene.lang,
        theme=scene.theme,
    )
    rows = [
        [name, scene.clock(start, seconds=True), scene.clock(end, seconds=True), minutes_text((end - start) / tm.HOUR)]
        for _, name, start, end in sorted(spans, key=lambda span: (span[2], span[3]))
    ]
    head = [scene.say(f"strip.{part}") for part in ("what", "from", "to", "minutes")]
    return card(
        [
            card_head(scene.say("strip.day")),
            markup(scene, "day-summary", label(scene, node, strip), "p", className="summary"),
            dcc.Graph(**scene.part("day", "figure", chart), config=GRAPH, className="graph graph-day"),
            markup(scene, "day-table", twin(scene, head, rows)),
        ],
        "chart-card",
    )


def ordered_lines(lines: Sequence[Line]) -> list[Line]:
    """Latest first, then by number."""
    return sorted(lines, key=lambda line: (-(line.late if line.late is not None else -1), line.invoice_no))


def invoice_row(scene: Scene, line: Line, rank: int) -> dict[str, Any]:
    """One invoice as a grid row."""
    return {
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
        "camp": scene.camp_name(line.camp),
        "friend": scene.friend_name(line.friend),
        "why": line.why_en if scene.lang == "en" else line.why_ko,
    }


def invoice_rows(scene: Scene, lines: Sequence[Line]) -> list[dict[str, Any]]:
    """Invoices as grid rows, latest first, then by number."""
    return [invoice_row(scene, line, rank) for rank, line in enumerate(ordered_lines(lines))]


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
            markup(scene, "list", phone, "ul", className="phone-only rows"),
        ],
        "table-card",
    )
