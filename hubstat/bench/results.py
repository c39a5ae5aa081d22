"""What benchmarks find: series of measurements, targets reached or missed, and their form as JSON. Pure."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

FORMAT: Final = 1


@dataclass(frozen=True, slots=True)
class Target:
    """One row of the targets. up: more is better. unit "": a ratio."""

    id: str
    measure: str
    must: float
    aim: float
    up: bool
    unit: str = ""

    def reached(self, value: float) -> Literal["aim", "must", "missed"]:
        """Which of the two a value reaches."""
        for name, bound in (("aim", self.aim), ("must", self.must)):
            if value >= bound if self.up else value <= bound:
                return "aim" if name == "aim" else "must"
        return "missed"


TARGETS: Final = {
    target.id: target
    for target in (
        Target(
            "I1", "read-merge-write, cache warm ÷ raw re-index of the same documents, same guards", 0.60, 0.85, True
        ),
        Target("I1m", "the same with every event a miss at 1 M live documents ÷ `_mget` + re-index", 0.70, 0.95, True),
        Target("I2", "÷ naive Faust (`Record`, `take`, `async_bulk`, blind write)", 3, 4.5, True),
        Target("I3", "÷ naive aiokafka + `streaming_bulk` (blind write)", 1.2, 1.8, True),
        Target("I4", "÷ Bento tuned (blind write)", 0.55, 0.9, True),
        Target("I5", "worker CPU an event, cache warm, fold included", 30, 15, False, "µs"),
        Target("I7", "events/s at 1 M live documents ÷ at an empty index", 0.65, 0.85, True),
        Target("I8 bound", "worker memory over its cache's bound", 150, 100, False, "MB"),
        Target("I8 growth", "worker memory growth once the cache is full", 30, 5, False, "MB"),
        Target("I9", "2 workers ÷ 1, Elasticsearch stubbed", 1.5, 1.8, True),
        Target(
            "Q3", "nationwide × 90 days from facts: how many times as fast as DuckDB over the raw rows", 1, 10, True
        ),
        Target("Q4", "exponent of Q3 in days (7 → 90)", 0.4, 0.2, False),
        Target("F1", "stall after a worker is killed", 30, 10, False, "s"),
    )
}


@dataclass(slots=True)
class Series:
    """One thing measured once a round, in the order of the rounds."""

    bench: str
    name: str
    unit: str
    values: list[float] = field(default_factory=list)

    @property
    def median(self) -> float:
        """The middle value."""
        return statistics.median(self.values)


@dataclass(frozen=True, slots=True)
class Finding:
    """A target's values, one a round, of a variant such as ``whole worker``."""

    target: str
    variant: str
    values: tuple[float, ...]

    @property
    def median(self) -> float:
        """The middle value: what is held against the target."""
        return statistics.median(self.values)


@dataclass(frozen=True, slots=True)
class NotRun:
    """Something that was asked for and could not be measured: why."""

    what: str
    why: str


@dataclass(slots=True)
class Report:
    """Everything one run found. conditions: machine, versions, sizes; notes: what a reader must know of a benchmark."""

    conditions: dict[str, str] = field(default_factory=dict)
    series: list[Series] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    not_run: list[NotRun] = field(default_factory=list)
    notes: dict[str, list[str]] = field(default_factory=dict)

    def add(self, bench: str, name: str, unit: str, value: float) -> None:
        """Add a round's value to a series, which the first one begins."""
        for series in self.series:
            if (series.bench, series.name) == (bench, name):
                series.values.append(value)
                return
        self.series.append(Series(bench, name, unit, [value]))

    def values(self, bench: str, name: str) -> list[float]:
        """Values of a series; empty where it was not measured."""
        return next((each.values for each in self.series if (each.bench, each.name) == (bench, name)), [])

    def hold(self, target: str, variant: str, values: Sequence[float]) -> None:
        """Hold values against a target; none: nothing was measured."""
        if values:
            self.findings.append(Finding(target, variant, tuple(values)))

    def compare(self, target: str, variant: str, bench: str, ours: str, theirs: str) -> None:
        """Hold the rounds' ratios of two series against a target."""
        pairs = zip(self.values(bench, ours), self.values(bench, theirs), strict=True)
        self.hold(target, variant, [one / other for one, other in pairs])

    def to_json(self) -> dict[str, Any]:
        """As written to a file."""
        return {
            "format": FORMAT,
            "conditions": self.conditions,
            "findings": [
                {"target": each.target, "variant": each.variant, "values": [_short(v) for v in each.values]}
                for each in self.findings
            ],
            "series": [
                {"bench": each.bench, "name": each.name, "unit": each.unit, "values": [_short(v) for v in each.values]}
                for each in self.series
            ],
            "not_run": [{"what": each.what, "why": each.why} for each in self.not_run],
            "notes": self.notes,
        }

    @classmethod
    def of_json(cls, document: dict[str, Any]) -> Report:
        """Back from JSON. Raises ``ValueError`` for another format."""
        if document.get("format") != FORMAT:
            raise ValueError(f"results of format {document.get('format')}, this version reads {FORMAT}")
        return cls(
            conditions=document["conditions"],
            series=[Series(**each) for each in document["series"]],
            findings=[Finding(each["target"], each["variant"], tuple(each["values"])) for each in document["findings"]],
            not_run=[NotRun(**each) for each in document["not_run"]],
            notes=document["notes"],
        )


def _short(value: float) -> float:
    """Four significant digits: more would be noise."""
    return float(f"{value:.4g}")
