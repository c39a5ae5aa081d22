"""What the example day is written in: parcels with their scans, Friends' events, and figures with their reckoning."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from hubstat.domain.codes import Direction

SERVICE_DATE: Final = "2026-11-20"
_YEAR: Final = SERVICE_DATE[:5]
_OFFSET: Final = "+09:00"


def local(text: str) -> str:
    """RFC 3339 in Korea of ``10:20`` or ``10:20:30`` on the service date, or of ``11-19/18:00`` of that year."""
    day, _, clock = text.rpartition("/")
    seconds = "" if clock.count(":") == 2 else ":00"
    return f"{_YEAR}{day or SERVICE_DATE[5:]}T{clock}{seconds}{_OFFSET}"


@dataclass(frozen=True, slots=True)
class Parcel:
    """One invoice. ``scans``: lines ``CODE TIME [FRIEND] [FIELD=VALUE …]``; the registration is not among them.

    promise, asked: times as in ``local``; ``asked`` is when it was registered. date: the service date it is promised
    for. door: its doorstep (default: one of its own). more: fields of the registration.
    """

    invoice_no: str
    promise: str
    scans: tuple[str, ...] = ()
    camp: str = "C1"
    wave: str = "DAY"
    direction: Direction = "DELIVERY"
    asked: str = "11-19/18:00"
    date: str = SERVICE_DATE
    door: str | None = None
    more: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Shift:
    """What one Friend was to do and did beside scans. ``events``: lines as of a parcel, without a Friend.

    date: the service date of the shift, planned the evening before at 20:00. span: its begin and end.
    """

    friend_id: str
    span: tuple[str, str]
    events: tuple[str, ...] = ()
    camp: str = "C1"
    wave: str = "DAY"
    date: str = SERVICE_DATE
    made: str = "11-19/20:00"


@dataclass(frozen=True, slots=True)
class Example:
    """One figure and how it comes about. Times as in ``local``; hub: an id, of a Friend ``CAMP/FRIEND``.

    known_at: None = as known at T. reckoning: from the definition and the story, in words.
    """

    metric: str
    expected: Any
    reckoning: str
    hub: str = "C1"
    level: str = "camp"
    direction: Direction = "DELIVERY"
    wave: str = "all"
    as_of: str = "18:00"
    known_at: str | None = None

    @property
    def name(self) -> str:
        """Unlike that of any other example."""
        return f"{self.metric}-{self.direction}"
