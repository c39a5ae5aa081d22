"""Numbers and times as text in Korean and English. Nothing is computed here beyond rounding for display."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Final, Literal

Lang = Literal["ko", "en"]
LANGS: Final[tuple[Lang, ...]] = ("ko", "en")
NONE: Final = "—"
MINUS: Final = "−"

# Differences below this come from sums of fractions.
_NOTHING: Final = 1e-6
_WEEKDAYS_KO: Final = "월화수목금토일"
_WEEKDAYS_EN: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS_EN: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_ZONE_NAMES: Final = {"Asia/Seoul": "KST", "Asia/Taipei": "TST"}


def count(value: float | None) -> str:
    """``1,234``; a true minus; ``—`` for null."""
    if value is None:
        return NONE
    return f"{round(value):,}".replace("-", MINUS)


def decimal(value: float | None, digits: int = 1) -> str:
    """``7.9``; ``—`` for null."""
    return NONE if value is None else f"{value:,.{digits}f}".replace("-", MINUS)


def percent(share: float | None, digits: int = 1) -> str:
    """``48.8%`` of a share 0…1; never rounded up to a full 100 % that is not reached."""
    if share is None:
        return NONE
    text = f"{share * 100:.{digits}f}"
    if share < 1 and float(text) >= 100:
        text = f"{100 - 10**-digits:.{digits}f}"
    return text.replace("-", MINUS) + "%"


def points(difference: float | None, lang: Lang, digits: int = 1) -> str:
    """A difference of two shares: ``−0.9%p`` (ko), ``−0.9 pp`` (en)."""
    if difference is None:
        return NONE
    # Adding 0 takes the sign of a zero away.
    text = f"{round(difference * 100, digits) + 0.0:+.{digits}f}".replace("-", MINUS)
    return f"{text}%p" if lang == "ko" else f"{text} pp"


def span(minutes: float | None) -> str:
    """Minutes as hours and minutes, ``3:23``."""
    if minutes is None:
        return NONE
    whole = round(minutes)
    return f"{whole // 60:,}:{whole % 60:02d}"


def balance(value: float | None) -> str:
    """What is over or short: ``+63``, ``−63``, ``0``; never 0 where there is some: ``+<1``, ``−<1``; ``—`` for null."""
    if value is None:
        return NONE
    if _NOTHING < abs(value) <= 0.5:
        return f"{MINUS if value < 0 else '+'}<1"
    return f"+{count(value)}" if round(value) > 0 else count(value)


def stops(value: float | None) -> str:
    """Stops that may be a fraction: whole, but never 0 where there is some: ``<1``."""
    if value is None:
        return NONE
    return "<1" if 0 < value <= 0.5 else count(value)


def shift(minutes: int | None, lang: Lang) -> str:
    """Minutes after or before: ``+52분``, ``−12분`` / ``+52m``; from 100 minutes on hours and minutes: ``+4:36``."""
    if minutes is None:
        return NONE
    if abs(minutes) >= 100:
        return ("+" if minutes > 0 else MINUS) + span(abs(minutes))
    return f"{balance(minutes)}{'분' if lang == 'ko' else 'm'}"


def hours(minutes: float | None) -> str:
    """Minutes as hours: ``6.3``, from a hundred hours on ``1,016``."""
    if minutes is None:
        return NONE
    return decimal(minutes / 60) if minutes < 6000 else count(minutes / 60)


def signed(difference: float | None, digits: int = 0) -> str:
    """A difference of two numbers: ``+214``, ``−0.4``, ``±0`` for none; ``—`` for null."""
    if difference is None:
        return NONE
    text = f"{difference:+,.{digits}f}"
    if not text.strip("+-0.,"):
        return "±0"
    return text.replace("-", MINUS)


def late(minutes: int | None, lang: Lang) -> str:
    """``+52분`` / ``+52m``."""
    if minutes is None:
        return NONE
    return f"+{minutes:,}{'분' if lang == 'ko' else 'm'}"


def clock(moment: datetime | None, service_date: date | None = None, seconds: bool = False, lang: Lang = "ko") -> str:
    """``15:04``; on another date than ``service_date`` the day goes before it: ``19일 22:41`` / ``19th 22:41``."""
    if moment is None:
        return NONE
    text = moment.strftime("%H:%M:%S" if seconds else "%H:%M")
    if service_date is None or moment.date() == service_date:
        return text
    return f"{short_day(moment.date(), lang)} {text}"


def short_day(day: date, lang: Lang) -> str:
    """``11. 19.`` / ``19 Nov``."""
    return f"{day.month}. {day.day}." if lang == "ko" else f"{day.day} {_MONTHS_EN[day.month - 1]}"


def day(value: date, lang: Lang) -> str:
    """``2026. 11. 20.(금)`` / ``Fri, 20 Nov 2026``."""
    if lang == "ko":
        return f"{value.year}. {value.month}. {value.day}.({_WEEKDAYS_KO[value.weekday()]})"
    return f"{_WEEKDAYS_EN[value.weekday()]}, {value.day} {_MONTHS_EN[value.month - 1]} {value.year}"


def weekday(value: date, lang: Lang) -> str:
    """``금`` / ``Fri``."""
    return _WEEKDAYS_KO[value.weekday()] if lang == "ko" else _WEEKDAYS_EN[value.weekday()]


def zone_name(zone: str) -> str:
    """Short name of a zone, ``KST``; its own name where none is known."""
    return _ZONE_NAMES.get(zone, zone)


def hour(label: str, lang: Lang) -> str:
    """Hour of a bucket ``2026-11-20T09``: ``9시`` / ``09``."""
    number = int(label[11:13])
    return f"{number}시" if lang == "ko" else f"{number:02d}"


def hours_between(first: str, last: str) -> Sequence[str]:
    """All bucket labels from ``first`` to ``last``, both included."""
    moment, end = datetime.fromisoformat(first), datetime.fromisoformat(last)
    labels = []
    while moment <= end:
        labels.append(moment.strftime("%Y-%m-%dT%H"))
        moment += timedelta(hours=1)
    return labels


def axis_count(value: float, lang: Lang) -> str:
    """Axis numbers: ``5천``, ``1만`` / ``5k``, ``10k``."""
    if lang == "en":
        return f"{value / 1000:g}k" if abs(value) >= 1000 else f"{value:g}"
    if abs(value) >= 10_000:
        return f"{value / 10_000:g}만"
    return f"{value / 1000:g}천" if abs(value) >= 1000 else f"{value:g}"


def elapsed(milliseconds: int) -> tuple[str, dict[str, int]]:
    """Key of the catalogue and its numbers for a time that has passed: seconds, minutes, hours, or days."""
    seconds = max(0, milliseconds) // 1000
    if seconds < 120:
        return "age.seconds", {"n": seconds}
    minutes = seconds // 60
    if minutes < 120:
        return "age.minutes", {"n": minutes}
    hours, rest = divmod(minutes, 60)
    if hours < 48:
        return "age.hours", {"h": hours, "m": rest}
    return "age.days", {"d": hours // 24, "h": hours % 24}
