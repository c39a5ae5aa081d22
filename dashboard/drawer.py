"""The proof drawer: a figure and what it is made of, invoices or addends, from the same moment."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import dash_ag_grid as dag
import dash_mantine_components as dmc
import orjson
from dash import html

from dashboard.board import Addend, Proof, Side
from dashboard.grids import GRID_THEME, Column, Row, column
from dashboard.icons import icon
from dashboard.parts import link, shape
from dashboard.scene import Hubs, Scene, hub_name
from dashboard.screens.friend import invoice_columns, invoice_row, ordered_lines
from dashboard.shell import export_address
from hubstat.figures import formats as fm
from hubstat.figures.sentences import what_moves
from hubstat.figures.texts import definition, label
from hubstat.figures.texts import metric as registered

# What stands in the drawer's place while none is open. Not None: from that Dash's renderer does not learn that the grid
# is gone, and breaks on rows that come for it afterwards.
CLOSED: Final[tuple[Any, ...]] = ()


def build(scene: Scene, hubs: Hubs, metric: str, proof: Proof) -> dmc.Drawer:
    """The open drawer. Its rows are fetched in blocks by ``rows_of``."""
    body: Any = html.P(scene.say("proof.none"), className="calm")
    if any(side.lines or side.addends for side in proof.sides):
        body = dag.AgGrid(
            id={"type": "proof-grid", "key": scene.proof_key},
            columnDefs=[each | {"sortable": False} for each in _columns(scene, proof)],
            rowModelType="infinite",
            dashGridOptions={
                "theme": {"function": GRID_THEME},
                "cacheBlockSize": 100,
                "rowHeight": 29,
                "headerHeight": 28,
                "suppressColumnVirtualisation": True,
            },
            getRowId="params.data.id",
            className="hs-grid",
            style={"height": "100%", "width": "100%"},
        )
    return dmc.Drawer(
        html.Div([_head(scene, hubs, metric, proof), html.Div(body, className="proof-list"),
                  html.P(scene.say("proof.note"), className="footnote")], className="proof"),
        id="drawer",
        opened=True,
        position="right",
        size="min(1120px, 100%)",
        # Its name for screen readers; what is seen is the head above.
        title=label(metric.partition(".")[0], scene.place.direction, scene.lang),
        styles={"header": {"display": "none"}},
        withCloseButton=False,
        padding=0,
        transitionProps={"duration": 0},
    )  # fmt: skip


def _head(scene: Scene, hubs: Hubs, metric: str, proof: Proof) -> html.Div:
    direction, lang = scene.place.direction, scene.lang
    name, _, part = metric.partition(".")
    level, node = hubs.path[-1]
    context = " · ".join(
        [
            hub_name(node, level, lang),
            fm.day(scene.moment.day, lang),
            what_moves(scene.place.wave, direction, lang),
        ]
    )
    known_at = scene.moment.known_at if proof.as_of == scene.moment.as_of else proof.as_of
    moment = scene.say(
        "proof.moment",
        as_of=scene.clock(proof.as_of, seconds=True),
        known_at=scene.clock(known_at, seconds=True),
        zone=fm.zone_name(str(scene.board.zone)),
    )
    holds, words = _agreement(scene, proof)
    late = name.endswith(("_late", "_late_open"))
    listed = sum(len(side.lines) or len(side.addends) for side in proof.sides)
    return html.Div(
        [
            html.Div(
                [
                    html.H2(
                        [
                            shape("late" if late else "none"),
                            html.Span(label(name, direction, lang) + (f" · {_part(scene, part)}" if part else "")),
                            html.Span(
                                f" {shown(scene, name, proof.figure)}",
                                id="proof-figure",
                                **{
                                    "data-metric": metric,
                                    "data-value": orjson.dumps(proof.figure).decode(),
                                    "data-list": str(listed),
                                },
                            ),
                        ],
                        className="proof-title" + (" tone-late" if late else ""),
                    ),
                    *_files(scene, proof),
                    link("✕", scene.href(), "ghost proof-close", **{"aria-label": scene.say("proof.close")}),
                ],
                className="proof-top",
            ),
            html.Div(
                [
                    html.Span(context),
                    html.Span(moment),
                    html.Span([shape("ok" if holds else "late"), words], className="tone-ok" if holds else "tone-late"),
                    html.Span(scene.say("proof.version", n=scene.moment.version), className="quiet"),
                ],
                className="proof-meta",
            ),
            html.Div(
                [html.B(scene.say("proof.why")), html.Span(definition(name, direction, lang))], className="proof-why"
            ),
        ]
    )


def _files(scene: Scene, proof: Proof) -> list[html.Span]:
    """Links to the list of a counted figure as a file; other figures are no list of invoices."""
    if not proof.listed:
        return []
    links = [html.A(form.upper(), href=export_address(scene, "proof", form)) for form in ("csv", "xlsx")]
    words = {"aria-label": scene.say("export.open")}
    return [html.Span([icon("download"), *links], className="proof-export", role="group", **words)]


def _agreement(scene: Scene, proof: Proof) -> tuple[bool, str]:
    """Whether figure and list agree, and that in words. What the reader proves it has compared: a difference raises."""
    if len(proof.sides) > 1:
        parts = " ÷ ".join(
            f"{label(side.metric, scene.place.direction, scene.lang)} {shown(scene, side.metric, side.figure)}"
            for side in proof.sides
        )
        return True, f"{scene.say('proof.divided')} {parts}"
    (side,) = proof.sides
    if side.addends:
        unit = registered(side.metric, scene.place.direction).unit
        latest = unit == "time" or any(addend.decides for addend in side.addends)
        return True, scene.say("proof.latest" if latest else "proof.sum", n=fm.count(len(side.addends)))
    total = _whole(proof.figure)
    if total is None:
        return True, scene.say("proof.listed", n=fm.count(len(side.lines)))
    holds = total == len(side.lines)
    words = "proof.equal" if holds else "proof.differs"
    return holds, scene.say(words, figure=fm.count(total), n=fm.count(len(side.lines)))


def _whole(figure: Any) -> int | None:
    """A number of invoices, whole or by parts; None for other figures."""
    if isinstance(figure, Mapping):
        return sum(figure.values()) if all(isinstance(part, int) for part in figure.values()) else None
    return figure if isinstance(figure, int) else None


def shown(scene: Scene, metric: str, figure: Any) -> str:
    """A figure of the registry as text, by its unit."""
    unit = registered(metric, scene.place.direction).unit
    if isinstance(figure, Mapping):
        total = _whole(figure)
        return "" if total is None else fm.count(total)
    if figure is None:
        return fm.NONE
    if unit == "time":
        return str(figure)[11:19]
    if unit == "ratio":
        return fm.percent(figure, 2)
    return fm.count(figure) if isinstance(figure, int) else fm.decimal(figure)


def _part(scene: Scene, key: str) -> str:
    """Name of a part of a split figure."""
    return key.replace("T", " ") + ":00" if "T" in key and key[:2] == "20" else key


def _columns(scene: Scene, proof: Proof) -> list[Column]:
    addends = any(side.addends for side in proof.sides)
    columns = _addend_columns(scene) if addends else invoice_columns(scene, True)
    if len(proof.sides) > 1:
        left = {"type": None, "cellRenderer": None}
        columns.insert(0 if addends else 1, column(scene.say("proof.part"), "side", 150, **left))
    return columns


def _addend_columns(scene: Scene) -> list[Column]:
    left = {"type": None, "cellRenderer": None}
    return [
        column(scene.say("proof.amount"), "amount", 110, cellRenderer="HsAmount"),
        column(scene.say("col.camp"), "camp", 96, **left),
        column(scene.say("col.friend"), "friend", 104, **left),
        column(scene.say("proof.from"), "start", 96, cellRenderer=None),
        column(scene.say("proof.to"), "end", 96, cellRenderer=None),
        column(scene.say("col.why"), "why", 240, flex=1, **left),
    ]


def rows_of(scene: Scene, proof: Proof, start: int, end: int) -> dict[str, Any]:
    """One block of the drawer's rows, as the grid asks for it."""
    rows: list[Row] = []
    place = 0
    for number, side in enumerate(proof.sides):
        size = len(side.lines) or len(side.addends)
        rows += _side_rows(scene, number, side, max(0, start - place), max(0, end - place))
        place += size
    return {"rowData": rows, "rowCount": place}


def _side_rows(scene: Scene, number: int, side: Side, start: int, end: int) -> list[Row]:
    name = label(side.metric, scene.place.direction, scene.lang)
    if side.lines:
        found = [invoice_row(scene, line, rank) for rank, line in enumerate(ordered_lines(side.lines))][start:end]
    else:
        found = [_addend(scene, each, rank) for rank, each in enumerate(side.addends[start:end], start)]
    return [row | {"id": f"{number}:{row['id']}:{row['rank']}", "side": name} for row in found]


def _addend(scene: Scene, each: Addend, rank: int) -> Row:
    return {
        "id": "",
        "rank": rank,
        "amount": each.amount,
        "decides": each.decides,
        "camp": each.camp or fm.NONE,
        "friend": each.friend or fm.NONE,
        "start": scene.clock(each.start, seconds=True),
        "end": scene.clock(each.end, seconds=True),
        "why": each.why_en if scene.lang == "en" else each.why_ko,
    }
