"""Time: epoch milliseconds (UTC) inside, RFC 3339 with offset and local dates at the edges."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

MINUTE: Final = 60_000
HOUR: Final = 3_600_000
DAY: Final = 86_400_000

_ZONES: Final = {"KR": ZoneInfo("Asia/Seoul"), "TW": ZoneInfo("Asia/Taipei")}
_RFC3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)", re.ASCII)
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


def zone(country: str) -> ZoneInfo:
    """Zone of a country of the network (``KR``, ``TW``)."""
    return _ZONES[country]


@lru_cache(maxsize=65_536)
def parse_instant(text: str) -> int:
    """Epoch milliseconds of an RFC 3339 time with offset, cut to milliseconds. Raises ``ValueError``."""
    if not _RFC3339.fullmatch(text):
        raise ValueError("not an RFC 3339 time with offset, such as 2026-11-20T15:04:05+09:00")
    moment = datetime.fromisoformat(text.upper())
    whole = int(moment.replace(microsecond=0).timestamp())
    return whole * 1000 + moment.microsecond // 1000


@lru_cache(maxsize=8_192)
def parse_promise(text: str, where: ZoneInfo) -> int:
    """A promise as epoch milliseconds; a local 23:59:59 without fraction is the end of that second (C6)."""
    instant = parse_instant(text)
    last_second = text[19] != "." and day_end(local_date(instant, where), where) - instant == 999
    return instant + 999 if last_second else instant


@lru_cache(maxsize=8_192)
def parse_date(text: str) -> date:
    """A calendar date ``YYYY-MM-DD``. Raises ``ValueError``."""
    if not _DATE.fullmatch(text):
        raise ValueError("not a date, such as 2026-11-20")
    return date.fromisoformat(text)


def is_date(text: str) -> bool:
    """Whether the text has the form of a date alone (it may still be no day of the calendar)."""
    return _DATE.fullmatch(text) is not None


@lru_cache(maxsize=8_192)
def day_start(day: date, where: ZoneInfo) -> int:
    """First millisecond of a local day."""
    return int(datetime(day.year, day.month, day.day, tzinfo=where).timestamp()) * 1000


def day_end(day: date, where: ZoneInfo) -> int:
    """Last millisecond of a local day (23:59:59.999)."""
    return day_start(day + timedelta(days=1), where) - 1


@lru_cache(maxsize=16_384)
def _hour_date(hour: int, where: ZoneInfo) -> date:
    return datetime.fromtimestamp(hour * 3600, where).date()


def local_date(instant: int, where: ZoneInfo) -> date:
    """Local calendar date of an instant (the zones' offsets are whole hours)."""
    return _hour_date(instant // HOUR, where)


@lru_cache(maxsize=16_384)
def hour_label(hour: int, where: ZoneInfo) -> str:
    """Label ``2026-11-20T09`` of an hour counted from the epoch."""
    return datetime.fromtimestamp(hour * 3600, where).strftime("%Y-%m-%dT%H")


def iso_local(instant: int, where: ZoneInfo) -> str:
    """RFC 3339 in the zone, with milliseconds and offset."""
    moment = datetime.fromtimestamp(instant // 1000, where).replace(microsecond=instant % 1000 * 1000)
    return moment.isoformat(timespec="milliseconds")


def parse_moment(text: str, where: ZoneInfo) -> int:
    """A time typed by a person: RFC 3339, or local without offset (``2026-11-20T15:04``). Raises ``ValueError``."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=where)
    return int(moment.replace(microsecond=0).timestamp()) * 1000 + moment.microsecond // 1000


def closing(service_date: date, where: ZoneInfo) -> int:
    """Closing moment C of a service date: noon of the next day (C11)."""
    return day_start(service_date + timedelta(days=1), where) + 12 * HOUR
