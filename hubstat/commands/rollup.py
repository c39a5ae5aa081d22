"""``hubstat rollup``: closed days computed whole and kept, as a service or once."""

from __future__ import annotations

import fcntl
import logging
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated, Final

import typer

from aggregations.facts.closing import RollUp, roll_up_all
from aggregations.facts.schedule import Schedule, to_audit
from aggregations.reader import Reader
from hubstat.commands.query import day_of, reading
from hubstat.domain import time as tm
from hubstat.elastic import audits, facts, indices, marks
from hubstat.elastic.client import connect
from hubstat.elastic.retry import briefly
from hubstat.engines import locate
from hubstat.engines.supervisor import bound_to_parent
from hubstat.errors import HubstatError, SettingsError
from hubstat.runfile import rollup_lock
from hubstat.settings import Settings

log = logging.getLogger(__name__)
_ROUNDS: Final = 5
_RETRY_SECONDS: Final = 10.0
_NICE: Final = 15
# One that could not be made, and so recorded nothing, is tried again.
_AUDIT_AGAIN_SECONDS: Final = 3_600.0


def register(app: typer.Typer, settings: Callable[[], Settings]) -> None:
    """Mount the command on ``app``; ``settings`` gives the settings when it runs."""

    @app.command()
    def rollup(
        once: Annotated[bool, typer.Option("--once", help="Roll up what is due now, and end.")] = False,
        dates: Annotated[list[str] | None, typer.Option("--date", help="Roll up this closed date, and end.")] = None,
        everything: Annotated[bool, typer.Option("--all", help="Roll up every closed date, and end.")] = False,
    ) -> None:
        """Roll up closed days: facts, restatements, baselines; without options as a service until Ctrl-C."""
        chosen = settings()
        logging.basicConfig(
            level=chosen.log_level, stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
        )
        logging.getLogger("elastic_transport").setLevel(logging.WARNING)
        days = [day_of(text) for text in dates or ()]
        with _only_one(chosen):
            _prepare(chosen)
            if not (once or days or everything):
                _Service(chosen).run()
                return
            with reading(chosen) as reader:
                rolling = RollUp(reader)
                for day in days:
                    rolling.require_closed(day)
                if days or everything:
                    chosen_days = sorted({*days, *(rolling.known() if everything else ())})
                    done = roll_up_all(rolling, chosen_days, typer.echo)
                    typer.echo(f"{len(done):,} dates, {sum(each.changed for each in done):,} documents changed")
                if once:
                    _until_nothing_is_due(rolling)


def _until_nothing_is_due(rolling: RollUp) -> None:
    dates = changed = 0
    for _ in range(_ROUNDS):
        due = list(rolling.due())
        if not due:
            break
        done = roll_up_all(rolling, due, typer.echo)
        dates, changed = dates + len(done), changed + sum(each.changed for each in done)
    typer.echo(f"{dates:,} dates, {changed:,} documents changed")
    if left := list(rolling.due()):
        raise HubstatError(
            f"{len(left)} dates are due again, {left[0]} among them: records of them come in; run it again later"
        )


def _prepare(settings: Settings) -> None:
    url = locate(settings).elasticsearch_url
    with connect(settings.elasticsearch, url) as client:
        briefly(lambda: indices.ensure(client, settings), url)


@contextmanager
def _only_one(settings: Settings) -> Iterator[None]:
    """Refuse a second roll-up of a namespace on this machine: they would only do each other's work again."""
    path = rollup_lock(settings)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise SettingsError(
                f"a roll-up of namespace {settings.namespace} runs already and does what is due; "
                "to roll up by hand end it first, with `hubstat down` where `up` runs it"
            ) from error
        yield


class _Service:
    """The loop. It outlives an Elasticsearch that is away: what it did not finish is still marked."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._schedule = Schedule(int(settings.rollup.quiet_seconds * 1000))
        self._audit: subprocess.Popen[bytes] | None = None
        self._asked: dict[str, float] = {}

    def run(self) -> None:
        """Until the process is told to end."""
        while True:
            try:
                with reading(self._settings) as reader:
                    while True:
                        self._look(reader)
                        time.sleep(self._settings.rollup.interval_seconds)
            except HubstatError as error:
                log.warning("%s; trying again in %.0f s", error, _RETRY_SECONDS)
                time.sleep(_RETRY_SECONDS)

    def _look(self, reader: Reader) -> None:
        os.utime(rollup_lock(self._settings))
        rolling = RollUp(reader)
        ready = self._schedule.ready(rolling.due(), reader.clock(), time.monotonic())
        for day in ready:
            began = time.monotonic()
            roll_up_all(rolling, [day], log.info)
            self._schedule.ran(day, began, time.monotonic())
        if not ready:
            for made, version in rolling.refresh_baselines(set(rolling.due())):
                log.info("baselines of %s: version %d", made, version)
        if self._settings.rollup.audit:
            self._audit_next(rolling, reader)

    def _audit_next(self, rolling: RollUp, reader: Reader) -> None:
        """Audit one date at a time, each once by itself."""
        if self._audit is not None:
            if (code := self._audit.poll()) is None:
                return
            log.log(logging.INFO if code == 0 else logging.ERROR, "the audit ended with %d", code)
            self._audit = None
        last = rolling.last_closed()
        if last is None:
            return
        client, namespace = reader.store.client, reader.store.namespace
        marked = {mark.service_date for mark in marks.pending(client, namespace)}
        current = [
            day for day, each in facts.records(client, namespace).items() if each.documents and day not in marked
        ]
        lately = {day for day, at in self._asked.items() if time.monotonic() - at < _AUDIT_AGAIN_SECONDS}
        audited = {audit.service_date for audit in audits.recorded(client, namespace)} | lately
        for day in to_audit(map(tm.parse_date, current), map(tm.parse_date, audited), last)[:1]:
            self._asked[day.isoformat()] = time.monotonic()
            log.info("auditing %s", day)
            self._audit = subprocess.Popen(
                [sys.executable, "-m", "hubstat", "audit", "--date", day.isoformat(), "--record"],
                env={**os.environ, "HUBSTAT_NAMESPACE": self._settings.namespace},
                stdin=subprocess.DEVNULL,
                preexec_fn=_humble(),
            )


def _humble() -> Callable[[], None]:
    """To be called in a new process: it ends with this one, and lets everything else go first."""
    bound = bound_to_parent()

    def prepare() -> None:
        bound()
        os.nice(_NICE)

    return prepare
