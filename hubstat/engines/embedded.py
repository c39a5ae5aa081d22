"""The embedded engines of one data folder: started, found, stopped."""

from __future__ import annotations

import platform
import re
import shutil
import socket
import sys
import time
from collections.abc import Collection
from functools import partial
from pathlib import Path

import psutil

from hubstat.engines import elasticsearch_server, health, kafka_server, process
from hubstat.engines.account import Account, pick_account
from hubstat.engines.artifacts import read_lock
from hubstat.engines.guard import exclusive
from hubstat.engines.install import Programs, install
from hubstat.engines.progress import Reporter
from hubstat.engines.runfile import Run, Running, address_of, read_run, write_run
from hubstat.engines.server import ENGINE_NAMES, HOST, EngineName, Place
from hubstat.errors import EngineError
from hubstat.settings import EngineSettings

_PREPARE = {"elasticsearch": elasticsearch_server.prepare, "kafka": kafka_server.prepare}
_TITLES = {"elasticsearch": "Elasticsearch", "kafka": "Kafka"}
# What a Java process needs beside its heap: code, threads, buffers.
_BESIDE_HEAP_MB = 250
_NEEDED_FREE_DISK_BYTES = 500_000_000


def start(
    settings: EngineSettings, names: Collection[EngineName], detached: bool, reporter: Reporter
) -> list[EngineName]:
    """Start those of ``names`` that do not run, wait until all answer, and return which were started.

    Two processes may call this at once: one starts, the other waits and finds them running. An engine started stops
    with this process unless ``detached``. Raises EngineError, after stopping what it started, where one cannot start.
    """
    require_platform(sys.platform, platform.machine())
    account = pick_account(settings.user)
    account.make_way(settings.data_dir, "HUBSTAT_ENGINES__DATA_DIR")
    with exclusive(settings.data_dir / "lock", "starting the engines", reporter):
        run = read_run(settings.data_dir)
        missing = [name for name in ENGINE_NAMES if name in names and not _runs(run, name)]
        if not missing:
            _wait(settings, {name: run.running[name] for name in names})
            return []
        programs = install(settings, read_lock(), account, reporter)
        _require_resources(settings, missing)
        began = time.monotonic()
        started: dict[EngineName, Running] = {}
        try:
            for name in missing:
                if name in run.running:
                    process.stop(run.running[name])
                started[name] = _start_one(settings, name, run, programs, account)
                run = run.with_running(name, started[name])
                write_run(settings.data_dir, run)
            _wait(settings, {name: run.running[name] for name in names})
            if detached:
                for name in missing:
                    run = run.with_running(name, process.release(started[name]))
                write_run(settings.data_dir, run)
        except BaseException:
            for name, running in started.items():
                process.stop(running)
                run = run.without(name)
            write_run(settings.data_dir, run)
            raise
        titles = " and ".join(_TITLES[name] for name in missing)
        reporter.note(f"{titles} started in {time.monotonic() - began:.1f} s, logs in {settings.data_dir / 'logs'}")
        return missing


def stop(settings: EngineSettings, names: Collection[EngineName], reporter: Reporter) -> list[EngineName]:
    """Stop those of ``names`` that were started here, whoever owns them, and return which ran."""
    if not settings.data_dir.exists():
        return []
    with exclusive(settings.data_dir / "lock", "starting or stopping the engines", reporter):
        run = read_run(settings.data_dir)
        ran: list[EngineName] = [name for name in names if _runs(run, name)]
        # Kafka first: nothing then writes any more.
        for name in sorted(set(names) & set(run.running), reverse=True):
            process.stop(run.running[name])
            run = run.without(name)
            write_run(settings.data_dir, run)
    return ran


def require_platform(system: str, machine: str) -> None:
    """Raise EngineError where no embedded engine can run. ``system`` is sys.platform, ``machine`` platform.machine().

    Tried on Linux x86-64; the archive also carries native libraries for the other platforms let through.
    """
    if system in {"linux", "darwin"} and machine in {"x86_64", "AMD64", "aarch64", "arm64"}:
        return
    raise EngineError(
        f"embedded engines run on Linux and macOS (x86-64, arm64), not on {system} {machine}: use Docker, or set "
        "HUBSTAT_ELASTICSEARCH__URL and HUBSTAT_KAFKA__BOOTSTRAP_SERVERS"
    )


def _runs(run: Run, name: EngineName) -> bool:
    running = run.running.get(name)
    return running is not None and running.alive()


def _start_one(settings: EngineSettings, name: EngineName, run: Run, programs: Programs, account: Account) -> Running:
    folder = settings.data_dir / name
    if not settings.keep_data and folder.exists():
        shutil.rmtree(folder)
    wanted, heap = {
        "elasticsearch": (settings.elasticsearch_port, settings.elasticsearch_heap_mb),
        "kafka": (settings.kafka_port, settings.kafka_heap_mb),
    }[name]
    port = _pick_port(name, wanted, run.last_ports.get(name))
    inner_port = _free_port(without=port)
    place = Place(programs, folder, settings.data_dir / "logs", port, inner_port, heap, account)
    return process.start(_PREPARE[name](place), port)


def _wait(settings: EngineSettings, running: dict[EngineName, Running]) -> None:
    for name, engine in running.items():
        address = address_of(name, engine.port)
        if health.wait_for(partial(health.answers, name, address), engine.alive, settings.start_timeout_seconds):
            continue
        logs = settings.data_dir / "logs"
        if engine.alive():
            waited = f"does not answer at {address} after {settings.start_timeout_seconds:.0f} s"
            raise EngineError(f"{_TITLES[name]} {waited}: see {logs}, or raise HUBSTAT_ENGINES__START_TIMEOUT_SECONDS")
        raise EngineError(f"{_TITLES[name]} ended while starting: {_last_words(logs, name)} (logs in {logs})")


def _last_words(logs: Path, name: EngineName) -> str:
    """The line of the engine's output that most likely says why it ended."""
    path = logs / ("elasticsearch.out" if name == "elasticsearch" else "kafka.log")
    try:
        lines = [line.strip() for line in path.read_text(encoding="utf-8", errors="replace").splitlines()]
    except OSError:
        lines = []
    for sign in (r"^[\w.$]*(?:Exception|Error): ", r"\bERROR\b", r"\S"):
        for line in lines:
            if re.search(sign, line):
                return line[:300]
    return "it said nothing"


def _pick_port(name: EngineName, wanted: int | None, last: int | None) -> int:
    """The port by setting, else the one of the last start where it is free, else any free one."""
    if wanted is None:
        return last if last is not None and _is_free(last) else _free_port()
    if not _is_free(wanted):
        raise EngineError(
            f"port {wanted} for {_TITLES[name]} is taken by another program: end that one, or set "
            f"HUBSTAT_ENGINES__{name.upper()}_PORT to another port (unset: a free one is chosen)"
        )
    return wanted


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        # As the engines do: a port whose last connections are merely lingering is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def _free_port(without: int | None = None) -> int:
    while True:
        with socket.socket() as probe:
            probe.bind((HOST, 0))
            port: int = probe.getsockname()[1]
        if port != without:
            return port


def _require_resources(settings: EngineSettings, missing: Collection[EngineName]) -> None:
    heaps = {"elasticsearch": settings.elasticsearch_heap_mb, "kafka": settings.kafka_heap_mb}
    needed = sum(heaps[name] + _BESIDE_HEAP_MB for name in missing)
    free = free_memory_mb()
    if free < needed:
        raise EngineError(
            f"the engines need {needed} MB of memory, {free} MB are free: end other programs, or set "
            "HUBSTAT_ENGINES__ELASTICSEARCH_HEAP_MB and HUBSTAT_ENGINES__KAFKA_HEAP_MB lower"
        )
    disk = shutil.disk_usage(settings.data_dir).free
    if disk < _NEEDED_FREE_DISK_BYTES:
        raise EngineError(
            f"the engines need {_NEEDED_FREE_DISK_BYTES // 1_000_000} MB of disk below {settings.data_dir}, "
            f"{disk // 1_000_000} MB are free: free some, or set HUBSTAT_ENGINES__DATA_DIR to another disk"
        )


def free_memory_mb(cgroup: Path = Path("/sys/fs/cgroup")) -> int:
    """Memory that new processes may take, in MiB: the machine's, or what a container's limit leaves if less."""
    free: int = psutil.virtual_memory().available
    try:
        limit = int((cgroup / "memory.max").read_text())
        used = int((cgroup / "memory.current").read_text())
        cached = _inactive_file((cgroup / "memory.stat").read_text())
        free = min(free, limit - used + cached)
    except (OSError, ValueError):
        pass  # no limit ("max"), or no control groups
    return free // (1024 * 1024)


def _inactive_file(memory_stat: str) -> int:
    fields = dict(line.split(" ", 1) for line in memory_stat.splitlines())
    return int(fields.get("inactive_file", 0))
