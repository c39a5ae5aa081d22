"""The run file: which engines run, where, as which processes. Written aside and renamed: no reader sees half of it."""

from __future__ import annotations

import contextlib
import json
import os
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import psutil

from hubstat.engines.server import ENGINE_NAMES, HOST, EngineName

# The system derives a start time from its boot time, which moves when the clock is set.
_CLOCK_SLACK_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Process:
    """A process id with its start time (epoch seconds), which tells it from a later process of the same id."""

    pid: int
    started: float

    @classmethod
    def of(cls, pid: int) -> Process:
        """The running process ``pid``. Raises psutil.NoSuchProcess."""
        return cls(pid, psutil.Process(pid).create_time())

    def alive(self) -> bool:
        """Whether this very process still runs; one that nobody has waited for does not."""
        try:
            return self._is(process := psutil.Process(self.pid)) and process.status() != psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return False

    def replaced(self) -> bool:
        """Whether this process is gone and another has its id."""
        try:
            return not self._is(psutil.Process(self.pid))
        except psutil.NoSuchProcess:
            return False

    def _is(self, process: psutil.Process) -> bool:
        same: bool = abs(process.create_time() - self.started) < _CLOCK_SLACK_SECONDS
        return same


@dataclass(frozen=True, slots=True)
class Running:
    """One embedded engine that was started. ``owner`` is the process it ends with; None: it outlives its starter."""

    supervisor: Process
    engine: Process
    owner: Process | None
    port: int

    def alive(self) -> bool:
        """Whether it runs and is not about to stop because its owner is gone."""
        return self.supervisor.alive() and self.engine.alive() and (self.owner is None or self.owner.alive())


@dataclass(frozen=True, slots=True)
class Run:
    """Everything the run file says.

    ``running`` holds the embedded engines that were started, also those that have died since. ``last_ports`` are the
    ports of the last start, taken again where they are free. ``docker`` holds the addresses of Docker's engines.
    """

    running: dict[EngineName, Running] = field(default_factory=dict)
    last_ports: dict[EngineName, int] = field(default_factory=dict)
    docker: dict[EngineName, str] = field(default_factory=dict)

    def address(self, name: EngineName) -> tuple[str, Literal["docker", "embedded"]] | None:
        """Address and origin of an engine that runs, else None. Elasticsearch's is a URL, Kafka's is host:port."""
        running = self.running.get(name)
        if running is not None and running.alive():
            return address_of(name, running.port), "embedded"
        docker = self.docker.get(name)
        return (docker, "docker") if docker is not None else None

    def with_running(self, name: EngineName, running: Running) -> Run:
        """The same with one engine started."""
        return replace(
            self,
            running={**self.running, name: running},
            last_ports={**self.last_ports, name: running.port},
        )

    def without(self, name: EngineName) -> Run:
        """The same with one engine gone."""
        return replace(self, running={key: value for key, value in self.running.items() if key != name})


def address_of(name: EngineName, port: int) -> str:
    """The address clients use for an embedded engine."""
    return f"http://{HOST}:{port}" if name == "elasticsearch" else f"{HOST}:{port}"


def run_file(data_dir: Path) -> Path:
    """Path of the run file."""
    return data_dir / "run.json"


def read_run(data_dir: Path) -> Run:
    """What the run file says; an empty Run where there is none or it cannot be understood."""
    try:
        raw: dict[str, Any] = json.loads(run_file(data_dir).read_text(encoding="utf-8"))
        running = {
            name: Running(
                Process(**value["supervisor"]),
                Process(**value["engine"]),
                Process(**value["owner"]) if value["owner"] else None,
                value["port"],
            )
            for name in ENGINE_NAMES
            if (value := raw["pids"].get(name)) is not None
        }
        return Run(running, raw["last_ports"], raw["docker"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return Run()


def write_run(data_dir: Path, run: Run) -> None:
    """Replace the run file."""
    addresses = {name: found[0] if (found := run.address(name)) else None for name in ENGINE_NAMES}
    text = json.dumps(
        {
            "elasticsearch_url": addresses["elasticsearch"],
            "kafka_bootstrap": addresses["kafka"],
            "pids": {name: asdict(value) for name, value in run.running.items()},
            "last_ports": run.last_ports,
            "docker": run.docker,
        },
        indent=1,
    )
    path = run_file(data_dir)
    aside = path.with_suffix(f".{os.getpid()}")
    try:
        aside.write_text(text + "\n", encoding="utf-8")
        aside.replace(path)
    finally:
        with contextlib.suppress(FileNotFoundError):
            aside.unlink()
