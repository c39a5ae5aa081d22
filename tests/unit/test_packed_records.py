"""Records packed for a long wait are the records they were, one by one and by their places."""

from __future__ import annotations

from fakes import FakeRecord

from ingest.transport.packed import Gathered, PackedRecord, PackedRecords

RECORDS = [
    FakeRecord(b"value", topic="t", partition=3, offset=7, timestamp=11, key=b"key"),
    FakeRecord(None, topic="t", partition=3, offset=9, timestamp=10, key=b"tombstone"),
    FakeRecord(b"", topic="t", partition=3, offset=10, timestamp=-1, key=None),
    FakeRecord(b"last", topic="t", partition=3, offset=2**40, timestamp=12, key=b"", headers=[("received-at", b"5")]),
]


def plain(record: FakeRecord | PackedRecord) -> tuple[object, ...]:
    place = (record.topic, record.partition, record.offset, record.timestamp)
    return (*place, record.key, record.value, list(record.headers))


def test_every_record_comes_back_as_it_was() -> None:
    packed = PackedRecords(RECORDS)  # type: ignore[arg-type]
    expected = [plain(record) for record in RECORDS]
    assert [plain(record) for record in packed] == expected
    assert [plain(record) for record in packed] == expected, "a second time"
    assert [plain(packed[place]) for place in range(len(packed))] == expected
    assert plain(packed[-1]) == expected[-1]


def test_several_chunks_are_one_sequence() -> None:
    gathered = Gathered([PackedRecords(RECORDS[:1]), RECORDS[1:2], PackedRecords(RECORDS[2:])])  # type: ignore[arg-type]
    expected = [plain(record) for record in RECORDS]
    assert [plain(record) for record in gathered] == expected
    assert [plain(record) for record in gathered[::3]] == expected[::3]
    assert [plain(gathered[place]) for place in (0, 1, 2, 3, -4)] == [*expected, expected[0]]


def test_alike_records_take_a_tenth() -> None:
    records = [FakeRecord(b'{"activity":"of a Friend","number":%d}' % n * 8, offset=n, key=b"F1") for n in range(500)]
    packed = PackedRecords(records)  # type: ignore[arg-type]
    assert packed.size * 10 < sum(len(record.value or b"") for record in records)
