"""The main chart: completions so far, plan, projection with its error, deadlines, now; below, the gap from the plan."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from hubstat.figures import formats as fm
from hubstat.figures.formats import Lang
from hubstat.figures.outlook import finish_of, plan_share
from hubstat.figures.palette import Palette, Theme, palette
from hubstat.figures.plots import Deadline, Figure, axis, clock, layout, line, note, offset, ticks
from hubstat.figures.progress_rows import HourRow, progress_rows
from hubstat.figures.texts import text, wave_name

Point = tuple[float, float]
# A finish later than so many hours after the last deadline is named at the edge.
_BEYOND: Final = 3.0


@dataclass(frozen=True, slots=True)
class Curves:
    """Points of the curves, x in hours since midnight, y in % of due. gaps: (hour, invoices, projected, now)."""

    actual: list[Point]
    plan: list[Point]
    ahead: list[Point]
    gaps: list[tuple[float, float, bool, bool]]


def completion_chart(
    figures: Mapping[str, Any],
    *,
    day: date,
    as_of: datetime,
    live: bool,
    deadlines: Sequence[Deadline],
    lang: Lang,
    theme: Theme,
    height: int = 252,
    ahead: Mapping[str, int] | None = None,
    error: float | None = None,
) -> Figure:
    """Completions as a share of due over the hours of a service date, with the plan and what is projected.

    The panel below it shows how far completions are from the plan, where there is none the completions of each hour.
    ``as_of`` and the deadlines are local. ahead: open invoices by the hour in which they are projected to be done.
    error: of the projected finish, minutes either way.
    """
    tokens = palette(theme)
    now = offset(as_of.replace(second=0, microsecond=0), day)
    finish = finish_of(figures)
    end_of_work = None if finish is None else offset(finish, day)
    rows = progress_rows(figures, ahead or {})
    curves = _curves(rows, figures, now, end_of_work, day)
    shown = _range(rows, now, end_of_work, deadlines, day)
    data = [
        *_band(curves.ahead, now, error, tokens),
        _curve(curves.plan, tokens.drive, "dash", 1.5, lang, "chart.plan_at"),
        _curve(curves.ahead, tokens.accent, "dot", 2.0, lang, "chart.ahead_at"),
        _curve(curves.actual, tokens.accent, "solid", 2.4, lang, "chart.actual_at"),
    ]
    data = [trace for trace in data if trace["x"]]
    lower, lower_axis = _gap_panel(curves, theme, lang) if curves.plan else _hour_panel(rows, now, day, theme, lang)
    shapes, notes = _marks(figures, curves, now, shown, day, as_of, live, deadlines, error, lang, tokens)
    plot = layout(theme, height) | {
        "xaxis": {**axis(theme), "range": list(shown), "showgrid": False, "anchor": "y2", **ticks(*shown, lang)},
        "yaxis": {
            **axis(theme),
            "range": [-2, 116],
            "domain": [0.38, 1],
            "tickvals": [0, 25, 50, 75, 100],
            "ticktext": ["0", "25", "50", "75", "100%"],
        },
        "yaxis2": {**axis(theme), "domain": [0, 0.3], **lower_axis},
        "shapes": shapes,
        "annotations": notes,
        "bargap": 0,
    }
    return {"data": [*data, lower], "layout": plot}


def _curves(rows: Sequence[HourRow], figures: Mapping[str, Any], now: float, finish: float | None, day: date) -> Curves:
    due = figures.get("due") or 0
    actual: list[Point] = []
    plan: list[Point] = []
    ahead: list[Point] = []
    gaps: list[tuple[float, float, bool, bool]] = []
    level = 0.0
    for row in rows:
        at = offset(datetime.fromisoformat(row.hour), day)
        if not actual:
            actual.append((at, 0.0))
        if not plan and row.plan is not None:
            plan.append((at, 0.0))
        if row.plan is not None:
            plan.append((at + 1, 100 * row.plan))
        if at <= now and row.share is not None:
            level = 100 * row.share
            actual.append((min(at + 1, max(now, at)), level))
        if at + 1 <= now and row.plan is not None:
            gaps.append((at + 1, row.so_far - row.plan * due, False, False))
    planned = plan_share(figures)
    if actual and actual[-1][0] < now:
        actual.append((now, level))
    if planned is not None and due:
        gaps.append((now, (figures.get("completed") or 0) - planned * due, False, True))
    for row in rows:
        at = offset(datetime.fromisoformat(row.hour), day)
        if row.ahead is None:
            continue
        if not ahead:
            ahead.append((now, level))
        end = at + 1 if finish is None else min(at + 1, max(finish, at))
        ahead.append((end, 100 * row.ahead))
        if row.plan is not None and at + 1 > now:
            gaps.append((at + 1, (row.ahead - row.plan) * due, True, False))
    return Curves(actual, plan, ahead, gaps)


def _range(
    rows: Sequence[HourRow], now: float, finish: float | None, deadlines: Sequence[Deadline], day: date
) -> Point:
    """Hours shown: from the first 0.5 % of completions to the last deadline, the last work or the projected finish."""
    total = rows[-1].so_far if rows else 0
    done = [row for row in rows if row.share is not None]
    shown = [row for row in done if row.so_far >= total * 0.005 and row.so_far - row.completed <= total * 0.995]
    starts = [offset(datetime.fromisoformat(row.hour), day) for row in shown] or [now - 1 if rows else 9.0]
    last = max([starts[-1] + 1, *(offset(item.at, day) for item in deadlines)])
    ends = [last, min(now, last + _BEYOND)]
    if finish is not None:
        ends.append(min(finish, last + _BEYOND))
    return min(starts[0], max(now - 1, -3)), max(ends) + 0.9


def _curve(points: Sequence[Point], colour: str, dash: str, width: float, lang: Lang, name: str) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "lines",
        "x": [x for x, _ in points],
        "y": [y for _, y in points],
        "customdata": [text(name, lang, time=clock(x), share=fm.percent(y / 100)) for x, y in points],
        "line": {"color": colour, "width": width, "dash": dash},
        "hovertemplate": "%{customdata}<extra></extra>",
    }


def _band(ahead: Sequence[Point], now: float, error: float | None, tokens: Palette) -> list[dict[str, Any]]:
    """The projection moved by its error either way, growing from nothing now to the whole of it at the finish."""
    if not ahead or not error or ahead[-1][0] <= now:
        return []
    reach = ahead[-1][0] - now
    moved = [(error / 60 * (x - now) / reach, x, y) for x, y in ahead]
    outline = [(x - away, y) for away, x, y in moved] + [(x + away, y) for away, x, y in reversed(moved)]
    colour = tokens.accent.lstrip("#")
    red, green, blue = (int(colour[place : place + 2], 16) for place in (0, 2, 4))
    return [
        {
            "type": "scatter",
            "mode": "lines",
            "x": [x for x, _ in outline],
            "y": [y for _, y in outline],
            "fill": "toself",
            "fillcolor": f"rgba({red},{green},{blue},0.24)",
            "line": {"width": 0},
            "hoverinfo": "skip",
        }
    ]


def _gap_panel(curves: Curves, theme: Theme, lang: Lang) -> tuple[dict[str, Any], dict[str, Any]]:
    """Invoices ahead of or behind the plan at each hour's end: known ones filled, projected ones hollow."""
    tokens = palette(theme)
    values = [gap for _, gap, _, _ in curves.gaps]
    low, high = min([0.0, *values]), max([0.0, *values])
    room = (high - low) * 0.14 or 1
    far = max((low, high), key=abs)
    colours = ["rgba(0,0,0,0)" if hollow else tokens.accent if at_now else tokens.bar
               for _, _, hollow, at_now in curves.gaps]  # fmt: skip
    bars = {
        "type": "bar",
        "x": [at for at, _, _, _ in curves.gaps],
        "y": values,
        "yaxis": "y2",
        "width": [0.16 if at_now else 0.34 for _, _, _, at_now in curves.gaps],
        "marker": {"color": colours, "line": {"color": tokens.bar, "width": 1.2}},
        "customdata": [text("chart.gap_at", lang, time=clock(at), n=fm.balance(gap)) for at, gap, _, _ in curves.gaps],
        "hovertemplate": "%{customdata}<extra></extra>",
    }
    named = sorted({0.0, round(far, -2) if abs(far) >= 1000 else round(far)})
    return bars, {
        "range": [low - room, high + room],
        "tickvals": named,
        "ticktext": [fm.axis_count(value, lang).replace("-", fm.MINUS) for value in named],
    }


def _hour_panel(
    rows: Sequence[HourRow], now: float, day: date, theme: Theme, lang: Lang
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Completions of each hour, where there is no plan."""
    tokens = palette(theme)
    offsets = [offset(datetime.fromisoformat(row.hour), day) for row in rows]
    top = max([row.completed for row in rows], default=0)
    bars = {
        "type": "bar",
        "x": [at + 0.5 for at in offsets],
        "y": [row.completed for row in rows],
        "yaxis": "y2",
        "width": 0.72,
        "marker": {"color": [tokens.accent if at <= now < at + 1 else tokens.bar for at in offsets]},
        "hovertemplate": "%{y:,}<extra></extra>",
    }
    return bars, {
        "range": [0, top * 1.12 or 1],
        "tickvals": [0, top] if top else [0],
        "ticktext": ["0", fm.axis_count(top if top < 1000 else round(top, -2), lang)],
    }


def _marks(
    figures: Mapping[str, Any],
    curves: Curves,
    now: float,
    shown: Point,
    day: date,
    as_of: datetime,
    live: bool,
    deadlines: Sequence[Deadline],
    error: float | None,
    lang: Lang,
    tokens: Palette,
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Deadline and now lines with their direct labels, and the labels of the curves."""
    start, end = shown
    shapes, notes = [], []
    for deadline in deadlines:
        at = offset(deadline.at, day)
        if not start <= at <= end:
            continue
        shapes.append(line(at, tokens.ink, "solid", 1.5))
        wave = wave_name(deadline.wave, lang)
        words = text("chart.deadline", lang, wave=wave, time=fm.clock(deadline.at))
        notes.append(note(at, 0.41, f"<b>{words}</b>", tokens.ink, "right", xshift=-6, bgcolor=tokens.surface))
    if start <= now <= end:
        shapes.append(line(now, tokens.ink_2, "dot", 1.2))
        words = text("chart.now" if live else "chart.as_of", lang, time=as_of.strftime("%H:%M"))
        notes.append(note(now, 0.34, words, tokens.ink_2, "right", xshift=-5, bgcolor=tokens.surface))
    if curves.actual:
        notes += _levels(figures, min(max(now, start), end), shown, lang, tokens)
    if curves.ahead:
        notes.append(_finish_note(curves, shown, deadlines, day, figures, error, lang, tokens))
    return shapes, notes


def _levels(figures: Mapping[str, Any], at: float, shown: Point, lang: Lang, tokens: Palette) -> list[dict[str, Any]]:
    """Actual and planned share at the moment, on the side that has room; the higher one above."""
    share, planned = figures.get("completion") or 0.0, plan_share(figures)
    right = at > sum(shown) / 2
    anchor, shift = ("right", -9) if right else ("left", 9)
    height = 0.38 + 0.62 * (share * 100 + 2) / 118
    above = planned is None or share >= planned
    actual = text("chart.actual", lang, share=fm.percent(figures.get("completion")))
    found = [note(at, height, f"<b>{actual}</b>", tokens.accent, anchor, xshift=shift,
                  yshift=_lift(height, right, above))]  # fmt: skip
    if planned is not None:
        words = text("chart.plan", lang, share=fm.percent(planned))
        found.append(note(at, height, words, tokens.ink_2, anchor, xshift=shift,
                          yshift=_lift(height, right, above) + (-15 if above else 15)))  # fmt: skip
    return found


def _lift(height: float, right: bool, above: bool) -> int:
    """Pixels to move the labels up: off the rising line, and inside the panel at its top and bottom."""
    if height > 0.9:
        return -18 if above else -34
    if right:
        return 28 if above else 13
    return -10 if above else -25


def _finish_note(
    curves: Curves,
    shown: Point,
    deadlines: Sequence[Deadline],
    day: date,
    figures: Mapping[str, Any],
    error: float | None,
    lang: Lang,
    tokens: Palette,
) -> dict[str, Any]:
    """Where the projection ends: a triangle where stops miss their deadline, else a disc."""
    x, y = curves.ahead[-1]
    finish = finish_of(figures)
    late = bool(figures.get("shortfall"))
    if finish is None and deadlines:
        late = x > offset(deadlines[-1].at, day)
    time = fm.clock(finish, day, lang=lang) if finish else clock(x)
    words = text("chart.finish", lang, time=time)
    if error:
        words = text("chart.finish_error", lang, time=time, n=fm.count(error))
    height = 0.38 + 0.62 * (min(y, 100) + 2) / 118
    beyond = x > shown[1]
    mark = "▲" if late else "●"
    return note(
        min(x, shown[1]), height, f"<b>{mark} {words}{' →' if beyond else ''}</b>", tokens.late if late else tokens.ok,
        "right", xshift=4, yshift=13, bgcolor=tokens.surface,
    )  # fmt: skip
