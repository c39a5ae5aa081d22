"""One ingest worker: the flushers put together with their writer, and its report every second."""

from __future__ import annotations

import time

import orjson

from hubstat.elastic.names import Names
from hubstat.elastic.writer import Writer
from hubstat.engines import EngineAddresses
from hubstat.settings import Settings
from ingest.app import IngestApp, run_worker
from ingest.friends import FriendFlusher
from ingest.invoices import InvoiceFlusher
from ingest.lanes import Flushers

_REPORT_SECONDS = 1.0


def run(settings: Settings, addresses: EngineAddresses) -> int:
    """Run a worker in the foreground until it is told to stop; its exit code (see ``ingest.app.run_worker``)."""
    # One request a lane in flight, of either kind, and one for the report.
    writer = Writer(settings.elasticsearch, addresses.elasticsearch_url, threads=2 * settings.ingest.lanes + 1)
    trusted = trusts_received_at(settings, addresses)

    def flushers(app: IngestApp) -> Flushers:
        _report(app, settings, writer)
        return Flushers(
            invoice=InvoiceFlusher(settings, writer, app, trusted=trusted),
            friend=FriendFlusher(settings, writer, trusted=trusted),
        )

    try:
        return run_worker(settings, addresses.kafka_bootstrap, flushers)
    finally:
        writer.close()


def trusts_received_at(settings: Settings, addresses: EngineAddresses) -> bool:
    """Whether ``received-at`` headers are honoured: as set, else on the embedded engines only."""
    stated = settings.ingest.trust_received_at
    return addresses.origin == "embedded" if stated is None else stated


def _report(app: IngestApp, settings: Settings, writer: Writer) -> None:
    """Say every second that the worker lives, and since when its oldest record waits to be written."""
    worker = settings.ingest.worker_id
    index = Names(settings.namespace).ingest_status

    async def report() -> None:
        if app.chunked.joined.is_set():
            status = {
                "worker": worker,
                "written_at": time.time_ns() // 1_000_000,
                "oldest_unwritten_at": app.chunked.ledger.oldest_unwritten_at(),
            }
            await writer.put(index, worker, orjson.dumps(status))

    app.timer(interval=_REPORT_SECONDS)(report)
