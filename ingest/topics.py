"""The Kafka topics of an installation: names, creation, and the check that they are as hubstat needs them."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import astuple, dataclass

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError, TopicAlreadyExistsError, for_code

from hubstat.errors import EngineError, SettingsError
from hubstat.settings import KafkaSettings, Settings
from ingest import connect
from ingest.connect import connection

log = logging.getLogger(__name__)

TIMESTAMP_TYPE = "message.timestamp.type"
LOG_APPEND_TIME = "LogAppendTime"
"""A record's timestamp is when the broker took it: the received time, which no producer can set."""

_VISIBLE_SECONDS = 15.0


@dataclass(frozen=True)
class Topics:
    """Names of the topics of one namespace."""

    invoice_events: str
    friend_events: str
    friend_activity: str

    @classmethod
    def of(cls, namespace: str) -> Topics:
        """The topics of a namespace."""
        return cls(f"{namespace}-invoice-events", f"{namespace}-friend-events", f"{namespace}-friend-activity")

    def names(self) -> tuple[str, ...]:
        """All names."""
        return astuple(self)


async def ensure_topics(settings: Settings, bootstrap: str) -> None:
    """Create the topics that are missing, then check all of them.

    A consumer that subscribes to a missing topic would have the broker create it with one partition, so this comes
    first. Raises EngineError where Kafka does not answer or refuses, SettingsError where a setting or topic is wrong.
    """
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap, **connection(settings.kafka))
    try:
        await connect.start(admin, settings.kafka, bootstrap)
        names = Topics.of(settings.namespace).names()
        await _create(admin, settings.kafka, sorted(set(names) - set(await admin.list_topics())))
        counts = await _partitions(admin, names)
        append_time = await _timestamp_types(admin, names)
    except (KafkaError, OSError, TimeoutError) as exc:
        why = str(exc) or type(exc).__name__
        raise EngineError(f"Kafka at {bootstrap} does not answer or refuses: {why}; is it running?") from exc
    finally:
        await admin.close()
    for name in names:
        if counts[name] != (wanted := settings.kafka.partitions):
            raise SettingsError(
                f"topic {name} has {counts[name]} partitions, HUBSTAT_KAFKA__PARTITIONS says {wanted}: "
                "set it to what the topics have; all topics of a namespace need the same number"
            )
        if append_time[name] != LOG_APPEND_TIME:
            raise SettingsError(f"topic {name} has {TIMESTAMP_TYPE}={append_time[name]}: set it to {LOG_APPEND_TIME}")


async def _create(admin: AIOKafkaAdminClient, settings: KafkaSettings, names: list[str]) -> None:
    if not names:
        return
    response = await admin.create_topics(
        [
            NewTopic(
                name, settings.partitions, settings.replication_factor, topic_configs={TIMESTAMP_TYPE: LOG_APPEND_TIME}
            )
            for name in names
        ]
    )
    for topic, code, *message in response.topic_errors:
        error = for_code(code)
        if code and error is not TopicAlreadyExistsError:
            raise error(f"topic {topic}: {' '.join(str(m) for m in message if m) or error.__name__}")
        log.info("created topic %s with %d partitions", topic, settings.partitions)


async def _partitions(admin: AIOKafkaAdminClient, names: tuple[str, ...]) -> dict[str, int]:
    """Partitions of each topic; waits until the broker shows those just created."""
    deadline = asyncio.get_running_loop().time() + _VISIBLE_SECONDS
    while True:
        found = {t["topic"]: t for t in await admin.describe_topics(list(names))}
        if all(name in found and not found[name]["error_code"] and found[name]["partitions"] for name in names):
            return {name: len(found[name]["partitions"]) for name in names}
        if asyncio.get_running_loop().time() > deadline:
            raise TimeoutError(f"topics {', '.join(names)} did not appear within {_VISIBLE_SECONDS:g} s")
        await asyncio.sleep(0.1)


async def _timestamp_types(admin: AIOKafkaAdminClient, names: tuple[str, ...]) -> dict[str, str]:
    resources = [ConfigResource(ConfigResourceType.TOPIC, name, configs={TIMESTAMP_TYPE: None}) for name in names]
    types = {}
    for response in await admin.describe_configs(resources):
        for code, message, _, name, entries in response.resources:
            if code:
                raise for_code(code)(f"topic {name}: {message}")
            types[name] = next(entry[1] for entry in entries if entry[0] == TIMESTAMP_TYPE)
    return types
