"""``hubstat up`` and ``hubstat down``: a whole installation on this machine, with one command."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from types import FrameType
from typing import Annotated, Final
from urllib.error import URLError

import psutil
import typer

from hubstat import engines, runfile
from hubstat.commands.dashboard import choose_port
from hubstat.elastic import indices
from hubstat.elastic.client import connect
from hubstat.elastic.retry import briefly, explained
from hubstat.elastic.store import Store
from hubstat.engines.runfile import Process
from hubstat.errors import EngineError, HubstatError
from hubstat.runfile import Installation
from hubstat.services import Crew, Service
from hubstat.settings import Settings
from ingest.topics import ensure_topics
from reports.delivery.catcher import folder_of

_READY_SECONDS: Final = 180.0
_DOWN_SECONDS: Final = 90.0


def register(app: typer.Typer, settings: Callable[[], Settings]) -> None:
    """Mount the commands on ``app``; ``settings`` gives the settings when a command runs."""

    @app.command()
    def up(
        demo: Annotated[bool, typer.Option("--demo", help="Add a simulated network whose day is in progress.")] = False,
        demo_invoices: Annotated[int, typer.Option(min=1000, max=200_000, help="Invoices a day of the demo.")] = 20_000,
        detach: Annotated[bool, typer.Option("--detach", help="Go on in the background until `hubstat down`.")] = False,
        no_dashboard: Annotated[bool, typer.Option("--no-dashboard", help="Without the web dashboard.")] = False,
        no_rollup: Annotated[
            bool,
            typer.Option("--no-rollup", help="Without facts and baselines: closed dates are counted like open ones."),
        ] = False,
        no_reports: Annotated[bool, typer.Option("--no-reports", help="Without mailed reports.")] = False,
    ) -> None:
        """Start what is missing, then run ingest, roll-up, dashboard and the scheduler of reports until Ctrl-C."""
        chosen = settings()
        running = runfile.read(chosen)
        if running is not None:
            raise HubstatError(
                f"namespace {chosen.namespace} runs already (process {running.process.pid}): "
                f"end it with `hubstat --namespace {chosen.namespace} down`"
            )
        services = Wanted(demo_invoices if demo else None, not no_dashboard, not no_rollup, not no_reports)
        if detach:
            _detached(chosen, services)
        else:
            with runfile.claimed(chosen):
                _Up(chosen, services).run()

    @app.command()
    def down() -> None:
        """Stop what `hubstat up` of this namespace started."""
        chosen = settings()
        running = runfile.read(chosen)
        if running is None:
            typer.echo(f"namespace {chosen.namespace} does not run")
            return
        others = runfile.others(chosen)
        if running.started_engines and others:
            raise HubstatError(
                f"the engines that {chosen.namespace} started are in use by {', '.join(others)}: end these first"
            )
        pid = running.process.pid
        try:
            process = psutil.Process(pid)
            process.terminate()
            process.wait(_DOWN_SECONDS)
        except psutil.NoSuchProcess:
            pass  # it ended by itself just now
        except psutil.TimeoutExpired:
            raise HubstatError(f"process {pid} has not ended in {_DOWN_SECONDS:.0f} s: see its log") from None
        typer.echo(f"namespace {chosen.namespace} stopped")


@dataclass(frozen=True, slots=True)
class Wanted:
    """Services beside ingest. demo_invoices: a day of the demo; None: no demo."""

    demo_invoices: int | None
    dashboard: bool
    rollup: bool
    reports: bool

    def arguments(self) -> list[str]:
        """As options of ``hubstat up``."""
        demo = [] if self.demo_invoices is None else ["--demo", "--demo-invoices", str(self.demo_invoices)]
        without = {"--no-dashboard": self.dashboard, "--no-rollup": self.rollup, "--no-reports": self.reports}
        return [*demo, *(option for option, wanted in without.items() if not wanted)]


def _detached(settings: Settings, services: Wanted) -> None:
    """Run ``up`` as a process of its own and return when it is ready."""
    log = settings.namespace_dir / "logs" / "up.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    arguments = [sys.executable, "-m", "hubstat", "up", *services.arguments()]
    before = log.stat().st_size if log.exists() else 0
    with log.open("ab") as output:
        process = subprocess.Popen(
            arguments,
            env={**os.environ, "HUBSTAT_NAMESPACE": settings.namespace},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    deadline = time.monotonic() + _READY_SECONDS + settings.engines.start_timeout_seconds
    while time.monotonic() < deadline:
        running = runfile.read(settings)
        if running is not None and running.ready:
            where = f", board at {running.dashboard_url}" if running.dashboard_url else ""
            typer.echo(f"namespace {settings.namespace} runs in the background{where}, log {log}")
            return
        if process.poll() is not None:
            said = log.read_bytes()[before:].decode(errors="replace").strip().splitlines()
            raise HubstatError(said[-1].removeprefix("error: ") if said else f"it ended with {process.returncode}")
        time.sleep(0.2)
    process.terminate()
    raise HubstatError(f"not ready after {_READY_SECONDS:.0f} s: see {log}")


class _Up:
    """One run of ``hubstat up`` in the foreground."""

    def __init__(self, settings: Settings, services: Wanted) -> None:
        self._settings = settings
        self._services = services
        self._crew = Crew()
        self._stopping = False
        self._interruptible = False
        self._url: str | None = None

    def run(self) -> None:
        """Start everything, watch it until told to stop, stop what was started."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._stop)
        # A first fetch takes minutes; what it has started stops with this process.
        self._interruptible = True
        addresses = engines.ensure(self._settings, engines.console_reporter())
        self._interruptible = False
        try:
            self._say(addresses.started, ready=False)
            self._prepare(addresses)
            self._start()
            if self._is_ready(addresses):
                self._say(addresses.started, ready=True)
                self._announce()
            while not self._stopping:
                for said in self._crew.watch():
                    typer.echo(said, err=True)
                time.sleep(0.5)
        finally:
            typer.echo("stopping")
            self._crew.stop()
            if addresses.started:
                engines.stop(self._settings)
            runfile.remove(self._settings)

    def _stop(self, number: int, frame: FrameType | None) -> None:
        self._stopping = True
        if self._interruptible:
            raise KeyboardInterrupt

    def _say(self, started_engines: bool, ready: bool) -> None:
        runfile.write(self._settings, Installation(Process.of(os.getpid()), ready, started_engines, self._url))

    def _prepare(self, addresses: engines.EngineAddresses) -> None:
        url = addresses.elasticsearch_url
        with connect(self._settings.elasticsearch, url) as client:
            briefly(lambda: indices.ensure(client, self._settings), url)
        asyncio.run(ensure_topics(self._settings, addresses.kafka_bootstrap))

    def _start(self) -> None:
        logs = self._settings.namespace_dir / "logs"
        os.environ["HUBSTAT_NAMESPACE"] = self._settings.namespace
        self._crew.start(Service("ingest", ["ingest"], logs / "ingest.log"))
        if self._services.rollup:
            self._crew.start(Service("rollup", ["rollup"], logs / "rollup.log"))
        if self._services.dashboard:
            port = choose_port(self._settings.dashboard.host, self._settings.dashboard.port)
            os.environ["HUBSTAT_DASHBOARD__PORT"] = str(port)
            self._url = f"http://{self._settings.dashboard.host}:{port}"
            self._crew.start(Service("dashboard", ["dashboard"], logs / "dashboard.log"))
        if self._services.reports:
            arguments = ["scheduler"] if self._services.demo_invoices is None else ["scheduler", "--demo"]
            self._crew.start(Service("scheduler", arguments, logs / "scheduler.log"))
        if self._services.demo_invoices is not None:
            feed = ["simulate", "--demo", "--invoices", str(self._services.demo_invoices)]
            self._crew.start(Service("demo", feed, logs / "demo.log"))

    def _is_ready(self, addresses: engines.EngineAddresses) -> bool:
        """Wait for the worker's first report and the dashboard's first answer; False when told to stop before."""
        store = Store(connect(self._settings.elasticsearch, addresses.elasticsearch_url), self._settings.namespace)
        began = int(time.time() * 1000)
        deadline = time.monotonic() + _READY_SECONDS
        waiting: dict[str, Callable[[], bool]] = {
            "ingest": lambda: any(beat.written_at >= began for beat in store.heartbeats())
        }
        if self._url is not None:
            waiting["dashboard"] = lambda: _answers(f"{self._url}/")
        while waiting:
            if self._stopping:
                return False
            for said in self._crew.watch():
                typer.echo(said, err=True)
            with explained(addresses.elasticsearch_url):
                waiting = {name: ready for name, ready in waiting.items() if not ready()}
            if waiting and time.monotonic() > deadline:
                logs = self._settings.namespace_dir / "logs"
                raise EngineError(
                    f"{' and '.join(waiting)} not ready after {_READY_SECONDS:.0f} s: see the logs in {logs}"
                )
            time.sleep(0.2)
        return True

    def _announce(self) -> None:
        logs = self._settings.namespace_dir / "logs"
        typer.echo(f"namespace {self._settings.namespace} runs, logs in {logs}")
        if self._url is not None:
            typer.echo(f"the board is at {self._url}")
        if self._services.reports and self._settings.smtp.host is None:
            where = f"{self._url}/mails" if self._url is not None else folder_of(self._settings)
            typer.echo(f"no mail server is set: mailed reports are kept on this machine, at {where}")
        typer.echo("Ctrl-C stops everything")


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:
            return bool(answer.status == 200)
    except (URLError, TimeoutError, ConnectionError):
        return False
