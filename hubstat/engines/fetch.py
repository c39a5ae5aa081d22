"""Fetching the pieces of an artifact: aside, resumed where a former attempt ended, verified, then renamed.

A file ``<sha256>.part`` is never used by anything but this module; ``<sha256>`` without the ending has been verified.
"""

from __future__ import annotations

import http.client
import ssl
import threading
import urllib.error
import urllib.request
from collections.abc import Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from hashlib import sha256
from pathlib import Path

from hubstat.engines.artifacts import Piece
from hubstat.engines.progress import Reporter, fetching
from hubstat.errors import EngineError

_CHUNK = 1 << 18
_WORKERS = 4
_ATTEMPTS = 5
_TIMEOUT_SECONDS = 30.0
_SETTING = "HUBSTAT_ENGINES__MAVEN_REPOSITORY"


class _BrokenOffError(Exception):
    """The connection broke; what has come so far is kept and the next attempt goes on from there."""


def fetch(
    pieces: Sequence[Piece], repository: str, folder: Path, title: str, reporter: Reporter, backoff_seconds: float = 1.0
) -> dict[Piece, Path]:
    """Bring every piece into ``folder`` and return the verified file of each.

    ``backoff_seconds`` is the pause before the first of four retries, doubled for each further one. Raises EngineError
    where the repository refuses, stays unreachable, or sends something whose SHA-256 is not the locked one.
    """
    folder.mkdir(parents=True, exist_ok=True)
    missing = [piece for piece in pieces if not (folder / piece.sha256).exists()]
    if missing:
        here = sum(_size(_part(piece, folder)) for piece in missing)
        stop = threading.Event()
        with (
            fetching(reporter, title, sum(piece.size for piece in missing), here),
            ThreadPoolExecutor(_WORKERS) as pool,
        ):
            jobs = [
                pool.submit(_fetch_one, piece, repository, folder, reporter, stop, backoff_seconds) for piece in missing
            ]
            try:
                done, _ = wait(jobs, return_when=FIRST_EXCEPTION)
            finally:
                stop.set()
        for job in done:
            job.result()
    return {piece: folder / piece.sha256 for piece in pieces}


def _part(piece: Piece, folder: Path) -> Path:
    return folder / f"{piece.sha256}.part"


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _fetch_one(
    piece: Piece, repository: str, folder: Path, reporter: Reporter, stop: threading.Event, backoff_seconds: float
) -> None:
    url, part = f"{repository.rstrip('/')}/{piece.path}", _part(piece, folder)
    for attempt in range(_ATTEMPTS):
        if stop.is_set():
            return
        try:
            _append(piece, url, part, reporter, stop)
            break
        except (_BrokenOffError, OSError, http.client.HTTPException) as error:
            if isinstance(error, urllib.error.URLError) and isinstance(error.reason, ssl.SSLCertVerificationError):
                raise EngineError(f"cannot fetch {url}: its certificate is not trusted ({error.reason})") from error
            if attempt == _ATTEMPTS - 1:
                raise EngineError(
                    f"cannot fetch {url}: {_reason(error)}; check the network, or name another repository by {_SETTING}"
                ) from error
            stop.wait(backoff_seconds * 2**attempt)
    if stop.is_set() and _size(part) < piece.size:
        return
    _verify(piece, url, part)
    part.rename(folder / piece.sha256)


def _append(piece: Piece, url: str, part: Path, reporter: Reporter, stop: threading.Event) -> None:
    """Fetch what ``part`` still lacks. Raises EngineError on a refusal, another error where a retry may help."""
    have = _size(part)
    if have > piece.size:
        part.unlink()
        reporter.advance(-have)
        have = 0
    if have == piece.size:
        return
    first, last = (piece.start or 0) + have, (piece.start or 0) + piece.size - 1
    ranged = piece.start is not None or have > 0
    request = urllib.request.Request(url, headers={"Range": f"bytes={first}-{last}"} if ranged else {})
    try:
        response = urllib.request.urlopen(request, timeout=_TIMEOUT_SECONDS)
    except urllib.error.HTTPError as error:
        with error:
            if error.code == 429 or error.code >= 500:
                raise _BrokenOffError(f"HTTP {error.code} {error.reason}") from error
            raise EngineError(
                f"download refused: {url} answers HTTP {error.code} {error.reason}; "
                f"check the repository named by {_SETTING}"
            ) from error
    with response:
        if ranged and response.status != 206:
            if piece.start is not None:
                raise EngineError(f"cannot fetch a part of {url}: the repository does not answer range requests")
            part.unlink()
            reporter.advance(-have)
            have = 0
        with part.open("ab") as out:
            while have < piece.size and not stop.is_set():
                chunk = response.read(min(_CHUNK, piece.size - have))
                if not chunk:
                    raise _BrokenOffError(f"the connection ended after {have} of {piece.size} bytes")
                out.write(chunk)
                have += len(chunk)
                reporter.advance(len(chunk))


def _verify(piece: Piece, url: str, part: Path) -> None:
    digest = sha256()
    with part.open("rb") as stream:
        while chunk := stream.read(1 << 20):
            digest.update(chunk)
    if digest.hexdigest() != piece.sha256:
        part.unlink()
        raise EngineError(
            f"wrong checksum: {url} has SHA-256 {digest.hexdigest()}, the lock file says {piece.sha256}; "
            "nothing of it was used, and it was deleted"
        )


def _reason(error: Exception) -> str:
    reason = getattr(error, "reason", None) or error
    return str(reason) or type(error).__name__
