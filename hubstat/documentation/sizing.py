"""The page of one whole day and of sizes: made from what ``tests/benchmarks/full_day.py --out`` has written."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, Final

from hubstat.documentation.text import GENERATED, table

_EVENTS_AN_INVOICE: Final = 8
_PEAK: Final = 10
_CATCH_UP_HOURS: Final = 1
_BUSY: Final = 0.6
_RETAINED_DAYS: Final = 90
_COPIES: Final = 2
_SHARD_GIB: Final = 30
_DAY_SECONDS: Final = 86_400
# Invoices that are open at one time, in days of invoices: what a worker's cache should hold.
_OPEN_DAYS: Final = 1.5

_DAY: Final = """\
A simulated day was sent to Kafka first; then one ingest worker wrote all of it with the live national board open in a
browser, everything on one machine, and the audit compared every figure and every event. To measure again:
`make fullday`."""
_SIZES: Final = f"""\
Calculated from the costs of that day, by the formulas in the right column; a real cluster has networks, replicas and
neighbours, so measure there before you buy. Assumed: {_EVENTS_AN_INVOICE} events an invoice, a peak of {_PEAK} times
the mean, processes busy to {_BUSY:.0%} at the peak, documents kept {_RETAINED_DAYS} days with one replica, and an
hour's outage at the mean rate made good within an hour while the peak goes on."""


def sizing_page(day: dict[str, Any]) -> str:
    """The page of one measured day."""
    lines = ["# One day, and sizes", "", GENERATED, "", *_DAY.splitlines(), ""]
    lines += table(("what", "measured"), _measured(day))
    lines += ["", "## Sizes", "", *_SIZES.splitlines(), ""]
    lines += table(("what", "1 M invoices a day", "10 M invoices a day", "from"), _sizes(_costs(day)))
    return "\n".join(lines) + "\n"


def _measured(day: dict[str, Any]) -> Iterator[tuple[str, str]]:
    records, seconds = day["records"], day["seconds"]
    yield "invoices, records", f"{day['invoices']:,}, {records:,}"
    yield (
        "cores, Python, worker's cache, Elasticsearch's heap",
        (f"{day['cores']}, {day['Python']}, {day['cache MiB']} MiB, {day['heap MiB']} MiB"),
    )
    yield "time until everything was written", f"{seconds / 60:.1f} min, {records / seconds:,.0f} records/s"
    for name, used in day["cpu seconds"].items():
        yield (
            f"{name}: CPU, most memory",
            f"{used:,.0f} s ({used / records * 1e6:.0f} µs a record), {day['most memory'][name]:,} MiB",
        )
    yield "worker's memory at every tenth of the time", f"{', '.join(map(str, day['memory of the worker']))} MiB"
    for kind, found in day["documents"].items():
        yield (
            f"documents of {kind}",
            f"{found['documents']:,}, {found['MiB']:,.0f} MiB, written {found['written']:,} times",
        )
    yield "disk of both engines", f"at most {day['disk']['most']:,} MiB, {day['disk']['at the end']:,} MiB at the end"
    board = day["board"]
    if board["refreshes"]:
        yield (
            "refresh of the board, from request to answer",
            (
                f"median {board['median seconds']} s, p95 {board['p95 seconds']} s, "
                f"longest {board['longest seconds']} s ({board['refreshes']} refreshes)"
            ),
        )
    audit = day.get("audit")
    if audit:
        yield "audit", f"{audit['said'][-1]}; {audit['seconds'] / 60:.1f} min, at most {audit['peak MiB']:,.0f} MiB"


def _costs(day: dict[str, Any]) -> dict[str, float]:
    """CPU in µs a record, bytes an invoice."""
    records, invoices = day["records"], day["invoices"]
    cpu = {name: used / records * 1e6 for name, used in day["cpu seconds"].items()}
    stored = sum(found["MiB"] for found in day["documents"].values()) * 2**20
    return {
        "worker": cpu["ingest"],
        "elasticsearch": cpu["elasticsearch"],
        "kafka": cpu["kafka"],
        "document bytes": stored / invoices,
        "cache bytes": day["cache bytes an invoice"],
    }


def _sizes(cost: dict[str, float]) -> Iterator[tuple[str, ...]]:
    def row(what: str, value: Any, source: str) -> tuple[str, ...]:
        return (what, value(1e6), value(1e7), source)

    def mean(invoices: float) -> float:
        return invoices * _EVENTS_AN_INVOICE / _DAY_SECONDS

    def load(invoices: float) -> float:
        # The peak, and the outage's records within the hour.
        return mean(invoices) * (_PEAK + _CATCH_UP_HOURS)

    def cores(name: str, invoices: float) -> float:
        return load(invoices) * cost[name] / 1e6 / _BUSY

    def gib(invoices: float) -> float:
        return invoices * cost["document bytes"] / 2**30

    def workers(invoices: float) -> int:
        return max(2, math.ceil(cores("worker", invoices)))

    yield row(
        "events/s, mean; peak",
        lambda n: f"{mean(n):,.0f}; {mean(n) * _PEAK:,.0f}",
        f"{_EVENTS_AN_INVOICE} × invoices ÷ 86,400 s; × {_PEAK}",
    )
    yield row("events/s to be written after an outage", lambda n: f"{load(n):,.0f}", "peak + mean")
    yield row(
        "ingest workers, of one core each",
        lambda n: f"{workers(n)}",
        f"{cost['worker']:.0f} µs an event ÷ {_BUSY:.0%}, at least 2",
    )
    yield row(
        "`HUBSTAT_KAFKA__PARTITIONS`",
        lambda n: f"{max(8, 4 * workers(n))}",
        "2 lanes a worker, and room to double the workers",
    )
    yield row(
        "`HUBSTAT_INGEST__CACHE_MB` of each worker",
        lambda n: f"{n * _OPEN_DAYS * cost['cache bytes'] * 4 / 3 / workers(n) / 2**20:,.0f}",
        f"{cost['cache bytes']:.0f} bytes × {_OPEN_DAYS} days of invoices are 3/4 of it; shared by the workers",
    )
    yield row(
        "cores for Elasticsearch's indexing",
        lambda n: f"{cores('elasticsearch', n) * _COPIES:.1f}",
        f"{cost['elasticsearch']:.0f} µs an event ÷ {_BUSY:.0%}, on {_COPIES} copies; queries beside it",
    )
    yield row(
        "cores for Kafka",
        lambda n: f"{max(cores('kafka', n), 0.1):.1f}",
        f"{cost['kafka']:.0f} µs an event ÷ {_BUSY:.0%}",
    )
    yield row(
        "documents of a day, one copy",
        lambda n: f"{gib(n):,.1f} GiB",
        f"{cost['document bytes']:,.0f} bytes an invoice, Friends' documents included",
    )
    yield row(
        "`HUBSTAT_ELASTICSEARCH__SHARDS` of an index",
        lambda n: f"{max(1, math.ceil(gib(n) / _SHARD_GIB))}",
        f"at most {_SHARD_GIB} GiB a shard",
    )
    yield row(
        f"disk for {_RETAINED_DAYS} days",
        lambda n: f"{gib(n) * _RETAINED_DAYS * _COPIES / 1024:,.1f} TiB",
        f"{_COPIES} copies, not compressed further",
    )
