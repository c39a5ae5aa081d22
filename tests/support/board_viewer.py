"""A viewer of the board without a browser: asks as the page does, the next refresh only after the last answer."""

from __future__ import annotations

import gzip
import http.client
import json
import math
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlparse


@dataclass
class Viewer:
    """One page. seconds, sizes: of each answer, its compressed bytes; the first is the whole screen.

    measured_from: of the others those that were asked for since then (``time.monotonic``).

    causes: what the failures said. ticks: the different lines "as of …" it was given, one for each board made, where
    these are a second apart or more.
    """

    url: str
    search: str = ""
    measured_from: float = 0.0
    seconds: list[float] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)
    ticks: set[str] = field(default_factory=set)
    failures: int = 0
    causes: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        place = urlparse(self.url)
        self._connection = http.client.HTTPConnection(place.hostname or "", place.port, timeout=60)
        self._pulse: dict[str, Any] | None = None
        found = json.loads(self._ask("GET", "/_dash-dependencies", None)[1])
        self._callback = next(each for each in found if each["output"].startswith("..pulse.data"))

    def _ask(self, method: str, path: str, body: Any) -> tuple[int, bytes]:
        headers = {"Accept-Encoding": "gzip", "Content-Type": "application/json"}
        self._connection.request(method, path, None if body is None else json.dumps(body), headers)
        answer = self._connection.getresponse()
        raw = answer.read()
        if answer.status != 200:
            raise OSError(f"{path}: status {answer.status}")
        return len(raw), gzip.decompress(raw) if answer.headers.get("Content-Encoding") == "gzip" else raw

    def refresh(self) -> None:
        """Ask once and take what it answered as what is shown."""
        names = self._callback["output"].strip(".").split("...")
        outputs = [{"id": name.rpartition(".")[0], "property": name.rpartition(".")[2]} for name in names]
        values = {"url": self.search, "look": "light", "tick": {"at": round(time.time() * 1000), "search": self.search}}
        body = {
            "output": self._callback["output"],
            "outputs": outputs,
            "inputs": [each | {"value": values[each["id"]]} for each in self._callback["inputs"]],
            "changedPropIds": ["tick.data"],
            "state": [each | {"value": self._pulse} for each in self._callback["state"]],
        }
        began = time.monotonic()
        try:
            size, raw = self._ask("POST", "/_dash-update-component", body)
        except (OSError, http.client.HTTPException) as error:
            self.failures += 1
            self.causes.add(repr(error))
            self._connection.close()
            return
        if not self.seconds or began >= self.measured_from:
            self.seconds.append(time.monotonic() - began)
            self.sizes.append(size)
        response = json.loads(raw)["response"]
        self._pulse = response["pulse"]["data"]
        if "asof" in response:
            self.ticks.add(json.dumps(response["asof"]))
        if not self._pulse["ok"] or "stale" in self._pulse:
            self.failures += 1
            self.causes.add(self._pulse.get("stale", "no screen"))

    def watch(self, tick: float, until: float) -> None:
        """Refresh about every ``tick`` seconds, as the page does, until a time of ``time.monotonic``."""
        while time.monotonic() < until:
            self.refresh()
            time.sleep(self._pause(tick))

    def _pause(self, tick: float) -> float:
        """As ``pause`` of ``assets/board.js``; s."""
        expected = (self._pulse or {}).get("next")
        if not expected:
            return tick
        first, every = (each / 1000 for each in expected)
        least = tick - 0.75 * every
        later = math.ceil((least - first) / every) * every if first < least else 0.0
        return max(first + later, tick / 4 if first > -every else tick)
