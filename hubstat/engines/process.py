"""Starting and stopping one embedded engine under its supervisor."""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import psutil

from hubstat.engines.runfile import Process, Running
from hubstat.engines.server import Launch
from hubstat.errors import EngineError

GRACE_SECONDS = 30.0
_SUPERVISOR = Path(__file__).with_name("supervisor.py")
# Supervisors that are children of this process, by process id: they end with it, and have to be waited for.
_owned: dict[int, subprocess.Popen[bytes]] = {}
_owner = os.getpid()


def start(launch: Launch, port: int) -> Running:
    """Start an engine; until it is released it stops when this process ends, however that happens.

    Returns at once, long before the engine answers. Raises EngineError where the program cannot be started.
    """
    _keep_former_output(launch.output)
    spec = {
        "argv": launch.argv,
        "environment": launch.environment,
        "directory": str(launch.directory),
        "output": str(launch.output),
        "uid": launch.account.uid,
        "gid": launch.account.gid,
        "owner": os.getpid(),
        "grace_seconds": GRACE_SECONDS,
    }
    # A session of its own: Ctrl-C in a terminal reaches the owner alone, who then stops the engines in order.
    supervisor = subprocess.Popen(
        [sys.executable, "-I", "-S", str(_SUPERVISOR)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    assert supervisor.stdin is not None
    assert supervisor.stdout is not None
    with supervisor.stdin as spec_pipe, supervisor.stdout as answer_pipe:
        spec_pipe.write(json.dumps(spec).encode())
        spec_pipe.close()
        answer = json.loads(answer_pipe.readline() or b'{"error": "its supervisor ended at once"}')
    _own(supervisor)
    if "error" in answer:
        raise EngineError(f"cannot start {launch.argv[0]}: {answer['error']}")
    try:
        owner = Process.of(os.getpid())
        return Running(Process.of(answer["supervisor"]), Process.of(answer["engine"]), owner, port)
    except psutil.NoSuchProcess:
        raise EngineError(f"{launch.argv[0]} ended at once; its output is in {launch.output}") from None


def release(running: Running) -> Running:
    """Let an engine started here outlive this process. Raises EngineError where it has ended meanwhile."""
    try:
        os.kill(running.supervisor.pid, signal.SIGUSR1)
    except ProcessLookupError:
        raise EngineError("an engine ended just after its start") from None
    child = _owned.pop(running.supervisor.pid)
    child.returncode = 0  # nobody waits for it here, which else is a warning
    return replace(running, owner=None)


def stop(running: Running) -> None:
    """Stop an engine and wait until it and everything it started is gone. Harmless where it is gone already."""
    family = _family(running)
    patience = GRACE_SECONDS + 5
    if running.supervisor.alive():
        psutil.Process(running.supervisor.pid).terminate()
    elif running.engine.alive():
        # Its supervisor was killed; where the kernel does not end the engine then, it is still there.
        psutil.Process(running.engine.pid).terminate()
    else:
        patience = 0
    for process in _still_there(family, patience):
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    _still_there(family, 5)
    child = _owned.pop(running.supervisor.pid, None)
    if child is not None:
        child.wait()


def _still_there(processes: list[psutil.Process], timeout_seconds: float) -> list[psutil.Process]:
    """Wait for ``processes`` to end and return those that have not; one whose parent has yet to notice has ended."""
    deadline = time.monotonic() + timeout_seconds
    while processes := [process for process in processes if _runs(process)]:
        if time.monotonic() >= deadline:
            break
        time.sleep(0.05)
    return processes


def _runs(process: psutil.Process) -> bool:
    try:
        return process.is_running() and bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def _family(running: Running) -> list[psutil.Process]:
    """The supervisor, the engine and everything the engine started that still runs."""
    found = [psutil.Process(running.supervisor.pid)] if running.supervisor.alive() else []
    if running.engine.replaced():
        return found
    # The engine leads a group; no new process gets its number while any member of the group is left.
    for process in psutil.process_iter():
        with contextlib.suppress(ProcessLookupError):
            if os.getpgid(process.pid) == running.engine.pid:
                found.append(process)
    return found


def _own(supervisor: subprocess.Popen[bytes]) -> None:
    if not _owned:
        atexit.register(_stop_owned)
    _owned[supervisor.pid] = supervisor


def _stop_owned() -> None:
    """Stop at the end of this process what it owns (not in a forked copy of it)."""
    if os.getpid() != _owner:
        return
    for child in _owned.values():
        child.terminate()
    for child in _owned.values():
        child.wait()


def _keep_former_output(output: Path) -> None:
    """One former output is kept, so that the reason of a crash survives the next start."""
    if output.exists():
        output.replace(output.with_name(output.name + ".1"))
