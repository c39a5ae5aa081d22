"""Entry point ``chunked`` of ``faust.transports``: broker URL ``chunked://host:port``, topics with raw serializers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from faust.transport.drivers.aiokafka import Producer as FaustProducer
from faust.transport.drivers.aiokafka import Transport as FaustTransport

from ingest.transport.consumer import Consumer


class Producer(FaustProducer):
    """Faust's producer made idempotent: a batch is retried until Kafka has it, once and in order."""

    def _settings_extra(self) -> Mapping[str, Any]:
        return {"acks": "all", "enable_idempotence": True}


class Transport(FaustTransport):
    """Kafka through aiokafka, read in chunks. The app carries its ``ChunkedOptions`` as ``chunked``."""

    Consumer = Consumer
    Producer = Producer
