"""Nationwide, region, area: verdict, answers, tiles, main chart, children worst first, camps past their deadline."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from dash import html

from dashboard.board import Node
from dashboard.grids import (
    QUIET,
    Column,
    Row,
    column,
    figure_column,
    name_column,
    outlook_columns,
    plan_columns,
    row_of,
    with_sort,
    worst_first,
)
from dashboard.scene import BELOW, UNMAPPED, Hubs, Scene, hub_name
from dashboard.screens.children import children_card
from dashboard.screens.counts import counts
from dashboard.screens.crew import crew_card, still_card
from dashboard.screens.heat import heat_card
from dashboard.screens.short import short_card
from dashboard.screens.summary import completion_card
from dashboard.screens.tiles import tiles_card
from dashboard.screens.verdict import network_card
from hubstat.domain import time as tm
from hubstat.figures import formats as fm
from hubstat.figures import outlook as ahead
from hubstat.figures.status import status


def build(scene: Scene, hubs: Hubs) -> html.Div:
    """The screen of a hub above the camp."""
    hub = f"{scene.place.level}:{hubs.here.hub}"
    return html.Div(
        [
            network_card(scene, hubs, hub),
            tiles_card(scene, hubs.here, hub, hubs.camps),
            html.Div(
                [
                    html.Div(
                        [completion_card(scene, hubs.here, hub), _children(scene, hubs), heat_card(scene, hubs)],
                        className="main-column",
                    ),
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
            counts(scene, hubs.here, hub),
        ],
        className="screen",
    )


def _children(scene: Scene, hubs: Hubs) -> html.Section:
    level = BELOW[scene.place.level]
    ordered = worst_first(hubs.children, scene.prefix, scene.lang)
    below, active = camps_below(hubs, level), scene.board.active(scene.place, scene.moment)
    rows = [
        row_of(scene, node, level, rank, href=scene.href(level=level, hub=node.hub))
        | _more(scene, below.get(node.hub, ()), active, counted=level != "camp")
        for rank, node in enumerate(ordered)
    ]
    total = row_of(
        scene, hubs.here, scene.place.level, len(rows), name=hub_name(hubs.here, scene.place.level, scene.lang)
    ) | _more(scene, hubs.camps, active, counted=True) | {"total": True}  # fmt: skip
    long = {key for key in ("last", "heard") if any(len(row[key]) > 5 for row in [*rows, total])}
    return children_card(scene, level, _columns(scene, level, long, [*rows, total]), rows, total)


def camps_below(hubs: Hubs, level: str) -> dict[str, list[Node]]:
    """The camps at or below each child of a hub, by the child's id."""
    if level == "camp":
        return {camp.hub: [camp] for camp in hubs.camps}
    found: dict[str, list[Node]] = {}
    for camp in hubs.camps:
        # A camp's parent is its area; what no master data place has the same id on each level.
        above = camp.parent or UNMAPPED
        child = above if level == "area" else hubs.regions.get(above) or UNMAPPED
        found.setdefault(child, []).append(camp)
    return found


def _more(scene: Scene, camps: Sequence[Node], active: Mapping[str, int], *, counted: bool) -> Row:
    """What a row says beside its figures: how many camps it has, how many are behind, its latest activity."""
    latest = max((active[camp.hub] for camp in camps if camp.hub in active), default=None)
    return {
        "meta": fm.count(len(camps)) if counted and camps else "",
        "behind": sum(is_behind(scene, camp) for camp in camps) if camps else None,
        "activity": None if latest is None else tm.iso_local(latest, scene.board.zone),
        "heard": scene.clock(latest),
    }


def is_behind(scene: Scene, camp: Node) -> bool:
    """As the shape of a camp's own verdict says: stops fall short, or too many are late."""
    return ahead.falls_short(camp.figures) or status(camp.figures, scene.place.direction) == "behind"


def _columns(scene: Scene, level: str, long: set[str], rows: Sequence[Row]) -> list[Column]:
    """long: which of the times have their day before them."""
    prefix = scene.prefix
    behind = column(
        scene.say("table.camps_behind"), "behind", 62, cellRenderer="HsShort", cellRendererParams={"form": "count"}
    )
    return with_sort(
        [
            name_column(scene.say(f"level.{level}"), 92),
            figure_column(scene.say("table.done"), "completion", 100, "percent", cellRenderer="HsProgress"),
            *plan_columns(scene),
            figure_column(
                scene.say("table.late_rate"), f"{prefix}_late_open", 108, "count", colId="late",
                cellRenderer="HsLate", comparator={"function": "hsWorst"}, params={"rate": f"{prefix}_rate"},
            ),
            *outlook_columns(scene, rows),
            *([] if level == "camp" else [behind]),
            figure_column(scene.say("table.hourly"), "hourly_deliveries", 50, "decimal"),
            column(
                scene.say("table.idle_each"), "each", 66,
                cellRendererParams={"metric": "idle_minutes", "form": "decimal", "raw": "idle_minutes"},
            ),
            figure_column(
                scene.say("table.last"), "last_completed_at", 98 if "last" in long else 72, "text",
                cellRenderer="HsLast", params={"words": [scene.say("table.so_far"), scene.say("table.final")]},
            ),
            column(
                scene.say("table.activity"), "activity", 98 if "heard" in long else 78,
                cellRenderer="HsHeard", cellRendererParams={"form": "time"}, cellClass=QUIET,
            ),
        ],
        scene.place.sort,
    )  # fmt: skip
