"""The ingest worker as benchmarks run it: ``python -m hubstat.bench.worker whole|invoices``.

``whole``: that of ``hubstat ingest``, without the look at the index templates, which a stub does not have.
``invoices``: the same without what stands beside the invoice documents; what the flusher publishes is dropped, and
Friends' records are passed over.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Sequence
from typing import Any

from hubstat.elastic.writer import Writer
from hubstat.engines import EngineAddresses, locate
from hubstat.settings import Settings
from ingest.app import run_worker
from ingest.invoices import InvoiceFlusher
from ingest.lanes import Flushers
from ingest.records import Message
from ingest.worker import run


class Dropped:
    """A publisher that publishes nothing."""

    async def publish_many(self, topic: str, messages: Sequence[Message]) -> None:
        """Drop them."""


class PassedOver:
    """A flusher that writes nothing."""

    gather = 10_000
    linger = 0.0

    async def flush(self, records: Sequence[Any]) -> None:
        """Nothing."""

    async def assigned(self, partitions: set[Any]) -> None:
        """Nothing."""


def main(kind: str) -> int:
    """Run the worker in the foreground; settings come from the environment."""
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
    settings = Settings()
    addresses = locate(settings)
    return run(settings, addresses) if kind == "whole" else _invoices(settings, addresses)


def _invoices(settings: Settings, addresses: EngineAddresses) -> int:
    writer = Writer(settings.elasticsearch, addresses.elasticsearch_url, threads=settings.ingest.lanes + 1)
    flushers = Flushers(InvoiceFlusher(settings, writer, Dropped(), trusted=True), PassedOver())
    try:
        return run_worker(settings, addresses.kafka_bootstrap, lambda app: flushers)
    finally:
        writer.close()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
