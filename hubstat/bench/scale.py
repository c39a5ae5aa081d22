"""Two workers beside one, over an Elasticsearch that does nothing."""

from __future__ import annotations

from typing import Final

from hubstat.bench.load import groups
from hubstat.bench.place import Ingest, Kind, Run, Site, pause, stubbed
from hubstat.bench.results import Report

BENCH: Final = "scale"
_KINDS: Final[dict[Kind, str]] = {"whole": "whole worker", "invoices": "invoice documents only"}


def run(site: Site, events: int, rounds: int, report: Report) -> None:
    """Adds to the report. events: invoice events of a run; rounds: measured ones of each."""
    dealt = groups(rounds + 1, events)
    for kind, name in _KINDS.items():
        with stubbed() as stub:
            pair: dict[int, Ingest] = {}
            try:
                for workers in (1, 2):
                    pair[workers] = Ingest.create(site, kind, workers, stub)
                    site.say(f"scale: filling the caches, {name}, workers: {workers}")
                    for group in dealt:
                        pair[workers].warm(group.before)
                for number, group in enumerate(dealt):
                    site.say(f"scale: {name}, round {number} of {rounds}" + (" (unmeasured)" if not number else ""))
                    for ingest in pair.values():
                        ingest.load(group.after)
                    for workers in (1, 2) if number % 2 else (2, 1):
                        pause()
                        found = pair[workers].measure(group.after)
                        if number:
                            _note(report, f"{name}, workers: {workers}", found)
            finally:
                for ingest in pair.values():
                    ingest.stop()
        report.compare("I9", name, BENCH, f"{name}, workers: 2", f"{name}, workers: 1")
    report.notes[BENCH] = [
        "The stub answers every look-up with nothing and every write with success; it, Kafka and the workers share the "
        "cores, so with two cores two workers cannot be twice as fast as one.",
    ]


def _note(report: Report, name: str, found: Run) -> None:
    report.add(BENCH, name, "events/s", found.rate)
    for process, used in found.cpu.items():
        report.add(BENCH, f"{name}, CPU of {process}", "µs/event", used)
