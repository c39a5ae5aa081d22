"""Invoice events into invoice documents: steps 2 to 6 of the way of one event.

The order of a flush, which is the promise that nothing is lost and nothing counts twice:

1. decode every record; what is refused becomes a dead letter,
2. read the current document of every invoice touched: the cache, the hinted index, then every index,
3. merge the events into its set; an unchanged set is not written,
4. write whole documents, guarded; one that somebody else wrote first is read again, merged and written again,
5. mark the service dates that the consumed records touch for the roll-up, also where nothing was written,
6. publish what the consumed records affect: Friends' activities and supersessions, also where nothing was written,
7. return, when Kafka has confirmed 6 and the dead letters are kept. Only then the caller may commit.

Repeating any part of it is harmless: events are a set, letters have fixed ids, derived records are identical.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from hubstat.compiled import compiled_core
from hubstat.domain import time as tm
from hubstat.domain.contract import Event, Refusal, is_derived
from hubstat.elastic import dead_letters
from hubstat.elastic.names import Names
from hubstat.elastic.writer import Conflict, Found, Outcome, Refused, Version, Write, Writer
from hubstat.settings import Settings
from ingest.cache import DocumentCache
from ingest.derive import SOURCE_RECEIVED_AT
from ingest.marks import Marker, closing_between
from ingest.merge import Decoded, Merged, Merger, stored_log
from ingest.records import (
    Counters,
    Message,
    Publisher,
    Record,
    Reporter,
    as_refusal,
    dead_letter,
    received_at,
    source_received_at,
)
from ingest.topics import Topics

if TYPE_CHECKING:
    from faust.types import TP

log = logging.getLogger(__name__)

# Chunks that one flush of a lane may join, which it does when it is behind: an invoice's records of several chunks
# then cost one write.
_GATHERED_CHUNKS: Final = 4
# Invoices of one bulk request: larger ones gain nothing, and a smaller one leaves earlier.
_PART_INVOICES: Final = 1_000
# How often a flush looks whether searches have seen enough for the cache to let something go.
_FULL_SECONDS: Final = 0.05


@dataclass(slots=True)
class _Invoice:
    """One invoice of a flush: its records, its stored events as far as they are known, and both merged.

    version None: its document is to be created.
    """

    key: str
    home: str
    records: list[tuple[Record, Decoded]] = field(default_factory=list)
    stored: bytes | None = None
    version: Version | None = None
    cached: bool = False
    merged: Merged | None = None


@dataclass(frozen=True, slots=True)
class _Writing:
    """A part of a flush on its way to Elasticsearch."""

    merged: list[tuple[_Invoice, Merged, Write]]
    answer: asyncio.Task[list[Outcome]]


class InvoiceFlusher:
    """Writes records of ``invoice-events``; one instance serves all lanes.

    trusted: whether a record's ``received-at`` header is its received time. clock: the present in ms.
    """

    def __init__(
        self,
        settings: Settings,
        writer: Writer,
        publisher: Publisher,
        *,
        trusted: bool,
        clock: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
    ) -> None:
        self._names = Names(settings.namespace)
        self._topics = Topics.of(settings.namespace)
        self._zone = tm.zone(settings.country)
        core = compiled_core(self._zone)
        if core is None:
            log.warning("the compiled core was not built: invoices are folded in Python alone, several times slower")
        self._merger = Merger(self._zone, core)
        self._writer = writer
        self._publisher = publisher
        self._trusted = trusted
        self.cache = DocumentCache(settings.ingest.cache_mb * 1024 * 1024 * 3 // 4, held=True)
        self._marker = Marker(self._names, writer, self._zone, clock)
        self._busy: dict[str, asyncio.Event] = {}
        self.gather = settings.ingest.chunk_records * _GATHERED_CHUNKS
        self.linger = settings.ingest.invoice_write_seconds
        self.counters = Counters()
        self._reporter = Reporter("invoice events", self.counters)

    async def assigned(self, partitions: set[TP]) -> None:
        """Make what other workers wrote safe, as nobody waits for it any more, and visible to the look-up by id."""
        if partitions:
            await self._writer.secure([self._names.all_invoices, self._names.dead_letters])
            await self._writer.refresh(self._names.all_invoices)

    async def flush(self, records: Sequence[Record]) -> None:
        """Write every record, or its dead letter, and publish what it affects; then everything of it is safe."""
        self.counters.records += len(records)
        letters: list[dead_letters.DeadLetter] = []
        invoices = self._decode(records, letters)
        while self.cache.overfull:
            await asyncio.sleep(_FULL_SECONDS)
        done = await self._hold(invoices)
        try:
            await self._write(list(invoices.values()), letters)
        finally:
            for key in invoices:
                del self._busy[key]
            done.set()
        # A refused invoice has no records left: what it says does not count.
        merged = [each.merged for each in invoices.values() if each.records and each.merged is not None]
        await self._mark(merged)
        await self._publish(merged)
        if letters:
            self.counters.refused += len(letters)
            await dead_letters.write(self._writer, self._names.namespace, letters)
        self._reporter.tick()

    def _decode(self, records: Sequence[Record], letters: list[dead_letters.DeadLetter]) -> dict[str, _Invoice]:
        invoices: dict[str, _Invoice] = {}
        for record in records:
            try:
                decoded = self._decoded(record)
            except Exception as error:
                letters.append(dead_letter(record, as_refusal(error)))
                continue
            event = decoded.event
            self.counters.unknown_fields += len(event.unknown) if isinstance(event, Event) else event.unknown
            key = event.key
            invoice = invoices.get(key)
            if invoice is None:
                invoice = invoices[key] = _Invoice(key, self._merger.home(decoded))
            invoice.records.append((record, decoded))
        return invoices

    def _decoded(self, record: Record) -> Decoded:
        if record.headers and (carried := source_received_at(record)) is not None:
            decoded = self._merger.decode_any(record.value, carried)
            if _is_derived(decoded):
                return decoded
        decoded = self._merger.decode(record.value, received_at(record, self._trusted, self.counters))
        if _is_derived(decoded):
            raise Refusal("reserved_source", "source", "hubstat is the source of derived records; use another name")
        return decoded

    async def _hold(self, keys: Iterable[str]) -> asyncio.Event:
        """Wait until no other lane works on these invoices, then claim them: two lanes must not create one twice."""
        while other := next((self._busy[key] for key in keys if key in self._busy), None):
            await other.wait()
        done = asyncio.Event()
        self._busy.update(dict.fromkeys(keys, done))
        return done

    async def _read(self, invoices: Sequence[_Invoice]) -> None:
        """Fill in the current documents; ones that exist nowhere stay empty."""
        missing: dict[str, _Invoice] = {}
        for invoice in invoices:
            cached = self.cache.read(invoice.key)
            if cached is None:
                missing[invoice.key] = invoice
            else:
                invoice.version, invoice.stored = cached
                invoice.cached = True
        self.counters.cache_hits += len(invoices) - len(missing)
        self.counters.cache_misses += len(missing)
        if missing:
            hinted = [(self._names.invoices(invoice.home), key) for key, invoice in missing.items()]
            self._found(missing, await self._writer.get(hinted))
        if missing:
            # The document may be kept under another date. Then it was written before the assignment's refresh, or by
            # this worker so long ago that the cache may have let it go: in both cases a search sees it.
            self._found(missing, await self._writer.find(self._names.all_invoices, list(missing)))

    def _found(self, missing: dict[str, _Invoice], documents: Iterable[Found]) -> None:
        # Sorted, so that of twins every worker goes on with the same one.
        for document in sorted(documents, key=lambda each: each.version.index):
            invoice = missing.pop(document.id, None)
            if invoice is not None:
                invoice.version = document.version
                invoice.stored = stored_log(document.source)

    async def _write(self, invoices: list[_Invoice], letters: list[dead_letters.DeadLetter]) -> None:
        """Read, merge and write until every document holds its records' events.

        In parts: one is read and merged while the one before it is being written.
        """
        pending, read = invoices, self._read
        while pending:
            overtaken: list[_Invoice] = []
            before: _Writing | None = None
            try:
                for start in range(0, len(pending), _PART_INVOICES):
                    part = pending[start : start + _PART_INVOICES]
                    await read(part)
                    merged = self._merge(part)
                    outcomes = [] if before is None else await before.answer
                    writes = [write for _, _, write in merged]
                    written, before = before, _Writing(merged, asyncio.create_task(self._writer.bulk(writes)))
                    await asyncio.sleep(0)  # the request leaves before its predecessor's answer is worked off
                    if written is not None:
                        overtaken += self._settle(written.merged, outcomes, letters)
                if before is not None:
                    overtaken += self._settle(before.merged, await before.answer, letters)
            finally:
                if before is not None:
                    before.answer.cancel()
            pending, read = overtaken, self._read_again

    def _merge(self, invoices: Sequence[_Invoice]) -> list[tuple[_Invoice, Merged, Write]]:
        """Merge the records; what is to be written of it."""
        changed: list[tuple[_Invoice, Merged, Write]] = []
        for invoice in invoices:
            merged = self._merger.merge(invoice.key, invoice.stored, [decoded for _, decoded in invoice.records])
            invoice.merged = merged
            invoice.stored = None
            if merged.changed:
                index = invoice.version.index if invoice.version else self._names.invoices(invoice.home)
                changed.append((invoice, merged, Write(index, invoice.key, merged.body, invoice.version)))
            elif invoice.version:
                self.counters.unchanged += 1
                if not invoice.cached:
                    self.cache.put(invoice.key, invoice.version, merged.stored)
                merged.forget_documents()
        return changed

    def _settle(
        self,
        written: Sequence[tuple[_Invoice, Merged, Write]],
        outcomes: Sequence[Outcome],
        letters: list[dead_letters.DeadLetter],
    ) -> list[_Invoice]:
        """Work off the answer to a part; the invoices that somebody else wrote first."""
        overtaken: list[_Invoice] = []
        for (invoice, merged, write), outcome in zip(written, outcomes, strict=True):
            if isinstance(outcome, Version):
                self.counters.written += 1
                self.cache.put(invoice.key, outcome, merged.stored)
            elif isinstance(outcome, Conflict):
                self.counters.conflicts += 1
                invoice.version = Version(write.index, 0, 0)
                overtaken.append(invoice)
            else:
                self._refuse(invoice, outcome, letters)
            merged.forget_documents()
        return overtaken

    async def _read_again(self, invoices: Sequence[_Invoice]) -> None:
        """After a conflict: the document as it is now, in the index it was written to."""
        missing = {invoice.key: invoice for invoice in invoices}
        asked = [(invoice.version.index, invoice.key) for invoice in invoices if invoice.version]
        for invoice in invoices:
            self.cache.drop(invoice.key)
            invoice.stored, invoice.version, invoice.cached = None, None, False
        self._found(missing, await self._writer.get(asked))

    def _refuse(self, invoice: _Invoice, outcome: Refused, letters: list[dead_letters.DeadLetter]) -> None:
        """The document as it would be is refused for good: its records of this flush become letters."""
        refusal = Refusal("not_storable", "", f"Elasticsearch refuses the invoice's document: {outcome.why[:2000]}")
        letters.extend(dead_letter(record, refusal) for record, _ in invoice.records)
        # What the cache holds of it stays: it is what Elasticsearch has, and a search may not see it yet.
        invoice.records.clear()

    async def _mark(self, merged: Sequence[Merged]) -> None:
        if not merged:
            return
        dates = {date for each in merged for date in each.dates}
        since = min(each.since for each in merged)
        await self._marker.mark(dates | closing_between(since, self._marker.until, self._zone))

    async def _publish(self, merged: Iterable[Merged]) -> None:
        activities: list[Message] = []
        derived: list[Message] = []
        for each in merged:
            activities += [(friend, value, []) for friend, value in each.activities]
            for record in each.derived:
                headers = [(SOURCE_RECEIVED_AT, str(record.received).encode())]
                derived.append((record.invoice_no.encode(), record.value, headers))
        self.counters.published += len(activities) + len(derived)
        for topic, messages in ((self._topics.friend_activity, activities), (self._topics.invoice_events, derived)):
            if messages:
                await self._publisher.publish_many(topic, messages)


def _is_derived(decoded: Decoded) -> bool:
    # The core takes no record whose source is hubstat.
    return isinstance(decoded.event, Event) and is_derived(decoded.event.copy.sent)
