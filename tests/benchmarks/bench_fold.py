"""How fast one core simulates, decodes and folds a network day: ``make bench``. No engines, no network."""

from __future__ import annotations

import argparse
import platform
import sys
import time
from datetime import date

from hubstat.domain import time as tm
from hubstat.domain.contract import decode_invoice_event
from hubstat.domain.document import invoice_document
from hubstat.domain.log import EventLog
from hubstat.simulator import Options, build_network, simulate_day

DAY = date(2026, 11, 18)


def main() -> None:
    """Print one line for each step: what, how many, and how many a second."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--invoices", type=int, default=20_000)
    invoices: int = parser.parse_args().invoices
    zone = tm.zone("KR")
    _line(f"{invoices:,} invoices, {DAY}, seed 1, Python {platform.python_version()}")

    began = time.perf_counter()
    spec = build_network(invoices, 1, "KR")
    records = [record for record in simulate_day(spec, DAY, 1, Options(0.1, 0.05, 0.01)) if record.kind == "invoice"]
    _rate("simulated", "records", len(records), began)

    began = time.perf_counter()
    events = [decode_invoice_event(record.value, record.received_ms, zone) for record in records]
    _rate("decoded", "records", len(events), began)

    logs: dict[str, EventLog] = {}
    began = time.perf_counter()
    for event in events:
        logs.setdefault(event.key, EventLog()).add(event)
    _rate("merged", "events", len(events), began)

    began = time.perf_counter()
    documents = [invoice_document(key, log, zone) for key, log in logs.items()]
    _rate("folded into", "documents", len(documents), began)


def _rate(did: str, what: str, count: int, began: float) -> None:
    seconds = time.perf_counter() - began
    _line(f"{did:<12} {count:>10,} {what:<10} {count / seconds:>12,.0f} a second")


def _line(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
