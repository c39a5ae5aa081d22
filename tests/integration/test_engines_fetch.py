"""Fetching from a repository on this machine that refuses, breaks off, lies, or knows no ranges."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from hubstat.engines.artifacts import Piece
from hubstat.engines.fetch import fetch
from hubstat.engines.guard import exclusive
from hubstat.engines.progress import Silent
from hubstat.errors import EngineError

BODY = bytes(i * 7 % 251 for i in range(700_000))
PATH = "org/example/a/1/a-1.jar"


@dataclass
class Repository:
    """What the server does, and what it was asked."""

    url: str = ""
    body: bytes = BODY
    status: int | None = None
    failures: int = 0
    break_after: int | None = None
    ranges: bool = True
    asked: list[str | None] = field(default_factory=list)


@pytest.fixture
def repository() -> Iterator[Repository]:
    """A repository that serves one file at every path."""
    state = Repository()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            wanted = self.headers["Range"]
            state.asked.append(wanted)
            if state.status is not None and (state.failures == 0 or len(state.asked) <= state.failures):
                self.send_error(state.status)
                return
            body = state.body
            if wanted and state.ranges:
                first, last = (int(n) for n in wanted.removeprefix("bytes=").split("-"))
                body = body[first : last + 1]
                self.send_response(206)
            else:
                self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if state.break_after is not None and len(state.asked) == 1:
                body = body[: state.break_after]
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state.url = f"http://127.0.0.1:{server.server_port}/maven"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield state
    server.shutdown()
    thread.join()
    server.server_close()


def _piece(body: bytes = BODY, start: int | None = None) -> Piece:
    return Piece(PATH, len(body), sha256(body).hexdigest(), start)


def _fetch(repository: Repository, piece: Piece, folder: Path) -> bytes:
    return fetch([piece], repository.url, folder, "fetching", Silent(), backoff_seconds=0.01)[piece].read_bytes()


def test_a_file_and_a_part_of_one_arrive_whole(repository: Repository, tmp_path: Path) -> None:
    assert _fetch(repository, _piece(), tmp_path) == BODY
    assert _fetch(repository, _piece(BODY[1000:9000], start=1000), tmp_path) == BODY[1000:9000]
    assert repository.asked == [None, "bytes=1000-8999"]


def test_what_is_verified_is_not_fetched_again(repository: Repository, tmp_path: Path) -> None:
    _fetch(repository, _piece(), tmp_path)
    _fetch(repository, _piece(), tmp_path)
    assert len(repository.asked) == 1


def test_half_a_download_is_resumed_where_it_ended(repository: Repository, tmp_path: Path) -> None:
    piece = _piece(BODY[100:600_100], start=100)
    (tmp_path / f"{piece.sha256}.part").write_bytes(BODY[100:400_100])
    assert _fetch(repository, piece, tmp_path) == BODY[100:600_100]
    assert repository.asked == ["bytes=400100-600099"]


def test_a_connection_that_breaks_is_taken_up_again(repository: Repository, tmp_path: Path) -> None:
    repository.break_after = 300_000
    assert _fetch(repository, _piece(), tmp_path) == BODY
    assert repository.asked == [None, "bytes=300000-699999"]


def test_a_repository_that_is_busy_is_asked_again(repository: Repository, tmp_path: Path) -> None:
    repository.status, repository.failures = 503, 2
    assert _fetch(repository, _piece(), tmp_path) == BODY
    assert len(repository.asked) == 3


def test_a_repository_without_ranges_begins_a_file_anew(repository: Repository, tmp_path: Path) -> None:
    repository.ranges = False
    piece = _piece()
    (tmp_path / f"{piece.sha256}.part").write_bytes(b"?" * 1000)
    assert _fetch(repository, piece, tmp_path) == BODY


def test_a_repository_without_ranges_cannot_give_a_part(repository: Repository, tmp_path: Path) -> None:
    repository.ranges = False
    with pytest.raises(EngineError, match="does not answer range requests"):
        _fetch(repository, _piece(BODY[5:10], start=5), tmp_path)


def test_a_wrong_checksum_is_said_and_nothing_is_kept(repository: Repository, tmp_path: Path) -> None:
    repository.body = b"!" + BODY[1:]
    got = sha256(repository.body).hexdigest()
    with pytest.raises(EngineError, match=f"wrong checksum: {repository.url}/{PATH} has SHA-256 {got}"):
        _fetch(repository, _piece(), tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("status", [401, 403, 404])
def test_a_refused_download_names_address_answer_and_setting(
    repository: Repository, tmp_path: Path, status: int
) -> None:
    repository.status = status
    with pytest.raises(
        EngineError, match=rf"download refused: {repository.url}/{PATH} answers HTTP {status}"
    ) as raised:
        _fetch(repository, _piece(), tmp_path)
    assert "HUBSTAT_ENGINES__MAVEN_REPOSITORY" in str(raised.value)
    assert len(repository.asked) == 1


def test_a_repository_that_stays_away_is_given_up(repository: Repository, tmp_path: Path) -> None:
    repository.status = 503
    with pytest.raises(EngineError, match=r"cannot fetch .*HTTP 503"):
        _fetch(repository, _piece(), tmp_path)
    assert len(repository.asked) == 5


def test_only_one_holds_a_lock(tmp_path: Path) -> None:
    said: list[str] = []

    class Listener(Silent):
        def note(self, text: str) -> None:
            said.append(text)

    with (
        exclusive(tmp_path / "lock", "at it", Silent()),
        pytest.raises(EngineError, match="another process has been at it"),
        exclusive(tmp_path / "lock", "at it", Listener(), timeout_seconds=0.3),
    ):
        pytest.fail("two held the lock at once")
    assert said == ["another process is at it: waiting for it"]
    with exclusive(tmp_path / "lock", "at it", Listener(), timeout_seconds=0.3):
        pass
