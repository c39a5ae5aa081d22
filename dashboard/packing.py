"""What is sent to many viewers is written as JSON once; Dash would walk through it again for each of them."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import Any, Final

import orjson

from dashboard.scene import component_json

# Parts of screens that are kept written: those of a few ticks.
_KEPT: Final = 256


class Packing:
    """Writes values, and keeps them for the next viewer who is sent the very same objects."""

    def __init__(self) -> None:
        self._lock: Final = threading.Lock()
        # The value is kept beside what was written, so that its identity is not given to another one.
        self._written: Final[OrderedDict[int, tuple[Any, orjson.Fragment]]] = OrderedDict()

    def of(self, values: dict[str, Any]) -> dict[str, Any]:
        """Properties of a component as they can be sent."""
        return {prop: self.pack(value) for prop, value in values.items()}

    def pack(self, value: Any) -> Any:
        """The value as it can be sent: a list, dict or component as JSON that is written already."""
        if value is None or isinstance(value, str | int | float):
            return value
        with self._lock:
            known = self._written.get(id(value))
            if known is not None and known[0] is value:
                self._written.move_to_end(id(value))
                return known[1]
        fragment = orjson.Fragment(orjson.dumps(value, default=component_json, option=orjson.OPT_NON_STR_KEYS))
        with self._lock:
            self._written[id(value)] = (value, fragment)
            while len(self._written) > _KEPT:
                self._written.popitem(last=False)
        return fragment
