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
from hubstat.engines import locate
from hubstat.settings import Settings
from ingest.cache import DocumentCache
from ingest.invoices import InvoiceFlusher
from ingest.records import Counters, Message, Publisher
from ingest.worker import flushers_of, run


class Dropped:
    """A publisher that publishes nothing."""

    async def publish_many(self, topic: str, messages: Sequence[Message]) -> None:
        """Drop them."""


class PassedOver:
    """A flusher that writes nothing."""

    gather = 10_000
    linger = 0.0

    def __init__(self) -> None:
        self.counters = Counters()
        self.cache = DocumentCache(0, held=False)

    async def flush(self, records: Sequence[Any]) -> None:
        """Nothing."""

    async def assigned(self, partitions: set[Any]) -> None:
        """Nothing."""


def main(kind: str) -> int:
    """Run the worker in the foreground; settings come from the environment."""
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
    settings = Settings()
    return run(settings, locate(settings), flushers_of if kind == "whole" else _invoices_alone)


def _invoices_alone(
    settings: Settings, writer: Writer, publisher: Publisher, trusted: bool
) -> tuple[InvoiceFlusher, PassedOver]:
    return InvoiceFlusher(settings, writer, Dropped(), trusted=trusted), PassedOver()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
