"""Chart dicts (plotly's ``data`` and ``layout``), shared by page and mail. Direct labels, no legend, no toolbar."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from hubstat.figures import formats as fm
from hubstat.figures.formats import Lang
from hubstat.figures.palette import Theme, palette
from hubstat.figures.plots import Figure, axis, layout


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
        "layout": layout(theme, height)
        | {
            "xaxis": {
                **axis(theme),
                "showgrid": False,
                "range": [-0.6, max(len(hours), 1) - 0.4],
                "tickvals": list(range(len(hours))),
                "ticktext": [fm.hour(hour, lang) for hour in hours],
                "tickangle": 0,
            },
            "yaxis": {
                **axis(theme),
                "range": [0, top * 1.25 or 1],
                "nticks": 4,
                "tickformat": ",d",
            },
        },
    }


def sparkline(samples: Sequence[tuple[float, float]], width: int = 56, height: int = 18) -> str:
    """Points of an SVG polyline through samples (when, value), ``"x,y x,y …"``; empty for fewer than two.

    when: on any scale that grows; a gap in it is as wide as it was long.
    """
    if len(samples) < 2:
        return ""
    (first, _), (last, _) = samples[0], samples[-1]
    values = [value for _, value in samples]
    top, bottom = max(values), min(values)
    scale = (height - 4) / (top - bottom) if top > bottom else 0.0
    step = (width - 4) / (last - first)
    return " ".join(
        f"{2 + (at - first) * step:.1f},{height - 2 - (value - bottom) * scale:.1f}" for at, value in samples
    )


def shown_hours(by_hour: Mapping[str, Any], limit: int, until: datetime | None = None) -> list[str]:
    """The last ``limit`` hours that have a value, without gaps, up to the hour of ``until``."""
    known = [hour for hour in by_hour if until is None or hour <= until.strftime("%Y-%m-%dT%H")]
    if not known:
        return []
    last = max(known)
    first = max(min(known), (datetime.fromisoformat(last) - timedelta(hours=limit - 1)).strftime("%Y-%m-%dT%H"))
    return list(fm.hours_between(first, last))
