"""One invoice's records merged into its stored events: the document as it then is, and what follows for others.

Pure. ``hubstat.domain`` and ``ingest.derive`` define the result. Where the compiled core is there, it does the plain
cases, many times faster and to the same bytes; it hands back every other one, which then goes this way.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import orjson

from hubstat.domain.contract import Event, decode_invoice_event
from hubstat.domain.document import home_date, invoice_document, restore_invoice
from hubstat.domain.log import EventLog
from ingest.derive import Derived, friend_activities, supersessions
from ingest.marks import concerned_since, stated_dates

if TYPE_CHECKING:
    from hubstat.hubstat_core import Core, PlainEvent


@dataclass(slots=True)
class Decoded:
    """One accepted record of an invoice: its value and received time (ms), and the event that it states."""

    value: bytes
    received: int
    event: Event | PlainEvent


@dataclass(slots=True)
class Merged:
    """An invoice with its new records.

    changed: whether any was news. body: the whole document, stored: its events (both JSON). activities: Friend and
    value of each activity that the records affect. derived: records for other invoices. dates: service dates that any
    event states. since: earliest time (ms) at which the records may change what is true of it.
    """

    changed: bool
    body: bytes
    stored: bytes
    activities: Sequence[tuple[bytes, bytes]]
    derived: Sequence[Derived]
    dates: Sequence[str]
    since: int

    def forget_documents(self) -> None:
        """Give up body and stored, once written: a flush has thousands, and goes on with the rest of it."""
        self.body = self.stored = b""


class Merger:
    """Decodes and merges for one zone. ``core`` None: all of it in Python."""

    def __init__(self, zone: ZoneInfo, core: Core | None) -> None:
        self._zone = zone
        self._core = core

    def decode(self, value: bytes | None, received: int) -> Decoded:
        """Decode a record of ``invoice-events`` received at ``received`` (ms). Raises ``Refusal``."""
        if self._core is not None and value is not None:
            plain = self._core.decode(value, received)
            if plain is not None:
                return Decoded(value, received, plain)
        return self.decode_any(value, received)

    def decode_any(self, value: bytes | None, received: int) -> Decoded:
        """The same in Python alone, also for records that hubstat derived."""
        return Decoded(value or b"", received, decode_invoice_event(value, received, self._zone))

    def home(self, decoded: Decoded) -> str:
        """Date of the index in which an unseen invoice is kept."""
        event = decoded.event
        return home_date(event, self._zone) if isinstance(event, Event) else event.home

    def merge(self, key: str, stored: bytes | None, records: Sequence[Decoded]) -> Merged:
        """Merge at least one record into the stored events (JSON, as in the document; None: a new invoice)."""
        if self._core is not None:
            plain = [record.event for record in records if not isinstance(record.event, Event)]
            if len(plain) == len(records):
                folded = self._core.fold(key, stored, plain)
                if folded is not None:
                    changed, body, log, activities, dates, since = folded
                    return Merged(changed, body, log, activities, (), dates, since)
        return self._merge(key, stored, records)

    def _merge(self, key: str, stored: bytes | None, records: Sequence[Decoded]) -> Merged:
        log = EventLog() if stored is None else restore_invoice(key, {"events": {"log": orjson.loads(stored)}})
        events = [self._event(record) for record in records]
        changed = log.merge(events)
        body, kept = encode(invoice_document(key, log, self._zone))
        return Merged(
            changed,
            body,
            kept,
            [(each.friend_id.encode(), each.encode()) for each in friend_activities(key, log, events, self._zone)],
            supersessions(key, log, events),
            sorted(stated_dates(log)),
            concerned_since(log, events),
        )

    def _event(self, record: Decoded) -> Event:
        """The record's event, for a log to keep."""
        event = record.event
        if not isinstance(event, Event):
            return decode_invoice_event(record.value, record.received, self._zone)
        return event.own()


def encode(document: dict[str, Any]) -> tuple[bytes, bytes]:
    """An invoice's document as JSON and, apart, its stored events. Equal sets of events give equal bytes."""
    stored = orjson.dumps(document["events"]["log"], option=orjson.OPT_SORT_KEYS)
    document["events"] = {"log": orjson.Fragment(stored)}
    return orjson.dumps(document), stored


def stored_log(document: dict[str, Any]) -> bytes:
    """The stored events of a document that was read, as they are merged."""
    return orjson.dumps(document["events"]["log"], option=orjson.OPT_SORT_KEYS)
