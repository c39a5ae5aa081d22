"""Whether a service of this installation works, for container health checks: ``python -m hubstat.healthcheck NAME``.

Prints one line; exit code 0 if it works, 1 if not.
"""

from __future__ import annotations

import argparse
import http.client
import json
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any, Final

from hubstat.errors import EngineError, HubstatError, SettingsError
from hubstat.runfile import ingest_address, rollup_lock, scheduler_mark
from hubstat.settings import Settings

_ANSWER_SECONDS: Final = 5.0
# The roll-up looks every few seconds, but a great day may take it many minutes.
_ROLLUP_SECONDS: Final = 3_600.0
# A scheduler looks every few seconds, but a thousand mails to a slow server may take it long.
_SCHEDULER_SECONDS: Final = 1_800.0


def ingest(settings: Settings, now_ms: int) -> str:
    """Whether the worker of these settings answers on this machine and has partitions. Raises HubstatError else.

    One that is behind works: it catches up, and a restart would only throw it back.
    """
    worker = settings.ingest.worker_id
    try:
        address = json.loads(ingest_address(settings, worker).read_text())["address"]
    except FileNotFoundError:
        raise HubstatError(f"ingest worker {worker} does not run on this machine, or has not started yet") from None
    try:
        said = _health(f"{address}/health")
    except (OSError, http.client.HTTPException) as error:
        raise EngineError(f"ingest worker {worker} does not answer at {address}: {error}") from error
    if said["worker"] != worker:
        raise HubstatError(f"ingest worker {worker} does not run: worker {said['worker']} answers at {address}")
    if not said["joined"]:
        raise HubstatError(f"ingest worker {worker}: {'; '.join(said['reasons'])}")
    return f"ingest worker {worker} works: {'; '.join(said['reasons']) or 'it keeps up'}"


def _health(url: str) -> Any:
    """What a worker says of itself, be it healthy or not."""
    try:
        with _opener().open(url, timeout=_ANSWER_SECONDS) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return json.load(error)


def rollup(settings: Settings, now_ms: int) -> str:
    """When the roll-up on this machine last looked for work. Raises HubstatError where that is too long ago."""
    try:
        looked = rollup_lock(settings).stat().st_mtime
    except FileNotFoundError:
        raise HubstatError("the roll-up has not started yet") from None
    silent = now_ms / 1000 - looked
    if silent > _ROLLUP_SECONDS:
        raise HubstatError(f"the roll-up last looked for work {silent:.0f} s ago")
    return f"the roll-up looked for work {silent:.0f} s ago"


def scheduler(settings: Settings, now_ms: int) -> str:
    """When a scheduler on this machine last looked for what is due. Raises HubstatError where that is too long ago."""
    try:
        looked = scheduler_mark(settings).stat().st_mtime
    except FileNotFoundError:
        raise HubstatError("the scheduler has not started yet") from None
    silent = now_ms / 1000 - looked
    if silent > _SCHEDULER_SECONDS:
        raise HubstatError(f"the scheduler last looked for what is due {silent:.0f} s ago")
    return f"the scheduler looked for what is due {silent:.0f} s ago"


def dashboard(settings: Settings, now_ms: int) -> str:
    """Where the dashboard answers. Raises EngineError where it does not, SettingsError where its port is not set."""
    if settings.dashboard.port is None:
        raise SettingsError("the dashboard's port is not known: set HUBSTAT_DASHBOARD__PORT")
    url = f"http://{settings.dashboard.host}:{settings.dashboard.port}/"
    try:
        with _opener().open(url, timeout=_ANSWER_SECONDS):
            return f"the dashboard answers at {url}"
    except (OSError, http.client.HTTPException) as error:
        raise EngineError(f"the dashboard does not answer at {url}: {error}") from error


def _opener() -> urllib.request.OpenerDirector:
    return urllib.request.build_opener(urllib.request.ProxyHandler({}))


CHECKS: Final[dict[str, Callable[[Settings, int], str]]] = {
    "ingest": ingest,
    "rollup": rollup,
    "scheduler": scheduler,
    "dashboard": dashboard,
}


def main(arguments: list[str] | None = None) -> int:
    """Check one service. Returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m hubstat.healthcheck")
    parser.add_argument("service", choices=sorted(CHECKS))
    service: str = parser.parse_args(arguments).service
    try:
        sys.stdout.write(CHECKS[service](Settings(), time.time_ns() // 1_000_000) + "\n")
    except Exception as error:  # a check that cannot be made is one that failed, whatever the reason
        sys.stdout.write(f"{type(error).__name__}: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
