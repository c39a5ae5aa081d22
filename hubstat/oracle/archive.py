"""All decoded records, and which of them can matter for a date."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable

from hubstat.oracle.activities import CODES, Activity, activities
from hubstat.oracle.clock import Zone
from hubstat.oracle.history import known_events
from hubstat.oracle.records import (
    PROMISING,
    FriendEvent,
    InvoiceEvent,
    Reject,
    decode_friend_record,
    decode_invoice_record,
)

PROGRESS_EVERY = 10_000

Progress = Callable[[str, int], None]
Identity = tuple[str, str]


class Archive:
    """Events by invoice and by Friend, and the dead letters counted by reason.

    ``promised``: the invoices with a promise for a service date; ``active``: those with an activity on a local date
    (day number); ``replacing``: the invoices that say that they replace one. Each may name too many, never too few.
    """

    def __init__(self, country: str = "KR", progress: Progress | None = None) -> None:
        self.zone = Zone(country)
        self.invoices: dict[Identity, list[InvoiceEvent]] = defaultdict(list)
        self.friends: dict[str, list[FriendEvent]] = defaultdict(list)
        self.dead_letters: Counter[str] = Counter()
        self.promised: dict[str, set[Identity]] = defaultdict(set)
        self.active: dict[int, set[Identity]] = defaultdict(set)
        self.replacing: dict[Identity, set[Identity]] = defaultdict(set)
        self.records = 0
        self.progress = progress or _silent

    def read_invoices(self, records: Iterable[tuple[bytes, int]]) -> None:
        """Decode (value, received ms) pairs of ``invoice-events``."""
        for number, (raw, received) in enumerate(records, 1):
            event = decode_invoice_record(raw, received, self.zone)
            if isinstance(event, Reject):
                self.dead_letters[event.reason] += 1
            else:
                self.keep_invoice(event)
            self._report("invoice events", number)

    def read_friends(self, records: Iterable[tuple[bytes, int]]) -> None:
        """Decode (value, received ms) pairs of ``friend-events``."""
        for number, (raw, received) in enumerate(records, 1):
            event = decode_friend_record(raw, received, self.zone)
            if isinstance(event, Reject):
                self.dead_letters[event.reason] += 1
            else:
                self.keep_friend(event)
            self._report("friend events", number)

    def events_at(self, identity: Identity, as_of: int, known_at: int) -> list[InvoiceEvent]:
        """The events of an invoice in force at (T, K), in order; SUPERSEDED is derived from its source instead."""
        events = known_events(self.invoices[identity], known_at)
        return [event for event in events if event.time <= as_of and event.code != "SUPERSEDED"]

    def friend_events_at(self, friend: str, as_of: int, known_at: int) -> list[FriendEvent]:
        """The events of a Friend in force at (T, K), in order."""
        return [event for event in known_events(self.friends.get(friend, []), known_at) if event.time <= as_of]

    def is_superseded(self, identity: Identity, as_of: int, known_at: int) -> bool:
        """Whether another invoice's registration in force at (T, K) replaces this one."""
        return any(
            identity in replaced_by(self.events_at(other, as_of, known_at))
            for other in self.replacing.get(identity, ())
        )

    def active_around(self, day: int) -> set[Identity]:
        """The invoices that can have an activity on the local dates from the day before to the day after."""
        return {identity for near in range(day - 1, day + 2) for identity in self.active.get(near, ())}

    def keep_friend(self, event: FriendEvent) -> None:
        """Take one decoded friend event."""
        self.records += 1
        self.friends[event.friend].append(event)

    def keep_invoice(self, event: InvoiceEvent) -> None:
        """Take one decoded invoice event."""
        self.records += 1
        identity = (event.direction, event.invoice_no)
        self.invoices[identity].append(event)
        if event.code in PROMISING and event.service_date is not None:
            self.promised[event.service_date].add(identity)
        if event.code in CODES:
            self.active[self.zone.day(event.time)].add(identity)
        for replaced in replaced_by([event]):
            self.replacing[replaced].add(identity)

    def _report(self, what: str, number: int) -> None:
        if number % PROGRESS_EVERY == 0:
            self.progress(what, number)


class FinalActivities:
    """The activities of invoices as known at closings; an invoice is folded again only where more was received."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self._folded: dict[Identity, tuple[int, list[Activity]]] = {}

    def of(self, identity: Identity, closing: int) -> list[Activity]:
        """The activities of an invoice at (C, C). What was received by C happened by C: the clock guard sees to it."""
        received = sum(copy.received <= closing for copy in self._archive.invoices[identity])
        folded = self._folded.get(identity)
        if folded is None or folded[0] != received:
            folded = (received, activities(self._archive.events_at(identity, closing, closing)))
            self._folded[identity] = folded
        return folded[1]


def replaced_by(events: list[InvoiceEvent]) -> set[Identity]:
    """The invoices that the registrations among the events of one invoice replace; replacing itself is ignored."""
    return {
        ("DELIVERY", event.replaces)
        for event in events
        if event.code == "REGISTERED" and event.replaces not in (None, event.invoice_no) and event.replaces is not None
    }


def _silent(what: str, count: int) -> None:
    """No progress is wanted."""
