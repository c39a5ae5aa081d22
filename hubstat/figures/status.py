"""When a hub is behind, to be watched, or fine: the fixed thresholds, in this one place for page and mail."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from typing import Any, Final, Literal
from zoneinfo import ZoneInfo

from hubstat.domain import time as tm
from hubstat.domain.masterdata import Wave
from hubstat.domain.metric import Metric, Ratio

Figures = Mapping[str, Any]
Status = Literal["behind", "watch", "fine", "none"]

# Shares of the invoices whose promise is past (M1, M2). A working day runs near 2 % late.
WATCH_LATE_RATE: Final = 0.02
BEHIND_LATE_RATE: Final = 0.05
# Deviation of a Friend-hour's deliveries from the network in that hour: two steps each way.
HEAT_STEPS: Final = (0.025, 0.07)
# Below this many invoices a Friend's rate is shown as "—" (display only; data always carries it).
FRIEND_RATE_BASE: Final = 20


def bases_of(metric: Metric) -> tuple[str, int] | None:
    """Id of the n of a Friend's rate, and the least n that is shown (C12); None where a metric is always shown."""
    if isinstance(metric.measure, Ratio):
        return metric.measure.denominator, FRIEND_RATE_BASE
    return None if metric.shown_n is None else (metric.shown_n, metric.shown_from)


def late_prefix(direction: str) -> str:
    """Key prefix of the delay metric of a direction: ``m1`` for DELIVERY, ``m2`` for RETURN."""
    return "m2" if direction == "RETURN" else "m1"


def status(figures: Mapping[str, Any], direction: str) -> Status:
    """``none``: nothing due. ``behind``: late ones are open and the late rate is at or over the upper threshold.
    ``watch``: late ones are open, or the rate is at or over the lower one. Else ``fine``."""
    if not figures.get("due"):
        return "none"
    prefix = late_prefix(direction)
    late_open = figures.get(f"{prefix}_late_open") or 0
    rate = figures.get(f"{prefix}_rate") or 0.0
    if late_open and rate >= BEHIND_LATE_RATE:
        return "behind"
    return "watch" if late_open or rate >= WATCH_LATE_RATE else "fine"


# A shift that has run for so long (ms) must have had something to say.
_HEARD_AFTER: Final = 2 * tm.HOUR
# So much of what is due must be open before its silence says something: what is left over after a round is less.
_SILENT_OPEN: Final = 10
_SILENT_OPEN_SHARE: Final = 0.1
# So many Friends must be out before their common silence says something of their camp.
_SILENT_FRIENDS: Final = 3


# Figures by which silence is told.
SILENCE_METRICS: Final = (
    "due", "m1_base", "arrived", "completed", "open", "friends_out", "silent_friends", "last_completed_at",
)  # fmt: skip


def shift_since(waves: Iterable[Wave], service_date: date, as_of: int, zone: ZoneInfo) -> int | None:
    """When the shifts that work for a service date at T ``as_of`` began, ms; shifts that overlap are one.

    None where none works, or not for two hours yet.
    """
    since: int | None = None
    until = 0
    for start, end in sorted(wave.shift_at(service_date, zone) for wave in waves):
        if since is None or start > until:
            since, until = start, end
        until = max(until, end)
        if since + _HEARD_AFTER <= as_of < until:
            return since
    return None


def silent(figures: Mapping[str, Any], *, running: bool, since: int | None) -> bool:
    """Whether nothing is heard of a camp that must have something to say, so that its figures are not to be trusted.

    Promises are past and not one invoice has arrived or was completed; or, while the wave is ``running`` (before its
    deadline), something is open and each of at least three Friends out is silent beyond the allowance; or a shift works
    ``since`` (``shift_since``), much is open, nobody is out and nothing was completed since it began.
    figures: ``SILENCE_METRICS``.
    """
    if figures.get("m1_base") and not figures.get("arrived") and not figures.get("completed"):
        return True
    left, out = figures.get("open") or 0, figures.get("friends_out") or 0
    if since is not None and not out and left >= max(_SILENT_OPEN, _SILENT_OPEN_SHARE * (figures.get("due") or 0)):
        last = figures.get("last_completed_at")
        return last is None or tm.parse_instant(last) < since
    silent_friends = figures.get("silent_friends") or 0
    return bool(running and left and out >= _SILENT_FRIENDS and silent_friends >= out)


def silence(waves: Sequence[Wave], service_date: date, as_of: int, zone: ZoneInfo) -> Callable[[Figures], bool]:
    """Whether a camp is ``silent`` at T ``as_of`` (ms), by its figures. waves: those that the figures are of."""
    deadlines = (wave.deadline_at(service_date, zone) for wave in waves)
    running = as_of < max(deadlines, default=tm.day_end(service_date, zone))
    since = shift_since(waves, service_date, as_of, zone)
    return lambda figures: silent(figures, running=running, since=since)


def heat_step(value: float | None, network: float | None) -> int:
    """-2, -1, 0, 1, 2: how far a rate lies under or over the network's in the same hour; 0 where either is unknown."""
    if value is None or not network:
        return 0
    away = value / network - 1
    size = sum(abs(away) >= step for step in HEAT_STEPS)
    return size if away > 0 else -size
