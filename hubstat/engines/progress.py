"""Telling a person what the engines are doing: a bar on a terminal, plain lines elsewhere, nothing by default."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

_PLAIN_SECONDS = 5.0


class Reporter(Protocol):
    """Called by ``ensure`` while it works; ``advance`` may be called from several threads at once."""

    def note(self, text: str) -> None:
        """One finished or beginning step, one line."""

    def begin(self, title: str, total_bytes: int, done_bytes: int) -> None:
        """A fetch of ``total_bytes`` begins, of which ``done_bytes`` are here already."""

    def advance(self, count: int) -> None:
        """``count`` more bytes have come; negative where some had to be thrown away."""

    def finish(self) -> None:
        """The fetch has ended, well or not."""


class Silent:
    """Says nothing."""

    def note(self, text: str) -> None:
        """Say nothing."""

    def begin(self, title: str, total_bytes: int, done_bytes: int) -> None:
        """Say nothing."""

    def advance(self, count: int) -> None:
        """Say nothing."""

    def finish(self) -> None:
        """Say nothing."""


class Terminal:
    """A progress bar by rich."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._progress: Progress | None = None

    def note(self, text: str) -> None:
        """Print the line above a running bar."""
        self._console.print(text, markup=False, highlight=False)

    def begin(self, title: str, total_bytes: int, done_bytes: int) -> None:
        """Show a bar."""
        columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
        self._progress = Progress(*columns, TimeRemainingColumn(), console=self._console)
        self._progress.add_task(title, total=total_bytes, completed=done_bytes)
        self._progress.start()

    def advance(self, count: int) -> None:
        """Move the bar."""
        if self._progress:
            self._progress.advance(self._progress.task_ids[0], count)

    def finish(self) -> None:
        """Leave the bar as it is."""
        if self._progress:
            self._progress.stop()
            self._progress = None


class Plain:
    """Lines on standard error, at most one every few seconds during a fetch."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._title, self._total, self._done, self._next = "", 0, 0, 0.0

    def note(self, text: str) -> None:
        """Print the line."""
        sys.stderr.write(f"{text}\n")
        sys.stderr.flush()

    def begin(self, title: str, total_bytes: int, done_bytes: int) -> None:
        """Print what is fetched and how much it is."""
        self._title, self._total, self._done = title, total_bytes, done_bytes
        self._next = time.monotonic() + _PLAIN_SECONDS
        here = f", {_megabytes(done_bytes)} of it here already" if done_bytes else ""
        self.note(f"{title}: {_megabytes(total_bytes)}{here}")

    def advance(self, count: int) -> None:
        """Print how far the fetch is, when it is time."""
        with self._lock:
            self._done += count
            if time.monotonic() >= self._next:
                self._next = time.monotonic() + _PLAIN_SECONDS
                share = 100 * self._done // max(self._total, 1)
                self.note(f"{self._title}: {_megabytes(self._done)} of {_megabytes(self._total)}, {share} %")

    def finish(self) -> None:
        """Say nothing more."""


def _megabytes(count: int) -> str:
    return f"{count / 1e6:.0f} MB"


def console_reporter() -> Reporter:
    """The reporter for a command: a bar where standard error is a terminal, else plain lines."""
    console = Console(stderr=True)
    return Terminal(console) if console.is_terminal else Plain()


@contextmanager
def fetching(reporter: Reporter, title: str, total_bytes: int, done_bytes: int) -> Iterator[None]:
    """Frame of one fetch: ``finish`` is called however the block ends."""
    reporter.begin(title, total_bytes, done_bytes)
    try:
        yield
    finally:
        reporter.finish()
