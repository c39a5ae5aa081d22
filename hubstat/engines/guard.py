"""A lock between processes, so that two of them never fetch or start the same thing at once."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hubstat.engines.progress import Reporter
from hubstat.errors import EngineError

_POLL_SECONDS = 0.1


@contextmanager
def exclusive(path: Path, what: str, reporter: Reporter, timeout_seconds: float = 900.0) -> Iterator[None]:
    """Hold the lock file ``path`` while the block runs; the system lets go of it when the process dies.

    Waits up to ``timeout_seconds`` for another process, saying so once; then raises EngineError.
    """
    import fcntl  # absent on Windows, where no embedded engine runs

    path.parent.mkdir(parents=True, exist_ok=True)
    deadline = time.monotonic() + timeout_seconds
    with path.open("a") as handle:
        waited = False
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if not waited:
                    reporter.note(f"another process is {what}: waiting for it")
                    waited = True
                if time.monotonic() > deadline:
                    raise EngineError(
                        f"another process has been {what} for {timeout_seconds:.0f} s (it holds {path}): end it first"
                    ) from None
                time.sleep(_POLL_SECONDS)
        yield
