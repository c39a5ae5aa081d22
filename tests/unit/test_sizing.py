"""The page of sizes: calculated from the costs of a measured day."""

from __future__ import annotations

from typing import Any

from hubstat.documentation.sizing import sizing_page

DAY: dict[str, Any] = {
    "invoices": 1_000_000,
    "records": 8_000_000,
    "cores": 2,
    "Python": "3.11.7",
    "cache MiB": 1024,
    "heap MiB": 2048,
    "cache bytes an invoice": 1000,
    "seconds": 600.0,
    "cpu seconds": {"ingest": 320.0, "elasticsearch": 400.0, "kafka": 40.0, "dashboard": 10.0},
    "most memory": {"ingest": 1500, "elasticsearch": 2500, "kafka": 700, "dashboard": 200},
    "memory of the worker": [200, 1500],
    "documents": {
        "invoices": {"documents": 1_000_000, "MiB": 2048.0, "written": 8_000_000},
        "friends": {"documents": 20_000, "MiB": 100.0, "written": 200_000},
    },
    "disk": {"most": 9000, "at the end": 8000},
    "board": {"refreshes": 0},
}


def cells(page: str, what: str) -> list[str]:
    """The cells of the row that begins so."""
    (row,) = [line for line in page.splitlines() if line.startswith(f"| {what}")]
    return [cell.strip() for cell in row.strip("|").split("|")]


def test_sizes_follow_from_the_costs() -> None:
    page = sizing_page(DAY)
    assert cells(page, "time until everything was written")[1] == "10.0 min, 13,333 records/s"
    assert cells(page, "ingest: CPU")[1] == "320 s (40 µs a record), 1,500 MiB"
    # 8 × 1 M ÷ 86,400 s = 92.6; a peak of ten times, and an outage's hour beside it: 1,018.5 events/s.
    assert cells(page, "events/s, mean; peak")[1:3] == ["93; 926", "926; 9,259"]
    assert cells(page, "events/s to be written")[1:3] == ["1,019", "10,185"]
    # 10,185 × 40 µs ÷ 0.6 = 0.68 cores: the least number of workers, for one that may fail.
    assert cells(page, "ingest workers")[1:3] == ["2", "2"]
    # 10,185 × 50 µs ÷ 0.6 × 2 copies.
    assert cells(page, "cores for Elasticsearch")[1:3] == ["0.2", "1.7"]
    # 2,148 MiB a million invoices, 90 days, 2 copies.
    assert cells(page, "documents of a day")[1:3] == ["2.1 GiB", "21.0 GiB"]
    assert cells(page, "disk for 90 days")[1:3] == ["0.4 TiB", "3.7 TiB"]


def test_more_work_needs_more_workers_and_partitions() -> None:
    slow = DAY | {"cpu seconds": DAY["cpu seconds"] | {"ingest": 3_200.0}}
    page = sizing_page(slow)
    assert cells(page, "ingest workers")[1:3] == ["2", "7"]
    assert cells(page, "`HUBSTAT_KAFKA__PARTITIONS`")[1:3] == ["8", "28"]
