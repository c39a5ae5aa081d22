"""The proof drawer: a figure and what it is made of, invoices or addends, from the same moment."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

import dash_ag_grid as dag
import dash_mantine_components as dmc
import orjson
from dash import html

from dashboard.board import Addend, Figures, Proof, Side
from dashboard.grids import GRID_THEME, Column, Row, column
from dashboard.icons import icon
from dashboard.markup import Markup
from dashboard.parts import link, shape
from dashboard.scene import BELOW, Hubs, Scene, hub_name
from dashboard.screens.friend import invoice_columns, invoice_row, ordered_lines
from dashboard.shell import FORMATS, crumbs, export_address
from hubstat.domain.metrics import metrics_for
from hubstat.figures import formats as fm
from hubstat.figures.sentences import what_moves
from hubstat.figures.texts import definition, label
from hubstat.figures.texts import metric as registered

# What stands in the drawer's place while none is open. Not None: from that Dash's renderer does not learn that the grid
# is gone, and breaks on rows that come for it afterwards.
CLOSED: Final[tuple[Any, ...]] = ()
# Id of what says that the screen behind an open drawer has moved on.
SINCE: Final = "proof-since"


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
    return _drawer(
        scene,
        metric,
        [
            *_way(scene, hubs, metric),
            _head(scene, hubs, metric, proof),
            html.Div([], id=SINCE, className="proof-since"),
            html.Div(body, className="proof-list"),
            html.P(scene.say("proof.note"), className="footnote"),
        ],
    )


def failed(scene: Scene, hubs: Hubs, metric: str, cause: str) -> dmc.Drawer:
    """The drawer where nothing can be proved: why, and the way to ask again. The screen behind it stays."""
    said = [html.H2(scene.say("proof.failed"), className="proof-title tone-late"), _close(scene)]
    renew = html.Button(scene.say("proof.retry"), id="proof-renew", className="button", type="button")
    body = html.Div([html.P(cause, id="proof-cause"), renew], className="state", role="alert")
    return _drawer(
        scene,
        metric,
        [*_way(scene, hubs, metric), html.Div(said, className="proof-top"), html.Div([], id=SINCE), body],
    )


def _drawer(scene: Scene, metric: str, children: list[Any]) -> dmc.Drawer:
    name = metric.partition(".")[0]
    known = name in metrics_for(scene.place.direction)
    return dmc.Drawer(
        html.Div(children, className="proof"),
        id="drawer",
        opened=True,
        position="right",
        size="min(1120px, 100%)",
        # Its name for screen readers; what is seen is the head above.
        title=label(name, scene.place.direction, scene.lang) if known else metric,
        styles={"header": {"display": "none"}},
        withCloseButton=False,
        padding=0,
        transitionProps={"duration": 0},
    )


def on_screen(scene: Scene, hubs: Hubs, metric: str) -> Any:
    """The figure that a screen shows of a metric, or of its part; None where it shows none."""
    figures = hubs.here.figures
    if metric.partition(".")[0] not in figures and scene.place.level != "friend":
        figures = scene.board.ends(scene.place, scene.moment) or {}
    return of_node(figures, metric)


def of_node(figures: Figures, metric: str) -> Any:
    """A figure of a hub, or its part; None where it has none."""
    name, _, part = metric.partition(".")
    whole = figures.get(name)
    if not part or whole is None:
        return whole
    return whole.get(part, 0) if isinstance(whole, Mapping) else None


def same(one: Any, other: Any) -> bool:
    """Whether two readings of a figure agree; fractions but for what adding them in another order makes."""
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return all(same(one.get(key, 0), other.get(key, 0)) for key in one.keys() | other.keys())
    if isinstance(one, float) or isinstance(other, float):
        return None not in (one, other) and math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-6)
    return bool(one == other)


def since(scene: Scene, metric: str, opened: tuple[int, Any], now: Any) -> list[Any]:
    """What is said where the screen has moved on: its figure when the drawer was opened, and now.

    opened: moment (ms) and figure of the screen that the drawer was opened on.
    """
    as_of, then = opened
    if then is None or same(then, now):
        return []
    name = metric.partition(".")[0]
    words = scene.say(
        "proof.moved",
        then=shown(scene, name, then),
        then_at=scene.clock(as_of, seconds=True),
        now=shown(scene, name, now),
        now_at=scene.clock(scene.moment.as_of, seconds=True),
    )
    renew = html.Button(scene.say("proof.renew"), id="proof-renew", className="button", type="button")
    return [html.Span([shape("risk"), words]), renew]


def _way(scene: Scene, hubs: Hubs, metric: str) -> list[Any]:
    """The same figure a level up, beside and below: every step keeps it open."""
    path = html.Div(crumbs(scene, hubs, label="drawer.path"), className="crumbs proof-way")
    level = BELOW.get(scene.place.level)
    parts = [(node, figure) for node in hubs.children if (figure := of_node(node.figures, metric)) is not None]
    if level is None or not parts:
        return [path]
    parts.sort(key=lambda part: (-_weight(part[1]), part[0].name(scene.lang), part[0].hub))
    steps = [
        html.Li(
            link(
                [html.Span(hub_name(node, level, scene.lang)), html.B(shown(scene, metric.partition(".")[0], figure))],
                scene.href(level=level, hub=f"{hubs.here.hub}/{node.hub}" if level == "friend" else node.hub),
                "chip",
                **{"data-below": node.hub, "data-value": orjson.dumps(figure).decode()},
            )
        )
        for node, figure in parts
    ]
    title = scene.say("proof.below", level=scene.say(f"level.{level}"))
    return [path, html.Div([html.Span(title, className="quiet"), Markup(steps, "ul")], className="proof-below")]


def _weight(figure: Any) -> float:
    """By what the parts of a figure are ordered, the largest first."""
    if isinstance(figure, str):
        return datetime.fromisoformat(figure).timestamp()
    if isinstance(figure, Mapping):
        return sum(part or 0 for part in figure.values())
    return float(figure)


def _close(scene: Scene) -> html.A:
    return link("✕", scene.href(), "ghost proof-close", **{"aria-label": scene.say("proof.close")})


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
    moment = scene.say(
        "proof.moment",
        as_of=scene.clock(proof.as_of, seconds=True),
        known_at=scene.clock(_known_at(scene, proof), seconds=True),
        zone=fm.zone_name(str(scene.board.zone)),
    )
    tile = on_screen(scene, hubs, metric)
    holds, words = _agreement(scene, name, tile, proof)
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
                                    "data-tile": orjson.dumps(tile).decode(),
                                },
                            ),
                        ],
                        className="proof-title" + (" tone-late" if late else ""),
                    ),
                    *_files(scene, proof),
                    _close(scene),
                ],
                className="proof-top",
            ),
            html.Div(
                [
                    html.Span(context),
                    html.Span(moment),
                    html.Span(
                        [shape("ok" if holds else "late"), words],
                        className="tone-ok" if holds else "tone-late",
                        **{"data-agrees": "1" if holds else "0"},
                    ),
                    html.Span(scene.say("proof.version", n=scene.moment.version), className="quiet"),
                ],
                className="proof-meta",
            ),
            html.Div(
                [html.B(scene.say("proof.why")), html.Span(definition(name, direction, lang))], className="proof-why"
            ),
        ]
    )


def _known_at(scene: Scene, proof: Proof) -> int:
    """K of a proof, ms: of a live moment, as of a projection's, it is T."""
    return scene.moment.known_at if proof.as_of == scene.moment.as_of else proof.as_of


def _files(scene: Scene, proof: Proof) -> list[html.Span]:
    """Links to the list of a counted figure as a file, at the moment of the list; others are no list of invoices."""
    if not proof.listed:
        return []
    moment = (proof.as_of, _known_at(scene, proof))
    links = [html.A(form.upper(), href=export_address(scene, "proof", form, moment)) for form in FORMATS]
    words = {"aria-label": scene.say("export.open")}
    return [html.Span([icon("download"), *links], className="proof-export", role="group", **words)]


def _agreement(scene: Scene, name: str, tile: Any, proof: Proof) -> tuple[bool, str]:
    """Whether the screen's figure is what was proved, and that in words.

    What the reader proves is the sum of what it lists: a difference raises there. tile: None where the screen shows no
    such figure.
    """
    side = proof.sides[0]
    listed = fm.count(len(side.lines))
    if tile is not None and not same(tile, proof.figure):
        # A live screen is read before the list is: what came in between is in the list alone.
        words = "proof.later" if scene.moment.live else "proof.differs"
        return False, scene.say(words, figure=shown(scene, name, tile), n=shown(scene, name, proof.figure))
    if len(proof.sides) > 1:
        parts = " ÷ ".join(
            f"{label(side.metric, scene.place.direction, scene.lang)} {shown(scene, side.metric, side.figure)}"
            for side in proof.sides
        )
        return True, f"{scene.say('proof.divided')} {parts}"
    if side.addends:
        unit = registered(side.metric, scene.place.direction).unit
        latest = unit == "time" or any(addend.decides for addend in side.addends)
        return True, scene.say("proof.latest" if latest else "proof.sum", n=fm.count(len(side.addends)))
    total = _whole(proof.figure)
    if total is None:
        return True, scene.say("proof.listed", n=listed)
    if total != len(side.lines):
        return False, scene.say("proof.differs", figure=fm.count(total), n=listed)
    if tile is None:
        return True, scene.say("proof.alone", n=listed)
    return True, scene.say("proof.equal", figure=fm.count(total), n=listed)


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
        return fm.clock(datetime.fromisoformat(figure), scene.moment.day, True, scene.lang)
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


def ordered(proof: Proof) -> Proof:
    """The proof with its invoices in the order in which they are shown."""
    return replace(proof, sides=[replace(side, lines=ordered_lines(side.lines)) for side in proof.sides])


def rows_of(scene: Scene, proof: Proof, start: int, end: int) -> dict[str, Any]:
    """One block of an ordered proof's rows, as the grid asks for it."""
    rows: list[Row] = []
    place = 0
    for number, side in enumerate(proof.sides):
        size = len(side.lines) or len(side.addends)
        rows += _side_rows(scene, number, side, max(0, start - place), max(0, end - place))
        place += size
    return {"rowData": rows, "rowCount": place}


def _side_rows(scene: Scene, number: int, side: Side, start: int, end: int) -> list[Row]:
    name = label(side.metric, scene.place.direction, scene.lang)
    lines, addends = side.lines[start:end], side.addends[start:end]
    if side.lines:
        found = [invoice_row(scene, line, rank) for rank, line in enumerate(lines, start)]
    else:
        found = [_addend(scene, each, rank) for rank, each in enumerate(addends, start)]
    return [row | {"id": f"{number}:{row['id']}:{row['rank']}", "side": name} for row in found]


def _addend(scene: Scene, each: Addend, rank: int) -> Row:
    return {
        "id": "",
        "rank": rank,
        "amount": each.amount,
        "decides": each.decides,
        "camp": scene.camp_name(each.camp) if each.camp else fm.NONE,
        "friend": scene.friend_name(each.friend) if each.friend else fm.NONE,
        "start": scene.clock(each.start, seconds=True),
        "end": scene.clock(each.end, seconds=True),
        "why": each.why_en if scene.lang == "en" else each.why_ko,
    }
