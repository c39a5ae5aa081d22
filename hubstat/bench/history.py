"""A history nationwide, from facts and by DuckDB over raw rows of as many days.

Facts come from the code that keeps them: documents of each day are built from tallies, one for each camp, direction and
wave, of the size that a simulated camp's day has. DuckDB has one row an invoice in a file of its own, and sums the same
figures by day.
"""

from __future__ import annotations

import math
import os
import statistics
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from importlib import import_module
from random import Random
from typing import Any, Final

import orjson

from aggregations.facts.documents import CAMP_DAY, Contents, documents_of
from aggregations.history import Span, history
from aggregations.question import ALL_WAVES
from aggregations.reader import Reader
from aggregations.tally import Tallies, Tally
from aggregations.viewer import Viewer
from hubstat.bench.place import Site
from hubstat.bench.raw import BULK, Connection, fill
from hubstat.bench.results import NotRun, Report
from hubstat.domain.codes import DIRECTIONS, Direction
from hubstat.domain.hierarchy import HubTree
from hubstat.domain.masterdata import MasterData
from hubstat.domain.metrics import DEFINITION_VERSION
from hubstat.elastic import facts, hubs, indices
from hubstat.elastic.client import connect
from hubstat.elastic.facts import Record
from hubstat.elastic.store import Store
from hubstat.errors import EngineError
from hubstat.simulator import build_network

BENCH: Final = "history"
DAYS: Final = (7, 30, 90)
_LAST: Final = date(2026, 9, 30)
_COUNTRY: Final = "KR"
_INVOICES: Final = 1_000_000
_WAVES: Final = ("DAY", "DAWN")
_FACTS: Final = "facts"
_CACHED: Final = "facts, asked again"
_DUCKDB: Final = "DuckDB"


def run(site: Site, rows: int, rounds: int, report: Report) -> None:
    """Adds to the report. rows: raw rows of DuckDB over all days; rounds: measured ones of each."""
    settings = site.settings_of("history")
    with connect(settings.elasticsearch, site.url) as client:
        indices.ensure(client, settings)
        reader = Reader(Store(client, settings.namespace), _COUNTRY)
        spec = build_network(_INVOICES, 1, _COUNTRY)
        hubs.install(client, settings.namespace, spec.master_data(), _COUNTRY)
        counts = _keep_facts(site, reader)
        site.say(f"history: {counts:,} facts of {max(DAYS)} days kept")
        viewer = Viewer.everything(_COUNTRY)
        connection = Connection(site.url)

        def from_facts(days: int) -> float:
            span = Span(_LAST - timedelta(days=days - 1), _LAST)
            began = time.perf_counter()
            found = history(reader, viewer, span)
            took = time.perf_counter() - began
            if not all(row.from_facts and row.figures["due"] for row in found.rows):
                raise EngineError("a date of the benchmark was not answered from its facts")
            return took

        raw = _duckdb(site, rows, report)
        for number in range(rounds + 2):
            kept = report if number >= 2 else Report()
            for days in DAYS:
                for ours in (True, False) if number % 2 else (False, True):
                    if ours:
                        connection.send("POST", f"/{settings.namespace}-{CAMP_DAY}/_cache/clear")
                        kept.add(BENCH, f"{_FACTS}, {days} days", "ms", 1000 * from_facts(days))
                        kept.add(BENCH, f"{_CACHED}, {days} days", "ms", 1000 * from_facts(days))
                    elif raw is not None:
                        kept.add(BENCH, f"{_DUCKDB}, {days} days", "ms", 1000 * raw(days))
        connection.close()
    _hold(report, rows, counts)


def _hold(report: Report, rows: int, counts: int) -> None:
    longest, shortest = max(DAYS), min(DAYS)
    for name in (_FACTS, _CACHED):
        long, short = (report.values(BENCH, f"{name}, {days} days") for days in (longest, shortest))
        if report.values(BENCH, f"{_DUCKDB}, {longest} days"):
            report.compare("Q3", name, BENCH, f"{_DUCKDB}, {longest} days", f"{name}, {longest} days")
        exponent = math.log(statistics.median(long) / statistics.median(short)) / math.log(longest / shortest)
        report.hold("Q4", name, [exponent])
    report.notes[BENCH] = [
        f"{counts:,} documents of {longest} days; DuckDB: {rows:,} rows in its own file, in memory after the first "
        "rounds. `facts`: Elasticsearch's cache of answers was emptied before; both times include everything from the "
        "call to the figures.",
    ]


def _keep_facts(site: Site, reader: Reader) -> int:
    """Documents and records of all days; how many documents. The weeks are alike."""
    client, namespace = reader.store.client, reader.store.namespace
    master = reader.store.master_data(_COUNTRY)
    index = f"{namespace}-{CAMP_DAY}"
    week = list(_week(site, master))
    now = reader.clock()

    def bodies() -> Iterator[bytes]:
        for number in range(max(DAYS)):
            model, documents = week[number % len(week)]
            day = (_LAST - timedelta(days=number)).isoformat()
            for start in range(0, len(documents), BULK // 4):
                lines = (
                    b"%b\n%b\n" % (orjson.dumps({"index": {"_index": index, "_id": document_id}}), body)
                    for document_id, body in documents[start : start + BULK // 4]
                )
                yield b"".join(lines).replace(model.encode(), day.encode())
            record = Record(day, now, master.version, DEFINITION_VERSION, 0, len(documents), "")
            facts.keep_record(client, namespace, record, {}, None)

    fill(site.url, bodies())
    client.indices.refresh(index=f"{namespace}-*")
    return sum(len(week[number % len(week)][1]) for number in range(max(DAYS)))


def _week(site: Site, master: MasterData) -> Iterator[tuple[str, list[tuple[str, bytes]]]]:
    """Seven dates, each with its documents as id and JSON."""
    draw = Random(1)
    for number in range(7):
        site.say(f"history: facts of day {number + 1} of a week")
        day = _LAST - timedelta(days=number)
        tree = master.hierarchy.on(day)
        contents = _contents(tree, draw)
        made = documents_of(day.isoformat(), tree, contents, contents)[CAMP_DAY]
        yield day.isoformat(), [(document_id, orjson.dumps(document)) for document_id, document in made.items()]


def _contents(tree: HubTree, draw: Random) -> Contents:
    nothing: Tallies = {}
    return Contents(
        camps={direction: _tallies(tree, direction, draw) for direction in DIRECTIONS},
        friends=dict.fromkeys(DIRECTIONS, nothing),
        waiting_camps=dict.fromkeys(DIRECTIONS, nothing),
        waiting_friends=dict.fromkeys(DIRECTIONS, nothing),
        work={},
        days=(),
    )


def _tallies(tree: HubTree, direction: Direction, draw: Random) -> Tallies:
    """Tallies by camp and wave, and of all waves."""
    camps = [hub.id for hub in tree.hubs("camp")]
    mean = _INVOICES // len(camps) // len(_WAVES) // (1 if direction == "DELIVERY" else 20)
    found: Tallies = {}
    for camp in camps:
        whole = Tally()
        for wave in _WAVES:
            tally = found[camp, wave] = _tally(direction, max(1, int(draw.gauss(mean, mean / 10))), draw)
            whole.add(tally)
        found[camp, ALL_WAVES] = whole
    return found


def _tally(direction: Direction, due: int, draw: Random) -> Tally:
    """A camp's wave with as many parts as a real one has."""
    prefix = "m1" if direction == "DELIVERY" else "m2"
    completed = int(due * draw.uniform(0.93, 0.99))
    late = int(due * draw.uniform(0.01, 0.05))
    counts = {
        "due": due,
        "completed": completed,
        "open": due - completed,
        "closed": completed,
        f"{prefix}_base": due,
        f"{prefix}_late": late,
        f"{prefix}_late_open": late // 4,
    }
    tally = Tally(counts=Counter({(name, ""): n for name, n in counts.items()}))
    tally.hours.update({494_000 + hour: completed // 12 for hour in range(12)})
    tally.minutes.update({("completed", minute): 1 + completed // 600 for minute in range(0, 720, 6)})
    return tally


def _duckdb(site: Site, rows: int, report: Report) -> Callable[[int], float] | None:
    """Fill DuckDB with raw rows; gives the seconds of one question over some last days."""
    try:
        duckdb = import_module("duckdb")
    except ImportError:
        report.not_run.append(NotRun(_DUCKDB, "the package duckdb is not installed"))
        return None
    database = duckdb.connect(str(site.folder / "raw.duckdb"), config={"threads": os.cpu_count() or 1})
    database.execute(
        "create table raw (service_date date, camp varchar, direction varchar, wave varchar, completed boolean, "
        "closed boolean, base boolean, late boolean, late_open boolean)"
    )
    a_day = rows // max(DAYS)
    for number in range(max(DAYS)):
        if number % 10 == 0:
            site.say(f"history: DuckDB's rows of day {number + 1} of {max(DAYS)}")
        database.execute(
            "insert into raw select ?::date, 'C' || lpad((i % 200)::varchar, 3, '0'), "
            "case when i % 20 = 0 then 'RETURN' else 'DELIVERY' end, case when i % 3 = 0 then 'DAWN' else 'DAY' end, "
            "random() < 0.97, random() < 0.97, random() < 0.99, random() < 0.03, random() < 0.01 from range(?) t(i)",
            [_LAST - timedelta(days=number), a_day],
        )

    def ask(days: int) -> float:
        began = time.perf_counter()
        found: list[Any] = database.execute(
            "select service_date, count(*), count(*) filter (completed), count(*) filter (not completed), "
            "count(*) filter (closed), count(*) filter (base), count(*) filter (late), count(*) filter (late_open) "
            "from raw where direction = 'DELIVERY' and service_date > ?::date group by 1 order by 1",
            [_LAST - timedelta(days=days)],
        ).fetchall()
        took = time.perf_counter() - began
        if len(found) != days:
            raise EngineError(f"DuckDB answers {len(found)} days of {days}")
        return took

    return ask
