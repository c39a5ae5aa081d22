"""Values that all viewers share: made once a while."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Final, Generic, TypeVar

Value = TypeVar("Value")


class Paced(Generic[Value]):
    """Makes a value for whoever asks first, and gives it to all others for ``seconds``."""

    def __init__(self, make: Callable[[], Value], seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._make: Final = make
        self._seconds: Final = seconds
        self._clock: Final = clock
        self._lock: Final = threading.Lock()
        self._made: tuple[float, Value] | None = None

    def get(self) -> Value:
        """The value, at most ``seconds`` old. What making it raises comes through, and the next one tries again."""
        with self._lock:
            if self._made is None or self._clock() - self._made[0] >= self._seconds:
                self._made = (self._clock(), self._make())
            return self._made[1]

    def forget(self) -> None:
        """Let the next one who asks make it anew."""
        with self._lock:
            self._made = None
