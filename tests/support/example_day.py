"""The example day for tests: in memory, as raw records, and its figures as questions with their nodes."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from typing import Any

from memory import MemoryNetwork, records, same

from aggregations.question import Answer, Question
from hubstat.domain import time as tm
from hubstat.domain.baselines import Baselines
from hubstat.examples import MASTER, SERVICE_DATE, Example, friend_records, invoice_records
from hubstat.examples.parts import local

DAY = date.fromisoformat(SERVICE_DATE)


class ExampleNetwork(MemoryNetwork):
    """The example day in memory. Its baselines are made once: nothing received later moves them."""

    def __init__(self) -> None:
        super().__init__(MASTER)
        for raw in records(*invoice_records()):
            self.add_invoice(raw)
        for raw in records(*friend_records()):
            self.add_friend(raw)
        self._baselines: dict[date, Baselines] = {}

    def baselines(self, service_date: date) -> Baselines:
        if service_date not in self._baselines:
            self._baselines[service_date] = super().baselines(service_date)
        return self._baselines[service_date]


def moment_of(example: Example) -> tuple[int, int]:
    """(T, K) of an example, ms."""
    return tm.parse_instant(local(example.as_of)), tm.parse_instant(local(example.known_at or example.as_of))


def received(found: list[dict[str, Any]]) -> list[tuple[bytes, int]]:
    """Records as bytes with their received times."""
    return [(json.dumps(record).encode(), tm.parse_instant(record["received_at"])) for record in found]


def figure_of(query: Callable[[Question], Answer], example: Example) -> Any:
    """What an interpreter answers where the example asks."""
    as_of, known_at = moment_of(example)
    camp, _, friend = example.hub.partition("/")
    hub = camp if example.level == "friend" else f"{example.level}:{example.hub}"
    asked = Question(
        example.level, DAY, hub, as_of, known_at, example.wave, example.direction, metrics=(example.metric,)
    )
    (row,) = (row for row in query(asked).rows if row.hub == (friend or camp))
    return row.figures[example.metric]


def agrees(found: Any, expected: Any) -> bool:
    """Equal, also part by part; numbers within the rounding of what is written down."""
    if isinstance(expected, dict):
        return (
            isinstance(found, dict)
            and found.keys() == expected.keys()
            and all(same(found[key], part) for key, part in expected.items())
        )
    return same(found, expected)
