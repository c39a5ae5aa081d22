"""Keeps one engine no longer alive than its owner. Run as a program of its own; uses the standard library only.

Reads one JSON object from standard input: ``argv``, ``environment``, ``directory``, ``output`` (file), ``uid`` and
``gid`` (or null), ``owner`` (id of the process that started this one), ``grace_seconds``. Answers one line on standard
output: ``{"supervisor": pid, "engine": pid}`` or ``{"error": text}``. SIGUSR1 makes the engine outlive its owner.

The engine is told to stop when this program is (SIGTERM, SIGINT), when the owner is gone, and, on Linux, by the kernel
when this program itself is killed. What has not stopped in ``grace_seconds`` is killed with all it started.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from types import FrameType
from typing import Any

_POLL_SECONDS = 0.2
_PR_SET_PDEATHSIG = 1


class _Signals:
    """What signals have asked for."""

    def __init__(self) -> None:
        self.stop = self.release = False
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        signal.signal(signal.SIGUSR1, self._release)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)

    def _stop(self, number: int, frame: FrameType | None) -> None:
        self.stop = True

    def _release(self, number: int, frame: FrameType | None) -> None:
        self.release = True


def bound_to_parent() -> Callable[[], None]:
    """A function for the child to call before it becomes the engine: it then gets SIGTERM when this process dies."""
    supervisor = os.getpid()
    library = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None

    def bind() -> None:
        if library is not None:
            library.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != supervisor:
            os._exit(1)

    return bind


def _launch(spec: dict[str, Any]) -> subprocess.Popen[bytes]:
    with open(spec["output"], "ab") as output:
        return subprocess.Popen(
            spec["argv"],
            env=spec["environment"],
            cwd=spec["directory"],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            user=spec["uid"],
            group=spec["gid"],
            extra_groups=None if spec["uid"] is None else [],
            preexec_fn=bound_to_parent(),
        )


def _end(engine: subprocess.Popen[bytes], grace_seconds: float) -> None:
    engine.terminate()
    try:
        with contextlib.suppress(subprocess.TimeoutExpired):
            engine.wait(grace_seconds)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(engine.pid, signal.SIGKILL)
        engine.wait()


def _answer(value: dict[str, Any]) -> None:
    os.write(1, json.dumps(value).encode() + b"\n")
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nowhere, descriptor)


def main() -> int:
    """Start the engine, wait for a reason to stop it, stop it."""
    spec = json.loads(sys.stdin.buffer.read())
    signals = _Signals()
    try:
        engine = _launch(spec)
    except (OSError, subprocess.SubprocessError) as error:
        _answer({"error": str(error)})
        return 1
    _answer({"supervisor": os.getpid(), "engine": engine.pid})
    while engine.poll() is None and not signals.stop and (signals.release or os.getppid() == spec["owner"]):
        time.sleep(_POLL_SECONDS)
    _end(engine, spec["grace_seconds"])
    return 0


if __name__ == "__main__":
    sys.exit(main())
