"""The services of one installation on this machine: started, watched, started again when they end, stopped together.

A service never outlives the process that started it: the kernel ends it when that process is killed.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from hubstat.engines.supervisor import bound_to_parent

_GRACE_SECONDS: Final = 20.0
_LONGEST_PAUSE: Final = 30.0
# A service that ran this long was healthy; its next failure is a new one.
_HEALTHY_SECONDS: Final = 60.0


@dataclass(slots=True)
class Service:
    """One service: a ``hubstat`` command with its log. once: it may end by itself and is not started again."""

    name: str
    arguments: list[str]
    log: Path
    once: bool = False
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    failures: int = 0
    next_start: float = 0.0

    def start(self) -> None:
        """Start it; its output is appended to the log."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "hubstat", *self.arguments],
                env=dict(os.environ),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=bound_to_parent(),
            )
        self.started_at = time.monotonic()

    def last_words(self) -> str:
        """The last line of its log, for an error message."""
        lines = self.log.read_text(errors="replace").splitlines() if self.log.exists() else []
        return next((line.strip() for line in reversed(lines) if line.strip()), "it said nothing")


@dataclass(slots=True)
class Crew:
    """Services that belong together, in the order they are started; they are stopped in the reverse order."""

    services: list[Service] = field(default_factory=list)

    def start(self, service: Service) -> None:
        """Start one more service."""
        self.services.append(service)
        service.start()

    def watch(self) -> list[str]:
        """Start again what has ended; to be called about every half second. Returns what there is to say."""
        said: list[str] = []
        for service in self.services:
            process = service.process
            if process is None:
                if service.next_start and time.monotonic() >= service.next_start:
                    service.next_start = 0.0
                    service.start()
                continue
            code = process.poll()
            if code is None:
                continue
            service.process = None
            if service.once and code == 0:
                continue
            if time.monotonic() - service.started_at > _HEALTHY_SECONDS:
                service.failures = 0
            pause = min(_LONGEST_PAUSE, 2.0**service.failures)
            service.failures += 1
            service.next_start = time.monotonic() + pause
            said.append(
                f"{service.name} ended with {code} ({service.last_words()}); starting it again in {pause:.0f} s, "
                f"log {service.log}"
            )
        return said

    def stop(self) -> None:
        """Stop all, the last started first; what has not ended in time is killed."""
        running = [service.process for service in reversed(self.services) if service.process is not None]
        for process in running:
            process.terminate()
        deadline = time.monotonic() + _GRACE_SECONDS
        for process in running:
            try:
                process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        for service in self.services:
            service.process = None
