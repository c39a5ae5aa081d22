"""The Faust application: three topics, one agent each, that route chunks to lanes; and the worker that runs it."""

from __future__ import annotations

import asyncio
import fcntl
import gc
import logging
import sys
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import faust
from aiokafka.errors import KafkaError, KafkaTimeoutError
from faust.types import TP
from mode import Service

from hubstat.errors import SettingsError
from hubstat.settings import KafkaSettings, Settings
from ingest.connect import connection
from ingest.lanes import Flusher, Flushers, Lanes
from ingest.topics import Topics, ensure_topics
from ingest.transport.driver import Message
from ingest.transport.guards import EXIT_NOT_STARTED, Guard, RepeatFilter, Watch, leave
from ingest.transport.ledger import Ledger
from ingest.transport.options import ChunkedOptions

log = logging.getLogger(__name__)

MAX_POLL_RECORDS = 4000
"""Also bounds memory: without it a fetch is decompressed whole (329 MB against 93 on a gzip topic)."""
MAX_PARTITION_FETCH_BYTES = 512 * 1024
READY_SECONDS = 60.0
STOP_FLUSH_SECONDS = 3.5
"""How long a stop waits for flushes in flight, so that all of it takes 5 s; what is not written is read again."""
_RESEND_SECONDS = 1.0
_LAST_SECONDS = 0.05
_LINGER_SHARE = 3
"""Records that a kind gathers may take a third of the buffer: they must not keep other topics from being read."""
_CATCH_UP_SECONDS = 30.0
"""How long Friends' records are gathered while they are old anyway: see :mod:`ingest.lanes`."""


class IngestApp(faust.App):
    """A Faust app with the chunked transport's options and a producer that does not give up."""

    chunked: ChunkedOptions

    async def publish_many(self, topic: str, messages: Sequence[Message]) -> None:
        """Publish records and return once Kafka has confirmed every one; while Kafka is away, that takes as long.

        A record may be published twice. Raises the KafkaError of one that Kafka refuses for good.
        """
        due = messages
        while due:
            try:
                failed = await self.producer.publish(topic, due)
            except KafkaError as exc:  # of the look-up of the topic's partitions
                failed = [(message, exc) for message in due]
            for _, error in failed:
                if not (error.retriable or isinstance(error, KafkaTimeoutError)):
                    raise error
            due = [message for message, _ in failed]
            if failed:
                log.warning("%d records for %s not confirmed yet, sending again: %r", len(due), topic, failed[0][1])
                await asyncio.sleep(_RESEND_SECONDS)


class LaneService(Service):
    """Starts and stops the lanes with the app: as its last service, so they stop before the consumer's last commit."""

    def __init__(self, lanes: list[Lanes], stop_seconds: float, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._lanes = lanes
        self._stop_seconds = stop_seconds

    async def on_start(self) -> None:
        """Start every lane."""
        for lanes in self._lanes:
            lanes.start()

    async def on_stop(self) -> None:
        """Wait for the flushes in flight."""
        await asyncio.gather(*(lanes.stop(self._stop_seconds) for lanes in self._lanes))


def create_app(
    settings: Settings,
    kafka_bootstrap: str,
    flushers: Callable[[IngestApp], Flushers],
    ledger: Ledger[TP] | None = None,
) -> IngestApp:
    """The app of one worker. ``flushers`` is called once with it, so that they can publish through it.

    ``kafka_bootstrap`` is ``host:port,…``. The topics must exist (:func:`ingest.topics.ensure_topics`). ``ledger`` is
    for tests that need one that is wrong.
    """
    ingest = settings.ingest
    group = f"{settings.namespace}-ingest"
    app = IngestApp(
        group,
        broker=[f"chunked://{address.strip()}" for address in kafka_bootstrap.split(",")],
        broker_credentials=_credentials(settings.kafka),
        broker_client_id=f"{group}-{ingest.worker_id}",
        broker_commit_interval=1.0,
        broker_session_timeout=ingest.session_timeout_seconds,
        broker_heartbeat_interval=min(1.5, ingest.session_timeout_seconds / 3),
        broker_rebalance_timeout=20.0,
        broker_max_poll_records=MAX_POLL_RECORDS,
        consumer_max_fetch_size=MAX_PARTITION_FETCH_BYTES,
        consumer_auto_offset_reset="earliest",
        consumer_group_instance_id=f"{group}-{ingest.worker_id}" if ingest.static_membership else None,
        producer_acks=-1,
        producer_max_batch_size=256 * 1024,
        key_serializer="raw",
        value_serializer="raw",
        stream_wait_empty=False,
        table_standby_replicas=0,
        topic_allow_declare=False,
        topic_disable_leader=True,
        web_enabled=False,
        worker_redirect_stdouts=False,
        store="memory://",
        datadir=settings.namespace_dir / f"ingest-{ingest.worker_id}",
    )
    app.chunked = ChunkedOptions(ingest.chunk_records, ingest.buffer_mb * 1024 * 1024, ledger or Ledger())
    topics = Topics.of(settings.namespace)
    made = flushers(app)
    invoice = _route(app, made.invoice, (topics.invoice_events,), settings)
    of_friends = (topics.friend_events, topics.friend_activity)
    friend = _route(app, made.friend, of_friends, settings, _CATCH_UP_SECONDS, invoice)
    app.on_partitions_assigned.connect(_refuse_growth(settings.kafka.partitions), weak=False)
    # The consumer's last commit shares the deadline, so it gets a third of it.
    app.service(LaneService([invoice, friend], min(STOP_FLUSH_SECONDS, ingest.stop_deadline_seconds * 2 / 3)))
    return app


def _route(
    app: IngestApp,
    flusher: Flusher,
    topics: tuple[str, ...],
    settings: Settings,
    catch_up_seconds: float = 0.0,
    leading: Lanes | None = None,
) -> Lanes:
    """The lanes of one kind and an agent for each of its topics."""
    linger_bytes = app.chunked.buffer_bytes // _LINGER_SHARE
    lanes = Lanes(flusher, settings.ingest.lanes, linger_bytes, catch_up_seconds=catch_up_seconds, leading=leading)

    async def agent(chunks: Any) -> None:
        async for chunk in chunks:
            lanes.route(chunk)

    for name in topics:
        app.agent(app.topic(name, key_serializer="raw", value_serializer="raw"), name=f"route-{name}")(agent)

    async def announce(_app: IngestApp, assigned: set[TP], **_: Any) -> None:
        lanes.assigned({tp for tp in assigned if tp.topic in topics})

    app.on_partitions_assigned.connect(announce, weak=False)
    return lanes


def _refuse_growth(partitions: int) -> Callable[..., Awaitable[None]]:
    """A handler that ends the process once it holds a partition added while it runs, before it reads from it.

    With topics of unequal counts, the worker of a Friend's events would no longer be that of its activity.
    """

    async def refuse(_app: IngestApp, assigned: set[TP], **_: Any) -> None:
        grown = sorted({tp.topic for tp in assigned if tp.partition >= partitions})
        if grown:
            leave(
                f"{' and '.join(grown)} got more partitions than HUBSTAT_KAFKA__PARTITIONS={partitions}: "
                "give all topics of the namespace the same number, set it, and start the workers again",
                SettingsError.exit_code,
            )

    return refuse


def _credentials(settings: KafkaSettings) -> Any:
    arguments = connection(settings)
    context = arguments.get("ssl_context")
    if "sasl_mechanism" in arguments:
        return faust.SASLCredentials(
            username=arguments["sasl_plain_username"],
            password=arguments["sasl_plain_password"],
            mechanism=arguments["sasl_mechanism"],
            ssl_context=context,
        )
    return faust.SSLCredentials(context=context) if context is not None else None


class _Worker(faust.Worker):
    """Faust's worker without its spinner and its log set-up: the process logs the way its caller has set up."""

    def __init__(self, app: IngestApp, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(app, loop=loop, quiet=True, override_logging=False, redirect_stdouts=False)
        self.spinner = None

    def _gather_all(self) -> None:
        """End what still runs. mode would wait a second for it: all that had to be written and committed is."""
        for task in asyncio.all_tasks(self.loop):
            task.cancel()

    async def _sentinel_task(self) -> None:
        """Let the tasks that were cancelled end. mode would sleep a second."""
        await asyncio.sleep(_LAST_SECONDS)


def run_worker(settings: Settings, kafka_bootstrap: str, flushers: Callable[[IngestApp], Flushers]) -> int:
    """Run one ingest worker in the foreground until SIGTERM or SIGINT; the exit code of the process.

    0: stopped as asked, everything written is committed. 1: it failed, or Kafka gave it no partitions. It never returns
    where a guard or a failed flush ends the process (exit code 70): nothing is lost, start it again.

    Raises EngineError where Kafka does not answer, SettingsError where a topic or the worker's id is wrong.
    """
    _quieten()
    with _only_worker(settings):
        asyncio.run(ensure_topics(settings, kafka_bootstrap))
        loop = asyncio.new_event_loop()
        asyncio.set_event_loop(loop)
        return _run(create_app(settings, kafka_bootstrap, flushers), loop, settings)


def _run(app: IngestApp, loop: asyncio.AbstractEventLoop, settings: Settings) -> int:
    _spare_collections()
    worker = _Worker(app, loop)
    Guard(
        Watch(
            stopping=lambda: bool(worker.should_stop or app.should_stop),
            ready=app.chunked.joined.is_set,
            stalled_seconds=app.chunked.ledger.stalled_seconds,
            stop_deadline=settings.ingest.stop_deadline_seconds,
            ready_deadline=READY_SECONDS,
            stalled_limit=settings.ingest.stuck_seconds,
        )
    ).start()
    try:
        worker.execute_from_commandline()
    except SystemExit as exc:
        return exc.code if isinstance(exc.code, int) else EXIT_NOT_STARTED
    return 0


def _spare_collections() -> None:
    """A flush makes many objects and no cycles: at Python's own thresholds, looking for cycles takes a third of it."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 20, 50)


@contextmanager
def _only_worker(settings: Settings) -> Iterator[None]:
    """Refuse a second worker of this id on this machine: Kafka does not fence it, both would read everything."""
    path = settings.namespace_dir / f"ingest-{settings.ingest.worker_id}.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as exc:
            raise SettingsError(
                f"an ingest worker with id {settings.ingest.worker_id} runs already: "
                "give each worker its own HUBSTAT_INGEST__WORKER_ID"
            ) from exc
        yield


def _quieten() -> None:
    """Log to standard error where the caller has not set up logging, and keep the libraries' repetitions back."""
    logging.basicConfig(stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    for handler in logging.getLogger().handlers:
        handler.addFilter(RepeatFilter(("aiokafka", "faust", "mode")))
