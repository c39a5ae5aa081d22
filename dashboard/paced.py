"""Values that all viewers share: made once a while, or once for each thing they are of."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, Final, Generic, TypeVar

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


class Shared(Generic[Value]):
    """The values used last, by what they are of: whoever asks first makes one, the others wait for it."""

    def __init__(self, size: int) -> None:
        self._size: Final = size
        self._lock: Final = threading.Lock()
        self._values: Final[OrderedDict[Any, Future[Value]]] = OrderedDict()

    def get(self, key: Any, make: Callable[[], Value]) -> Value:
        """The value of a key. What making it raises comes to all who wait; the next one tries again."""
        with self._lock:
            known = self._values.get(key)
            if known is not None:
                self._values.move_to_end(key)
                waiting = known
            else:
                waiting = self._values[key] = Future()
                while len(self._values) > self._size:
                    self._values.popitem(last=False)
        if known is None:
            try:
                waiting.set_result(make())
            except BaseException as error:
                with self._lock:
                    self._values.pop(key, None)
                waiting.set_exception(error)
        return waiting.result()
