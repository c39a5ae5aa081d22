"""How often and when this process had to wait for Elasticsearch. Apart, as who only asks needs no client in memory."""

from __future__ import annotations

import time
from collections import Counter
from typing import Final

RETRIES: Final[Counter[str]] = Counter()
"""How often this process had to wait and try again in ``retry.for_ever``, by what it was doing; for reading only."""

_retried_at = float("-inf")
# What stands beside the flushes: that it waits says nothing of why one of them takes long.
_BESIDE: Final = frozenset({"making visible", "reporting"})


def note(what: str) -> None:
    """The process waits before it tries something again."""
    global _retried_at
    if what not in _BESIDE:
        _retried_at = time.monotonic()
    RETRIES[what] += 1


def seconds_since_retry() -> float:
    """How long ago a flush of this process last had to wait; infinite where none ever had to."""
    return time.monotonic() - _retried_at
