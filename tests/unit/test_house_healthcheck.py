"""The containers' health checks: fine, late, absent, and unable to look."""

from __future__ import annotations

import io
import os
import urllib.error
import urllib.request
from email.message import Message
from pathlib import Path

import pytest

from hubstat import healthcheck
from hubstat.errors import EngineError, HubstatError, SettingsError
from hubstat.runfile import ingest_address, rollup_lock
from hubstat.settings import Settings

NOW = 1_795_222_470_000


@pytest.fixture(autouse=True)
def _port(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUBSTAT_DASHBOARD__PORT", "8123")


@pytest.fixture
def running(tmp_path: Path) -> Settings:
    """Settings of a worker that has said where it answers."""
    settings = Settings(state_dir=tmp_path)
    file = ingest_address(settings, "1")
    file.parent.mkdir(parents=True)
    file.write_text('{"pid": 1, "address": "http://127.0.0.1:8111"}')
    return settings


def test_a_worker_that_keeps_up_works(running: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = _answer(monkeypatch, None, b'{"worker": "1", "joined": true, "reasons": []}')
    assert healthcheck.ingest(running, NOW) == "ingest worker 1 works: it keeps up"
    assert asked == ["http://127.0.0.1:8111/health"]


def _ill(body: bytes) -> urllib.error.HTTPError:
    return urllib.error.HTTPError("u", 503, "ill", Message(), io.BytesIO(body))


def test_a_worker_that_is_behind_works_and_says_why(running: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    _answer(monkeypatch, _ill(b'{"worker": "1", "joined": true, "reasons": ["it is late", "it lags"]}'))
    assert healthcheck.ingest(running, NOW) == "ingest worker 1 works: it is late; it lags"


def test_a_worker_without_partitions_does_not(running: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    _answer(monkeypatch, _ill(b'{"worker": "1", "joined": false, "reasons": ["Kafka has given it none"]}'))
    with pytest.raises(HubstatError, match="ingest worker 1: Kafka has given it none"):
        healthcheck.ingest(running, NOW)


def test_another_worker_at_the_address_is_not_it(running: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    _answer(monkeypatch, None, b'{"worker": "2", "joined": true, "reasons": []}')
    with pytest.raises(HubstatError, match="worker 2 answers at http://127"):
        healthcheck.ingest(running, NOW)


def test_a_worker_that_does_not_run_or_answer_does_not(running: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    _answer(monkeypatch, ConnectionRefusedError())
    with pytest.raises(EngineError, match="does not answer at http://127"):
        healthcheck.ingest(running, NOW)
    ingest_address(running, "1").unlink()
    with pytest.raises(HubstatError, match="does not run on this machine"):
        healthcheck.ingest(running, NOW)


def test_a_roll_up_that_looked_lately_works(tmp_path: Path) -> None:
    settings = Settings(state_dir=tmp_path)
    with pytest.raises(HubstatError, match="has not started yet"):
        healthcheck.rollup(settings, NOW)
    lock = rollup_lock(settings)
    lock.parent.mkdir(parents=True)
    lock.touch()
    os.utime(lock, (NOW / 1000 - 3_600, NOW / 1000 - 3_600))
    assert healthcheck.rollup(settings, NOW) == "the roll-up looked for work 3600 s ago"
    with pytest.raises(HubstatError, match="last looked for work 3601 s ago"):
        healthcheck.rollup(settings, NOW + 1_000)


def _answer(monkeypatch: pytest.MonkeyPatch, answer: Exception | None, body: bytes = b"") -> list[str]:
    asked: list[str] = []

    def open_url(self: urllib.request.OpenerDirector, url: str, timeout: float) -> io.BytesIO:
        asked.append(url)
        if answer is not None:
            raise answer
        return io.BytesIO(body)

    monkeypatch.setattr(urllib.request.OpenerDirector, "open", open_url)
    return asked


def test_a_dashboard_that_answers_works(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = _answer(monkeypatch, None)
    healthcheck.dashboard(Settings(), NOW)
    assert asked == ["http://127.0.0.1:8123/"]


def test_a_dashboard_on_any_port_cannot_be_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HUBSTAT_DASHBOARD__PORT")
    with pytest.raises(SettingsError, match="set HUBSTAT_DASHBOARD__PORT"):
        healthcheck.dashboard(Settings(), NOW)


@pytest.mark.parametrize(
    "answer", [ConnectionRefusedError(), TimeoutError(), urllib.error.HTTPError("u", 500, "failed", Message(), None)]
)
def test_a_dashboard_that_refuses_or_fails_does_not(monkeypatch: pytest.MonkeyPatch, answer: Exception) -> None:
    _answer(monkeypatch, answer)
    with pytest.raises(EngineError, match="does not answer at http://127"):
        healthcheck.dashboard(Settings(), NOW)


def test_exit_code_and_one_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    _answer(monkeypatch, None)
    assert healthcheck.main(["dashboard"]) == 0
    assert capsys.readouterr().out.count("\n") == 1
    _answer(monkeypatch, RuntimeError("anything"))
    assert healthcheck.main(["dashboard"]) == 1
    assert capsys.readouterr().out == "RuntimeError: anything\n"
