"""Ingest beside its peers: the real worker catching up on a loaded topic, raw bulk as the ceiling, and naive programs.

Every round has a group of invoices of its own. Half of its records was written before, so the worker's cache holds
these invoices; the other half is loaded while the worker stands still, and measured. Then the ceiling writes the same
documents again, and the peers write the same events, blindly, from a topic with the same records. Who comes after whom
changes from round to round, and whoever is measured works alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import orjson

from hubstat.bench import peers, raw
from hubstat.bench.load import Group, invoices_only, rounds
from hubstat.bench.place import FRIENDS, INVOICES, Ingest, Kind, Run, Site, age, pause, watched
from hubstat.bench.raw import Connection, Stored
from hubstat.bench.results import Report
from hubstat.elastic.names import Names
from hubstat.simulator import Record

BENCH: Final = "write"
_WHOLE: Final = "whole worker"
_ALONE: Final = "invoice documents only"
_FULL: Final = "whole worker, many live documents"
_CEILING: Final = "raw re-index"
_MISSES: Final = "invoice documents only, every event a miss"
_LOOKED_UP: Final = "`_mget` + re-index"
_SMALL_CACHE_MB: Final = 8
_RATE: Final = "events/s"
_KINDS: Final[dict[str, Kind]] = {_WHOLE: "whole", _ALONE: "invoices", _FULL: "whole"}


@dataclass(frozen=True, slots=True)
class Size:
    """events: invoice events of one measured run; rounds: measured, a smaller one warms up; live: documents of the
    full index; age_seconds: how old records are when they are read."""

    events: int
    rounds: int
    live: int
    age_seconds: float


def run(site: Site, size: Size, report: Report) -> None:
    """All of it; adds to the report."""
    site.say(f"write: simulating {size.rounds} groups of {2 * size.events:,} records, and a smaller one")
    dealt = rounds(size.rounds, size.events)
    ingests: dict[str, Ingest] = {}
    try:
        for name, kind in _KINDS.items():
            ingests[name] = Ingest.create(site, kind)
        site.say("write: filling the caches")
        for ingest in ingests.values():
            ingest.send([record for group in dealt for record in group.before])
        for ingest in ingests.values():
            ingest.settle()
        site.say(f"write: filling an index with {size.live:,} documents")
        crowd = Crowd(site, ingests[_FULL], size)
        with site.only():
            crowd.fill(dealt[1])
        contenders = peers.contenders(site, report)
        for number, group in enumerate(dealt):
            site.say(f"write: round {number} of {size.rounds}" + ("" if number else " (unmeasured)"))
            _round(site, number, size.age_seconds, group, ingests, contenders, report if number else Report())
        ingests[_WHOLE].stop()
        ingests[_ALONE].stop()
        _misses(site, ingests[_FULL], crowd, size, report)
    finally:
        for ingest in ingests.values():
            ingest.close()
    _hold(report)
    report.notes[BENCH] = [
        f"{size.events:,} invoice events a run, half of a simulated day; `{_WHOLE}` also reads the Friends' own events "
        "and the activities that it publishes, and writes the Friend documents: its clock stops at the last of them.",
        f"`{_ALONE}` drops what it would publish: the part that the other programs do, too.",
        f"`{_CEILING}`: whole documents of the same invoices, guarded, {raw.BULK:,} a bulk, {raw.SENDERS} senders, "
        "bodies built and answers parsed off the clock; its events/s are documents/s. The worker writes a document "
        "once for all of its events in a flush: see the documents an event.",
        "Whoever is measured works alone: all other workers stand still. The order changes from round to round; the "
        "ceiling alone is bound to come after one of the workers whose documents it writes.",
        f"Records are {size.age_seconds:g} s old when they are read, as after an outage.",
        f"At {size.live:,} live documents the same worker, its cache as warm. With misses each event is another "
        f"invoice's, none of them read before; the cache is {_SMALL_CACHE_MB} MB.",
    ]


def turns(names: Sequence[str], number: int) -> list[str]:
    """Some names as they take turns in a round: each two rounds begin with another one, the second goes backwards."""
    place = number // 2 % max(1, len(names))
    turned = [*names[place:], *names[:place]]
    return turned[::-1] if number % 2 else turned


def order(number: int) -> list[str]:
    """The workers and the ceiling in a round, the ceiling never before there is anything for it to write."""
    found = turns([_WHOLE, _ALONE, _CEILING, _FULL], number)
    first = min(found.index(_WHOLE), found.index(_ALONE))
    if found.index(_CEILING) < first:
        found.remove(_CEILING)
        found.insert(first, _CEILING)
    return found


def _round(
    site: Site,
    number: int,
    age_seconds: float,
    group: Group,
    ingests: dict[str, Ingest],
    contenders: list[peers.Contender],
    report: Report,
) -> None:
    if number % 2:
        _peers(site, number, group, contenders, report)
    for ingest in ingests.values():
        ingest.load(group.after)
    if number:
        age(age_seconds)
    written: Ingest | None = None
    for name in order(number):
        pause()
        if name == _CEILING:
            assert written is not None
            _ceiling(site, written, group, report)
        else:
            _note(report, name, ingests[name].measure(group.after))
            written = ingests[name] if name != _FULL else written
    if not number % 2:
        _peers(site, number, group, contenders, report)


def _note(report: Report, name: str, run: Run) -> None:
    report.add(BENCH, name, _RATE, run.rate)
    report.add(BENCH, f"{name}, until the last invoice document", _RATE, run.events / run.invoice_seconds)
    report.add(BENCH, f"{name}, invoice documents written", "documents/event", run.documents / run.events)
    for process, used in run.cpu.items():
        report.add(BENCH, f"{name}, CPU of {process}", "µs/event", used)
    report.add(BENCH, f"{name}, memory of worker", "MB", run.rss / 1e6)


def _ceiling(site: Site, ingest: Ingest, group: Group, report: Report) -> None:
    stored = _stored(site, ingest, group.after)
    with site.only(), ingest.watch() as watch:
        seconds, writes = raw.reindex(site.url, stored, group.events)
    report.add(BENCH, _CEILING, _RATE, writes / seconds)
    first, last = watch.samples[0].cpu, watch.samples[-1].cpu
    for process in site.pids:
        report.add(BENCH, f"{_CEILING}, CPU of {process}", "µs/event", (last[process] - first[process]) * 1e6 / writes)


def _stored(site: Site, ingest: Ingest, records: Sequence[Record]) -> list[Stored]:
    """Documents of the invoices of some records, in the order of their first record."""
    sent = (orjson.loads(record.value) for record in invoices_only(list(records)))
    ids = dict.fromkeys(f"{each['direction']}:{each['invoice_no']}" for each in sent)
    connection = Connection(site.url)
    try:
        return raw.documents(connection, Names(ingest.settings.namespace).all_invoices, list(ids))
    finally:
        connection.close()


def _peers(site: Site, number: int, group: Group, contenders: list[peers.Contender], report: Report) -> None:
    if not contenders:
        return
    topic = peers.load(site, invoices_only(group.after))
    by_name = {contender.name: contender for contender in contenders}
    for name in turns(list(by_name), number):
        contender = by_name[name]
        pause()
        # Elasticsearch is asked as often as while a worker is measured.
        with site.only(), watched(site.url, site.pids, {INVOICES: peers.INDICES, FRIENDS: peers.INDICES}):
            found = contender.run(site, topic)
        report.add(BENCH, contender.name, _RATE, topic.records / found.seconds)
        report.add(BENCH, f"{contender.name}, CPU of the program", "µs/event", found.cpu_seconds * 1e6 / topic.records)


class Crowd:
    """Very many live documents: each of some invoices under many other numbers, and the next record of each."""

    def __init__(self, site: Site, ingest: Ingest, size: Size) -> None:
        self._site = site
        self._ingest = ingest
        self._size = size
        self._next = 0
        self._models: list[tuple[Stored, Record, bytes]] = []

    def fill(self, group: Group) -> None:
        """Write the documents. ``group``: its first half is written, its second is not."""
        following: dict[str, Record] = {}
        for record in reversed(invoices_only(group.after)):
            sent = orjson.loads(record.value)
            following[f"{sent['direction']}:{sent['invoice_no']}"] = record
        for stored in _stored(self._site, self._ingest, group.after):
            record = following[stored.id]
            if record.value.count(number := record.key) >= 1 and number in stored.body:
                self._models.append((stored, record, number))
        raw.fill(self._site.url, self._bodies())

    def _bodies(self) -> Iterator[bytes]:
        for start in range(0, self._size.live, raw.BULK):
            lines = []
            for place in range(start, min(self._size.live, start + raw.BULK)):
                stored, _, _ = self._models[place % len(self._models)]
                action = orjson.dumps({"create": {"_index": stored.index, "_id": self._id(place)}})
                lines.append(b"%b\n%b\n" % (action, self._renamed(place, stored.body)))
            if start % (100 * raw.BULK) == 0 and start:
                self._site.say(f"write: {start:,} of {self._size.live:,} documents")
            yield b"".join(lines)

    def take(self, count: int) -> tuple[list[Stored], list[Record]]:
        """So many invoices not taken before: where each document is, and its next record."""
        places = [(self._next + step) % self._size.live for step in range(count)]
        self._next += count
        stored, records = [], []
        for place in places:
            model, record, _ = self._models[place % len(self._models)]
            stored.append(Stored(model.index, self._id(place), self._renamed(place, model.body), 0, 0))
            number = self._number(place)
            records.append(Record(record.kind, number, self._renamed(place, record.value), record.received_ms))
        return stored, records

    def _renamed(self, place: int, text: bytes) -> bytes:
        return text.replace(self._models[place % len(self._models)][2], self._number(place))

    def _number(self, place: int) -> bytes:
        # As long as the model's, so that documents are as large.
        return b"9%0*d" % (len(self._models[place % len(self._models)][2]) - 1, place)

    def _id(self, place: int) -> str:
        model, _, number = self._models[place % len(self._models)]
        return model.id.replace(number.decode(), self._number(place).decode())


def _misses(site: Site, full: Ingest, crowd: Crowd, size: Size, report: Report) -> None:
    """A worker whose cache holds nothing of what comes, against look-up and re-index of other such documents."""
    full.restart("invoices", cache_mb=_SMALL_CACHE_MB)
    most = min(size.events // 2, size.live // (2 * (size.rounds + 1)))
    for number in range(size.rounds + 1):
        site.say(f"write: misses, round {number} of {size.rounds}" + ("" if number else " (unmeasured)"))
        kept = report if number else Report()
        count = most if number else max(1, most // 4)
        stored, _ = crowd.take(count)
        _, records = crowd.take(count)
        if number % 2:
            _look_up(full, stored, kept)
        full.load(records)
        if number:
            age(size.age_seconds)
        pause()
        _note(kept, _MISSES, full.measure(records))
        if not number % 2:
            _look_up(full, stored, kept)


def _look_up(full: Ingest, stored: Sequence[Stored], report: Report) -> None:
    pause()
    with full.site.only(), full.watch():
        seconds = raw.read_and_reindex(full.site.url, stored)
    report.add(BENCH, _LOOKED_UP, _RATE, len(stored) / seconds)


def _hold(report: Report) -> None:
    for name in (_WHOLE, _ALONE):
        report.compare("I1", name, BENCH, name, _CEILING)
        for target, peer in (("I2", peers.FAUST), ("I3", peers.AIOKAFKA), ("I4", peers.BENTO)):
            if report.values(BENCH, peer):
                report.compare(target, name, BENCH, name, peer)
        report.hold("I5", name, report.values(BENCH, f"{name}, CPU of worker"))
    report.compare("I1m", _ALONE, BENCH, _MISSES, _LOOKED_UP)
    report.compare("I7", _WHOLE, BENCH, _FULL, _WHOLE)
