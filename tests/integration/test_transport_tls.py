"""Kafka with TLS and logins: everything connects; with a wrong setting, one line says which, within seconds."""

import asyncio
import gc
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from broker import PASSWORD, USER, Broker, secured
from transport import PARTITIONS, Harness

from hubstat import runfile
from hubstat.engines.runfile import Process
from hubstat.errors import EngineError, HubstatError, SettingsError
from hubstat.settings import Settings
from ingest import progress
from ingest.sources.sender import Sender
from ingest.topic import read_topic
from ingest.topics import Topics, ensure_topics

pytestmark = [
    pytest.mark.engines,
    # aiokafka leaves the sockets of refused connections to the garbage collector.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

ERROR_SECONDS = 15.0
WRONG = "this-is-not-the-password"


@dataclass(frozen=True)
class Event:
    """One record to send."""

    value: bytes
    kind: Any = "invoice"
    key: bytes | None = b"k"
    received_ms: int | None = None


@dataclass
class Secured:
    """A broker that speaks every protocol, each at its own address."""

    broker: Broker
    addresses: dict[str, str]
    authority: Path

    def environment(self, protocol: str, mechanism: str | None = None, **changed: str) -> dict[str, str]:
        """Right settings for a protocol, but for those ``changed``; an empty one is left out."""
        values = {"security_protocol": protocol, "bootstrap_servers": self.addresses[protocol]}
        if protocol.endswith("SSL"):
            values["ca_certs"] = str(self.authority)
        if protocol.startswith("SASL"):
            values |= {"sasl_username": USER, "sasl_password": PASSWORD}
        if mechanism:
            values["sasl_mechanism"] = mechanism
        return {f"HUBSTAT_KAFKA__{name.upper()}": value for name, value in (values | changed).items() if value}


@pytest.fixture(scope="module")
def kafka() -> Iterator[Secured]:
    folder = Path(tempfile.mkdtemp(prefix="hubstat-broker-"))
    folder.chmod(0o755)
    broker, addresses, authority = secured(folder)
    broker.start()
    yield Secured(broker, addresses | {"PLAINTEXT": broker.bootstrap}, authority)
    broker.close()
    gc.collect()


def settings_of(harness: Harness, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Settings:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("HUBSTAT_KAFKA__PARTITIONS", str(PARTITIONS))
    return Settings(namespace=harness.namespace, state_dir=harness.folder)


async def reread(settings: Settings, bootstrap: str) -> list[bytes | None]:
    topic = Topics.of(settings.namespace).invoice_events
    return [record.value async for batch in read_topic(settings, bootstrap, topic) for record in batch]


@pytest.mark.parametrize(
    ("protocol", "mechanism"),
    [
        ("SSL", None),
        ("SASL_SSL", "PLAIN"),
        ("SASL_SSL", "SCRAM-SHA-512"),
        ("SASL_PLAINTEXT", "SCRAM-SHA-512"),
    ],
)
def test_everything_connects(
    kafka: Secured, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, protocol: str, mechanism: str | None
) -> None:
    """Topics, sender, worker (its consumer and its producer), the watch over its progress and the audit's reader."""
    harness = Harness(kafka.addresses[protocol], tmp_path)
    environment = kafka.environment(protocol, mechanism)
    settings = settings_of(harness, environment, monkeypatch)
    values = {f"e{n}" for n in range(300)}

    async def send() -> None:
        await ensure_topics(settings, harness.bootstrap)
        async with Sender(settings, harness.bootstrap) as sender:
            await sender.send_all(Event(value.encode(), key=value.encode()) for value in values)

    asyncio.run(send())
    with harness:
        worker = harness.start(environment=environment, publish_to=harness.topics.friend_activity)
        harness.wait_for(lambda: bool(harness.assignments()))
        asyncio.run(progress.wait_until_ingested(settings, harness.bootstrap, stall_seconds=40.0))
        assert set(harness.seen()) == values
        assert {value.decode() for value in asyncio.run(reread(settings, harness.bootstrap)) if value} == values
        assert harness.stop(worker) == 0
        assert PASSWORD not in harness.log()


MISTAKES = [
    pytest.param("SASL_SSL", "PLAIN", {"sasl_password": WRONG}, SettingsError, "SASL_PASSWORD", id="password"),
    pytest.param("SASL_SSL", "SCRAM-SHA-512", {"sasl_password": WRONG}, SettingsError, "SASL_PASSWORD", id="scram"),
    pytest.param("SASL_SSL", "SCRAM-SHA-256", {}, SettingsError, "SASL_MECHANISM", id="mechanism"),
    pytest.param("SASL_SSL", "PLAIN", {"sasl_username": ""}, SettingsError, "SASL_USERNAME", id="no-user"),
    pytest.param("SSL", None, {"ca_certs": ""}, SettingsError, "CA_CERTS", id="untrusted"),
    pytest.param("SSL", None, {"ca_certs": "/nowhere/ca.pem"}, SettingsError, "CA_CERTS", id="no-ca-file"),
    pytest.param("SSL", None, {"security_protocol": "PLAINTEXT"}, EngineError, "SECURITY_PROTOCOL", id="no-tls"),
    pytest.param("PLAINTEXT", None, {"security_protocol": "SSL"}, EngineError, "SECURITY_PROTOCOL", id="tls"),
    pytest.param("SASL_SSL", None, {"security_protocol": "SSL"}, EngineError, "SECURITY_PROTOCOL", id="no-login"),
    pytest.param(
        "SSL",
        None,
        {"security_protocol": "SASL_SSL", "sasl_username": USER, "sasl_password": PASSWORD},
        SettingsError,
        "SECURITY_PROTOCOL",
        id="login",
    ),
]


@pytest.mark.parametrize(("protocol", "mechanism", "changed", "error", "setting"), MISTAKES)
def test_a_wrong_setting_is_named(
    kafka: Secured,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    protocol: str,
    mechanism: str | None,
    changed: dict[str, str],
    error: type[HubstatError],
    setting: str,
) -> None:
    """By every client alike: here those that run in this process."""
    harness = Harness(kafka.addresses[protocol], tmp_path)
    settings = settings_of(harness, kafka.environment(protocol, mechanism, **changed), monkeypatch)

    async def send() -> None:
        async with Sender(settings, harness.bootstrap):
            pass

    for attempt in (
        lambda: ensure_topics(settings, harness.bootstrap),
        send,
        lambda: progress.wait_until_ingested(settings, harness.bootstrap),
        lambda: reread(settings, harness.bootstrap),
    ):
        began = time.monotonic()
        with pytest.raises(error, match=f"HUBSTAT_KAFKA__{setting}") as raised:
            asyncio.run(attempt())
        assert time.monotonic() - began < ERROR_SECONDS
        assert "\n" not in str(raised.value)
        assert WRONG not in str(raised.value)
        assert PASSWORD not in str(raised.value)
    gc.collect()


def test_a_worker_with_a_wrong_password_ends_with_one_line(kafka: Secured, tmp_path: Path) -> None:
    harness = Harness(kafka.addresses["SASL_SSL"], tmp_path)
    environment = kafka.environment("SASL_SSL", "SCRAM-SHA-512", sasl_password=WRONG)
    with harness:
        assert harness.start(environment=environment).wait(ERROR_SECONDS) == SettingsError.exit_code
    assert harness.log().splitlines() == [
        f"error: Kafka at {harness.bootstrap} refuses the login of 'hubstat': "
        "check HUBSTAT_KAFKA__SASL_USERNAME and HUBSTAT_KAFKA__SASL_PASSWORD"
    ]


def test_replay_with_a_wrong_password_ends_with_one_line(kafka: Secured, engines: Any, tmp_path: Path) -> None:
    """The command itself, as an operator sees it."""
    (tmp_path / "events.ndjson").write_text("{}\n")
    harness = Harness(engines.kafka_bootstrap, tmp_path)
    runfile.write(harness.settings, runfile.Installation(Process.of(os.getpid()), True, False, None))
    environment = os.environ | kafka.environment("SASL_SSL", "PLAIN", sasl_password=WRONG)
    environment |= {
        "HUBSTAT_ELASTICSEARCH__URL": engines.elasticsearch_url,
        "HUBSTAT_NAMESPACE": harness.namespace,
        "HUBSTAT_STATE_DIR": str(tmp_path),
    }
    command = [sys.executable, "-m", "hubstat", "replay", str(tmp_path / "events.ndjson")]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == SettingsError.exit_code
    assert "HUBSTAT_KAFKA__SASL_PASSWORD" in done.stderr
    assert WRONG not in done.stdout + done.stderr
