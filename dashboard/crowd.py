"""How many pages ask."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Final


class Crowd:
    """Counts those who asked within some seconds: about as many pages look."""

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds: Final = seconds
        self._clock: Final = clock
        self._asked: Final[deque[float]] = deque()
        self._lock: Final = threading.Lock()

    def asked(self) -> int:
        """Somebody asks; how many have, with this one."""
        now = self._clock()
        with self._lock:
            self._asked.append(now)
            while self._asked[0] <= now - self._seconds:
                self._asked.popleft()
            return len(self._asked)
