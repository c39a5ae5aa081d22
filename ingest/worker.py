"""One ingest worker: the flushers put together with their writer, and what it tells of itself."""

from __future__ import annotations

import logging
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Final

from hubstat.engines import EngineAddresses
from hubstat.runfile import ingest_address
from hubstat.settings import Settings
from ingest.app import IngestApp, run_worker
from ingest.friends import FriendFlusher
from ingest.invoices import InvoiceFlusher
from ingest.lanes import Flushers
from ingest.telemetry.measured import MeasuredFlusher, MeasuredWriter
from ingest.telemetry.metrics import Sources, registry_of
from ingest.telemetry.report import Report, Teller
from ingest.telemetry.server import serving
from ingest.telemetry.standing import Standing, partition_id
from ingest.topics import Topics

if TYPE_CHECKING:
    from faust.types import TP

log = logging.getLogger(__name__)

_EVERY_SECONDS: Final = 1.0


def run(settings: Settings, addresses: EngineAddresses) -> int:
    """Run a worker in the foreground until it is told to stop; its exit code (see ``ingest.app.run_worker``).

    Raises SettingsError also where the address of its metrics is taken.
    """
    # One request a lane in flight, of either kind, and one for the report.
    writer = MeasuredWriter(settings, addresses.elasticsearch_url, threads=2 * settings.ingest.lanes + 1)
    trusted = trusts_received_at(settings, addresses)

    with ExitStack() as stack:
        stack.callback(writer.close)

        def flushers(app: IngestApp) -> Flushers:
            invoice = MeasuredFlusher("invoice", InvoiceFlusher(settings, writer, app, trusted=trusted))
            friend = MeasuredFlusher("friend", FriendFlusher(settings, writer, trusted=trusted))
            standing = Standing(
                partitions_of(settings), app.chunked.joined.is_set, settings.ingest.unhealthy_lag_seconds
            )
            worker = settings.ingest.worker_id
            sources = Sources(settings.namespace, worker, standing, (invoice, friend), writer)
            # Not before: a second worker of this id is refused by now.
            address = stack.enter_context(
                serving(settings.ingest, ingest_address(settings, worker), registry_of(sources), standing.health)
            )
            log.info("metrics and health at %s", address)
            _tell(app, standing, Report(sources, writer, address))
            return Flushers(invoice=invoice, friend=friend)

        return run_worker(settings, addresses.kafka_bootstrap, flushers)


def trusts_received_at(settings: Settings, addresses: EngineAddresses) -> bool:
    """Whether ``received-at`` headers are honoured: as set, else on the embedded engines only."""
    stated = settings.ingest.trust_received_at
    return addresses.origin == "embedded" if stated is None else stated


def partitions_of(settings: Settings) -> list[str]:
    """Every partition of the namespace's topics, as reports name it."""
    names = Topics.of(settings.namespace).names()
    return [partition_id(name, number) for name in names for number in range(settings.kafka.partitions)]


def _tell(app: IngestApp, standing: Standing, report: Report) -> None:
    """Look at the partitions every second, and say how the worker stands; apart, as the saying may have to wait.

    Neither may end ingest, whatever it meets.
    """

    async def look() -> None:
        if app.chunked.joined.is_set():
            try:
                standing.lost = app.chunked.ledger.lost
                standing.look(await app.consumer.reach(_EVERY_SECONDS), app.chunked.ledger.epoch)
            except TimeoutError:
                log.warning("the thread that reads Kafka did not answer within %g s", _EVERY_SECONDS)
            except Exception:
                log.exception("how far ingest is could not be looked at")

    async def say() -> None:
        teller = Teller(report, standing)
        while not app.should_stop:
            if app.chunked.joined.is_set():
                await teller.tell()
            await app.sleep(_EVERY_SECONDS)

    async def count(_app: IngestApp, assigned: set[TP], **_: Any) -> None:
        standing.rebalances += 1

    app.timer(interval=_EVERY_SECONDS)(look)
    app.task(say)
    app.on_partitions_assigned.connect(count, weak=False)
