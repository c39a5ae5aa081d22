"""What was known at K: one copy of each event, corrections applied."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import TypeVar

from hubstat.oracle.records import FriendEvent, InvoiceEvent

Event = TypeVar("Event", InvoiceEvent, FriendEvent)


def known_events(copies: Iterable[Event], known_at: int) -> list[Event]:
    """The distinct, not voided events of one invoice (or Friend) as known at ``known_at``, in their order.

    Corrections themselves are left out. A correction that names another correction, or an event that is not here,
    has no effect.
    """
    by_id: dict[str, list[Event]] = defaultdict(list)
    for copy in copies:
        if copy.received <= known_at:
            by_id[copy.event_id].append(copy)
    chosen = [_counting_copy(same_id) for same_id in by_id.values()]
    voided = {event.corrects for event in chosen if event.code == "CORRECTED"}
    kept = [event for event in chosen if event.code != "CORRECTED" and event.event_id not in voided]
    return sorted(kept, key=lambda event: event.order)


def _counting_copy(copies: list[Event]) -> Event:
    """The smallest (event time, canonical JSON) of the copies of one event; of identical ones the earliest received."""
    if len(copies) == 1:
        return copies[0]
    earliest: dict[bytes, Event] = {}
    for copy in copies:
        text = copy.canonical()
        if text not in earliest or copy.received < earliest[text].received:
            earliest[text] = copy
    return min(((copy.time, text, copy) for text, copy in earliest.items()), key=lambda item: item[:2])[2]
