"""The choice of Docker, with a stand-in for the `docker` program: it records what it is asked and gives set answers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from hubstat.engines import EngineAddresses, docker, ensure, locate, stop
from hubstat.engines.progress import Silent
from hubstat.errors import EngineError
from hubstat.settings import ElasticsearchSettings, EngineSettings, KafkaSettings, Settings

PROGRAM = """#!/bin/sh
echo "$@ [$HUBSTAT_ENGINES__KAFKA_PORT]" >> {calls}
case "$*" in
  *" port elasticsearch 9200") echo {elasticsearch} ;;
  *" port kafka 9092") echo {kafka} ;;
  *{refused}*) echo "no such image" >&2; exit 1 ;;
esac
"""


class Listener(Silent):
    """Keeps the lines."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def note(self, text: str) -> None:
        """Keep the line."""
        self.said.append(text)


@pytest.fixture
def calls(tmp_path: Path) -> Path:
    """The file in which the stand-in records its calls."""
    return tmp_path / "calls"


@pytest.fixture
def install(tmp_path: Path, calls: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Puts the stand-in on the path; ``refused`` is a word of the calls that fail."""

    def put(elasticsearch: str = "", kafka: str = "", refused: str = "nothing") -> None:
        program = tmp_path / "bin" / "docker"
        program.parent.mkdir()
        program.write_text(PROGRAM.format(calls=calls, elasticsearch=elasticsearch, kafka=kafka, refused=refused))
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")

    return put


def _settings(tmp_path: Path, choice: str) -> Settings:
    part = EngineSettings.model_validate(
        {"choice": choice, "data_dir": tmp_path / "engines", "kafka_port": 9555, "start_timeout_seconds": 5}
    )
    return Settings(engines=part, elasticsearch=ElasticsearchSettings(), kafka=KafkaSettings())


@pytest.mark.engines
def test_compose_starts_both_and_its_ports_are_the_addresses(
    engines: EngineAddresses, tmp_path: Path, calls: Path, install: Callable[..., None]
) -> None:
    port = engines.elasticsearch_url.rpartition(":")[2]
    install(elasticsearch=f"0.0.0.0:{port}", kafka=engines.kafka_bootstrap)
    settings, listener = _settings(tmp_path, "auto"), Listener()
    found = ensure(settings, listener)
    assert found == EngineAddresses(f"http://127.0.0.1:{port}", engines.kafka_bootstrap, "docker", started=True)
    assert listener.said[-1].endswith("(docker)")
    assert any("up -d elasticsearch kafka [9555]" in line for line in calls.read_text().splitlines())
    assert locate(settings).origin == "docker"
    assert not ensure(settings).started
    assert stop(settings)
    assert "stop elasticsearch kafka" in calls.read_text().splitlines()[-1]
    with pytest.raises(EngineError, match="no engines are running"):
        locate(settings)


def test_what_docker_refuses_is_told(tmp_path: Path, install: Callable[..., None]) -> None:
    install(refused="up")
    with pytest.raises(EngineError, match=r"up -d elasticsearch kafka` failed: no such image"):
        ensure(_settings(tmp_path, "docker"))


def test_docker_that_does_not_answer_is_not_chosen(install: Callable[..., None]) -> None:
    install(refused="info")
    assert not docker.usable()


def test_docker_asked_for_by_setting_has_to_answer(tmp_path: Path, install: Callable[..., None]) -> None:
    install(refused="info")
    with pytest.raises(EngineError, match="Docker does not answer: start it, or set HUBSTAT_ENGINES__CHOICE=embedded"):
        ensure(_settings(tmp_path, "docker"))
