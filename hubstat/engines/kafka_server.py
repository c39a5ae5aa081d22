"""Settings and commands of the embedded Kafka: one process, broker and controller (KRaft)."""

from __future__ import annotations

import base64
import subprocess
import uuid
from pathlib import Path

from hubstat.engines.server import HOST, Launch, Place
from hubstat.errors import EngineError

_JVM = (
    "-XX:+UseG1GC",
    "-XX:+ExitOnOutOfMemoryError",
    "-Djava.awt.headless=true",
    # The native parts of the compression libraries.
    "--enable-native-access=ALL-UNNAMED",
    "--sun-misc-unsafe-memory-access=allow",
    "-Dorg.slf4j.simpleLogger.showDateTime=true",
    "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd'T'HH:mm:ss.SSSZ",
    "-Dorg.slf4j.simpleLogger.showShortLogName=true",
)
_FORMAT_SECONDS = 60.0


def prepare(place: Place) -> Launch:
    """Write the configuration below ``place.folder``, format the storage if it is new, return the server's command.

    Raises EngineError where the storage cannot be formatted.
    """
    place.make_folders("data", "tmp")
    properties = place.folder / "server.properties"
    properties.write_text(_properties(place), encoding="utf-8")
    if place.account.uid is not None:
        place.account.own_all(place.folder)
    if not (place.folder / "data" / "meta.properties").exists():
        _format(place, properties)
    return Launch(
        [*_java(place, place.heap_mb), "kafka.Kafka", str(properties)],
        place.environment(),
        place.folder,
        place.logs / "kafka.log",
        place.account,
    )


def _java(place: Place, heap_mb: int) -> list[str]:
    return [
        str(place.java),
        f"-Xms{heap_mb}m",
        f"-Xmx{heap_mb}m",
        *_JVM,
        f"-Djava.io.tmpdir={place.folder / 'tmp'}",
        f"-XX:ErrorFile={place.logs}/kafka-crash-%p.log",
        *("-cp", f"{place.programs.kafka}/libs/*"),
    ]


def _format(place: Place, properties: Path) -> None:
    done = subprocess.run(
        [*_java(place, 64), "kafka.tools.StorageTool", "format", "-t", _cluster_id(), "-c", str(properties)],
        env=place.environment(),
        cwd=place.folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=_FORMAT_SECONDS,
        user=place.account.uid,
        group=place.account.gid,
        extra_groups=None if place.account.uid is None else [],
    )
    if done.returncode != 0:
        last = (done.stderr or done.stdout).strip().splitlines()[-1:] or ["no reason given"]
        raise EngineError(f"Kafka cannot format its storage in {place.folder / 'data'}: {last[0]}")


def _cluster_id() -> str:
    """A random id in the form Kafka gives its own: 16 bytes as URL-safe base64 that does not begin with a hyphen."""
    while True:
        text = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        if not text.startswith("-"):
            return text


def _properties(place: Place) -> str:
    values = {
        "process.roles": "broker,controller",
        "node.id": 1,
        "controller.quorum.voters": f"1@{HOST}:{place.inner_port}",
        "controller.listener.names": "CONTROLLER",
        "listeners": f"PLAINTEXT://{HOST}:{place.port},CONTROLLER://{HOST}:{place.inner_port}",
        "advertised.listeners": f"PLAINTEXT://{HOST}:{place.port}",
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "inter.broker.listener.name": "PLAINTEXT",
        "log.dirs": place.folder / "data",
        "auto.create.topics.enable": "false",
        "default.replication.factor": 1,
        "min.insync.replicas": 1,
        "offsets.topic.replication.factor": 1,
        "offsets.topic.num.partitions": 4,
        "transaction.state.log.replication.factor": 1,
        "transaction.state.log.min.isr": 1,
        "transaction.state.log.num.partitions": 4,
        "share.coordinator.state.topic.replication.factor": 1,
        "share.coordinator.state.topic.min.isr": 1,
        "group.initial.rebalance.delay.ms": 0,
        # Its default takes 128 MB of the heap at the start, whatever there is to compact.
        "log.cleaner.dedupe.buffer.size": 16 * 1024 * 1024,
    }
    return "".join(f"{name}={value}\n" for name, value in values.items())
