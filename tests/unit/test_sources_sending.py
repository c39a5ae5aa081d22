"""Order of sending, batches, and how far ingest has come."""

from __future__ import annotations

import pytest
from aiokafka import TopicPartition

from hubstat.errors import SourceError
from hubstat.simulator import Record
from ingest.progress import behind
from ingest.sources.order import in_order, parse_order
from ingest.sources.record import Outgoing
from ingest.sources.sender import Sendable

RECORDS = [Outgoing("invoice", b"A", bytes([n]), received) for n, received in enumerate((30, None, 10, 20))]


def values(order: str) -> list[int]:
    return [record.value[0] for record in in_order(RECORDS, parse_order(order))]


def test_orders() -> None:
    assert values("file") == [0, 1, 2, 3]
    assert values("reverse") == [3, 2, 1, 0]
    assert values("time") == [1, 2, 3, 0]
    shuffled = {tuple(values(f"shuffle:{seed}")) for seed in range(10)}
    assert len(shuffled) > 4
    assert values("shuffle:7") == values("shuffle:7")
    assert all(sorted(order) == [0, 1, 2, 3] for order in shuffled)


def test_order_leaves_received_times() -> None:
    assert set(in_order(RECORDS, parse_order("shuffle:3"))) == set(RECORDS)


@pytest.mark.parametrize("text", ["", "random", "shuffle", "shuffle:", "shuffle:x", "shuffle:-1", "file:1"])
def test_unknown_order(text: str) -> None:
    with pytest.raises(SourceError, match="unknown; use file, time, reverse or shuffle:SEED"):
        parse_order(text)


def test_both_kinds_of_records_can_be_sent() -> None:
    records: list[Sendable] = [Outgoing("friend", None, b"x", None, False), Record("invoice", b"A", b"{}", 5)]
    assert [record.received_ms for record in records] == [None, 5]


def test_behind_counts_what_is_not_committed() -> None:
    one, two, three = (TopicPartition("t", n) for n in range(3))
    assert behind({one: 5, two: 9}, {one: 5, two: 12, three: 4}) == 7
    assert behind({one: 50}, {one: 5}) == 0
