"""What waits at T, whatever its service date (M6): since when, and how its age is split. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import orjson

from hubstat.domain import time as tm
from hubstat.domain.invoice import InvoiceState

AGES: Final = ("<12", "12-24", "24-48", "48-72", ">=72")
# Lower ends of the ages in ms; an age belongs to the last one it reaches.
AGE_LIMITS: Final = tuple(hours * tm.HOUR for hours in (0, 12, 24, 48, 72))
STALLED_AFTER: Final = 24 * tm.HOUR

Waits = Literal["open", "pickup"]


@dataclass(frozen=True, slots=True)
class Waiting:
    """An invoice that waits at T.

    waits: ``open`` (a delivery at its camp, a return since its request), or ``pickup`` (a return picked up, not yet at
    the warehouse). since: start of its age; last_event: its last event (ms).
    """

    camp: str | None
    direction: str
    wave: str
    waits: Waits
    since: int
    last_event: int

    def place(self) -> str:
        """Camp, direction, wave and kind as one keyword."""
        return orjson.dumps([self.camp, self.direction, self.wave, self.waits]).decode()

    def age(self, as_of: int) -> str:
        """Its age at T (ms) as one of ``AGES``; lower ends inclusive."""
        age = as_of - self.since
        return next(name for name, limit in zip(reversed(AGES), reversed(AGE_LIMITS), strict=True) if age >= limit)

    def stalled(self, as_of: int) -> bool:
        """Open, and nothing has happened for a day."""
        return self.waits == "open" and as_of - self.last_event >= STALLED_AFTER


def waiting_of(state: InvoiceState) -> Waiting | None:
    """How an invoice waits; None for one that does not: done, ended, superseded, unregistered, or not arrived yet."""
    promise = state.promise
    if promise is None or state.superseded or state.last_event_at is None:
        return None
    waits: Waits = "open"
    if state.open:
        since = state.arrived_at if state.direction == "DELIVERY" else state.registered_at
    elif state.direction == "RETURN" and state.warehouse_at is None:
        waits, since = "pickup", state.completed_at
    else:
        since = None
    if since is None:
        return None
    return Waiting(state.camp, state.direction, promise.wave, waits, since, state.last_event_at)
