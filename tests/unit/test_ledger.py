"""The ledger, step by step; tests/unit/test_ledger_property.py tries it at random."""

from dataclasses import dataclass

import pytest

from ingest.transport.chunk import RECORD_OVERHEAD_BYTES, Chunk
from ingest.transport.ledger import Ledger
from ingest.transport.reach import Frontier

TP = tuple[str, int]
A: TP = ("t", 0)
B: TP = ("t", 1)


@dataclass
class Record:
    offset: int
    timestamp: int = 0
    key: bytes | None = b"k"
    value: bytes | None = b"vv"


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def ledger(clock: Clock) -> Ledger[TP]:
    ledger: Ledger[TP] = Ledger(clock)
    assert ledger.open(ledger.epoch, {A: 10, B: 0})
    return ledger


def register(ledger: Ledger[TP], tp: TP, *offsets: int) -> Chunk:
    return ledger.register(tp, [Record(offset) for offset in offsets])  # type: ignore[misc]


def committable(ledger: Ledger[TP], **positions: int) -> dict[TP, int]:
    return ledger.committable(lambda tp: positions.get("a" if tp == A else "b"))[1]


def test_nothing_read_commits_nothing(ledger: Ledger[TP]) -> None:
    assert committable(ledger, a=10, b=0) == {}


def test_an_acknowledged_prefix_is_committed_and_no_more(ledger: Ledger[TP]) -> None:
    first, second, third = register(ledger, A, 10, 11), register(ledger, A, 12), register(ledger, A, 13, 14)
    assert committable(ledger, a=15) == {}
    third.ack()
    assert committable(ledger, a=15) == {}
    first.ack()
    assert committable(ledger, a=15) == {A: 12}
    second.ack()
    assert committable(ledger, a=15) == {A: 15}


def test_markers_behind_the_last_record_leave_no_lag(ledger: Ledger[TP]) -> None:
    chunk = register(ledger, A, 10, 13)
    assert committable(ledger, a=20) == {}
    chunk.ack()
    assert committable(ledger, a=20) == {A: 20}


def test_a_partition_of_markers_only_is_committed(ledger: Ledger[TP]) -> None:
    assert committable(ledger, b=7) == {B: 7}


def test_an_unknown_position_commits_the_last_record(ledger: Ledger[TP]) -> None:
    register(ledger, A, 10, 11).ack()
    assert committable(ledger) == {A: 12}


def test_a_failed_commit_stays_due_and_a_done_one_does_not(ledger: Ledger[TP]) -> None:
    register(ledger, A, 10).ack()
    assert committable(ledger, a=11) == {A: 11}
    epoch, offsets = ledger.committable(lambda tp: 11 if tp == A else 0)
    assert offsets == {A: 11}
    ledger.committed(epoch, offsets)
    assert committable(ledger, a=11) == {}


def test_a_commit_of_an_old_epoch_marks_nothing(ledger: Ledger[TP]) -> None:
    register(ledger, A, 10).ack()
    epoch, offsets = ledger.committable(lambda tp: 11)
    ledger.close()
    ledger.open(ledger.epoch, {A: 10})
    ledger.committed(epoch, offsets)
    register(ledger, A, 10)
    assert committable(ledger, a=11) == {}


def test_an_acknowledgement_of_an_old_epoch_does_nothing(ledger: Ledger[TP]) -> None:
    old = register(ledger, A, 10, 11)
    assert old.begin()
    ledger.close()
    assert ledger.open(ledger.epoch, {A: 10})
    new = register(ledger, A, 10, 11)
    assert old.ack() is False
    assert committable(ledger, a=12) == {}
    assert ledger.idle
    assert new.ack() is True
    assert committable(ledger, a=12) == {A: 12}


def test_a_closed_ledger_commits_nothing_and_what_is_read_is_born_dead(ledger: Ledger[TP]) -> None:
    ledger.close()
    chunk = register(ledger, A, 10)
    assert not chunk.live()
    assert not chunk.begin()
    assert committable(ledger, a=11) == {}
    assert ledger.open(ledger.epoch, {A: 10})
    assert not chunk.live()
    assert chunk.ack() is False
    assert committable(ledger, a=10) == {}


def test_a_seek_that_a_new_assignment_overtook_does_not_open(ledger: Ledger[TP]) -> None:
    ledger.close()
    epoch = ledger.epoch
    ledger.close()
    assert not ledger.open(epoch, {A: 10})
    assert not register(ledger, A, 10).live()


def test_held_lets_nothing_begin_but_counts_what_is_in_flight(ledger: Ledger[TP]) -> None:
    running, waiting = register(ledger, A, 10), register(ledger, A, 11)
    assert running.begin()
    assert not running.begin()
    ledger.hold()
    assert not waiting.begin()
    assert not waiting.live()
    assert not ledger.idle
    assert running.ack()
    assert ledger.idle
    assert committable(ledger, a=12) == {A: 11}


def test_an_acknowledgement_counts_once_and_frees_the_records(ledger: Ledger[TP]) -> None:
    chunk = register(ledger, A, 10)
    assert chunk.begin()
    assert chunk.ack()
    assert not chunk.ack()
    assert not chunk.live()
    assert chunk.records == []
    assert ledger.idle


def test_closing_frees_waiting_records_but_not_those_in_flight(ledger: Ledger[TP]) -> None:
    running, waiting = register(ledger, A, 10), register(ledger, A, 11)
    running.begin()
    ledger.close()
    assert len(running.records) == 1
    assert waiting.records == []


def test_offsets_that_go_backwards_are_refused(ledger: Ledger[TP]) -> None:
    with pytest.raises(ValueError, match="offset 9 read after 9"):
        register(ledger, A, 9)
    register(ledger, A, 10, 20)
    with pytest.raises(ValueError, match="offset 20 read after 20"):
        register(ledger, A, 20)


def test_budget(ledger: Ledger[TP]) -> None:
    size = RECORD_OVERHEAD_BYTES + 3
    assert ledger.below(4 * size + 4, [A, B, ("other", 0)]) == {A, B}
    first = register(ledger, A, 10)
    assert first.size == size
    assert ledger.below(4 * size + 4, [A, B]) == {A, B}
    register(ledger, A, 11)
    assert ledger.below(4 * size + 4, [A, B]) == {B}, "a partition may fill a quarter"
    register(ledger, A, 12, 13, 14)
    assert ledger.below(4 * size + 4, [A, B]) == set(), "the whole budget is full"
    first.ack()
    assert ledger.below(4 * size + 4, [A, B]) == {B}


def test_stalled_is_the_age_of_the_oldest_uncommitted_chunk(ledger: Ledger[TP], clock: Clock) -> None:
    assert ledger.stalled_seconds() == 0
    chunk = register(ledger, A, 10)
    clock.now += 5
    register(ledger, B, 0)
    clock.now += 1
    assert ledger.stalled_seconds() == 6
    chunk.ack()
    assert ledger.stalled_seconds() == 6, "acknowledged is not yet committed"
    ledger.committed(*ledger.committable(lambda tp: None))
    assert ledger.stalled_seconds() == 1


def test_stalled_counts_from_a_close_until_the_next_open(ledger: Ledger[TP], clock: Clock) -> None:
    ledger.close()
    clock.now += 7
    assert ledger.stalled_seconds() == 7
    ledger.open(ledger.epoch, {})
    assert ledger.stalled_seconds() == 0


def held(ledger: Ledger[TP]) -> dict[TP, Frontier]:
    found = ledger.frontiers()
    assert found is not None
    return found


def test_frontiers_say_what_is_written_and_how_far_was_read(ledger: Ledger[TP]) -> None:
    assert ledger.frontiers() == {A: Frontier(10, None, None), B: Frontier(0, None, None)}
    first = ledger.register(A, [Record(10, 500), Record(11, 600)])  # type: ignore[list-item]
    second = ledger.register(A, [Record(12, 700)])  # type: ignore[list-item]
    assert held(ledger)[A] == Frontier(10, 500, 700)
    second.ack()
    assert held(ledger)[A] == Frontier(10, 500, 700)
    first.ack()
    assert held(ledger)[A] == Frontier(10, None, 700)
    ledger.committed(*ledger.committable(lambda tp: None))
    assert held(ledger)[A] == Frontier(13, None, 700)
    ledger.close()
    assert ledger.frontiers() is None
    ledger.open(ledger.epoch, {A: 13})
    assert ledger.frontiers() == {A: Frontier(13, None, None)}
