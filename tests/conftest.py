"""Fixtures of tests that need a real Elasticsearch and Kafka (marker ``engines``)."""

from __future__ import annotations

import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from hubstat.engines import EngineAddresses, console_reporter, ensure, health, stop
from hubstat.settings import Settings

ELASTICSEARCH_IMAGE = "docker.elastic.co/elasticsearch/elasticsearch:8.19.8"
KAFKA_IMAGE = "apache/kafka:4.1.1"


@pytest.fixture(scope="session")
def engines() -> Iterator[EngineAddresses]:
    """One Elasticsearch and one Kafka for the whole session: those of the settings, else containers, else embedded."""
    settings = Settings()
    if settings.elasticsearch.url and settings.kafka.bootstrap_servers:
        yield ensure(settings, console_reporter())
        return
    if settings.engines.choice != "embedded" and _docker_answers():
        with ExitStack() as stack:
            if (found := _containers(stack)) is not None:
                yield found
                return
    yield from _embedded(settings)


@pytest.fixture
def namespace() -> str:
    """A namespace that no other test uses."""
    return f"t{secrets.token_hex(6)}"


@pytest.fixture
def settings(engines: EngineAddresses, namespace: str, tmp_path: Path) -> Settings:
    """Settings for the session's engines, a fresh namespace and a state folder of the test's own."""
    base = Settings()
    return base.model_copy(
        update={
            "namespace": namespace,
            "state_dir": tmp_path / "state",
            "elasticsearch": base.elasticsearch.model_copy(update={"url": engines.elasticsearch_url}),
            "kafka": base.kafka.model_copy(update={"bootstrap_servers": engines.kafka_bootstrap}),
        }
    )


def _embedded(settings: Settings) -> Iterator[EngineAddresses]:
    # Not pytest's own folder: for root it is closed to the user the engines run as.
    folder = Path(tempfile.mkdtemp(prefix="hubstat-engines-"))
    folder.chmod(0o755)
    chosen = settings.model_copy(
        update={
            "engines": settings.engines.model_copy(
                update={
                    "choice": "embedded",
                    "data_dir": folder / "engines",
                    "elasticsearch_port": None,
                    "kafka_port": None,
                    "elasticsearch_heap_mb": 512,
                    "kafka_heap_mb": 256,
                }
            )
        }
    )
    try:
        yield ensure(chosen, console_reporter())
    finally:
        stop(chosen)
        shutil.rmtree(folder)


def _docker_answers() -> bool:
    return shutil.which("docker") is not None and (
        subprocess.run(["docker", "info"], capture_output=True, timeout=20, check=False).returncode == 0
    )


def _containers(stack: ExitStack) -> EngineAddresses | None:
    """Both engines in containers that end with ``stack``; None where Docker refuses, as without a way to the images."""
    # Imported here: testcontainers looks for a Docker engine while it is imported.
    from docker.errors import DockerException
    from testcontainers.community.elasticsearch import ElasticSearchContainer
    from testcontainers.core.container import DockerContainer

    sys.stderr.write("engines: starting Elasticsearch and Kafka in containers\n")
    search = ElasticSearchContainer(ELASTICSEARCH_IMAGE, mem_limit="2g")
    search.with_env("discovery.type", "single-node").with_env("ES_JAVA_OPTS", "-Xms512m -Xmx512m")
    search.with_env("cluster.routing.allocation.disk.threshold_enabled", "false")
    search.with_env("cluster.max_shards_per_node", "10000")
    # Clients connect to the address the broker names, so its port has to be known before it starts.
    port = _free_port()
    kafka = DockerContainer(KAFKA_IMAGE, mem_limit="1g").with_bind_ports(port, port)
    host = kafka.get_docker_client().host().replace("localhost", "127.0.0.1")
    for name, value in _kafka_environment(host, port).items():
        kafka.with_env(name, value)
    try:
        stack.enter_context(search)
        stack.enter_context(kafka)
    except DockerException as error:
        sys.stderr.write(f"engines: Docker refuses ({error}), using embedded ones\n")
        return None
    url = f"http://{search.get_container_host_ip()}:{search.get_exposed_port(9200)}"
    # Docker itself takes connections for a container that does not listen yet.
    seconds = Settings().engines.start_timeout_seconds
    assert health.wait_for(lambda: health.answers("kafka", f"{host}:{port}"), lambda: True, seconds), "Kafka is silent"
    found = Settings().model_copy(
        update={
            "elasticsearch": Settings().elasticsearch.model_copy(update={"url": url}),
            "kafka": Settings().kafka.model_copy(update={"bootstrap_servers": f"{host}:{port}"}),
        }
    )
    return ensure(found, console_reporter())


def _kafka_environment(host: str, port: int) -> dict[str, str]:
    return {
        "KAFKA_NODE_ID": "1",
        "KAFKA_PROCESS_ROLES": "broker,controller",
        "KAFKA_CONTROLLER_QUORUM_VOTERS": "1@localhost:29093",
        "KAFKA_CONTROLLER_LISTENER_NAMES": "CONTROLLER",
        "KAFKA_LISTENERS": f"PLAINTEXT://0.0.0.0:{port},CONTROLLER://localhost:29093",
        "KAFKA_ADVERTISED_LISTENERS": f"PLAINTEXT://{host}:{port}",
        "KAFKA_LISTENER_SECURITY_PROTOCOL_MAP": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "KAFKA_INTER_BROKER_LISTENER_NAME": "PLAINTEXT",
        "KAFKA_AUTO_CREATE_TOPICS_ENABLE": "false",
        "KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR": "1",
        "KAFKA_OFFSETS_TOPIC_NUM_PARTITIONS": "4",
        "KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR": "1",
        "KAFKA_TRANSACTION_STATE_LOG_MIN_ISR": "1",
        "KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS": "0",
        "KAFKA_HEAP_OPTS": "-Xms256m -Xmx256m",
    }


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Quick tests first; browser tests last, because Playwright keeps an event loop running in the main thread."""
    order = ("unit", "integration", "e2e")
    items.sort(key=lambda item: order.index(item.path.relative_to(Path(__file__).parent).parts[0]))
