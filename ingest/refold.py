"""Refold: derived fields of stored documents written again from their stored events, after the fold has changed.

Guarded by sequence numbers: a document that a worker writes meanwhile is left to that worker, which folds the same way.
Marks the service dates of what it changed, after the write.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import islice
from typing import Any, Final
from zoneinfo import ZoneInfo

import orjson

from hubstat.domain.document import friend_document, invoice_document, restore_friend, restore_invoice
from hubstat.elastic.names import Names
from hubstat.elastic.store import Store
from hubstat.elastic.writer import Conflict, Found, Refused, Version, Write, Writer
from hubstat.errors import HubstatError
from ingest.marks import Marker, closing_between, friend_dates, stated_dates

_BATCH: Final = 500
Progress = Callable[[int, int], None]


@dataclass(slots=True)
class Refolded:
    """How many documents were read, how many of them changed, and how many a worker wrote in between."""

    read: int = 0
    changed: int = 0
    overtaken: int = 0


@dataclass(frozen=True, slots=True)
class _Folded:
    """A stored document folded anew. dates: service dates that it concerns."""

    write: Write | None
    dates: set[str]


class Refolder:
    """Refolds the documents of one namespace. progress: told (read, changed) after each batch."""

    def __init__(self, store: Store, writer: Writer, zone: ZoneInfo, progress: Progress = lambda read, changed: None):
        self._store = store
        self._writer = writer
        self._zone = zone
        self._names = Names(store.namespace)
        self._marker = Marker(self._names, writer, zone, _now)
        self._progress = progress

    async def run(self, service_date: date | None) -> Refolded:
        """All invoice and Friend documents, or those of one service date. Raises ``HubstatError`` for a refused one."""
        done = Refolded()
        await self._writer.refresh(self._names.everything)
        text = None if service_date is None else service_date.isoformat()
        invoices: dict[str, Any] = {"match_all": {}} if text is None else {"term": {"due_dates": text}}
        friends = {"match_all": {}} if text is None else {"terms": {"date": sorted(friend_dates(text, ()))}}
        await self._all("invoices-*", invoices, self._invoice, done)
        await self._all("friends-*", friends, self._friend, done)
        await self._all("friend-corrections", {"match_all": {}}, self._friend, done)
        await self._writer.show_written()
        return done

    async def _all(self, pattern: str, query: dict[str, Any], fold: Callable[[Found], _Folded], done: Refolded) -> None:
        with self._store.point_in_time(pattern) as view:
            found = view.versions(query)
            while batch := list(islice(found, _BATCH)):
                await self._write([fold(document) for document in batch], done)
                done.read += len(batch)
                self._progress(done.read, done.changed)

    async def _write(self, folded: Sequence[_Folded], done: Refolded) -> None:
        writes = [each.write for each in folded if each.write is not None]
        dates: set[str] = set()
        for each in folded:
            if each.write is not None:
                dates |= each.dates
        # Before, for a process that is killed in between; and after, for a roll-up that ran in between.
        await self._marker.mark(dates)
        outcomes = await self._writer.bulk(writes)
        await self._marker.mark(dates)
        for write, outcome in zip(writes, outcomes, strict=True):
            if isinstance(outcome, Refused):
                raise HubstatError(f"{write.index}/{write.id} cannot be stored as it is folded now: {outcome.why}")
            done.changed += isinstance(outcome, Version)
            done.overtaken += isinstance(outcome, Conflict)

    def _invoice(self, document: Found) -> _Folded:
        log = restore_invoice(document.id, _copy(document.source))
        dates = stated_dates(log) | closing_between(min(copy.time for _, copy in log), self._marker.until, self._zone)
        return _Folded(self._differing(document, invoice_document(document.id, log, self._zone), ()), dates)

    def _friend(self, document: Found) -> _Folded:
        source = document.source
        log = restore_friend(source["friend_id"], [_copy(source)])
        folded = friend_document(source["friend_id"], source["date"], source.get("part"), log) | {"written_at": _now()}
        dates = friend_dates(source["date"], ()) if source["date"] else set()
        return _Folded(self._differing(document, folded, ("written_at",)), dates)

    def _differing(self, document: Found, folded: dict[str, Any], lasting: Sequence[str]) -> Write | None:
        """The write that brings a document to what it is now; None where it is that already."""
        body = orjson.dumps(folded)
        if _content(orjson.loads(body), lasting) == _content(document.source, lasting):
            return None
        return Write(document.version.index, document.id, body, document.version)


def _now() -> int:
    return time.time_ns() // 1_000_000


def _copy(source: dict[str, Any]) -> Any:
    """Restoring a log fills in the fields it was stored without; the comparison needs the source as it is."""
    return orjson.loads(orjson.dumps(source))


def _content(source: dict[str, Any], lasting: Sequence[str]) -> bytes:
    kept = {name: value for name, value in source.items() if name not in lasting}
    return orjson.dumps(kept, option=orjson.OPT_SORT_KEYS)
