"""Lanes against a real ledger and a sink in memory."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass

from ingest.lanes import Chunk, Lanes
from ingest.transport.ledger import Ledger

TP = tuple[str, int]


@dataclass(frozen=True)
class Record:
    partition: int
    offset: int
    timestamp: int = 0
    key: bytes = b"k"
    value: bytes = b"v"
    topic: str = "t"
    headers: tuple[tuple[str, bytes], ...] = ()


class Sink:
    """Writes nothing; each flush waits for a permit and is noted."""

    def __init__(self, gather: int = 10, linger: float = 0.0) -> None:
        self.gather = gather
        self.linger = linger
        self.permits = asyncio.Semaphore(1000)
        self.begun: list[list[Record]] = []
        self.ended = 0
        self.announced: list[set[TP]] = []
        self.fails = False

    async def flush(self, records: list[Record]) -> None:
        self.begun.append(records)
        async with self.permits:
            pass
        if self.fails:
            raise RuntimeError("sink is broken")
        self.ended += 1

    async def assigned(self, partitions: set[TP]) -> None:
        assert len(self.begun) == self.ended, "no flush may run"
        self.announced.append(partitions)

    async def block(self) -> None:
        while not self.permits.locked():
            await self.permits.acquire()


class World:
    def __init__(self, sink: Sink, lanes: int = 2, catch_up: float = 0.0, leading: Lanes | None = None) -> None:
        self.sink = sink
        self.ledger: Ledger[TP] = Ledger()
        self.ledger.open(self.ledger.epoch, {("t", n): 0 for n in range(4)})
        self.left: list[str] = []
        self.lanes = Lanes(
            sink,  # type: ignore[arg-type]
            lanes,
            4000,
            leave=self.left.append,
            catch_up_seconds=catch_up,
            leading=leading,
        )
        self.lanes.start()
        self.ends = dict.fromkeys(range(4), 0)

    def chunk(self, partition: int, count: int = 1, age: float = 0.0) -> Chunk:
        first = self.ends[partition]
        self.ends[partition] += count
        time_ms = int((time.time() - age) * 1000)
        records = [Record(partition, first + n, time_ms) for n in range(count)]
        chunk = self.ledger.register(("t", partition), records)  # type: ignore[arg-type]
        self.lanes.route(chunk)
        return chunk

    def committed(self) -> dict[TP, int]:
        return self.ledger.committable(lambda tp: None)[1]


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(2):
        while not condition():
            await asyncio.sleep(0.001)


async def test_waiting_chunks_of_a_lane_are_flushed_together_up_to_gather() -> None:
    world = World(Sink(gather=10))
    await world.sink.block()
    world.chunk(0)
    await until(lambda: len(world.sink.begun) == 1)
    for partition, count in [(0, 4), (2, 5), (0, 3), (1, 2), (3, 2)]:
        world.chunk(partition, count)
    await until(lambda: len(world.sink.begun) == 2)
    for _ in range(10):
        world.sink.permits.release()
    await until(lambda: world.sink.ended == 4)
    assert [[(r.partition, r.offset) for r in flush] for flush in world.sink.begun] == [
        [(0, 0)],
        [(1, 0), (1, 1), (3, 0), (3, 1)],
        [(0, 1), (0, 2), (0, 3), (0, 4), (2, 0), (2, 1), (2, 2), (2, 3), (2, 4)],
        [(0, 5), (0, 6), (0, 7)],
    ]
    await until(lambda: world.committed() == {("t", 0): 8, ("t", 1): 2, ("t", 2): 5, ("t", 3): 2})
    await world.lanes.stop(1)


async def test_nothing_is_acknowledged_before_the_flush_has_returned() -> None:
    world = World(Sink())
    await world.sink.block()
    world.chunk(0)
    await until(lambda: len(world.sink.begun) == 1)
    assert world.committed() == {}
    world.sink.permits.release()
    await until(lambda: world.committed() == {("t", 0): 1})
    await world.lanes.stop(1)


async def test_an_error_of_a_flush_ends_the_process_without_acknowledgement() -> None:
    world = World(Sink())
    world.sink.fails = True
    world.chunk(0)
    await until(lambda: bool(world.left))
    assert world.left == ["a flush failed: RuntimeError('sink is broken')"]
    assert world.committed() == {}
    await world.lanes.stop(1)


async def test_dead_chunks_are_dropped() -> None:
    world = World(Sink())
    await world.sink.block()
    running, waiting = world.chunk(0), None
    await until(lambda: len(world.sink.begun) == 1)
    waiting = world.chunk(0)
    world.ledger.close()
    world.sink.permits.release()
    await until(lambda: world.sink.ended == 1)
    await asyncio.sleep(0.02)
    assert len(world.sink.begun) == 1
    assert not running.live()
    assert not waiting.live()
    await world.lanes.stop(1)


async def test_an_assignment_is_announced_once_before_the_next_flush_and_with_none_running() -> None:
    world = World(Sink())
    world.lanes.assigned([("t", 0), ("t", 1)])
    await world.sink.block()
    world.chunk(0)
    await until(lambda: len(world.sink.begun) == 1)
    assert world.sink.announced == [{("t", 0), ("t", 1)}]
    world.lanes.assigned([("t", 0)])
    world.chunk(1)
    await asyncio.sleep(0.02)
    assert len(world.sink.announced) == 1, "lane 0 still flushes"
    world.sink.permits.release()
    await until(lambda: len(world.sink.begun) == 2)
    assert world.sink.announced == [{("t", 0), ("t", 1)}, {("t", 0)}]
    world.sink.permits.release()
    await world.lanes.stop(1)


async def test_a_lane_lingers_after_a_flush_until_enough_records_wait() -> None:
    world = World(Sink(gather=3, linger=60.0))
    world.chunk(0)
    await until(lambda: world.sink.ended == 1)
    world.chunk(0, 2)
    await asyncio.sleep(0.02)
    assert world.sink.ended == 1
    world.chunk(2)
    await until(lambda: world.sink.ended == 2)
    await world.lanes.stop(1)


async def test_lingering_ends_by_time() -> None:
    world = World(Sink(gather=100, linger=0.05))
    world.chunk(0)
    await until(lambda: world.sink.ended == 1)
    world.chunk(0)
    await until(lambda: world.sink.ended == 2)
    await world.lanes.stop(1)


async def test_lingering_ends_when_the_waiting_records_take_their_share_of_memory() -> None:
    world = World(Sink(gather=100, linger=60.0))
    world.chunk(0)
    await until(lambda: world.sink.ended == 1)
    world.chunk(0, 2)
    await asyncio.sleep(0.02)
    assert world.sink.ended == 1
    world.chunk(0)
    await until(lambda: world.sink.ended == 2)
    await world.lanes.stop(1)


async def test_old_records_are_gathered_beyond_the_batch_size_until_a_young_one_comes() -> None:
    world = World(Sink(gather=3, linger=0.2), catch_up=60.0)
    world.chunk(0, age=60)
    await until(lambda: world.sink.ended == 1)
    for _ in range(3):
        world.chunk(0, 2, age=60)
    await asyncio.sleep(0.05)
    assert world.sink.ended == 1
    world.chunk(2, age=0)
    await until(lambda: world.sink.ended == 2)
    assert [(r.partition, r.offset) for r in world.sink.begun[1]] == [*((0, n) for n in range(1, 7)), (2, 0)]
    await until(lambda: world.committed() == {("t", 0): 7, ("t", 2): 1})
    await world.lanes.stop(1)


async def test_what_is_derived_from_old_records_is_gathered_like_them() -> None:
    leading = World(Sink())
    world = World(Sink(gather=3, linger=0.2), catch_up=60.0, leading=leading.lanes)
    world.chunk(0)
    await until(lambda: world.sink.ended == 1)
    leading.chunk(0, age=60)
    for _ in range(3):
        world.chunk(0, 2)
    await asyncio.sleep(0.05)
    assert world.sink.ended == 1
    await until(lambda: world.sink.ended == 2)
    assert [len(records) for records in world.sink.begun] == [1, 6]
    await leading.lanes.stop(1)
    await world.lanes.stop(1)


async def test_old_records_take_little_of_the_budget_while_they_wait() -> None:
    world = World(Sink(), catch_up=60.0)
    world.lanes._began[0] = time.monotonic()
    world.chunk(0, 100, age=60)
    assert world.ledger.below(4000, [("t", 0)]) == {("t", 0)}
    world.chunk(0, 2, age=0)
    assert world.ledger.below(4000, [("t", 0)]) == set()
    await world.lanes.stop(1)


async def test_old_records_wait_for_others_only_while_some_come() -> None:
    world = World(Sink(gather=100, linger=0.1), catch_up=60.0)
    world.chunk(0, age=60)
    await until(lambda: world.sink.ended == 1)
    began = time.monotonic()
    for _ in range(3):
        world.chunk(0, age=60)
        await asyncio.sleep(0.06)
    assert world.sink.ended == 1
    await until(lambda: world.sink.ended == 2)
    assert time.monotonic() - began < 1
    await world.lanes.stop(1)


async def test_gathering_old_records_ends_by_time_and_by_memory() -> None:
    for catch_up, count in ((0.3, 1), (60.0, 3)):
        world = World(Sink(gather=100, linger=0.2), catch_up=catch_up)
        world.chunk(0, age=60)
        await until(lambda sink=world.sink: sink.ended == 1)
        for _ in range(8):
            world.chunk(0, count * 50, age=60)
            await asyncio.sleep(0.05)
            if world.sink.ended > 1:
                break
        assert world.sink.ended > 1
        await world.lanes.stop(1)


async def test_gathered_records_of_a_revoked_partition_are_dropped() -> None:
    world = World(Sink(gather=3, linger=0.1), catch_up=60.0)
    world.chunk(0, age=60)
    await until(lambda: world.sink.ended == 1)
    waiting = world.chunk(0, 2, age=60)
    assert waiting.packed
    world.ledger.close()
    await asyncio.sleep(0.2)
    assert len(world.sink.begun) == 1
    assert not waiting.live()
    await world.lanes.stop(1)


async def test_a_stop_begins_nothing_and_waits_for_what_is_in_flight() -> None:
    world = World(Sink(gather=1))
    await world.sink.block()
    world.chunk(0)
    world.chunk(0)
    await until(lambda: len(world.sink.begun) == 1)
    stop = asyncio.create_task(world.lanes.stop(5))
    await asyncio.sleep(0.02)
    assert not stop.done()
    world.sink.permits.release()
    await stop
    assert len(world.sink.begun) == 1
    assert world.committed() == {("t", 0): 1}


async def test_a_stop_does_not_wait_longer_than_its_limit() -> None:
    world = World(Sink())
    await world.sink.block()
    world.chunk(0)
    await until(lambda: len(world.sink.begun) == 1)
    await world.lanes.stop(0.05)
    assert world.committed() == {}
