"""Which engines are used: those of the settings, else Docker's where it answers, else the embedded ones."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, replace
from typing import Literal

from hubstat.engines import docker, embedded, health
from hubstat.engines.progress import Reporter, Silent
from hubstat.engines.runfile import read_run, write_run
from hubstat.engines.server import ENGINE_NAMES, EngineName
from hubstat.errors import EngineError
from hubstat.settings import Settings

Origin = Literal["settings", "docker", "embedded"]


@dataclass(frozen=True, slots=True)
class EngineAddresses:
    """Where the engines are. ``started`` tells whether the call that returned this started any of them."""

    elasticsearch_url: str
    kafka_bootstrap: str
    origin: Origin
    started: bool = False


@dataclass(frozen=True, slots=True)
class EngineStatus:
    """One engine. ``address`` and ``origin`` are None where it neither runs nor is named by the settings."""

    name: EngineName
    address: str | None
    origin: Origin | None
    answers: bool
    pid: int | None


def ensure(settings: Settings, progress: Reporter | None = None, detached: bool = False) -> EngineAddresses:
    """Start the engines that are missing, wait until both answer, and return their addresses.

    Embedded engines started here stop when the calling process ends, even by SIGKILL, unless ``detached``. Blocks for
    about 15 s for a start, minutes for the first fetch. Raises EngineError with what is wrong and what to do.
    """
    reporter = progress or Silent()
    given = _given(settings)
    missing = [name for name in ENGINE_NAMES if name not in given]
    for name, address in given.items():
        _require_answer(name, address, settings.engines.start_timeout_seconds)
    if not missing:
        reporter.note(f"engines: {_list(given)} (by settings)")
        return _addresses(given, "settings")
    origin, started = _start_missing(settings, missing, detached, reporter)
    run = read_run(settings.engines.data_dir)
    found = {name: place[0] for name in missing if (place := run.address(name)) is not None}
    if len(found) < len(missing):
        raise EngineError(f"an engine ended just after its start: see {settings.engines.data_dir / 'logs'}")
    addresses = given | found
    reporter.note(f"engines: {_list(addresses)} ({origin})")
    return _addresses(addresses, origin, started)


def locate(settings: Settings) -> EngineAddresses:
    """The addresses of the engines that run, without starting any and without asking whether they answer.

    Raises EngineError where none is named by the settings and none runs.
    """
    given = _given(settings)
    if len(given) == len(ENGINE_NAMES):
        return _addresses(given, "settings")
    run = read_run(settings.engines.data_dir)
    found = {name: place for name in ENGINE_NAMES if name not in given and (place := run.address(name)) is not None}
    if len(given) + len(found) < len(ENGINE_NAMES):
        raise EngineError("no engines are running: run `hubstat up` (or `hubstat engines start`) first")
    origin: Origin = next(origin for _, origin in found.values())
    return _addresses(given | {name: address for name, (address, _) in found.items()}, origin)


def stop(settings: Settings, progress: Reporter | None = None, names: tuple[EngineName, ...] = ENGINE_NAMES) -> bool:
    """Stop the engines of this machine, whoever started them, and return whether any ran. Data stay.

    ``names`` limits it to one of them (embedded engines only; ``ensure`` starts it again on the same port).
    """
    reporter = progress or Silent()
    data_dir = settings.engines.data_dir
    run = read_run(data_dir)
    stopped = bool(embedded.stop(settings.engines, names, reporter))
    if run.docker:
        docker.stop()
        write_run(data_dir, replace(read_run(data_dir), docker={}))
        stopped = True
    return stopped


def status(settings: Settings) -> list[EngineStatus]:
    """State of both engines, Elasticsearch first."""
    given, run = _given(settings), read_run(settings.engines.data_dir)
    rows = []
    for name in ENGINE_NAMES:
        if name in given:
            rows.append(EngineStatus(name, given[name], "settings", health.port_answers(name, given[name]), None))
        elif place := run.address(name):
            pid = run.running[name].engine.pid if place[1] == "embedded" else None
            rows.append(EngineStatus(name, place[0], place[1], health.answers(name, place[0]), pid))
        else:
            rows.append(EngineStatus(name, None, None, False, None))
    return rows


def _start_missing(
    settings: Settings, missing: list[EngineName], detached: bool, reporter: Reporter
) -> tuple[Literal["docker", "embedded"], bool]:
    """Start ``missing``; returns where they run and whether any was started by this call."""
    choice, data_dir = settings.engines.choice, settings.engines.data_dir
    run = read_run(data_dir)
    runs_embedded = any(name in run.running and run.running[name].alive() for name in missing)
    if choice == "docker" or (choice == "auto" and not runs_embedded and docker.usable()):
        reporter.note("engines: Docker answers, starting Elasticsearch and Kafka in it")
        try:
            addresses = docker.start(settings.engines, missing)
        except EngineError as error:
            if choice == "docker":
                raise
            reporter.note(f"engines: {error}")
            with contextlib.suppress(EngineError):
                docker.stop()
        else:
            data_dir.mkdir(parents=True, exist_ok=True)
            write_run(data_dir, replace(run, docker=addresses))
            return "docker", not run.docker
    if run.docker:
        write_run(data_dir, replace(run, docker={}))
    if not runs_embedded:
        reporter.note("engines: using the embedded Elasticsearch and Kafka")
    return "embedded", bool(embedded.start(settings.engines, missing, detached, reporter))


def _given(settings: Settings) -> dict[EngineName, str]:
    given: dict[EngineName, str] = {}
    if settings.elasticsearch.url:
        given["elasticsearch"] = settings.elasticsearch.url.rstrip("/")
    if settings.kafka.bootstrap_servers:
        given["kafka"] = settings.kafka.bootstrap_servers
    return given


def _require_answer(name: EngineName, address: str, timeout_seconds: float) -> None:
    if not health.wait_for(lambda: health.port_answers(name, address), lambda: True, timeout_seconds):
        setting = "HUBSTAT_ELASTICSEARCH__URL" if name == "elasticsearch" else "HUBSTAT_KAFKA__BOOTSTRAP_SERVERS"
        raise EngineError(f"nothing answers at {address} (from {setting}) after {timeout_seconds:.0f} s")


def _addresses(addresses: dict[EngineName, str], origin: Origin, started: bool = False) -> EngineAddresses:
    return EngineAddresses(addresses["elasticsearch"], addresses["kafka"], origin, started)


def _list(addresses: dict[EngineName, str]) -> str:
    return f"Elasticsearch {addresses['elasticsearch']}, Kafka {addresses['kafka']}"
