"""Sends dead letters to Kafka again, as they were or mended; each as a new record of its topic.

A letter is noted as sent only when Kafka has its record. Whatever ends that in between leaves the letter open: it is
sent once more, which is harmless, as the events of a document are a set.
"""

from __future__ import annotations

import asyncio
import getpass
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any, Final

import orjson
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, MessageSizeTooLargeError

from hubstat.domain import time as tm
from hubstat.domain.contract import Refusal, decode_friend_event, decode_invoice_event, is_derived
from hubstat.elastic.dead_letters import DeadLetter, Resent
from hubstat.errors import EngineError, HubstatError
from hubstat.settings import Settings
from ingest import connect
from ingest.connect import connection
from ingest.records import RECEIVED_AT, Counters, received_at
from ingest.topics import Topics

BATCH: Final = 500
# What a topic takes is the broker's to say, of the record as compressed; the client's own limit is of the raw one.
_MOST_BYTES: Final = 64 * 1024 * 1024
_MOST_NAMED: Final = 10


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A letter as the record to send. timestamp: the received time that it will have where no header states one, ms."""

    letter: DeadLetter
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...]
    mended: bool = False

    @property
    def topic(self) -> str:
        """Where it was refused, and goes again."""
        return self.letter.topic

    @property
    def partition(self) -> int:
        """Where it was refused."""
        return self.letter.partition

    @property
    def offset(self) -> int:
        """Where it was refused."""
        return self.letter.offset


def unchanged(letter: DeadLetter, *, trusted: bool) -> Outgoing:
    """The record as it was. Where ingest trusts such headers, it states when the record was first received."""
    headers = letter.headers
    if trusted and letter.reason != "bad_header" and not any(name == RECEIVED_AT for name, _ in headers):
        headers = (*headers, (RECEIVED_AT, str(letter.received).encode()))
    return Outgoing(letter, time.time_ns() // 1_000_000, letter.key, letter.raw, headers)


def with_fields(letter: DeadLetter, fields: Mapping[str, Any], without: Iterable[str]) -> bytes:
    """The letter's value with fields set and taken out. Raises HubstatError where it is no JSON object."""
    try:
        value = orjson.loads(letter.raw or b"")
    except orjson.JSONDecodeError:
        value = None
    if not isinstance(value, dict):
        raise HubstatError(f"the value of {letter.id} is no JSON object: give a whole one with --value FILE")
    value |= fields
    for name in without:
        value.pop(name, None)
    return orjson.dumps(value)


def mended(
    settings: Settings, letter: DeadLetter, value: bytes, headers: Mapping[str, bytes | None], *, trusted: bool
) -> Outgoing:
    """The record with another value, and headers set or (None) taken out; checked as ingest will.

    Raises HubstatError where ingest would refuse it again, or makes such records itself.
    """
    kept = [(name, content) for name, content in letter.headers if name not in headers]
    kept += [(name, content) for name, content in headers.items() if content is not None]
    if trusted and not any(name == RECEIVED_AT for name, _ in kept):
        kept.append((RECEIVED_AT, str(letter.received).encode()))
    record = Outgoing(letter, time.time_ns() // 1_000_000, letter.key, value, tuple(kept), mended=True)
    try:
        return replace(record, key=_checked_key(settings, record, trusted))
    except Refusal as refusal:
        raise HubstatError(f"it would be refused again: {refusal.reason}: {refusal}") from refusal


def _checked_key(settings: Settings, record: Outgoing, trusted: bool) -> bytes:
    """The key of a record that ingest takes. Raises Refusal."""
    topics, zone = Topics.of(settings.namespace), tm.zone(settings.country)
    received = received_at(record, trusted, Counters())
    if record.topic == topics.friend_events:
        return decode_friend_event(record.value, received, zone).key.encode()
    if record.topic != topics.invoice_events:
        raise HubstatError(f"{record.topic} holds what hubstat derives: such a record is sent again as it is, or not")
    sent = decode_invoice_event(record.value, received, zone).copy.sent
    if is_derived(sent):
        raise Refusal("reserved_source", "source", "hubstat is the source of derived records; use another name")
    return str(sent["invoice_no"]).encode()


async def resend(
    settings: Settings,
    bootstrap: str,
    records: Iterable[Outgoing],
    note: Callable[[Sequence[tuple[DeadLetter, Resent]]], None],
) -> int:
    """Send records; ``note`` is told of those of each batch that Kafka has, in a thread of its own. Returns how many.

    Raises EngineError where Kafka does not take some: a record that it refuses for good does not hold up the others, an
    error of Kafka ends the sending after its batch.
    """
    producer = AIOKafkaProducer(
        bootstrap_servers=bootstrap, acks="all", max_request_size=_MOST_BYTES, **connection(settings.kafka)
    )
    left = iter(records)
    try:
        await connect.start(producer, settings.kafka, bootstrap)
        return await _send_all(producer, bootstrap, left, note)
    finally:
        await producer.stop()


async def _send_all(
    producer: AIOKafkaProducer,
    bootstrap: str,
    records: Iterator[Outgoing],
    note: Callable[[Sequence[tuple[DeadLetter, Resent]]], None],
) -> int:
    user, count = getpass.getuser(), 0
    refused: list[str] = []
    while batch := await asyncio.to_thread(lambda: list(islice(records, BATCH))):
        answers = await asyncio.gather(*(_send(producer, record, user) for record in batch), return_exceptions=True)
        both = list(zip(batch, answers, strict=True))
        if sent := [(record.letter, answer) for record, answer in both if isinstance(answer, Resent)]:
            await asyncio.to_thread(note, sent)
            count += len(sent)
        failed = [(record, answer) for record, answer in both if isinstance(answer, BaseException)]
        refused += [f"{record.letter.id} ({answer})" for record, answer in failed if _for_good(answer)]
        for _, error in failed:
            if not _for_good(error):
                raise EngineError(
                    f"Kafka at {bootstrap} does not take the records ({error!r}); {count} were sent and noted, the "
                    "others stay open"
                ) from error
    if refused:
        raise EngineError(
            f"Kafka refuses {len(refused)} records for good, {count} others were sent: "
            f"{'; '.join(refused[:_MOST_NAMED])}; change them with `hubstat dead-letters mend`, or let the topic take "
            "greater ones (max.message.bytes)"
        )
    return count


def _for_good(error: BaseException) -> bool:
    """Whether it is the record that Kafka does not take. Raises what is neither that nor Kafka's."""
    if not isinstance(error, KafkaError | OSError):
        raise error
    return isinstance(error, MessageSizeTooLargeError)


async def _send(producer: AIOKafkaProducer, record: Outgoing, user: str) -> Resent:
    # The client sends nothing that has neither key nor value.
    key = b"" if record.key is None and record.value is None else record.key
    told = await producer.send_and_wait(record.topic, record.value, key=key, headers=list(record.headers))
    return Resent(time.time_ns() // 1_000_000, user, told.topic, told.partition, told.offset, record.mended)
