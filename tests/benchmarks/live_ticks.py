"""A board in this process: what Elasticsearch takes for its searches, and how long its answers take."""

from __future__ import annotations

import time
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any, Final

from aggregations.elsewhere import Processes
from dashboard.board import Moment
from dashboard.place import Place
from dashboard.reader_board import ReaderBoard

TICK: Final = 2.0
LEVELS: Final = ("nationwide", "region", "area", "camp")


class Asked:
    """Keeps what Elasticsearch says it took for each search of a client (ms)."""

    def __init__(self, client: Any) -> None:
        self._took: list[int] = []
        perform = client.transport.perform_request

        def kept(*arguments: Any, **more: Any) -> Any:
            answer = perform(*arguments, **more)
            if isinstance(answer.body, dict) and "took" in answer.body:
                self._took.append(answer.body["took"])
            return answer

        client.transport.perform_request = kept

    @property
    def so_far(self) -> list[int]:
        """All of them."""
        return list(self._took)


@dataclass
class Ticks:
    """A viewer's ticks on a board.

    processes: which search for the board, too. of_tick: ``took`` of the searches of each, ms, and ``beside`` that of
    the projections meanwhile; searches: those of this process; making: ms that each took to be made; apart: s from one
    to the next; answers: ms by level.
    """

    board: ReaderBoard
    place: Place
    asked: Asked
    processes: Processes
    of_tick: list[float] = field(default_factory=list)
    beside: float = 0.0
    searches: int = 0
    making: list[float] = field(default_factory=list)
    apart: list[float] = field(default_factory=list)
    answers: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))

    def run(self, seconds: float) -> None:
        """Ask for the tick that is due every ``TICK`` seconds, and then for every level."""
        last = self.board.moment(self.place)
        projecting = self.processes.projecting.took
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            time.sleep(max(0.0, last.as_of / 1000 + TICK - time.time()))
            known, folding, began = len(self.asked.so_far), self.processes.folding.took, time.perf_counter()
            moment = self.board.moment(self.place)
            if moment.as_of == last.as_of:  # a tick that took long is made less often
                time.sleep(0.02)
                continue
            self.making.append(1000 * (time.perf_counter() - began))
            took = self.asked.so_far[known:]
            self.of_tick.append(sum(took) + self.processes.folding.took - folding)
            self.searches += len(took)
            self.apart.append((moment.as_of - last.as_of) / 1000)
            self._ask(moment)
            last = moment
        self.beside = self.processes.projecting.took - projecting

    def _ask(self, moment: Moment) -> None:
        """Everything for the first time on this tick."""
        place = self.place
        for wave in ("all", *(each.wave for each in self.board.waves(moment.day))):
            place = self.place.go(wave=wave)
            for level in LEVELS:
                self._time(level, place, moment, None)
        camps = self.board.nodes(self.place, moment, "camp", None)
        hub = camps[len(self.making) % len(camps)].hub
        self._time("friend", self.place, moment, hub)

    def _time(self, level: str, place: Place, moment: Moment, hub: str | None) -> None:
        began = time.perf_counter()
        self.board.nodes(place, moment, level, hub)
        self.answers[level].append(1000 * (time.perf_counter() - began))
