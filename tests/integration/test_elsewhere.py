"""The process that makes the projections of a large network: it gives what is made here, and never outlives its use."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing
from datetime import date, timedelta

import psutil
import pytest
from installation import EVERYTHING, Installation, running

from aggregations import forecast, frienddays
from aggregations.board import Board, board_at
from aggregations.day import Day
from aggregations.elsewhere import DATES_KEPT, Abandoned, Elsewhere, Failed, Processes, Source, Turns
from aggregations.frienddays import FriendDays
from aggregations.projecting import Projector, projected_here
from aggregations.question import Moment, Question
from aggregations.reader import Reader
from aggregations.snapshot import Snapshots
from hubstat.domain import time as tm
from hubstat.domain.friendday import FriendDay
from hubstat.settings import Settings

pytestmark = pytest.mark.engines

DAY = date(2026, 11, 12)
NOON = tm.parse_instant("2026-11-12T12:00:00+09:00")
# Begins the other process, says who that is, and waits to be killed.
HELD = """
import os, sys
from aggregations.elsewhere import Elsewhere, Source
from hubstat.settings import Settings

if __name__ == "__main__":
    of = Settings()
    source = Source(of.elasticsearch, str(of.elasticsearch.url), of.namespace, of.country)
    held = Elsewhere(source)
    with held.alone():
        print(held.process_id, flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def installation(settings: Settings) -> Iterator[Installation]:
    with running(settings, "--no-rollup") as found:
        found.run("simulate", "--invoices", "400", "--date", DAY.isoformat(), "--seed", "5", "--wait")
        yield found


def source(settings: Settings) -> Source:
    return Source(settings.elasticsearch, str(settings.elasticsearch.url), settings.namespace, settings.country)


def day_at(reader: Reader, moment: Moment) -> Day:
    return board_at(reader, DAY, moment).day


def by_friend(board: Board) -> dict[str, FriendDay]:
    return {day.friend_id: day.at(board.moment.as_of) for day in board.folded or board.day.days()}


def gone(process: psutil.Process, seconds: float) -> bool:
    """Whether a process ends within some time."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if not process.is_running() or process.status() == psutil.STATUS_ZOMBIE:
            return True
        time.sleep(0.05)
    return False


def test_the_other_processes(installation: Installation, settings: Settings) -> None:
    it_gives_what_is_made_here(installation.reader, settings)
    dates_do_not_mix(installation.reader, settings)
    a_board_shows_it(installation.reader, settings)
    it_ends_with_the_one_that_began_it(installation)


def it_gives_what_is_made_here(reader: Reader, settings: Settings) -> None:
    with closing(Processes.of(source(settings))) as processes:
        process, noon = processes.projecting, Moment(NOON, NOON)
        other = Projector(process)
        days = {}
        for at in (NOON, NOON + tm.HOUR, NOON - tm.HOUR):
            moment = Moment(at, at)
            days[at] = day_at(reader, moment).days()
            here, _ = projected_here(reader, DAY, moment, days[at], lambda: None)
            assert sum(part.ahead.total() for part in here.values()) > 0
            assert other.project(DAY, moment, days[at]).projected == here
        assert process.took > 0

        # Some Friends are known no more, and then all of another date are.
        some = days[NOON][::2]
        here, _ = projected_here(reader, DAY, noon, some, lambda: None)
        assert other.project(DAY, noon, some).projected == here
        for days_later in range(1, DATES_KEPT + 1):
            other.project(DAY + timedelta(days=days_later), noon, [])
        assert other.project(DAY, noon, some).projected == here, "the date was forgotten meanwhile"

        with pytest.raises(Failed, match="SerializationError"):
            other.project(DAY, Moment(10**20, 10**20), some)
        assert other.project(DAY, noon, some).projected == here

        first = psutil.Process(process.process_id)
        assert first.nice() > psutil.Process().nice()
        first.kill()
        with pytest.raises(BrokenProcessPool):
            other.project(DAY, noon, some)
        assert other.project(DAY, noon, some).projected == here
        second = psutil.Process(process.process_id)

        # One that is killed while it rests takes nobody with it, nor does one that rests keep anybody waiting.
        for kill in (True, False):
            with ThreadPoolExecutor(1) as aside:
                resting = aside.submit(rested_there, process)
                time.sleep(1)
                if kill:
                    psutil.Process(process.process_id).kill()
                    with pytest.raises(BrokenProcessPool):
                        resting.result(10)
                    assert other.project(DAY, noon, some).projected == here
                    second = psutil.Process(process.process_id)
                else:
                    began = time.monotonic()
                    processes.close()
                    assert time.monotonic() - began < 2
                    with pytest.raises(Abandoned):
                        resting.result(10)
    assert gone(second, 1)
    with pytest.raises(Abandoned):
        other.project(DAY, noon, some)


def rested_there(process: Elsewhere) -> None:
    with process.alone():
        process.call(rest, 60.0)


def rest(seconds: float) -> None:
    """Called in the other process."""
    turns = Turns(seconds / 0.06)
    until = time.process_time() + 0.06
    while time.process_time() < until:
        pass
    turns()


def dates_do_not_mix(reader: Reader, settings: Settings) -> None:
    """Two dates at once, each in a thread of its own, as where somebody looks at tomorrow."""
    with pytest.MonkeyPatch.context() as patched, closing(Processes.of(source(settings))) as processes:
        patched.setattr(frienddays, "_HERE", -1)
        moment = Moment(NOON, NOON)

        def folded(day: date, times: int) -> list[tuple[FriendDay, ...]]:
            found = []
            for _ in range(times):
                days = FriendDays(day, reader.zone, processes.folding)
                with reader.view() as view:
                    found.append(days.refresh(reader.day(view, day, moment), view))
            return found

        with ThreadPoolExecutor(2) as aside:
            both = [aside.submit(folded, day, 5) for day in (DAY, DAY + timedelta(days=1))]
            today, tomorrow = (each.result() for each in both)
        assert len(today[0]) > 0
        assert {day.service_date for days in today for day in days} == {DAY.isoformat()}
        assert {day.service_date for days in tomorrow for day in days} <= {(DAY + timedelta(days=1)).isoformat()}
        assert len({len(days) for days in today}) == 1
        assert processes.folding.took > 0, "they were folded there"


def a_board_shows_it(reader: Reader, settings: Settings) -> None:
    """Where nothing may be made here, all that a board shows is made there, also after a process has died."""
    now = [NOON]
    fixed = Reader(reader.store, reader.country, lambda: now[0])
    processes = Processes.of(source(settings))
    questions = (Question("nationwide", DAY), Question("camp", DAY), Question("friend", DAY))
    with pytest.MonkeyPatch.context() as patched, closing(Snapshots(fixed, 60.0, processes=processes)) as snapshots:
        patched.setattr(forecast, "_HERE", -1.0)
        patched.setattr(frienddays, "_HERE", 0)
        for minutes in (0, 5, 10):
            now[0] = NOON + minutes * tm.MINUTE
            board = snapshots.current(DAY)
            assert board.forecast is not None
            whole = board_at(fixed, DAY, board.moment)
            assert by_friend(board) == by_friend(whole)
            for question in questions:
                assert board.shown(EVERYTHING, question).rows == whole.answer(EVERYTHING, question).rows
                assert board.ahead(EVERYTHING, question) == whole.ahead(EVERYTHING, question)
        assert processes.folding.took > 0
        psutil.Process(processes.folding.process_id).kill()
        now[0] += 5 * tm.MINUTE
        with pytest.raises(BrokenProcessPool):
            snapshots.current(DAY)
        board = snapshots.current(DAY)
        assert by_friend(board) == by_friend(board_at(fixed, DAY, board.moment))


def it_ends_with_the_one_that_began_it(installation: Installation) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HELD],
        env=installation.environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as holder:
        assert holder.stdout is not None
        process = psutil.Process(int(holder.stdout.readline()))
        process.send_signal(signal.SIGINT)
        assert not gone(process, 0.5), "Ctrl-C is for the one that began it"
        os.kill(holder.pid, signal.SIGKILL)
        assert gone(process, 10)
