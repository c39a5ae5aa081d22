"""``hubstat scheduler``: send the mailed reports by their schedules, as a service."""

from __future__ import annotations

import logging
import signal
import sys
import threading
import time
from collections.abc import Callable
from types import FrameType
from typing import Annotated, Final

import typer

from aggregations.question import Question
from aggregations.viewer import Viewer
from hubstat.commands.query import reading
from hubstat.commands.reporting import Office, office
from hubstat.domain import time as tm
from hubstat.elastic import indices
from hubstat.elastic.client import connect
from hubstat.elastic.retry import briefly
from hubstat.engines import locate
from hubstat.errors import HubstatError
from hubstat.runfile import scheduler_mark
from hubstat.settings import Settings
from reports.delivery.catcher import serving
from reports.delivery.owners import owners_of

log = logging.getLogger(__name__)
_LOOK_SECONDS: Final = 5.0
_RETRY_SECONDS: Final = 10.0
# The demo's first mails: data that reach to so little before now (ms) are caught up; nobody waits longer for it.
_CAUGHT_UP: Final = tm.MINUTE
_FIRST_WITHIN: Final = 75.0
_DEMO_LEVELS: Final = {"nationwide": 1, "region": 9, "area": 2, "camp": 3}


def register(app: typer.Typer, settings: Callable[[], Settings]) -> None:
    """Mount the command on ``app``; ``settings`` gives the settings when it runs."""

    @app.command()
    def scheduler(
        demo: Annotated[
            bool, typer.Option("--demo", help="Subscribe some of the hubs' owners, and send them a first report now.")
        ] = False,
    ) -> None:
        """Send the mailed reports by their schedules until Ctrl-C. Several may run at once."""
        chosen = settings()
        logging.basicConfig(
            level=chosen.log_level, stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
        )
        logging.getLogger("elastic_transport").setLevel(logging.WARNING)
        logging.getLogger("mail.log").setLevel(logging.WARNING)
        url = locate(chosen).elasticsearch_url
        with connect(chosen.elasticsearch, url) as client:
            briefly(lambda: indices.ensure(client, chosen), url)
        _Service(chosen, demo).run()


class _Service:
    """The loop. It outlives an Elasticsearch that is away: what it did not finish is taken up again."""

    def __init__(self, settings: Settings, demo: bool) -> None:
        self._settings = settings
        self._demo = demo
        self._stop = threading.Event()
        self._began = time.monotonic()

    def run(self) -> None:
        """Until the process is told to end; mails that are being handed over are waited for."""
        with (
            serving(self._settings) as server,
            reading(self._settings) as reader,
            office(self._settings, reader, lambda: server) as everything,
        ):

            def stop(number: int, frame: FrameType | None) -> None:
                everything.post.stopping.set()
                self._stop.set()

            for number in (signal.SIGINT, signal.SIGTERM):
                signal.signal(number, stop)
            log.info("mails go to %s", server)
            if self._settings.smtp.host is None:
                log.info("they are kept on this machine: read them at the board's /mails")
            scheduler = everything.scheduler()
            while not self._stop.is_set():
                try:
                    with everything.post.presence:
                        while not self._stop.is_set():
                            scheduler.look()
                            self._first_mails(everything)
                            self._mark()
                            self._stop.wait(_LOOK_SECONDS)
                except HubstatError as error:
                    log.warning("%s; trying again in %.0f s", error, _RETRY_SECONDS)
                    self._stop.wait(_RETRY_SECONDS)

    def _mark(self) -> None:
        path = scheduler_mark(self._settings)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()

    def _first_mails(self, everything: Office) -> None:
        """Of a demo, once: subscriptions, and a report of what there is, as of the time that it truly shows."""
        if not self._demo:
            return
        reader = everything.reader
        master = reader.store.master_data(reader.country)
        if not everything.book.subscriptions():
            if not master.owners:
                return
            made, _ = owners_of(master, tm.local_date(reader.clock(), reader.zone), _DEMO_LEVELS)
            everything.book.subscribe(made)
        day = reader.active_dates()[0]
        now = reader.clock()
        data_to = reader.data_to(now)
        if data_to is None or (data_to < now - _CAUGHT_UP and time.monotonic() - self._began < _FIRST_WITHIN):
            return
        question = Question("nationwide", day, as_of=data_to, known_at=data_to, metrics=("due",))
        if not reader.query(Viewer.everything(reader.country), question).rows[0].figures["due"]:
            return
        self._demo = False
        seen: set[str] = set()
        for each in everything.book.subscriptions():
            if each.level not in seen:
                seen.add(each.level)
                order = everything.desk.order(
                    "daily-provisional", day, each.level, f"{each.level}:{each.hub}", as_of=data_to, known_at=data_to
                )
                run = everything.desk.send_now(order, each.recipient)
                log.info("first report to %s: %s", run.recipient, run.state)
