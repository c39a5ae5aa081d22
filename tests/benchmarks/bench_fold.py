"""How fast one core simulates a network day, and decodes and merges it in Python and compiled: ``make bench``.

No engines, no network. Both ways take the same records in turns; medians and spread of CPU time are printed.
"""

from __future__ import annotations

import argparse
import gc
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable
from datetime import date
from typing import Any

from hubstat.domain import time as tm
from hubstat.simulator import Options, build_network, simulate_day
from ingest.merge import Decoded, Merger, compiled_core

DAY = date(2026, 11, 18)


def main() -> None:
    """Print one line for each step and way: what, how many, CPU time each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--invoices", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    zone = tm.zone("KR")
    _line(
        f"{arguments.invoices:,} invoices, {DAY}, seed 1, Python {platform.python_version()}, {os.cpu_count()} cores, "
        f"{arguments.rounds} rounds in turns"
    )
    began = time.process_time()
    spec = build_network(arguments.invoices, 1, "KR")
    records = [
        (record.value, record.received_ms)
        for record in simulate_day(spec, DAY, 1, Options(0.1, 0.05, 0.01))
        if record.kind == "invoice"
    ]
    _line(f"simulated {len(records):,} records, {(time.process_time() - began) / len(records) * 1e6:.1f} µs each")
    core = compiled_core(zone)
    ways = {"Python": Merger(zone, None)} | ({} if core is None else {"compiled": Merger(zone, core)})
    if core is None:
        _line("the compiled core was not built")
    taken: dict[tuple[str, str], list[float]] = {}
    gc.disable()
    for _ in range(arguments.rounds):
        for way, merger in ways.items():
            decoded = _timed(taken, (way, "decoded"), len(records), lambda m=merger: [m.decode(*r) for r in records])
            _timed(taken, (way, "merged"), len(records), lambda m=merger, d=decoded: _merge(m, d))
            gc.collect()
    for (way, did), costs in taken.items():
        _line(f"{did:<8} {way:<9} {statistics.median(costs):7.2f} µs a record ({min(costs):.2f} to {max(costs):.2f})")


def _merge(merger: Merger, records: list[Decoded]) -> dict[str, bytes]:
    """One record at a time, every stored log at hand."""
    stored: dict[str, bytes] = {}
    for record in records:
        key = record.event.key
        stored[key] = merger.merge(key, stored.get(key), [record]).stored
    return stored


def _timed(
    taken: dict[tuple[str, str], list[float]], what: tuple[str, str], count: int, work: Callable[[], Any]
) -> Any:
    began = time.process_time()
    result = work()
    taken.setdefault(what, []).append((time.process_time() - began) / count * 1e6)
    return result


def _line(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
