"""A simulated day in progress, sent from a process of its own: all before a moment at once, what follows at a rate.

The whole day is moved by some minutes, so that the last event that can be sent live happened just before it began: all
of them count at T = now. What is sent live has no received time of its own: Kafka's is the true one.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import re
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from multiprocessing.connection import Connection
from typing import Any

from full_day import say

from hubstat.commands.simulate import seldom_collected
from hubstat.commands.streams import Target
from hubstat.domain import time as tm
from hubstat.errors import HubstatError
from hubstat.settings import Settings
from hubstat.simulator import NetworkSpec, Record, build_network, simulate_day
from hubstat.simulator.camp import CampDay
from ingest.sources.sender import Sender

SEED = 1
# Hours of the simulated day: what is received until then is there when the live events begin, and those end before
# other carriers report, of whose completions some tell the date alone and count at its end.
CUT, LAST = 13, 20
SLOT_SECONDS = 0.02
# Completes an invoice that is due, once: the day has no copies and no corrections, and what was put off comes later.
COUNTED = b'"code":"DELIVERED"'
_TIME = re.compile(rb'(?<=")\d{4}-\d\d-\d\dT\d\d:\d\d')
# The first answer takes the simulation of the whole day, the second its way into Kafka.
PATIENCE_SECONDS = 3_600.0


@dataclass(frozen=True)
class Day:
    """What was simulated. until: hour of the day's own clock that the live events reach; moved: minutes; before,
    live: invoice events that are sent at once, and that may be sent live."""

    date: str
    camps: int
    friends: int
    until: float
    moved: int
    before: int
    live: int


@dataclass(frozen=True)
class Burst:
    """What was sent live. counted: when each event that completes an invoice was handed to Kafka, s since the epoch."""

    events: int
    friend_events: int
    seconds: float
    counted: list[float]

    @property
    def rate(self) -> float:
        """Invoice events a second."""
        return self.events / self.seconds


class Feed:
    """The other process, as this one sees it."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe
        self._sending = False
        self.day: Day = self._answer()

    def load(self) -> int:
        """Send what came before the live events; how many records."""
        self._pipe.send(("load", 0.0))
        return int(self._answer())

    def start(self, seconds: float) -> None:
        """Begin to send live, for so many seconds or until :meth:`stop`."""
        self._pipe.send(("live", seconds))
        self._sending = True

    def wait(self) -> Burst:
        """What was sent, once that is over."""
        burst: Burst = self._answer()
        self._sending = False
        return burst

    def stop(self) -> Burst:
        """End it; what was sent."""
        self._pipe.send(("stop", 0.0))
        return self.wait()

    def halt(self) -> None:
        """End what is being sent, if anything is."""
        if self._sending:
            self.stop()

    def _answer(self) -> Any:
        if not self._pipe.poll(PATIENCE_SECONDS):
            raise HubstatError(f"the feed gave no answer for {PATIENCE_SECONDS:.0f} s")
        answer = self._pipe.recv()
        if isinstance(answer, Exception):
            raise answer
        return answer


@contextmanager
def feeding(invoices: int, live: int, rate: float) -> Iterator[Feed]:
    """A process that has installed the network's master data and simulated a day, until the block ends.

    live: invoice events that can be sent live. Raises ``HubstatError`` where the day has not so many.
    """
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(theirs, invoices, live, rate), name="feed", daemon=True)
    process.start()
    theirs.close()
    try:
        yield Feed(ours)
    finally:
        ours.close()
        process.terminate()
        process.join()


def _serve(pipe: Connection, invoices: int, live: int, rate: float) -> None:
    try:
        settings = Settings()
        spec = build_network(invoices, SEED, settings.country)
        target = Target.find(settings)
        target.install_master_data(spec.master_data())
        with seldom_collected():
            played = _Played(spec, live)
            pipe.send(played.day)
            asyncio.run(_obey(pipe, target, played, rate))
    except EOFError:
        return
    except HubstatError as error:
        pipe.send(error)
    except Exception as error:
        pipe.send(HubstatError(f"the feed has failed: {error!r}"))


async def _obey(pipe: Connection, target: Target, played: _Played, rate: float) -> None:
    async with Sender(target.settings, target.addresses.kafka_bootstrap) as sender:
        while True:
            while not pipe.poll():
                await asyncio.sleep(SLOT_SECONDS)  # the producer keeps its connections meanwhile
            order, seconds = pipe.recv()
            if order == "load":
                await sender.send_all(played.before(), None, _progress)
                pipe.send(sender.sent.total)
            elif order == "live":
                pipe.send(await _live(pipe, sender, played, rate, seconds))


async def _live(pipe: Connection, sender: Sender, played: _Played, rate: float, seconds: float) -> Burst:
    """Send at a rate, in slots; a slot that comes late has the events that are owed by then."""
    began = time.monotonic()
    events = friend_events = 0
    counted: list[float] = []
    while (elapsed := time.monotonic() - began) < seconds and not pipe.poll():
        records: list[Record] = []
        while events < int(elapsed * rate):
            record = played.next()
            records.append(record)
            events += record.kind == "invoice"
            friend_events += record.kind == "friend"
        at = time.time()
        await sender.send_all(records)
        counted += [at] * sum(COUNTED in record.value for record in records)
        await asyncio.sleep(max(0.0, began + elapsed + SLOT_SECONDS - time.monotonic()))
    return Burst(events, friend_events, elapsed, counted)


class _Played:
    """The records of one day, moved to now, in the order in which they are received."""

    def __init__(self, spec: NetworkSpec, live: int) -> None:
        zone = tm.zone(spec.country)
        # The date whose events have to be moved by no more than half a day, or nearly.
        day = tm.local_date(_now() - 6 * tm.HOUR, zone)
        midnight = tm.day_start(day, zone)
        self._cut = midnight + CUT * tm.HOUR
        minutes: Counter[int] = Counter()
        done = 0

        def on_camp(camp: CampDay) -> None:
            nonlocal done
            minutes.update(each.received_ms // tm.MINUTE for each in camp.recorder.records if each.kind == "invoice")
            done += 1
            if done % -(-len(spec.camps) // 10) == 0 or done == len(spec.camps):
                say(f"  {done} of {len(spec.camps)} camps simulated")

        self._records = simulate_day(spec, day, SEED, on_camp=on_camp)
        self._next = next(self._records)
        before = sum(count for minute, count in minutes.items() if minute * tm.MINUTE < self._cut)
        end, found = self._cut // tm.MINUTE, 0
        while found < live:
            found += minutes[end]
            end += 1
            if end * tm.MINUTE > midnight + LAST * tm.HOUR:
                raise HubstatError(
                    f"a day of {spec.invoices:,} invoices has {found:,} events from {CUT} to {LAST} h, not the "
                    f"{live:,} that are to be sent: take more invoices, a lower rate or less time"
                )
        self._moved = _now() // tm.MINUTE - end
        self._texts = _Moved(self._moved)
        until = (end * tm.MINUTE - midnight) / tm.HOUR
        self.day = Day(day.isoformat(), len(spec.camps), spec.friends, until, self._moved, before, found)

    def before(self) -> Iterator[Record]:
        """Those received before the live ones, with that time."""
        while self._next.received_ms < self._cut:
            received = self._next.received_ms + self._moved * tm.MINUTE
            yield self._next._replace(value=self._texts.of(self._next.value), received_ms=received)
            self._next = next(self._records)

    def next(self) -> Record:
        """The next one, as it is received now."""
        record, self._next = self._next, next(self._records)
        return record._replace(value=self._texts.of(record.value), received_ms=None)


class _Moved(dict[bytes, bytes]):
    """Times to the minute, moved by some minutes."""

    def __init__(self, minutes: int) -> None:
        super().__init__()
        self._by = timedelta(minutes=minutes)

    def __missing__(self, text: bytes) -> bytes:
        found = self[text] = (datetime.fromisoformat(text.decode()) + self._by).isoformat(timespec="minutes").encode()
        return found

    def of(self, value: bytes) -> bytes:
        """A record's value with all its times moved. Dates alone stay."""
        return _TIME.sub(lambda found: self[found[0]], value)


def _progress(sent: int) -> None:
    if sent % 500_000 < 2_000:
        say(f"  {sent:,} records sent")


def _now() -> int:
    return time.time_ns() // 1_000_000
