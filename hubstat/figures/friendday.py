"""The day of one Friend on one line: driving, stops, breaks and waits, idle time, batch scans, projected finish."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

from hubstat.figures import formats as fm
from hubstat.figures.formats import Lang
from hubstat.figures.palette import Palette, Theme, palette
from hubstat.figures.plots import Figure, axis, layout, line, note, ticks
from hubstat.figures.texts import text

Kind = Literal["drive", "stop", "rest", "spare", "idle", "batch"]
_HALF: Final[dict[Kind, float]] = {"drive": 0.0, "stop": 0.32, "rest": 0.3, "spare": 0.38, "idle": 0.38, "batch": 0.38}
# A stop is drawn at least so many hours wide.
_LEAST: Final = 0.035


@dataclass(frozen=True, slots=True)
class Stretch:
    """Part of a day, in hours since local midnight of the service date. name: of a break or wait."""

    kind: Kind
    start: float
    end: float
    name: str = ""


def friend_day_chart(
    stretches: Sequence[Stretch],
    *,
    now: float | None,
    live: bool,
    finish: float | None,
    late: bool,
    deadlines: Sequence[tuple[float, str]],
    lang: Lang,
    theme: Theme,
    height: int = 96,
) -> Figure:
    """Stretches on one line. deadlines: hours since midnight and the label. late: stops miss their deadline.

    now: the moment; None where the day is over, which ends with its last stop then, not with what nobody ended.
    """
    tokens = palette(theme)
    if now is None:
        over = max((each.end for each in stretches if each.kind == "stop"), default=0.0)
        stretches = [replace(each, end=min(each.end, over)) for each in stretches if each.start < over]
    ends = [each.end for each in stretches] + [at for at in (now, finish) if at is not None]
    start = min([each.start for each in stretches] + ([] if now is None else [now - 1]), default=0.0)
    near = [at for at, _ in deadlines if start <= at <= max(ends, default=24.0) + 6]
    span = (start - 0.15, max([*ends, *near], default=24.0) + 0.6)
    shapes = [_shape(each, tokens) for each in stretches]
    notes: list[dict[str, Any]] = []
    for at, words in deadlines:
        if at in near:
            shapes.append(line(at, tokens.ink, "solid", 1.5))
            notes.append(note(at, 1.0, f"<b>{words}</b>", tokens.ink, "right", xshift=-5))
    if now is not None:
        shapes.append(line(now, tokens.ink_2, "dot", 1.2))
        # A whole minute is a fraction of hours that may lie a little below it; before midnight hours are negative.
        minute = math.floor(now * 60 + 1e-6)
        clock = f"{minute // 60 % 24:02d}:{minute % 60:02d}"
        notes.append(note(now, 1.0, text("chart.now" if live else "chart.as_of", lang, time=clock), tokens.ink_2,
                          "right", xshift=-5))  # fmt: skip
    for each in stretches:
        if each.kind == "rest" and each.end - each.start >= 0.4:
            notes.append(note((each.start + each.end) / 2, 0.5, each.name, tokens.ink_2, "center"))
    if finish is not None and now is not None and finish > now:
        shapes.append({**line(now, tokens.ink_3, "dot", 1.2), "x1": finish, "yref": "y", "y0": 0, "y1": 0})
        colour = tokens.late_fill if late else tokens.ok_fill
        notes.append(
            {**note(finish, 0.5, "▲" if late else "●", colour, "center"), "font": {"size": 14, "color": colour}}
        )
    return {
        # Plotly draws axes only where there is a trace.
        "data": [{"type": "scatter", "x": [start], "y": [0], "mode": "markers", "marker": {"opacity": 0},
                  "hoverinfo": "skip"}],
        "layout": layout(theme, height)
        | {
            "margin": {"l": 16, "r": 16, "t": 8, "b": 24},
            "xaxis": {**axis(theme), "range": list(span), "showgrid": False, **ticks(*span, lang)},
            "yaxis": {"range": [-0.5, 0.75], "visible": False, "fixedrange": True},
            "shapes": shapes,
            "annotations": notes,
            "hovermode": False,
        },
    }  # fmt: skip


def _shape(each: Stretch, tokens: Palette) -> dict[str, Any]:
    if each.kind == "drive":
        return {
            "type": "line", "xref": "x", "yref": "y", "x0": each.start, "x1": each.end, "y0": 0, "y1": 0,
            "line": {"color": tokens.drive, "width": 1.2}, "layer": "below",
        }  # fmt: skip
    fill, edge = {
        "stop": (tokens.accent, tokens.accent),
        "rest": (tokens.surface, tokens.line_strong),
        "spare": (tokens.risk_soft, tokens.risk),
        "idle": (tokens.risk_fill, tokens.risk),
        "batch": (tokens.heat_high_2, tokens.accent),
    }[each.kind]
    half = _HALF[each.kind]
    return {
        "type": "rect", "xref": "x", "yref": "y", "x0": each.start, "x1": max(each.end, each.start + _LEAST),
        "y0": -half, "y1": half, "fillcolor": fill, "line": {"color": edge, "width": 0 if each.kind == "stop" else 1},
    }  # fmt: skip


def minutes_text(hours: float) -> str:
    """Length of a stretch in whole minutes."""
    return fm.count(hours * 60)
