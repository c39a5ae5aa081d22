"""Real embedded engines of the test's own: started, found, restarted, shared, killed; or Kafka alone."""

from __future__ import annotations

import json
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from hubstat import engines
from hubstat.engines import health
from hubstat.engines.runfile import read_run
from hubstat.errors import EngineError
from hubstat.settings import ElasticsearchSettings, EngineSettings, KafkaSettings, Settings

pytestmark = pytest.mark.engines

OWNER = """
import json, sys, time
from dataclasses import asdict
from hubstat import engines
from hubstat.settings import Settings
settings = Settings.model_validate_json(sys.stdin.read())
print(json.dumps(asdict(engines.ensure(settings, detached=sys.argv[1] == "detached"))), flush=True)
time.sleep(float(sys.argv[2]))
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that the engines' account may enter; whatever runs on it at the end is stopped."""
    path = Path(tempfile.mkdtemp(prefix="hubstat-lifecycle-"))
    path.chmod(0o755)
    try:
        yield path
    finally:
        engines.stop(_both(path))
        left = _processes(path)
        shutil.rmtree(path)
    assert left == []


@pytest.fixture
def taken_port() -> Iterator[int]:
    """A port that another program listens on."""
    with socket.create_server(("127.0.0.1", 0), backlog=100) as server:
        yield server.getsockname()[1]


def _both(folder: Path, **values: Any) -> Settings:
    """Settings for embedded engines below ``folder``."""
    part = EngineSettings(
        choice="embedded",
        data_dir=folder / "engines",
        elasticsearch_heap_mb=512,
        kafka_heap_mb=256,
        **values,
    )
    return Settings(engines=part, elasticsearch=ElasticsearchSettings(), kafka=KafkaSettings())


def _kafka_only(folder: Path, elasticsearch_port: int, **values: Any) -> Settings:
    """The same, where Elasticsearch is given by an address at which something listens."""
    url = f"http://127.0.0.1:{elasticsearch_port}"
    return _both(folder, **values).model_copy(update={"elasticsearch": ElasticsearchSettings(url=url)})


def _processes(folder: Path) -> list[int]:
    """Processes that work on ``folder``: each engine's command line names it."""
    found = []
    for process in psutil.process_iter(["pid", "cmdline", "status"]):
        if str(folder / "engines") in " ".join(process.info["cmdline"] or ()):
            found.append(process.info["pid"])
    return found


def _owner(settings: Settings, mode: str, seconds: float) -> subprocess.Popen[str]:
    owner = subprocess.Popen(
        [sys.executable, "-c", OWNER, mode, str(seconds)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert owner.stdin is not None
    with owner.stdin:
        owner.stdin.write(settings.model_dump_json())
    return owner


def _address(owner: subprocess.Popen[str]) -> dict[str, Any]:
    assert owner.stdout is not None
    with owner.stdout:
        answer: dict[str, Any] = json.loads(owner.stdout.readline())
    return answer


def _cluster_id(folder: Path) -> str:
    text = (folder / "engines" / "kafka" / "data" / "meta.properties").read_text()
    return next(line for line in text.splitlines() if line.startswith("cluster.id="))


def test_both_engines_end_with_an_owner_that_is_killed(folder: Path) -> None:
    settings = _both(folder)
    owner = _owner(settings, "owned", 600)
    address = _address(owner)
    assert address["origin"] == "embedded"
    assert [row.answers for row in engines.status(settings)] == [True, True]
    assert engines.locate(settings).kafka_bootstrap == address["kafka_bootstrap"]
    # Elasticsearch is two processes, a launcher and the server.
    assert len(_processes(folder)) == 3
    if psutil.Process().uids().real == 0:
        users = {psutil.Process(pid).username() for pid in _processes(folder)}
        assert users == {"nobody"}
    owner.send_signal(signal.SIGKILL)
    owner.wait(10)
    deadline = time.monotonic() + 30
    while _processes(folder) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert _processes(folder) == []
    with pytest.raises(EngineError, match="no engines are running: run `hubstat up`"):
        engines.locate(settings)
    assert [row.answers for row in engines.status(settings)] == [False, False]


def test_data_and_port_stay_until_they_are_thrown_away(folder: Path, taken_port: int) -> None:
    settings = _kafka_only(folder, taken_port)
    first = engines.ensure(settings)
    assert first.started
    assert not engines.ensure(settings).started
    before = _cluster_id(folder)
    assert engines.stop(settings)
    assert not engines.stop(settings)
    assert _processes(folder) == []
    assert engines.ensure(settings).kafka_bootstrap == first.kafka_bootstrap
    assert _cluster_id(folder) == before
    engines.stop(settings)
    engines.ensure(_kafka_only(folder, taken_port, keep_data=False))
    assert _cluster_id(folder) != before


def test_two_processes_that_start_at_once_share_one_engine(folder: Path, taken_port: int) -> None:
    settings = _kafka_only(folder, taken_port)
    owners = [_owner(settings, "detached", 0) for _ in range(2)]
    addresses = [_address(owner) for owner in owners]
    assert [owner.wait(30) for owner in owners] == [0, 0]
    assert addresses[0]["kafka_bootstrap"] == addresses[1]["kafka_bootstrap"]
    assert sorted(address["started"] for address in addresses) == [False, True]
    # Left running on purpose, by processes that are gone.
    assert len(_processes(folder)) == 1
    assert health.kafka_answers(addresses[0]["kafka_bootstrap"])


def test_an_engine_that_was_killed_is_started_again_on_its_port(folder: Path, taken_port: int) -> None:
    settings = _kafka_only(folder, taken_port)
    first = engines.ensure(settings)
    running = read_run(settings.engines.data_dir).running["kafka"]
    psutil.Process(running.engine.pid).kill()
    psutil.Process(running.supervisor.pid).wait(10)
    with pytest.raises(EngineError, match="no engines are running"):
        engines.locate(settings)
    again = engines.ensure(settings)
    assert again.started
    assert again.kafka_bootstrap == first.kafka_bootstrap


def test_a_taken_port_is_named_with_its_setting(folder: Path, taken_port: int) -> None:
    settings = _kafka_only(folder, taken_port, kafka_port=taken_port)
    with pytest.raises(EngineError, match=f"port {taken_port} for Kafka is taken.*HUBSTAT_ENGINES__KAFKA_PORT"):
        engines.ensure(settings)
    assert _processes(folder) == []


def test_too_large_a_heap_is_refused_before_anything_starts(folder: Path, taken_port: int) -> None:
    settings = _kafka_only(folder, taken_port)
    huge = settings.model_copy(update={"engines": settings.engines.model_copy(update={"kafka_heap_mb": 10_000_000})})
    with pytest.raises(
        EngineError, match=r"need 10000250 MB of memory, \d+ MB are free.*HUBSTAT_ENGINES__KAFKA_HEAP_MB"
    ):
        engines.ensure(huge)
    assert _processes(folder) == []


def test_an_engine_that_cannot_start_says_why_and_where_to_look(folder: Path, taken_port: int) -> None:
    settings = _kafka_only(folder, taken_port)
    engines.ensure(settings)
    engines.stop(settings)
    meta = folder / "engines" / "kafka" / "data" / "meta.properties"
    meta.write_text(meta.read_text().replace("node.id=1", "node.id=7"))
    with pytest.raises(EngineError, match=r"Kafka ended while starting: .*Stored node id 7.*\(logs in .*logs\)"):
        engines.ensure(settings)
    assert _processes(folder) == []


def test_an_address_of_the_settings_at_which_nothing_listens_is_named(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        free = server.getsockname()[1]
    settings = _kafka_only(folder, free, start_timeout_seconds=0.5)
    with pytest.raises(
        EngineError, match=rf"nothing answers at http://127\.0\.0\.1:{free} \(from HUBSTAT_ELASTICSEARCH__URL"
    ):
        engines.ensure(settings)


def test_addresses_of_the_settings_start_nothing(folder: Path, taken_port: int) -> None:
    bootstrap = f"127.0.0.1:{taken_port}"
    settings = _kafka_only(folder, taken_port).model_copy(update={"kafka": KafkaSettings(bootstrap_servers=bootstrap)})
    assert engines.ensure(settings) == engines.EngineAddresses(f"http://{bootstrap}", bootstrap, "settings")
    assert not (folder / "engines").exists()
