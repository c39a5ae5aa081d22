"""Tables: column definitions and grids. Cells are drawn by ``assets/grid.js`` from raw values."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import dash_ag_grid as dag

from dashboard.board import Figures, Node
from dashboard.scene import UNASSIGNED, UNMAPPED, Scene, hub_name
from hubstat.figures import formats as fm
from hubstat.figures import outlook as ahead
from hubstat.figures.status import FRIEND_RATE_BASE, status

Row = dict[str, Any]
Column = dict[str, Any]

QUIET: Final = "quiet ag-right-aligned-cell"
# Signs of a time of the service date.
_CLOCK: Final = len("15:04")
EXCLUDED: Final = ("break", "app_lock", "load_wait", "window_wait", "incident", "offline")
GRID_THEME: Final = (
    "themeQuartz.withParams({backgroundColor:'var(--surface)',foregroundColor:'var(--ink)',accentColor:'var(--accent)',"
    "borderColor:'var(--line)',headerBackgroundColor:'var(--surface)',headerTextColor:'var(--ink-2)',"
    "rowHoverColor:'var(--sunk)',fontFamily:'inherit',fontSize:13,headerFontSize:12,headerFontWeight:400,"
    "spacing:4,rowHeight:27,headerHeight:28,wrapperBorder:false,columnBorder:false,cellHorizontalPadding:6,"
    "headerColumnResizeHandleColor:'transparent',oddRowBackgroundColor:'transparent',borderRadius:0,wrapperBorderRadius:0})"
)


def worst_first(nodes: Sequence[Node], prefix: str, lang: str) -> list[Node]:
    """Late open, then completion (the network's is the same for all), then name; unassigned ones last."""

    def order(node: Node) -> tuple[Any, ...]:
        figures = node.figures
        done = figures.get("completion")
        return (
            node.hub in (UNASSIGNED, UNMAPPED),
            -(figures.get(f"{prefix}_late_open") or 0),
            1.0 if done is None else done,
            node.name(lang),
            node.hub,
        )

    return sorted(nodes, key=order)


def row_of(
    scene: Scene,
    node: Node,
    level: str,
    rank: int,
    *,
    href: str | None = None,
    meta: str = "",
    name: str | None = None,
) -> Row:
    """One hub as a grid row. f: raw figures; share: raw differences of shares; x: texts instead of hidden ones."""
    figures = node.figures
    prefix = scene.prefix
    hidden = {}
    if level == "friend" and (figures.get(f"{prefix}_base") or 0) < FRIEND_RATE_BASE:
        hidden[f"{prefix}_rate"] = fm.NONE
    if level == "friend" and (figures.get("efficiency_stops") or 0) < FRIEND_RATE_BASE:
        hidden["efficiency"] = fm.NONE
    gap, changed = ahead.gap_share(figures), _change(scene, node, level)
    return {
        "id": f"{level}:{node.hub}",
        "name": name or hub_name(node, level, scene.lang),
        "href": href,
        "meta": meta,
        "status": status(figures, scene.place.direction),
        "quiet": node.hub in (UNASSIGNED, UNMAPPED),
        "rank": rank,
        "f": {key: figures.get(key) for key in (*_SHOWN, *(f"{prefix}_{part}" for part in _OF_DIRECTION))},
        "plan": ahead.plan_share(figures),
        "gap": fm.points(gap, "en").removesuffix(" pp"),
        "fin": _finish(scene, figures),
        "bal": round(ahead.balance(figures, scene.loose), 3),
        "was": fm.NONE if changed is None else fm.points(changed, "en").removesuffix(" pp"),
        "share": {"gap": gap, "was": changed},
        "left": figures.get("open"),
        "each": _each(figures),
        "ex": figures.get("excluded_minutes") or {},
        "last": last_text(scene, figures),
        "x": hidden,
    }


_OF_DIRECTION: Final = ("late_open", "rate", "base", "at_risk")
_SHOWN: Final = (
    "due",
    "completed",
    "open",
    "completion",
    "hourly_deliveries",
    "idle_minutes",
    "friend_days",
    "friends_out",
    "net_on_road_minutes",
    "stops",
    "last_completed_at",
    "projected_finish",
    "shortfall",
    "spare_stops",
    "unassigned_stops",
    "can_help",
    "hourly_stops",
    "efficiency",
    "efficiency_stops",
)


def _finish(scene: Scene, figures: Figures) -> list[Any]:
    """Projected finish as text, minutes against its deadline as text, whether stops fall short."""
    finish = ahead.finish_of(figures)
    late = ahead.minutes_after(figures, scene.all_deadlines())
    shown = fm.clock(finish, scene.moment.day, lang=scene.lang)
    return [shown, "" if late is None else fm.shift(late, scene.lang), ahead.falls_short(figures)]


def _change(scene: Scene, node: Node, level: str) -> float | None:
    """Completion less that of the moment compared with."""
    hub = f"{level}:{node.parent}/{node.hub}" if level == "friend" else f"{level}:{node.hub}"
    before = scene.figures_before(hub)
    now, then = node.figures.get("completion"), (before or {}).get("completion")
    return None if now is None or then is None else float(now - then)


def last_text(scene: Scene, figures: Figures) -> str:
    """Latest completion as text, the day before it where it is not the service date."""
    return time_text(scene, figures.get("last_completed_at"))


def time_text(scene: Scene, at: str | None) -> str:
    """A figure that is a time, as text, the day before it where it is not the service date."""
    return fm.clock(datetime.fromisoformat(at) if at else None, scene.moment.day, lang=scene.lang)


def _each(figures: Figures) -> float | None:
    """Idle minutes per Friend-day."""
    days = figures.get("friend_days")
    return (figures.get("idle_minutes") or 0.0) / days if days else None


def column(header: str, field: str, width: int, **more: Any) -> Column:
    """A right-aligned figure column."""
    base: Column = {
        "headerName": header,
        "field": field,
        "width": width,
        "minWidth": width,
        "type": "rightAligned",
        "cellDataType": False,
        "sortable": True,
        "resizable": False,
        "suppressMovable": True,
        "cellRenderer": "HsFigure",
    }
    return base | more


def figure_column(header: str, metric: str, width: int, form: str, **more: Any) -> Column:
    """A column of one metric; ``form``: count, percent, decimal, span."""
    params = {"metric": metric, "form": form, **more.pop("params", {})}
    return column(header, f"f.{metric}", width, cellRendererParams=params, **more)


def name_column(header: str, width: int) -> Column:
    """The first column: name and link, takes the width that is left."""
    return {
        "headerName": header,
        "field": "name",
        "minWidth": width,
        "flex": 1,
        "cellRenderer": "HsName",
        "cellDataType": False,
        "resizable": False,
        "suppressMovable": True,
        "sortable": True,
    }


def plan_columns(scene: Scene) -> list[Column]:
    """How far from the plan, and in a comparison how far from the moment compared with."""
    found = [column(scene.say("table.gap"), "gap", 54, cellRenderer="HsSign", comparator={"function": "hsNumber"})]
    if scene.place.compare is not None:
        found.append(
            column(scene.say("table.change"), "was", 66, cellRenderer="HsSign", cellClass=QUIET,
                   comparator={"function": "hsNumber"})
        )  # fmt: skip
    return found


def finish_width(rows: Sequence[Row], usual: int) -> int:
    """Width of the column of projected finishes: wider where one has its day before it."""
    return usual + 46 if any(len(row["fin"][0]) > _CLOCK for row in rows) else usual


def outlook_columns(scene: Scene, rows: Sequence[Row]) -> list[Column]:
    """At risk, projected finish against the deadline, and the stops that are missing or to spare."""
    prefix = scene.prefix
    return [
        figure_column(scene.say("table.risk"), f"{prefix}_at_risk", 58, "count", cellRenderer="HsRisk"),
        figure_column(
            scene.say("table.finish"), "projected_finish", finish_width(rows, 110), "text", cellRenderer="HsFinish"
        ),
        figure_column(scene.say("table.short"), "shortfall", 48, "stops", cellRenderer="HsShort"),
    ]


def with_sort(columns: list[Column], wanted: str | None) -> list[Column]:
    """Columns with the sort of the address (``column.asc``), else worst first on the column marked ``hsWorst``."""
    name, _, direction = (wanted or "").rpartition(".")
    for entry in _leaves(columns):
        if wanted is None:
            if entry.get("colId") == "late":
                entry["sort"] = "desc"
        elif entry.get("colId", entry.get("field")) == name and direction in ("asc", "desc"):
            entry["sort"] = direction
    return columns


def _leaves(columns: Sequence[Column]) -> list[Column]:
    return [leaf for entry in columns for leaf in entry.get("children", [entry])]


def grid(
    scene: Scene,
    name: str,
    columns: list[Column],
    rows: Sequence[Row],
    pinned: Sequence[Row] = (),
    *,
    height: str | None = None,
) -> dag.AgGrid:
    """A table of all its rows. ``height``: CSS height of a scrolling one; None: as high as its rows."""
    component = f"{name}-{scene.key}"
    options = {
        "theme": {"function": GRID_THEME},
        "domLayout": "normal" if height else "autoHeight",
        "pinnedBottomRowData": list(pinned),
        "animateRows": False,
        "suppressColumnVirtualisation": True,
        "suppressCellFocus": False,
        "suppressMovableColumns": True,
        "suppressDragLeaveHidesColumns": True,
        "enableCellTextSelection": True,
        "suppressMultiSort": True,
        "rowHeight": 27,
        "headerHeight": 28,
        "groupHeaderHeight": 22,
    }
    scene.part(name, "columnDefs", with_sort(columns, scene.place.sort))
    scene.part(name, "dashGridOptions", options)
    scene.part(name, "rowData", list(rows))
    return dag.AgGrid(
        id=component,
        columnDefs=columns,
        rowData=list(rows),
        dashGridOptions=options,
        defaultColDef={"sortingOrder": ["desc", "asc"]},
        getRowId="params.data.id",
        eventListeners={"sortChanged": ["hsSorted(params)"]},
        className="hs-grid",
        style={"height": height, "width": "100%"} if height else {"width": "100%"},
    )
