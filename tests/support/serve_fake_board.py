"""Serve the made-up network: ``python serve_fake_board.py PORT FOLDER [SECONDS]``. It moves every second, or so often.

While FOLDER/fail exists every request fails, while FOLDER/still exists nothing changes, while FOLDER/trouble exists the
system is in trouble, while FOLDER/slow exists lists are long and slow, while FOLDER/around exists each move is in
another region as well. While FOLDER/denied exists nobody may see anything, while FOLDER/bare exists nothing was
received, while FOLDER/idle exists camp C101 has nothing due, while FOLDER/mute exists two camps are silent.
FOLDER/expects says, while it exists, in how many ms the next moment is expected, and how long after it another.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dashboard_fake import FakeBoard
from fake_desk import FakeDesk
from fake_watch import HEALTHY, FakeWatch, troubled

from dashboard.app import create_app, serve
from dashboard.board import Line, Listing, Moment
from dashboard.place import Place
from hubstat.errors import AccessError, EngineError, HubstatError
from hubstat.settings import DashboardSettings


class Slow(FakeBoard):
    """While ``slow`` is set, its lists have a million lines and come a block at a time."""

    slow = False

    @contextmanager
    def listing(self, place: Place, moment: Moment, metric: str) -> Iterator[Listing]:
        with super().listing(place, moment, metric) as found:
            yield Listing(1_000_000, self._slowly(next(found.lines)), found.as_of) if self.slow else found

    def _slowly(self, line: Line) -> Iterator[Line]:
        for number in range(1_000_000):
            if number % 1_000 == 0:
                time.sleep(0.05)
            yield line


def failure(folder: Path) -> HubstatError | None:
    """What every request fails with now."""
    if (folder / "denied").exists():
        return AccessError("no right to nationwide KR")
    return EngineError("Elasticsearch does not answer") if (folder / "fail").exists() else None


def move(board: Slow, watch: FakeWatch, folder: Path, seconds: float) -> None:
    """Let the network go on."""
    full, bare = board.friends, FakeBoard(empty=True).friends
    idle = full | {key: raw for key, raw in bare.items() if key[0] == "C101"}
    while True:
        time.sleep(seconds)
        board.fail = failure(folder)
        board.friends = bare if (folder / "bare").exists() else idle if (folder / "idle").exists() else full
        board.silent_camps = {"C000", "C012"} if (folder / "mute").exists() else set()
        watch.health = troubled() if (folder / "trouble").exists() else HEALTHY
        board.slow = (folder / "slow").exists()
        expects = folder / "expects"
        first, every = map(int, expects.read_text().split()) if expects.exists() else (0, 0)
        board.expected = (first, every) if every else None
        board.now += 1_000
        if not (folder / "still").exists():
            board.friends["C101", "F1010"]["late_open"] += 1
            if (folder / "around").exists():
                region = board.generation % 4
                board.friends[f"C{region}01", f"F{region}010"]["late_open"] += 1
            board.generation += 1


if __name__ == "__main__":
    fake, watch = Slow(), FakeWatch()
    pace = float(sys.argv[3]) if len(sys.argv) > 3 else 1.0
    threading.Thread(target=move, args=(fake, watch, Path(sys.argv[2]), pace), daemon=True).start()
    serve(create_app(fake, DashboardSettings(refresh_seconds=1), watch, FakeDesk()), "127.0.0.1", int(sys.argv[1]))
