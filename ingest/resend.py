"""Sends dead letters to Kafka again."""

from __future__ import annotations

from collections.abc import Sequence

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from hubstat.elastic.dead_letters import DeadLetter
from hubstat.errors import EngineError
from hubstat.settings import Settings
from ingest.topics import connection


async def resend(settings: Settings, bootstrap: str, letters: Sequence[DeadLetter]) -> None:
    """Send the raw records to their topics, with key and headers; returns once Kafka has all. Raises EngineError."""
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all", **connection(settings.kafka))
    try:
        await producer.start()
        for letter in letters:
            # The client sends nothing that has neither key nor value.
            key = b"" if letter.key is None and letter.raw is None else letter.key
            await producer.send_and_wait(letter.topic, letter.raw, key=key, headers=list(letter.headers))
    except (KafkaError, OSError) as error:
        raise EngineError(
            f"Kafka at {bootstrap} does not take the records ({error}); no letter was taken out"
        ) from error
    finally:
        await producer.stop()
