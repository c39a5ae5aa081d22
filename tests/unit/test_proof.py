"""Proofs over networks in memory: every metric, every part, every level has what stands behind it."""

from __future__ import annotations

from datetime import date

import pytest
from example_day import DAY, ExampleNetwork
from memory import MemoryNetwork
from proving import MemoryReader, Proved, levels, prove_all
from random_network import DATES, MASTER, RandomNetwork

from aggregations.question import Question
from hubstat.domain import time as tm
from hubstat.domain.codes import DIRECTIONS
from hubstat.domain.metrics import metrics_for
from hubstat.examples import EXAMPLES
from hubstat.examples.parts import local


@pytest.mark.parametrize("seed", range(12))
def test_a_random_network(seed: int) -> None:
    drawn = RandomNetwork.of_seed(seed)
    network = MemoryNetwork(MASTER)
    for raw, _ in drawn.invoices:
        network.add_invoice(raw)
    for raw, _ in drawn.friends:
        network.add_friend(raw)
    as_of, known_at = drawn.moment()
    reader, proved = MemoryReader(network), Proved.none()
    for direction in DIRECTIONS:
        for wave in ("all", "DAY"):
            asked = Question("camp", date.fromisoformat(DATES[0]), None, as_of, known_at, wave, direction)
            for question in levels(asked):
                prove_all(reader, question, proved)
    assert proved.wrong == []
    assert sum(proved.figures.values()) > 200
