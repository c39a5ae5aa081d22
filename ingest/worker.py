"""One ingest worker: the flushers put together with their writer, and what it tells of itself."""

from __future__ import annotations

import logging
import time
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Final

from hubstat.elastic.names import Names
from hubstat.elastic.writer import Writer
from hubstat.engines import EngineAddresses
from hubstat.runfile import ingest_address
from hubstat.settings import Settings
from ingest import allocator
from ingest.app import IngestApp, run_worker
from ingest.friends import FriendFlusher
from ingest.invoices import InvoiceFlusher
from ingest.lanes import Flushers
from ingest.records import Publisher
from ingest.telemetry.measured import Counted, MeasuredFlusher, MeasuredWriter
from ingest.telemetry.metrics import Sources, registry_of
from ingest.telemetry.report import Report, Teller
from ingest.telemetry.server import serving
from ingest.telemetry.standing import Standing, partition_id
from ingest.topics import Topics
from ingest.visibility import Refresher

if TYPE_CHECKING:
    from faust.types import TP

log = logging.getLogger(__name__)

_EVERY_SECONDS: Final = 1.0
_LEAST_PAUSE_SECONDS: Final = 0.1


Make = Callable[[Settings, Writer, Publisher, bool], tuple[Counted, Counted]]
"""Flushers of invoices' and of Friends' records; the last argument: whether ``received-at`` headers are honoured."""


def flushers_of(settings: Settings, writer: Writer, publisher: Publisher, trusted: bool) -> tuple[Counted, Counted]:
    """Those that write all there is to write."""
    of_invoices = InvoiceFlusher(settings, writer, publisher, trusted=trusted)
    return of_invoices, FriendFlusher(settings, writer, trusted=trusted)


def run(settings: Settings, addresses: EngineAddresses, make: Make = flushers_of) -> int:
    """Run a worker in the foreground until it is told to stop; its exit code (see ``ingest.app.run_worker``).

    Raises SettingsError also where the address of its metrics is taken.
    """
    allocator.keep_small()
    # In flight: of a lane of invoices a write and the look-ups after it, of one of Friends one request; and one
    # for the report and one to make visible.
    writer = MeasuredWriter(settings, addresses.elasticsearch_url, threads=3 * settings.ingest.lanes + 2)
    trusted = trusts_received_at(settings, addresses)

    with ExitStack() as stack:
        stack.callback(writer.close)

        def flushers(app: IngestApp) -> Flushers:
            of_invoices, of_friends = make(settings, writer, app, trusted)
            invoice, friend = MeasuredFlusher("invoice", of_invoices), MeasuredFlusher("friend", of_friends)
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
            caches = (invoice.cache, friend.cache)
            refresh_seconds = settings.elasticsearch.refresh_seconds
            names = Names(settings.namespace)
            everything = (names.all_invoices, names.friends("*"), names.friend_corrections)
            refresher = Refresher(writer, standing, everything, caches, refresh_seconds)
            _tell(app, standing, refresher, Report(sources, writer, address), min(refresh_seconds, _EVERY_SECONDS))
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


def _tell(app: IngestApp, standing: Standing, refresher: Refresher, report: Report, every_seconds: float) -> None:
    """Look at the partitions every second; make visible what is written; say how the worker stands.

    Each apart, as the others may have to wait. None may end ingest, whatever it meets.
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

    async def every(what: str, work: Callable[[], Awaitable[None]]) -> None:
        while not app.should_stop:
            began = time.monotonic()
            if app.chunked.joined.is_set():
                try:
                    await work()
                except Exception:
                    log.exception("%s failed", what)
            await app.sleep(max(_LEAST_PAUSE_SECONDS, every_seconds - (time.monotonic() - began)))

    async def show() -> None:
        async def now() -> None:
            await look()
            await refresher.refresh()

        await every("making visible what is written", now)

    async def say() -> None:
        await every("the worker's report", Teller(report, standing).tell)

    async def count(_app: IngestApp, assigned: set[TP], **_: Any) -> None:
        standing.rebalances += 1

    app.timer(interval=_EVERY_SECONDS)(look)
    app.task(show)
    app.task(say)
    app.on_partitions_assigned.connect(count, weak=False)
