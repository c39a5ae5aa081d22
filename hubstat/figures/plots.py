"""What every chart is drawn with: axes, lines, notes, the hours shown. Plotly dicts; times are local."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from hubstat.figures.formats import Lang
from hubstat.figures.palette import Theme, palette

Figure = dict[str, Any]
FONT = "Pretendard Variable, Pretendard, Noto Sans KR, Noto Sans CJK KR, sans-serif"


@dataclass(frozen=True, slots=True)
class Deadline:
    """Deadline of a wave, local."""

    wave: str
    at: datetime


def offset(moment: datetime, day: date) -> float:
    """Hours since local midnight of the service date."""
    naive = moment.replace(tzinfo=None)
    return (naive - datetime(day.year, day.month, day.day)).total_seconds() / 3600  # noqa: DTZ001 - both are local


def ticks(start: float, end: float, lang: Lang) -> dict[str, Any]:
    """Tick values and names of a span of hours since midnight."""
    step = 1 if end - start <= 16 else 2 if end - start <= 26 else 4
    values = [hour for hour in range(int(start // 1), int(end) + 1) if hour >= start - 0.01 and hour % step == 0]
    suffix = ("시", ":00") if lang == "ko" else (":00", ":00")
    names = [f"{hour % 24}{suffix[lang != 'ko']}" if hour == values[0] else f"{hour % 24}" for hour in values]
    return {"tickvals": values, "ticktext": names}


def axis(theme: Theme) -> dict[str, Any]:
    """An axis in a theme."""
    tokens = palette(theme)
    return {
        "gridcolor": tokens.line,
        "zeroline": False,
        "linecolor": tokens.line,
        "tickfont": {"size": 11, "color": tokens.ink_3},
        "fixedrange": True,
        "ticks": "",
    }


def layout(theme: Theme, height: int) -> dict[str, Any]:
    """A layout without legend and toolbar. height: px."""
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


def line(x: float, colour: str, dash: str, width: float) -> dict[str, Any]:
    """A vertical line through all panels."""
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


def note(x: float, y: float, words: str, colour: str, anchor: str, **more: Any) -> dict[str, Any]:
    """A direct label; y: share of the height."""
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


def clock(offset: float) -> str:
    """Hours since midnight as ``15:04``."""
    minutes = round(offset * 60) % (24 * 60)
    return f"{minutes // 60:02d}:{minutes % 60:02d}"
