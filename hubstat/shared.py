"""Values that several threads use: made once for each thing they are of."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, Final, Generic, TypeVar

Value = TypeVar("Value")


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
