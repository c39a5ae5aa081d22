"""The activities of Friends: departures, attempts, completions and pickups whose time of day is known."""

from __future__ import annotations

from typing import NamedTuple

from hubstat.oracle.invoices import holder_after, promise_in_force
from hubstat.oracle.records import RANKS, InvoiceEvent

CODES = {"DEPARTED", "ATTEMPT_FAILED", "DELIVERED", "PICKED_UP"}
COMPLETIONS = {"DELIVERED", "PICKED_UP"}


class Activity(NamedTuple):
    """One scan of a Friend; ``service_date`` and ``wave`` are the event's, else those of the promise in force."""

    time: int
    rank: int
    event_id: str
    code: str
    friend: str
    camp: str | None
    invoice: tuple[str, str]
    address_key: str | None
    promised_from: int | None
    service_date: str | None
    wave: str | None

    @property
    def order(self) -> tuple[int, int, str, tuple[str, str]]:
        """The one order of a Friend's activities: time, rank of the code, event_id, invoice."""
        return (self.time, self.rank, self.event_id, self.invoice)

    @property
    def is_stop(self) -> bool:
        """Whether something was done at a door (a departure is an activity, and no stop)."""
        return self.code != "DEPARTED"

    @property
    def place(self) -> tuple[str, ...]:
        """What tells two doorsteps apart; a missing key is a place of its own."""
        return (self.address_key,) if self.address_key else ("scan", *self.invoice, self.event_id)


def activities(events: list[InvoiceEvent]) -> list[Activity]:
    """The activities among the events of one invoice up to T (in order, not voided)."""
    if not any(event.code in CODES for event in events):
        return []
    promised = promise_in_force(events)
    address = next((event.address_key for event in reversed(events) if event.address_key), None)
    found = []
    for position, event in enumerate(events):
        if event.code not in CODES or not event.time_known:
            continue
        friend = event.friend or (holder_after(events[:position]) if event.code in COMPLETIONS else None)
        if friend is None:
            continue
        found.append(
            Activity(
                time=event.time,
                rank=RANKS[event.direction][event.code],
                event_id=event.event_id,
                code=event.code,
                friend=friend,
                camp=event.camp,
                invoice=(event.direction, event.invoice_no),
                address_key=event.address_key or address,
                promised_from=event.promised_from or (promised.promised_from if promised else None),
                service_date=event.service_date or (promised.service_date if promised else None),
                wave=event.wave or (promised.wave if promised else None),
            )
        )
    return found
