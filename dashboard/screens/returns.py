"""Returns: the stages from request to refund with counts, times and ages; children worst first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from dash import html

from dashboard.board import Figures, Node
from dashboard.grids import (
    QUIET,
    Column,
    Row,
    column,
    figure_column,
    name_column,
    row_of,
    with_sort,
    worst_first,
)
from dashboard.markup import markup
from dashboard.parts import Shape, card, card_head, figure, info, link, sentence, shape
from dashboard.scene import BELOW, Hubs, Scene, hub_name
from dashboard.screens.children import children_card
from dashboard.screens.summary import ages_card
from dashboard.sheets import Cells, Head, Sheet, plain_table
from hubstat.domain.backlog import AGES
from hubstat.domain.invoice import STAGES, Stage
from hubstat.figures import formats as fm
from hubstat.figures.sentences import verdict
from hubstat.figures.status import status

_STATUS_SHAPES: Final[dict[str, Shape]] = {"behind": "late", "watch": "risk", "fine": "ok", "none": "ring"}
Stages = Mapping[str, Figures]


def build(scene: Scene, hubs: Hubs) -> html.Div:
    """The screen of a hub at or above the camp."""
    level, hub = scene.place.level, f"{scene.place.level}:{hubs.here.hub}"
    here = scene.board.stages(scene.place, scene.moment, level, hubs.here.hub).get(hubs.here.hub, {})
    below = BELOW[level]
    children: Stages = {}
    if below != "friend":
        children = scene.board.stages(scene.place, scene.moment, below, None)
    return html.Div(
        [
            _verdict(scene, hubs, here),
            html.Div(
                [
                    html.Div([_times(scene, here), _children(scene, hubs, here, children)], className="main-column"),
                    html.Div(
                        [
                            ages_card(scene, hubs.here, hub, "m6", scene.say("returns.waiting_pickup")),
                            ages_card(
                                scene, hubs.here, hub, "m6_pickup_to_warehouse", scene.say("returns.waiting_warehouse")
                            ),
                            _unrecorded(scene),
                        ],
                        className="side-column",
                    ),
                ],
                className="columns",
            ),
        ],
        className="screen",
    )


def _verdict(scene: Scene, hubs: Hubs, stages: Figures) -> html.Section:
    level, figures = scene.place.level, hubs.here.figures
    camps = None if level == "camp" else sum(1 for camp in hubs.camps if camp.figures.get("m2_late_open"))
    who = hub_name(hubs.here, level, scene.lang)
    parts = verdict(who, figures, scene.place.wave, "RETURN", scene.lang, camps)
    state = status(figures, "RETURN")
    head = html.H1(
        [
            shape(_STATUS_SHAPES[state]),
            html.Span(scene.say(f"verdict.status.{state}"), className="sr"),
            *sentence(parts),
        ],
        className="headline",
        id="headline",
        tabIndex="-1",
    )
    tag = html.Span(
        scene.say("asof.provisional" if scene.moment.provisional else "asof.final"),
        className="tag" + ("" if scene.moment.provisional else " tag-ok"),
    )
    flow = html.Ol(_steps(scene, hubs, stages), className="flow")
    children = [html.Div([head, tag], className="verdict-head"), flow]
    return card([markup(scene, "verdict", children)], "verdict")


def _n(stages: Figures, stage: Stage) -> int | None:
    found = stages.get(f"return_{stage}")
    return None if found is None else found["n"]


def _steps(scene: Scene, hubs: Hubs, stages: Figures) -> list[html.Li]:
    """Requested → picked up → at the warehouse → completed → refunded, each with how many have reached it."""
    figures = hubs.here.figures
    due = figures.get("due")
    waiting = sum((figures.get("m6_pickup_to_warehouse") or {}).values())
    late = figures.get("m2_late_open")
    late_words = (
        scene.say("returns.late", n=fm.count(late))
        if late
        else scene.say("returns.open", n=fm.count(figures.get("open")))
    )
    return [
        _step(scene, hubs, "requested", ("due", "due", due), None, scene.say("returns.step.requested_sub")),
        _step(scene, hubs, "picked_up", ("completed", "completed", figures.get("completed")), due, late_words,
              "late" if late else "none"),
        _step(scene, hubs, "warehouse", ("return_pickup_to_warehouse.n", None, _n(stages, "pickup_to_warehouse")), due,
              scene.say("returns.step.warehouse_sub", n=fm.count(waiting))),
        _step(scene, hubs, "completed", ("return_warehouse_to_completed.n", None, _n(stages, "warehouse_to_completed")),
              due, scene.say("returns.step.completed_sub")),
        _step(scene, hubs, "refunded", ("return_refund_latency.n", None, _n(stages, "refund_latency")), None,
              scene.say("returns.step.refunded_sub")),
    ]  # fmt: skip


def _step(
    scene: Scene,
    hubs: Hubs,
    name: str,
    counted: tuple[str, str | None, int | None],
    of: int | None,
    sub: str,
    kind: Shape = "none",
) -> html.Li:
    """One step. counted: (metric, its proof if its invoices can be listed, count)."""
    metric, proof, count = counted
    label = scene.say(f"returns.step.{name}")
    shown = fm.count(count)
    number: Any = figure(metric, count, shown, f"{scene.place.level}:{hubs.here.hub}")
    if proof is not None:
        words = f"{label} {shown}: {scene.say('tile.proof')}"
        number = link(number, scene.href(proof=proof), "tile-link", **{"aria-label": words, "data-proof": proof})
    share = fm.percent(count / of) if of and count is not None else None
    return html.Li(
        [
            html.Div(label, className="answer-label"),
            html.Div(
                [number, html.Span(f" {share}", className="answer-unit") if share else None], className="answer-value"
            ),
            html.Div([shape(kind), sub], className=f"answer-sub tone-{kind}"),
        ],
        className="step-box tile",
        **{"data-step-name": name},
    )


def _minutes(scene: Scene, value: int | None) -> str:
    if value is None:
        return fm.NONE
    key, numbers = fm.elapsed(value * 60_000)
    return scene.say(key, **numbers)


def _times(scene: Scene, stages: Figures) -> html.Section:
    """Median and p90 of each stage, with a bar on one scale."""
    heads = [
        Head("stage", scene.say("returns.stage")),
        Head("n", scene.say("returns.n"), "count"),
        Head("median", scene.say("returns.median"), "minutes"),
        Head("p90", scene.say("returns.ninety"), "minutes"),
    ]
    found = {stage: stages.get(f"return_{stage}") or {"n": None, "median": None, "p90": None} for stage in STAGES}
    raw: list[Cells] = []
    rows: list[Cells] = []
    for stage, values in found.items():
        name = scene.say(f"returns.stage.{stage}")
        explained = [html.Span(name, className="strong"), info(scene, f"return_{stage}")]
        raw.append({"stage": name, **values})
        rows.append(
            {
                "stage": html.Span(explained, className="inline"),
                "n": html.Span(fm.count(values["n"]), className="" if values["n"] else "quiet"),
                "median": html.Span(_minutes(scene, values["median"]), className="strong"),
                "p90": _minutes(scene, values["p90"]),
            }
        )
    return card(
        [
            card_head(scene.say("returns.times"), scene.say("returns.times_hint")),
            plain_table(scene, Sheet("stages", scene.say("returns.times"), heads, raw), rows),
        ],
        "table-card",
    )


def _unrecorded(scene: Scene) -> html.Section:
    """What the events do not say yet, in plain words: not shown is not nothing."""
    items = [scene.say(f"returns.unrecorded.{part}") for part in ("inspection", "refund", "money")]
    return card(
        [
            card_head(scene.say("returns.unrecorded")),
            html.Ul([html.Li(["-•- ", item]) for item in items], className="unrecorded"),
        ],
        "side-card",
    )


def _children(scene: Scene, hubs: Hubs, here: Figures, stages: Stages) -> html.Section:
    level = BELOW[scene.place.level]
    ordered = worst_first(hubs.children, scene.prefix, scene.lang)
    rows = [_row(scene, hubs, node, level, rank, stages.get(node.hub, {})) for rank, node in enumerate(ordered)]
    total = _row(scene, hubs, hubs.here, scene.place.level, len(rows), here) | {"total": True, "href": None}
    return children_card(scene, level, _columns(scene, level), rows, total)


def _row(scene: Scene, hubs: Hubs, node: Node, level: str, rank: int, stages: Figures) -> Row:
    href = scene.href(level=level, hub=node.hub)
    if level == "friend":
        href = scene.href(screen="status", level="friend", hub=f"{hubs.here.hub}/{node.hub}")
    row = row_of(scene, node, level, rank, href=href)
    if level == "friend":
        row["id"] = f"friend:{hubs.here.hub}/{node.hub}"
    waiting = node.figures.get("m6_pickup_to_warehouse") or {}
    aged = node.figures.get("m6") or {}
    row["w"] = sum(waiting.values())
    row["old"] = aged.get(AGES[-1], 0)
    for stage in STAGES[:2]:
        row["f"][f"return_{stage}"] = (stages.get(f"return_{stage}") or {}).get("median")
    return row


def _columns(scene: Scene, level: str) -> list[Column]:
    stages = [] if level == "friend" else [
        column(scene.say("returns.col.request"), "f.return_request_to_pickup", 96,
               cellRendererParams={"metric": "return_request_to_pickup.median", "form": "span"}),
        column(scene.say("returns.col.pickup"), "f.return_pickup_to_warehouse", 96, cellClass=QUIET,
               cellRendererParams={"metric": "return_pickup_to_warehouse.median", "form": "span"}),
    ]  # fmt: skip
    return with_sort(
        [
            name_column(scene.say(f"level.{level}"), 110),
            figure_column(scene.say("returns.col.done"), "completion", 110, "percent", cellRenderer="HsProgress"),
            figure_column(scene.say("returns.col.done_of"), "completed", 116, "count", params={"of": "due"}),
            figure_column(
                scene.say("table.late"), "m2_late_open", 78, "count", colId="late",
                cellRenderer="HsLate", comparator={"function": "hsWorst"},
            ),
            figure_column(scene.say("returns.col.rate"), "m2_rate", 62, "percent", cellClass=QUIET),
            column(scene.say("returns.col.waiting"), "w", 92,
                   cellRendererParams={"metric": "m6_pickup_to_warehouse.sum", "form": "count"}),
            column(scene.say("returns.col.old"), "old", 92,
                   cellRendererParams={"metric": "m6.>=72", "form": "count"}),
            *stages,
        ],
        scene.place.sort,
    )  # fmt: skip
