"""How long the partitions of a killed worker stand still."""

from __future__ import annotations

import signal
import time
from typing import Final

from hubstat.bench.load import groups
from hubstat.bench.place import Ingest, Site
from hubstat.bench.results import Report
from hubstat.settings import IngestSettings

BENCH: Final = "failover"
_EVENTS: Final = 2_000
_STALLED: Final = "until all is written after kill -9 of one of 2 workers"


def run(site: Site, rounds: int, report: Report) -> None:
    """Adds to the report. Each round kills one of two idle workers, then sends a few records to all partitions."""
    session = IngestSettings().session_timeout_seconds
    (group,) = groups(1, _EVENTS)
    size = len(group.after) // rounds
    ingest = Ingest.create(site, "whole", 2, session_timeout_seconds=session)
    try:
        ingest.send(group.before)
        ingest.settle()
        for number in range(rounds):
            site.say(f"failover: round {number + 1} of {rounds}")
            killed = ingest.workers.pop()
            killed.send_signal(signal.SIGKILL)
            killed.wait()
            began = time.monotonic()
            ingest.send(group.after[number * size : (number + 1) * size])
            ingest.settle()
            report.add(BENCH, _STALLED, "s", time.monotonic() - began)
            ingest.start("2")
            # The next round begins when the partitions are shared again.
            ingest.send(group.before[:200])
            ingest.settle()
            time.sleep(session / 2)
    finally:
        ingest.close()
    report.hold("F1", "worker killed", report.values(BENCH, _STALLED))
    report.notes[BENCH] = [
        f"The workers' session is {session:g} s, as by default. The clock runs from the kill until a few records of "
        "all partitions, sent at once, are committed.",
    ]
