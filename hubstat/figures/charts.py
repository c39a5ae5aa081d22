"""Chart dicts (plotly's ``data`` and ``layout``), shared by page and mail. Direct labels, no legend, no toolbar."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from hubstat.figures import formats as fm
from hubstat.figures.formats import Lang
from hubstat.figures.palette import Theme, palette
from hubstat.figures.texts import text

Figure = dict[str, Any]
FONT = "Pretendard Variable, Pretendard, Noto Sans KR, Noto Sans CJK KR, sans-serif"


@dataclass(frozen=True, slots=True)
class Deadline:
    """Deadline of a wave, local."""

    wave: str
    at: datetime


@dataclass(frozen=True, slots=True)
class HourRow:
    """One row of the completion chart's table twin. ``share`` of due at the hour's end."""

    hour: str
    completed: int
    so_far: int
    share: float | None


def completion_rows(by_hour: Mapping[str, int], due: int) -> list[HourRow]:
    """Cumulative completions, one row per hour from the first to the last with a completion."""
    if not by_hour:
        return []
    rows, so_far = [], 0
    for hour in fm.hours_between(min(by_hour), max(by_hour)):
        so_far += by_hour.get(hour, 0)
        rows.append(HourRow(hour, by_hour.get(hour, 0), so_far, so_far / due if due else None))
    return rows


def _offset(moment: datetime, day: date) -> float:
    """Hours since local midnight of the service date."""
    naive = moment.replace(tzinfo=None)
    return (naive - datetime(day.year, day.month, day.day)).total_seconds() / 3600  # noqa: DTZ001 - both are local


def _range(rows: Sequence[HourRow], now: float, deadlines: Sequence[Deadline], day: date) -> tuple[float, float]:
    """Hours shown: from the first 0.5 % of completions to the last deadline or the last 0.5 %, whichever is later."""
    total = rows[-1].so_far if rows else 0
    shown = [row for row in rows if row.so_far >= total * 0.005 and row.so_far - row.completed <= total * 0.995]
    starts = [_offset(datetime.fromisoformat(row.hour), day) for row in shown] or [9.0]
    ends = [_offset(item.at, day) for item in deadlines]
    last_work = starts[-1] + 1
    end = max([last_work, *ends])
    return min(starts[0], max(now - 1, -3)), max(end, min(now, end + 3)) + 0.6


def _ticks(start: float, end: float, lang: Lang) -> dict[str, Any]:
    step = 1 if end - start <= 16 else 2 if end - start <= 26 else 4
    values = [hour for hour in range(int(start // 1), int(end) + 1) if hour >= start - 0.01 and hour % step == 0]
    suffix = ("시", ":00") if lang == "ko" else (":00", ":00")
    names = [f"{hour % 24}{suffix[lang != 'ko']}" if hour == values[0] else f"{hour % 24}" for hour in values]
    return {"tickvals": values, "ticktext": names}


def _axis(theme: Theme) -> dict[str, Any]:
    tokens = palette(theme)
    return {
        "gridcolor": tokens.line,
        "zeroline": False,
        "linecolor": tokens.line,
        "tickfont": {"size": 11, "color": tokens.ink_3},
        "fixedrange": True,
        "ticks": "",
    }


def _layout(theme: Theme, height: int) -> dict[str, Any]:
    tokens = palette(theme)
    return {
        "height": height,
        "margin": {"l": 44, "r": 16, "t": 14, "b": 26},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"family": FONT, "size": 12, "color": tokens.ink_2},
        "showlegend": False,
        "hovermode": "x unified",
        "hoverlabel": {
            "bgcolor": tokens.surface,
            "bordercolor": tokens.line_strong,
            "font": {"color": tokens.ink, "size": 12},
        },
        "dragmode": False,
        "uirevision": "keep",
    }


def _line(x: float, colour: str, dash: str, width: float) -> dict[str, Any]:
    return {
        "type": "line",
        "x0": x,
        "x1": x,
        "xref": "x",
        "y0": 0,
        "y1": 1,
        "yref": "paper",
        "line": {"color": colour, "width": width, "dash": dash},
    }


def _note(x: float, y: float, words: str, colour: str, anchor: str, **more: Any) -> dict[str, Any]:
    return {
        "x": x,
        "y": y,
        "xref": "x",
        "yref": "paper",
        "text": words,
        "showarrow": False,
        "xanchor": anchor,
        "yanchor": "middle",
        "font": {"size": 12, "color": colour},
        **more,
    }


def completion_chart(
    figures: Mapping[str, Any],
    *,
    day: date,
    as_of: datetime,
    live: bool,
    deadlines: Sequence[Deadline],
    lang: Lang,
    theme: Theme,
    height: int = 232,
) -> Figure:
    """Cumulative completions as a share of due over the hours of a service date, and completions per hour below it.

    The deadline is a solid line, the as-of moment a dotted one. ``as_of`` and the deadlines are local.
    """
    tokens = palette(theme)
    due = figures.get("due") or 0
    rows = completion_rows(figures.get("completions_by_hour") or {}, due)
    now = _offset(as_of.replace(second=0, microsecond=0), day)
    start, end = _range(rows, now, deadlines, day)
    offsets = [_offset(datetime.fromisoformat(row.hour), day) for row in rows]
    xs = [offsets[0]] if rows else []
    ys = [0.0] if rows else []
    for row, at in zip(rows, offsets, strict=True):
        xs.append(min(at + 1, max(now, at)))
        ys.append(100 * (row.share or 0))
    if rows and xs[-1] < now:
        xs.append(min(now, end))
        ys.append(ys[-1])
    labels = [_clock(x) for x in xs]
    data: list[dict[str, Any]] = [
        {
            "type": "scatter",
            "mode": "lines",
            "x": xs,
            "y": ys,
            "customdata": labels,
            "line": {"color": tokens.accent, "width": 2.4},
            "hovertemplate": "%{customdata} %{y:.1f}%<extra></extra>",
        },
        {
            "type": "bar",
            "x": [at + 0.5 for at in offsets],
            "y": [row.completed for row in rows],
            "yaxis": "y2",
            "width": 0.72,
            "marker": {"color": [tokens.accent if at <= now < at + 1 else tokens.bar for at in offsets]},
            "hovertemplate": "%{y:,}<extra></extra>",
        },
    ]
    shapes, notes = _marks(figures, rows, now, (start, end), day, as_of, live, deadlines, lang, theme)
    top = max([row.completed for row in rows], default=0)
    layout = _layout(theme, height) | {
        "xaxis": {**_axis(theme), "range": [start, end], "showgrid": False, "anchor": "y2", **_ticks(start, end, lang)},
        "yaxis": {
            **_axis(theme),
            "range": [-2, 104],
            "domain": [0.36, 1],
            "tickvals": [0, 25, 50, 75, 100],
            "ticktext": ["0", "25", "50", "75", "100%"],
        },
        "yaxis2": {
            **_axis(theme),
            "domain": [0, 0.27],
            "range": [0, top * 1.12 or 1],
            "tickvals": [0, top] if top else [0],
            "ticktext": ["0", fm.axis_count(top, lang) if top < 1000 else fm.axis_count(round(top, -2), lang)],
        },
        "shapes": shapes,
        "annotations": notes,
        "bargap": 0,
    }
    return {"data": data, "layout": layout}


def _clock(offset: float) -> str:
    minutes = round(offset * 60) % (24 * 60)
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def _marks(
    figures: Mapping[str, Any],
    rows: Sequence[HourRow],
    now: float,
    shown: tuple[float, float],
    day: date,
    as_of: datetime,
    live: bool,
    deadlines: Sequence[Deadline],
    lang: Lang,
    theme: Theme,
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Deadline and now lines with their direct labels, and the label of the curve."""
    tokens = palette(theme)
    start, end = shown
    shapes, notes = [], []
    for deadline in deadlines:
        at = _offset(deadline.at, day)
        if not start <= at <= end:
            continue
        shapes.append(_line(at, tokens.ink, "solid", 1.5))
        wave = text(f"wave.{deadline.wave}", lang)
        words = text("chart.deadline", lang, wave=wave, time=fm.clock(deadline.at))
        notes.append(_note(at, 0.42, f"<b>{words}</b>", tokens.ink, "right", xshift=-6, bgcolor=tokens.surface))
    if start <= now <= end:
        shapes.append(_line(now, tokens.ink_2, "dot", 1.2))
        words = text("chart.now" if live else "chart.as_of", lang, time=as_of.strftime("%H:%M"))
        notes.append(_note(now, 0.05 + 0.25, words, tokens.ink_2, "right", xshift=-5, bgcolor=tokens.surface))
    if rows:
        share = figures.get("completion") or 0
        at = min(max(now, start), end)
        right = at > (start + end) / 2
        actual = text("chart.actual", lang, share=fm.percent(figures.get("completion")))
        level = 0.36 + 0.64 * (share * 100 + 2) / 106
        notes.append(
            _note(
                at,
                level,
                f"<b>{actual}</b>",
                tokens.accent,
                "right" if right else "left",
                xshift=-8 if right else 8,
                yshift=_lift(right, level),
            )
        )
    return shapes, notes


def _lift(right: bool, level: float) -> int:
    """Pixels to move the curve's label up: off the rising line on its left, or below it at the top."""
    if right:
        return 14 if level < 0.93 else -18
    return -12 if level > 0.5 else 12


def hourly_chart(
    figures: Mapping[str, Any], *, hours: Sequence[str], lang: Lang, theme: Theme, height: int = 190
) -> Figure:
    """Invoices worked per local hour as bars, the rate per net on-road hour written above each."""
    tokens = palette(theme)
    worked: Mapping[str, int] = figures.get("worked_by_hour") or {}
    rates: Mapping[str, float | None] = figures.get("invoices_per_hour") or {}
    values = [worked.get(hour, 0) for hour in hours]
    top = max(values, default=0)
    return {
        "data": [
            {
                "type": "bar",
                "x": list(range(len(hours))),
                "y": values,
                "width": 0.62,
                "text": [fm.decimal(rates.get(hour)) if hour in rates else "" for hour in hours],
                "textposition": "outside",
                "textfont": {"size": 11, "color": tokens.ink_2},
                "cliponaxis": False,
                "marker": {"color": tokens.bar},
                "hovertemplate": "%{y:,}<extra></extra>",
            }
        ],
        "layout": _layout(theme, height)
        | {
            "xaxis": {
                **_axis(theme),
                "showgrid": False,
                "range": [-0.6, max(len(hours), 1) - 0.4],
                "tickvals": list(range(len(hours))),
                "ticktext": [fm.hour(hour, lang) for hour in hours],
                "tickangle": 0,
            },
            "yaxis": {
                **_axis(theme),
                "range": [0, top * 1.25 or 1],
                "nticks": 4,
                "tickformat": ",d",
            },
        },
    }


def sparkline(values: Sequence[float], width: int = 56, height: int = 18) -> str:
    """Points of an SVG polyline through the values, ``"x,y x,y …"``; empty for fewer than two."""
    if len(values) < 2:
        return ""
    top, bottom = max(values), min(values)
    scale = (height - 4) / (top - bottom) if top > bottom else 0.0
    step = (width - 4) / (len(values) - 1)
    return " ".join(
        f"{2 + index * step:.1f},{height - 2 - (value - bottom) * scale:.1f}" for index, value in enumerate(values)
    )


def shown_hours(by_hour: Mapping[str, Any], limit: int, until: datetime | None = None) -> list[str]:
    """The last ``limit`` hours that have a value, without gaps, up to the hour of ``until``."""
    known = [hour for hour in by_hour if until is None or hour <= until.strftime("%Y-%m-%dT%H")]
    if not known:
        return []
    last = max(known)
    first = max(min(known), (datetime.fromisoformat(last) - timedelta(hours=limit - 1)).strftime("%Y-%m-%dT%H"))
    return list(fm.hours_between(first, last))
