"""The run file of a namespace: which process is in charge of it and where its board is."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from hubstat.engines.runfile import Process
from hubstat.errors import HubstatError
from hubstat.settings import Settings

_NAME: Final = "run.json"


@dataclass(frozen=True, slots=True)
class Installation:
    """A running installation. started_engines: it also stops the engines. dashboard_url: None without a dashboard."""

    process: Process
    ready: bool
    started_engines: bool
    dashboard_url: str | None


def rollup_lock(settings: Settings) -> Path:
    """Held by the one roll-up of a namespace on this machine; its time is that of the last look for work."""
    return settings.namespace_dir / "rollup.lock"


def scheduler_mark(settings: Settings) -> Path:
    """Touched by every scheduler of this machine when it has looked for what is due."""
    return settings.namespace_dir / "scheduler.looked"


def ingest_address(settings: Settings, worker: str) -> Path:
    """Where an ingest worker of this machine says at which address it answers, as JSON: ``pid`` and ``address``."""
    return settings.namespace_dir / f"ingest-{worker}.json"


@contextmanager
def claimed(settings: Settings) -> Iterator[None]:
    """Be the one process that starts and runs this namespace; the system lets go of it when the process dies.

    Raises HubstatError where another one does.
    """
    path = settings.namespace_dir / "up.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise HubstatError(
                f"namespace {settings.namespace} runs already or is being started: "
                f"end it with `hubstat --namespace {settings.namespace} down`"
            ) from None
        yield


def write(settings: Settings, installation: Installation) -> None:
    """Say that this namespace runs; written aside and renamed, so nobody reads half of it."""
    folder = settings.namespace_dir
    folder.mkdir(parents=True, exist_ok=True)
    aside = folder / f"{_NAME}.{os.getpid()}"
    aside.write_text(json.dumps(asdict(installation)))
    aside.replace(folder / _NAME)


def remove(settings: Settings) -> None:
    """Say that this namespace runs no more."""
    (settings.namespace_dir / _NAME).unlink(missing_ok=True)


def read(settings: Settings) -> Installation | None:
    """The running installation of this namespace; None where none runs, also after a crash."""
    return _read(settings.namespace_dir / _NAME)


def others(settings: Settings) -> list[str]:
    """Other namespaces that run under the same state folder."""
    folders = sorted(settings.namespace_dir.parent.glob(f"*/{_NAME}"))
    return [path.parent.name for path in folders if path.parent.name != settings.namespace and _read(path) is not None]


def _read(path: Path) -> Installation | None:
    try:
        found = json.loads(path.read_text())
        installation = Installation(Process(**found.pop("process")), **found)
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError, AttributeError):
        return None  # of another version, or damaged: nothing that this one could stop
    return installation if installation.process.alive() else None
