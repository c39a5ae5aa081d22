"""Every metric has a figure reckoned by hand, and both programs, written apart, find it."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest
from example_day import ExampleNetwork, agrees, figure_of, moment_of, received

from hubstat.domain.metrics import METRICS
from hubstat.examples import EXAMPLES, MASTER, SERVICE_DATE, Example, friend_records, invoice_records
from hubstat.oracle import Network
from hubstat.oracle.compute import Records


@pytest.fixture(scope="module")
def network() -> ExampleNetwork:
    return ExampleNetwork()


@pytest.fixture(scope="module")
def oracle() -> Records:
    records = Records("KR")
    records.read_invoices(received(invoice_records()))
    records.read_friends(received(friend_records()))
    return records


def test_no_record_is_refused(network: ExampleNetwork, oracle: Records) -> None:
    assert network.refused == []
    assert oracle.dead_letters.total() == 0


def test_every_metric_has_one_example() -> None:
    found = Counter(example.name for example in EXAMPLES)
    assert set(found.values()) == {1}
    for metric in METRICS:
        assert any(f"{metric.id}-{direction}" in found for direction in metric.directions), metric.id
    assert len(found) == len(METRICS)


def test_no_example_is_of_nothing() -> None:
    for example in EXAMPLES:
        values = example.expected.values() if isinstance(example.expected, dict) else [example.expected]
        assert any(values), example.name


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_the_fold_finds_it(network: ExampleNetwork, example: Example) -> None:
    found = figure_of(network.query, example)
    assert agrees(found, example.expected), (found, example.expected)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_the_oracle_finds_it(oracle: Records, example: Example) -> None:
    found = oracle.figures(Network(MASTER, "KR"), SERVICE_DATE, *moment_of(example))
    node = found[example.direction][example.wave][f"{example.level}:{example.hub}"]
    assert agrees(node[example.metric], example.expected), (node[example.metric], example.expected)


def test_the_comparison_can_fail(network: ExampleNetwork) -> None:
    """At another moment hardly any figure of C1 is the one reckoned for 18:00."""
    chosen = [example for example in EXAMPLES if example.hub == "C1" and example.as_of == "18:00"]
    earlier = [replace(example, as_of="11:00", known_at="11:00") for example in chosen]
    same = [each.name for each in earlier if agrees(figure_of(network.query, each), each.expected)]
    assert len(same) < len(chosen) / 3, same
