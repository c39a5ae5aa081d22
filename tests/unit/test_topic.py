"""Reading a topic apart from the ingest group, and looking at that group: what does not move ends with an error."""

from __future__ import annotations

import logging
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from hubstat.errors import EngineError
from hubstat.settings import Settings
from ingest import connect, progress, topic

A = TopicPartition("t", 0)


class Consumer:
    """Holds some records and claims to hold ``end``; keeps what it was asked about."""

    def __init__(self, *_: Any, end: int = 3, **__: Any) -> None:
        self.end = end
        self.at = 0
        self.error: Exception | None = None
        self.asked: list[TopicPartition] = []

    def assignment(self) -> set[TopicPartition]:
        return {A}

    async def position(self, _: TopicPartition) -> int:
        return self.at

    async def beginning_offsets(self, partitions: list[TopicPartition]) -> dict[TopicPartition, int]:
        self.asked = partitions
        return dict.fromkeys(partitions, 0)

    async def end_offsets(self, partitions: Any) -> dict[TopicPartition, int]:
        if self.error is not None:
            raise self.error
        return dict.fromkeys(partitions, self.end)

    async def getmany(self, **_: Any) -> dict[TopicPartition, list[Any]]:
        if self.at >= 3:
            return {}
        self.at += 1
        return {A: [SimpleNamespace(offset=self.at - 1)]}

    async def stop(self) -> None:
        pass


class Admin:
    """Knows of one topic of the namespace and of others, and makes none."""

    def __init__(self, **_: Any) -> None:
        pass

    async def describe_topics(self, topics: list[str] | None = None) -> list[dict[str, Any]]:
        assert topics is None, "a broker may make a topic that it is asked for by name"
        return [
            {"topic": name, "partitions": [{"partition": 0}, {"partition": 1}]}
            for name in ("hubstat-invoice-events", "another")
        ]

    async def close(self) -> None:
        pass


@pytest.fixture
def consumer(monkeypatch: pytest.MonkeyPatch) -> Consumer:
    made = Consumer()

    async def start(*_: Any) -> None:
        pass

    for module in (topic, progress):
        monkeypatch.setattr(module, "AIOKafkaConsumer", lambda *_, **__: made)
    monkeypatch.setattr(progress, "AIOKafkaAdminClient", Admin)
    monkeypatch.setattr(connect, "start", start)
    return made


async def read(stall_seconds: float) -> list[int]:
    found = topic.read_topic(Settings(), "kafka:1", "t", stall_seconds)
    return [record.offset async for records in found for record in records]


async def test_a_topic_is_read_to_its_end(consumer: Consumer) -> None:
    assert await read(5.0) == [0, 1, 2]


async def test_a_kafka_that_gives_nothing_more_is_not_waited_for_for_ever(consumer: Consumer) -> None:
    consumer.end = 10
    with pytest.raises(EngineError, match="no record of t for 0 s with 7 left"):
        await read(0.05)


async def test_looking_makes_no_topic_and_takes_only_the_namespaces(consumer: Consumer) -> None:
    async with progress._watching(Settings(), "kafka:1") as watch:
        assert await watch.ends() == {TopicPartition("hubstat-invoice-events", each): 3 for each in (0, 1)}
    assert {each.topic for each in consumer.asked} == {"hubstat-invoice-events"}


async def test_an_error_of_the_one_who_asks_is_not_kafkas(consumer: Consumer) -> None:
    with pytest.raises(FileNotFoundError):
        async with progress.backlog(Settings(), "kafka:1"):
            raise FileNotFoundError("of the caller")
    consumer.error = KafkaError("gone")
    with pytest.raises(EngineError, match="Kafka at kafka:1 does not answer"):
        async with progress.backlog(Settings(), "kafka:1") as left:
            await left()


async def test_clients_that_start_side_by_side_leave_the_log_as_it_was() -> None:
    logger = logging.getLogger("aiokafka")
    before = logger.level
    first, second = connect._error_instead_of_log(), connect._error_instead_of_log()
    first.__enter__()
    second.__enter__()
    assert logger.level == logging.CRITICAL
    first.__exit__(None, None, None)
    second.__exit__(None, None, None)
    assert logger.level == before
