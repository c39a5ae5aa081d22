"""How a scope's figures went in the last minutes, from the moments that screens were built at; kept in memory."""

from __future__ import annotations

import threading
from collections import OrderedDict, deque
from collections.abc import Hashable
from datetime import datetime
from typing import Any, Final

from dashboard.board import Figures
from hubstat.domain import time as tm

_MINUTES: Final = 60
_SCOPES: Final = 2_000
# Figures with a trail; those by hour have their trend in themselves.
_KEPT: Final = ("due", "late_open", "at_risk", "undelivered", "m6_stalled", "projected_finish", "friends_out")

_Values = dict[str, float]


class Trail:
    """One sample a minute of every scope that is looked at, for an hour; shared by worker threads."""

    def __init__(self) -> None:
        self._kept: OrderedDict[Hashable, deque[tuple[int, _Values]]] = OrderedDict()
        self._lock = threading.Lock()

    def record(self, scope: Hashable, as_of: int, figures: Figures, prefix: str) -> None:
        """Keep the figures of a scope at a moment (ms). prefix: of the delay metric of the direction."""
        values: _Values = {}
        for name in _KEPT:
            value = figures.get(f"{prefix}_{name}" if name in ("late_open", "at_risk") else name)
            number = _number(value)
            if number is not None:
                values[name] = number
        with self._lock:
            samples = self._kept.setdefault(scope, deque(maxlen=_MINUTES))
            self._kept.move_to_end(scope)
            if samples and samples[-1][0] // tm.MINUTE == as_of // tm.MINUTE:
                samples[-1] = (as_of, values)
            elif not samples or samples[-1][0] < as_of:
                samples.append((as_of, values))
            while len(self._kept) > _SCOPES:
                self._kept.popitem(last=False)

    def samples(self, scope: Hashable, name: str) -> list[tuple[int, float]]:
        """The samples of one figure with their moments (ms), oldest first."""
        with self._lock:
            return [(at, values[name]) for at, values in self._kept.get(scope, ()) if name in values]


def _number(value: Any) -> float | None:
    if isinstance(value, str):
        return datetime.fromisoformat(value).timestamp()
    return None if value is None else float(value)
