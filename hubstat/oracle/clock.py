"""Times: reading RFC 3339 into epoch milliseconds, and local dates and hours of one zone."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR

ZONES = {"KR": "Asia/Seoul", "TW": "Asia/Taipei"}

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_TIMESTAMP = re.compile(
    r"(\d{4}-\d{2}-\d{2})[Tt](\d{2}):(\d{2}):(\d{2})(?:\.(\d+))?(?:([Zz])|([+-])(\d{2}):(\d{2}))", re.ASCII
)
_EPOCH_ORDINAL = date(1970, 1, 1).toordinal()
_QUARTER = 15 * MINUTE  # every zone in use today differs from UTC by whole quarters of an hour


@cache
def day_number(text: str) -> int:
    """Days since 1970-01-01 of ``YYYY-MM-DD``; ValueError when it is no date."""
    if not _DATE.fullmatch(text):
        raise ValueError(f"not a date: {text}")
    return date.fromisoformat(text).toordinal() - _EPOCH_ORDINAL


def date_text(number: int) -> str:
    """``YYYY-MM-DD`` of a day number."""
    return date.fromordinal(number + _EPOCH_ORDINAL).isoformat()


def is_date(text: str) -> bool:
    """Whether the text has the form of a date alone (it may still name no day of the calendar)."""
    return _DATE.fullmatch(text) is not None


def parse_timestamp(text: str) -> int:
    """Epoch ms of an RFC 3339 time with an offset, cut (not rounded) to milliseconds; ValueError otherwise.

    Years are 1970 to 2199 in UTC: others are typing errors.
    """
    match = _TIMESTAMP.fullmatch(text)
    if match is None:
        raise ValueError(f"not an RFC 3339 time with an offset: {text}")
    day, hour, minute, second, fraction, _, sign, offset_hour, offset_minute = match.groups()
    if int(hour) > 23 or int(minute) > 59 or int(second) > 59:
        raise ValueError(f"no such time of day: {text}")
    value = day_number(day) * DAY + int(hour) * HOUR + int(minute) * MINUTE + int(second) * 1000
    if fraction:
        value += int(fraction[:3].ljust(3, "0"))
    if sign:
        if int(offset_hour) > 23 or int(offset_minute) > 59:
            raise ValueError(f"no such offset: {text}")
        offset = int(offset_hour) * HOUR + int(offset_minute) * MINUTE
        value -= offset if sign == "+" else -offset
    if not 0 <= value < _YEAR_2200:
        raise ValueError(f"its year is not 1970 to 2199: {text}")
    return value


_YEAR_2200 = day_number("2200-01-01") * DAY


class Zone:
    """Local dates and hours of one country; all instants are epoch ms UTC."""

    def __init__(self, country: str) -> None:
        self.country = country
        self._info = ZoneInfo(ZONES[country])
        self._offsets: dict[int, int] = {}
        self._hours: dict[int, str] = {}

    def _offset(self, instant: int) -> int:
        """Offset from UTC in ms at the instant."""
        quarter = instant // _QUARTER
        if quarter not in self._offsets:
            moment = datetime.fromtimestamp(quarter * _QUARTER // 1000, self._info)
            delta = moment.utcoffset()
            assert delta is not None
            self._offsets[quarter] = int(delta / timedelta(milliseconds=1))
        return self._offsets[quarter]

    def day(self, instant: int) -> int:
        """Day number of the local date."""
        return (instant + self._offset(instant)) // DAY

    def time_of_day(self, instant: int) -> int:
        """Milliseconds since local midnight."""
        return (instant + self._offset(instant)) % DAY

    def hour(self, instant: int) -> str:
        """The local hour as ``YYYY-MM-DDTHH``."""
        quarter = instant // _QUARTER
        if quarter not in self._hours:
            self._hours[quarter] = datetime.fromtimestamp(quarter * _QUARTER // 1000, self._info).strftime(
                "%Y-%m-%dT%H"
            )
        return self._hours[quarter]

    def hour_start(self, instant: int) -> int:
        """First instant of the local hour that holds the instant."""
        return instant - (instant + self._offset(instant)) % HOUR

    def start_of_day(self, day: int) -> int:
        """The instant of local midnight that begins a local date."""
        return int(datetime.fromordinal(day + _EPOCH_ORDINAL).replace(tzinfo=self._info).timestamp()) * 1000

    def closing(self, day: int) -> int:
        """C(D): noon of the day after a local date, from when its figures are final."""
        return self.start_of_day(day + 1) + 12 * HOUR

    def end_of_day(self, day: int) -> int:
        """The instant 23:59:59.999 of a local date."""
        naive_end = datetime.fromordinal(day + _EPOCH_ORDINAL).replace(hour=23, minute=59, second=59, tzinfo=self._info)
        return int(naive_end.timestamp()) * 1000 + 999

    def text(self, instant: int) -> str:
        """RFC 3339 local time with milliseconds and offset."""
        moment = datetime.fromtimestamp(instant // 1000, UTC).astimezone(self._info)
        return moment.replace(microsecond=instant % 1000 * 1000).isoformat(timespec="milliseconds")
