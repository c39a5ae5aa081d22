"""Asking for the proof of everything, and holding it against the figures that are answered."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from memory import ZONE, MemoryNetwork, same

from aggregations.day import Day, View
from aggregations.proofs.model import Proof, Side
from aggregations.proofs.prover import Prover
from aggregations.question import LEVELS, Moment, Question, Scope
from aggregations.reader import Reader
from aggregations.viewer import Viewer
from hubstat.domain.metrics import metrics_for
from hubstat.elastic.search import PointInTime

EVERYTHING = Viewer.everything("KR", "test")


class _Nothing(PointInTime):
    """A point in time at which nothing is stored."""

    def __init__(self) -> None:
        self.took = 0

    def search(self, body: dict[str, Any]) -> dict[str, Any]:
        return {"hits": {"hits": []}, "aggregations": {}}


class MemoryReader(Reader):
    """A reader of a network held in memory; a day is counted once for every (T, K)."""

    def __init__(self, network: MemoryNetwork) -> None:
        self.network = network
        self.zone = ZONE
        self.country = "KR"
        self.clock = lambda: 4_000_000_000_000
        self._days: dict[tuple[date, Moment], Day] = {}

    @contextmanager
    def view(self) -> Iterator[View]:
        yield View(_Nothing(), _Nothing(), _Nothing(), self.network.master)

    def day(
        self, view: View, service_date: date, moment: Moment, scope: Scope | None = None, *, facts: bool = True
    ) -> Day:
        key = (service_date, moment)
        if key not in self._days:
            self._days[key] = self.network.day(service_date, moment)
        return self._days[key]


@dataclass
class Proved:
    """What was proved: how many figures by metric, with how many lines and terms; and what is wrong."""

    figures: Counter[str]
    lines: Counter[str]
    terms: Counter[str]
    wrong: list[str]

    @classmethod
    def none(cls) -> Proved:
        return cls(Counter(), Counter(), Counter(), [])


def prove_all(
    reader: Reader,
    question: Question,
    proved: Proved,
    chosen: Callable[[Scope], bool] = lambda _: True,
    *,
    parts: bool = True,
) -> None:
    """Prove every metric, and every part of it, of every node of a question's level that is chosen."""
    prover = Prover(reader)
    for row in reader.query(EVERYTHING, question).rows:
        friend = question.level == "friend"
        scope = Scope("friend", row.hub, row.parent) if friend else Scope(question.level, row.hub)
        if not chosen(scope):
            continue
        for name in metrics_for(question.direction):
            figure = row.figures[name]
            asked = [(name, figure)]
            if parts and isinstance(figure, Mapping):
                asked += [(f"{name}.{key}", part) for key, part in figure.items()]
            for each, expected in asked:
                proof = prover.proof(EVERYTHING, replace(question, hub=None), each, scope)
                place = f"{scope} {question.wave} {question.direction} {each}"
                proved.wrong += [f"{place}: {wrong}" for wrong in wrong_with(proof, expected)]
                proved.figures[name] += 1
                proved.lines[name] += len(proof.lines)
                proved.terms[name] += len(proof.terms)


def wrong_with(proof: Proof, expected: Any) -> Iterator[str]:
    """What is wrong with a proof of a figure."""
    if not alike(proof.figure, expected):
        yield f"proves {proof.figure}, answered {expected}"
    for side in proof.sides:
        yield from _wrong_with_side(side)
    if len(proof.sides) == 2 and proof.metric.id not in {"hourly_deliveries", "hourly_stops"}:
        upper, lower = (side.figure for side in proof.sides)
        if isinstance(upper, int | float) and isinstance(lower, int | float):
            hours = 60 if proof.metric.unit == "per_hour" else 1
            ratio = upper / (lower / hours) if lower else None
            if not same(proof.figure, ratio) and not (hours == 60 and lower < 10 and proof.figure is None):
                yield f"{proof.figure} is not {upper} ÷ {lower}"
    for each in (*proof.lines, *proof.terms):
        for text in (each.why.ko, each.why.en):
            if not text or "None" in text or text != text.strip():
                yield f"the sentence {text!r}"
        if not any("가" <= letter <= "힣" for letter in each.why.ko) or any("가" <= e <= "힣" for e in _plain(each)):
            yield f"the languages of {each.why}"


def _plain(each: Any) -> str:
    """The English sentence without reasons, which are Korean words of the data."""
    return str(each.why.en).split("failed")[0]


def _wrong_with_side(side: Side) -> Iterator[str]:
    figure = side.figure
    invoices = [line.invoice for line in side.lines]
    if len(set(invoices)) != len(invoices):
        yield "an invoice is listed twice"
    measured = {"time", "minutes"} & {side.metric.unit}
    if not side.terms and not measured:
        parts = figure if isinstance(figure, Mapping) else {"": figure or 0}
        listed = Counter(line.key for line in side.lines) if isinstance(figure, Mapping) else {"": len(invoices)}
        if {key: n for key, n in parts.items() if n} != dict(listed) and any(parts.values()):
            yield f"{figure} is not {dict(listed)}"
    elif side.terms and side.metric.unit != "time" and side.metric.id != "silent_minutes":
        sums: dict[str, float] = {}
        for term in side.terms:
            key = term.key if isinstance(figure, Mapping) else ""
            sums[key] = sums.get(key, 0) + term.amount
        expected = figure if isinstance(figure, Mapping) else {"": figure}
        if not all(abs(sums.get(key, 0) - expected.get(key, 0)) < 1e-6 for key in {*sums, *expected}):
            yield f"{figure} is not the sum {sums}"
    elif measured and figure and not isinstance(figure, Mapping) and not _decided(side):
        yield "nothing decides"


def _decided(side: Side) -> bool:
    return any(each.decides for each in (*side.lines, *side.terms))


def alike(figure: Any, expected: Any) -> bool:
    """Equal, also part by part."""
    if isinstance(figure, Mapping) and isinstance(expected, Mapping):
        return figure.keys() == expected.keys() and all(alike(figure[key], expected[key]) for key in figure)
    return same(figure, expected)


def levels(question: Question) -> Iterator[Question]:
    """The same question of every level."""
    for level in LEVELS:
        yield replace(question, level=level)
