"""What viewers asked for lately: it is made ready on the next few snapshots before these are shown."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")
# Snapshots on which it is made ready unasked.
_TIMES: Final = 3


@dataclass(frozen=True, slots=True, eq=False)
class Asked(Generic[Key, Value]):
    """One thing that was asked for, with what is known of it. left: on how many more snapshots it is made ready."""

    key: Key
    value: Value
    left: int


class Lately(Generic[Key, Value]):
    """The things asked for last, ``size`` at most."""

    def __init__(self, size: int) -> None:
        self._size: Final = size
        self._lock: Final = threading.Lock()
        self._asked: Final[OrderedDict[Key, Asked[Key, Value]]] = OrderedDict()

    def ask(self, key: Key, value: Value) -> None:
        """Note that a viewer asked for something."""
        with self._lock:
            self._asked[key] = Asked(key, value, _TIMES)
            self._asked.move_to_end(key)
            while len(self._asked) > self._size:
                self._asked.popitem(last=False)

    def of(self, wanted: Callable[[Asked[Key, Value]], bool]) -> list[Asked[Key, Value]]:
        """Some of them, the last one first."""
        with self._lock:
            return [asked for asked in reversed(self._asked.values()) if wanted(asked)]

    def passed(self, asked: Asked[Key, Value], value: Value) -> None:
        """One snapshot more has passed; what nobody has asked for again meanwhile is forgotten after the last one."""
        self._put(asked, Asked(asked.key, value, asked.left - 1))

    def forget(self, asked: Asked[Key, Value]) -> None:
        """Make it ready no more, unless somebody has asked for it again."""
        self._put(asked, None)

    def _put(self, asked: Asked[Key, Value], now: Asked[Key, Value] | None) -> None:
        with self._lock:
            if self._asked.get(asked.key) is not asked:
                return
            if now is not None and now.left:
                self._asked[asked.key] = now
            else:
                del self._asked[asked.key]
