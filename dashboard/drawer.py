"""The proof drawer: a counted figure and exactly that many invoices, from the same moment."""

from __future__ import annotations

from typing import Any

import dash_ag_grid as dag
import dash_mantine_components as dmc
from dash import html

from dashboard.board import Proof
from dashboard.grids import GRID_THEME
from dashboard.icons import icon
from dashboard.parts import link, shape
from dashboard.scene import Hubs, Scene, hub_name
from dashboard.screens.friend import invoice_columns, invoice_rows
from dashboard.shell import export_address
from hubstat.figures import formats as fm
from hubstat.figures.sentences import what_moves
from hubstat.figures.texts import definition, label


def build(scene: Scene, hubs: Hubs, metric: str, proof: Proof) -> dmc.Drawer:
    """The open drawer. Its rows are fetched in blocks by ``rows_of``."""
    direction, lang = scene.place.direction, scene.lang
    same = proof.figure == len(proof.lines)
    level, node = hubs.path[-1]
    zone = fm.zone_name(str(scene.board.zone))
    context = " · ".join(
        [
            hub_name(node, level, lang),
            fm.day(scene.moment.day, lang),
            what_moves(scene.place.wave, direction, lang),
        ]
    )
    equal = scene.say(
        "proof.equal" if same else "proof.differs", figure=fm.count(proof.figure), n=fm.count(len(proof.lines))
    )
    moment = scene.say(
        "proof.moment",
        as_of=scene.clock(scene.moment.as_of, seconds=True),
        known_at=scene.clock(scene.moment.known_at, seconds=True),
        zone=zone,
    )
    late = metric.endswith(("_late", "_late_open"))
    head = html.Div(
        [
            html.Div(
                [
                    html.H2(
                        [
                            shape("late" if late else "none"),
                            html.Span(label(metric, direction, lang)),
                            html.Span(
                                f" {fm.count(proof.figure)}",
                                id="proof-figure",
                                **{
                                    "data-metric": metric,
                                    "data-value": str(proof.figure),
                                    "data-list": str(len(proof.lines)),
                                },
                            ),
                        ],
                        className="proof-title" + (" tone-late" if late else ""),
                    ),
                    html.Span(
                        [
                            icon("download"),
                            *(
                                html.A(form.upper(), href=export_address(scene, "proof", form))
                                for form in ("csv", "xlsx")
                            ),
                        ],
                        className="proof-export",
                        role="group",
                        **{"aria-label": scene.say("export.open")},
                    ),
                    link("✕", scene.href(), "ghost proof-close", **{"aria-label": scene.say("proof.close")}),
                ],
                className="proof-top",
            ),
            html.Div(
                [
                    html.Span(context),
                    html.Span(moment),
                    html.Span([shape("ok" if same else "late"), equal], className="tone-ok" if same else "tone-late"),
                    html.Span(scene.say("proof.version", n=scene.moment.version), className="quiet"),
                ],
                className="proof-meta",
            ),
            html.Div(
                [html.B(scene.say("proof.why")), html.Span(definition(metric, direction, lang))], className="proof-why"
            ),
        ]
    )
    body: Any = html.P(scene.say("proof.none"), className="calm")
    if proof.lines:
        columns = [column | {"sortable": False} for column in invoice_columns(scene, True)]
        body = dag.AgGrid(
            id={"type": "proof-grid", "key": scene.key},
            columnDefs=columns,
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
        html.Div([head, html.Div(body, className="proof-list"), html.P(scene.say("proof.note"), className="footnote")],
                 className="proof"),
        id="drawer",
        opened=True,
        position="right",
        size="min(1120px, 100%)",
        # Its name for screen readers; what is seen is the head above.
        title=label(metric, direction, lang),
        styles={"header": {"display": "none"}},
        withCloseButton=False,
        padding=0,
        transitionProps={"duration": 0},
    )  # fmt: skip


def rows_of(scene: Scene, proof: Proof, start: int, end: int) -> dict[str, Any]:
    """One block of the drawer's rows, as the grid asks for it."""
    return {"rowData": invoice_rows(scene, proof.lines)[start:end], "rowCount": len(proof.lines)}
