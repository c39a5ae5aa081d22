"""A dashboard as a process of its own; its output is in the failure."""

from __future__ import annotations

import os
import socket
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError

import pytest


def free_port() -> int:
    """A port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


@contextmanager
def serving(command: list[str], port: int, log: Path, env: dict[str, str] | None = None) -> Iterator[str]:
    """Run a dashboard until the block ends; gives its address."""
    url = f"http://127.0.0.1:{port}/"
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, env={**os.environ, **(env or {})})
        try:
            _wait(url, process, log)
            yield url
        finally:
            process.terminate()
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
    said = log.read_text(errors="replace")
    assert "Traceback" not in said, said


def answers(url: str, runs: Callable[[], bool] = lambda: True) -> bool:
    """Wait until a dashboard answers, a minute at most and while it runs; whether it does."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and runs():
        try:
            with urllib.request.urlopen(url, timeout=5):
                return True
        except (URLError, ConnectionError, TimeoutError):
            time.sleep(0.2)
    return False


def _wait(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    if not answers(url, lambda: process.poll() is None):
        pytest.fail(f"the dashboard does not answer at {url}:\n{log.read_text(errors='replace')}")
