"""Elasticsearch and Kafka as services of the project's ``docker-compose.yml``."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Collection, Mapping
from functools import partial
from pathlib import Path

import hubstat
from hubstat.engines import health
from hubstat.engines.server import ENGINE_NAMES, EngineName
from hubstat.errors import EngineError
from hubstat.settings import EngineSettings

_PROBE_SECONDS = 10.0
_PULL_SECONDS = 900.0
# The port inside the container that the compose file publishes for clients on this machine.
_CLIENT_PORTS: dict[EngineName, int] = {"elasticsearch": 9200, "kafka": 9092}


def usable() -> bool:
    """Whether a Docker engine answers and the compose file is there (an installed package carries none)."""
    return _engine_answers() and _compose_file().exists()


def start(settings: EngineSettings, names: Collection[EngineName]) -> dict[EngineName, str]:
    """Start the services of ``names``, wait until they answer, and return their addresses on this machine.

    Raises EngineError where Docker does not answer, refuses, or a service stays silent.
    """
    if not _engine_answers():
        raise EngineError("Docker does not answer: start it, or set HUBSTAT_ENGINES__CHOICE=embedded")
    if not _compose_file().exists():
        raise EngineError(
            "there is no docker-compose.yml beside the packages: run from a checkout, or set "
            "HUBSTAT_ENGINES__CHOICE=embedded"
        )
    _compose(["up", "-d", *names], _PULL_SECONDS, _variables(settings))
    timeout_seconds = settings.start_timeout_seconds
    addresses: dict[EngineName, str] = {}
    for name in names:
        host, _, port = _compose(["port", name, str(_CLIENT_PORTS[name])], _PROBE_SECONDS).strip().rpartition(":")
        local = f"{'127.0.0.1' if host in {'0.0.0.0', '[::]', '::'} else host}:{port}"
        address = f"http://{local}" if name == "elasticsearch" else local
        if not health.wait_for(partial(health.answers, name, address), lambda: True, timeout_seconds):
            raise EngineError(
                f"{name} in Docker does not answer at {address} after {timeout_seconds:.0f} s: "
                f"see `docker compose logs {name}`"
            )
        addresses[name] = address
    return addresses


def stop() -> None:
    """Stop both services; their volumes stay. Raises EngineError where Docker refuses."""
    _compose(["stop", *ENGINE_NAMES], _PROBE_SECONDS * 6)


def _variables(settings: EngineSettings) -> dict[str, str]:
    """The settings that the compose file reads from the environment; they may have come from elsewhere."""
    values = {
        "ELASTICSEARCH_PORT": settings.elasticsearch_port,
        "KAFKA_PORT": settings.kafka_port,
        "ELASTICSEARCH_HEAP_MB": settings.elasticsearch_heap_mb,
        "KAFKA_HEAP_MB": settings.kafka_heap_mb,
    }
    return {f"HUBSTAT_ENGINES__{name}": str(value) for name, value in values.items() if value is not None}


def _compose_file() -> Path:
    return Path(hubstat.__file__).parents[1] / "docker-compose.yml"


def _engine_answers() -> bool:
    if shutil.which("docker") is None:
        return False
    try:
        return subprocess.run(["docker", "info"], capture_output=True, timeout=_PROBE_SECONDS).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def compose_command() -> list[str]:
    """The plugin of newer Dockers, else the program of older ones. Raises EngineError where neither is installed."""
    plugin = subprocess.run(["docker", "compose", "version"], capture_output=True, timeout=_PROBE_SECONDS)
    if plugin.returncode == 0:
        return ["docker", "compose"]
    if shutil.which("docker-compose"):
        return ["docker-compose"]
    raise EngineError(
        "Docker answers, but neither `docker compose` nor `docker-compose` is installed: install one, or "
        "set HUBSTAT_ENGINES__CHOICE=embedded"
    )


def _compose(arguments: list[str], timeout_seconds: float, variables: Mapping[str, str] | None = None) -> str:
    file = _compose_file()
    command = [*compose_command(), "-f", str(file), *arguments]
    environment = {**os.environ, **(variables or {})}
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=timeout_seconds, cwd=file.parent, env=environment
        )
    except subprocess.TimeoutExpired:
        raise EngineError(f"`{' '.join(command)}` did not end within {timeout_seconds:.0f} s") from None
    if done.returncode != 0:
        reason = done.stderr.strip().splitlines()[-1:] or ["no reason given"]
        raise EngineError(
            f"`{' '.join(command)}` failed: {reason[0]} (HUBSTAT_ENGINES__CHOICE=embedded does without Docker)"
        )
    return done.stdout
