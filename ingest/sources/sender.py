"""Sends records to Kafka in whole batches, each with its received time as a header."""

from __future__ import annotations

import asyncio
import zlib
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from aiokafka.partitioner import murmur2

from hubstat.errors import EngineError, HubstatError
from hubstat.settings import Settings
from ingest import connect
from ingest.connect import connection
from ingest.sources.record import Kind
from ingest.topics import Topics

RECEIVED_AT: Final = "received-at"
# Kafka takes no record over 1 MiB. Far smaller ones are dead letters already, so a longer one is sent cut.
MAX_BYTES: Final = 900_000
_BATCH_BYTES: Final = 262_144
_REPORT_EVERY: Final = 2_000
_LONGEST_WAIT: Final = 1.0


class Sendable(Protocol):
    """A record that can be sent: of a file or of the simulator."""

    @property
    def kind(self) -> Kind:
        """Which topic it belongs to."""

    @property
    def key(self) -> bytes | None:
        """Key; decides the partition."""

    @property
    def value(self) -> bytes:
        """What is sent."""

    @property
    def received_ms(self) -> int | None:
        """When it was received, ms; None: when the broker takes it."""


@dataclass(slots=True)
class Sent:
    """What was sent: records by kind, and how many had to be cut."""

    by_kind: Counter[str] = field(default_factory=Counter)
    cut: int = 0

    @property
    def total(self) -> int:
        """All records."""
        return self.by_kind.total()


class Sender:
    """Sends to the topics of one namespace; an async context manager."""

    def __init__(self, settings: Settings, bootstrap: str) -> None:
        topics = Topics.of(settings.namespace)
        self._topics: dict[Kind, str] = {"invoice": topics.invoice_events, "friend": topics.friend_events}
        self._kafka, self._bootstrap = settings.kafka, bootstrap
        self._producer = AIOKafkaProducer(
            bootstrap_servers=bootstrap,
            acks="all",
            max_batch_size=_BATCH_BYTES,
            max_request_size=1_048_576,
            **connection(settings.kafka),
        )
        self._partitions: dict[Kind, int] = {}
        self._open: dict[tuple[Kind, int], Any] = {}
        self._under_way: set[asyncio.Future[Any]] = set()
        self._failure: BaseException | None = None
        self.sent = Sent()

    async def __aenter__(self) -> Sender:
        try:
            await connect.start(self._producer, self._kafka, self._bootstrap)
            for kind, topic in self._topics.items():
                self._partitions[kind] = len(await self._producer.partitions_for(topic))
        except (KafkaError, OSError) as error:
            await self._producer.stop()
            raise self._unreachable(error) from error
        except HubstatError:
            await self._producer.stop()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._producer.stop()

    async def send_all(
        self,
        records: Iterable[Sendable],
        wait: Callable[[Sendable], float] | None = None,
        on_progress: Callable[[int], None] | None = None,
    ) -> Sent:
        """Send all records; returns once Kafka has acknowledged them.

        wait: seconds to wait before a record is sent (asked again after each wait; ≤ 0: send); on_progress: called
        with the number of records sent so far. Raises EngineError where Kafka does not take them.
        """
        try:
            for count, record in enumerate(records, self.sent.total + 1):
                while wait is not None and (seconds := wait(record)) > 0:
                    await self.flush()
                    await asyncio.sleep(min(seconds, _LONGEST_WAIT))
                await self._put(record)
                if count % _REPORT_EVERY == 0:
                    await asyncio.sleep(0)  # lets the producer work where no batch was full
                    if on_progress is not None:
                        on_progress(count)
            await self.flush()
        except (KafkaError, OSError) as error:
            raise self._unreachable(error) from error
        if on_progress is not None:
            on_progress(self.sent.total)
        return self.sent

    async def flush(self) -> None:
        """Send what waits in open batches and wait until Kafka has acknowledged everything. Raises KafkaError."""
        for place in list(self._open):
            await self._submit(place)
        if self._under_way:
            await asyncio.gather(*self._under_way, return_exceptions=True)
        if self._failure is not None:
            raise self._failure

    async def _put(self, record: Sendable) -> None:
        value = record.value
        if len(value) > MAX_BYTES:
            value = value[:MAX_BYTES]
            self.sent.cut += 1
        # As Kafka's own default partitioner; without a key by content, so that a repeated run does the same.
        digest = murmur2(record.key) & 0x7FFFFFFF if record.key is not None else zlib.crc32(value)
        place = (record.kind, digest % self._partitions[record.kind])
        headers = [(RECEIVED_AT, str(record.received_ms).encode())] if record.received_ms is not None else []
        batch = self._open.get(place)
        if batch is None:
            batch = self._open[place] = self._producer.create_batch()
        if batch.append(timestamp=None, key=record.key, value=value, headers=headers) is None:
            await self._submit(place)
            batch = self._open[place] = self._producer.create_batch()
            batch.append(timestamp=None, key=record.key, value=value, headers=headers)
        self.sent.by_kind[record.kind] += 1

    async def _submit(self, place: tuple[Kind, int]) -> None:
        """Hand a batch over; waits while the one before it of the same partition is not yet on its way."""
        if self._failure is not None:
            raise self._failure
        kind, partition = place
        future = await self._producer.send_batch(self._open.pop(place), self._topics[kind], partition=partition)
        self._under_way.add(future)
        future.add_done_callback(self._done)

    def _done(self, future: asyncio.Future[Any]) -> None:
        self._under_way.discard(future)
        if not future.cancelled() and future.exception() is not None:
            self._failure = future.exception()

    def _unreachable(self, error: BaseException) -> EngineError:
        why = str(error) or type(error).__name__
        return EngineError(
            f"Kafka at {self._bootstrap} does not take the records: {why}; is it running? see `hubstat engines status`"
        )
