"""The address of a screen: its whole state as a query string. The board reads it, mails link with it."""

from __future__ import annotations

from datetime import date
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from hubstat.domain import time as tm
from hubstat.figures.formats import Lang


def search(
    zone: ZoneInfo,
    *,
    lang: Lang,
    level: str = "nationwide",
    hub: str | None = None,
    day: date | None = None,
    wave: str = "all",
    direction: str = "DELIVERY",
    as_of: int | None = None,
    known_at: int | None = None,
    compare: str | None = None,
    sort: str | None = None,
    proof: str | None = None,
    screen: str = "status",
    metric: str | None = None,
    order: str | None = None,
) -> str:
    """``?level=…&hub=…``; what has its default is left out. as_of, known_at: ms, written local with offset."""
    fields: dict[str, str | None] = {
        "screen": None if screen == "status" else screen,
        "level": None if level == "nationwide" else level,
        "hub": hub,
        "date": day.isoformat() if day else None,
        "wave": None if wave == "all" else wave,
        "direction": None if direction == "DELIVERY" else direction,
        "as_of": None if as_of is None else tm.iso_local(as_of, zone),
        "known_at": None if known_at is None else tm.iso_local(known_at, zone),
        "compare": compare,
        "sort": sort,
        "lang": lang,
        "proof": proof,
        "metric": metric,
        "order": order,
    }
    return "?" + urlencode({key: value for key, value in fields.items() if value is not None})
