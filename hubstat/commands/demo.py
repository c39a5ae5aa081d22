"""The demo's feed: a network whose day is in progress, and beside it, in the background, the days before."""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from itertools import islice
from pathlib import Path
from typing import Any, Final

import typer

from hubstat.commands.streams import Target, meter
from hubstat.domain import time as tm
from hubstat.settings import Settings
from hubstat.simulator import (
    DEMO_OPTIONS,
    DEMO_SCALE,
    PAST_DAYS,
    SMALL,
    NetworkSpec,
    Record,
    demo_stream,
    history_dates,
    history_records,
)
from ingest.progress import backlog
from ingest.sources.sender import Sender

# Records handed over at once, and how many ingest may have left to write before more of the past are sent: what
# happens now waits behind no more than these.
_BURST: Final = 500
_MOST_LEFT: Final = 2_000
_POLL_SECONDS: Final = 0.5
Say = Callable[[str], None]


@dataclass(slots=True)
class Played:
    """Which service dates a demo has sent, kept in a file of the namespace's state folder.

    ``dates``: date → (whole, done): whether it was played as a whole day, as the live stream does, or as a small one;
    and whether all of it was sent. A date keeps its size: the two have other events under the same numbers.
    """

    path: Path
    identity: dict[str, Any]
    dates: dict[str, tuple[bool, bool]] = field(default_factory=dict)

    @classmethod
    def read(cls, settings: Settings, spec: NetworkSpec, seed: int, store: str) -> Played:
        """What is known for this network in this store (``Target.identity``); nothing where the file is of another."""
        identity = {"country": spec.country, "invoices": spec.invoices, "seed": seed, "store": store}
        played = cls(settings.namespace_dir / "demo.json", identity)
        try:
            found = json.loads(played.path.read_text())
            if found["identity"] == identity:
                played.dates = {day: (bool(whole), bool(done)) for day, (whole, done) in found["dates"].items()}
        except FileNotFoundError:
            pass
        except (ValueError, KeyError, TypeError, AttributeError):
            pass  # of another version, or damaged: sending a date again changes nothing
        return played

    def whole(self, day: date) -> bool:
        """Whether a date was begun as a whole day."""
        return self.dates.get(day.isoformat(), (False, False))[0]

    def done(self, day: date) -> bool:
        """Whether all of a date was sent."""
        return self.dates.get(day.isoformat(), (False, False))[1]

    def note(self, day: date, whole: bool, done: bool) -> None:
        """Write down that a date was begun, or done. What is done stays done."""
        self.dates[day.isoformat()] = (whole, done or self.done(day))
        self.path.parent.mkdir(parents=True, exist_ok=True)
        aside = self.path.with_name(f"{self.path.name}.{os.getpid()}")
        aside.write_text(json.dumps({"identity": self.identity, "dates": self.dates}))
        aside.replace(self.path)


@dataclass(frozen=True, slots=True)
class Pace:
    """At most ``rate`` records a second. ``clock``: monotonic seconds; ``sleep``: waits seconds."""

    rate: int
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], Any] = asyncio.sleep

    async def slow_down(self, records: int, began: float) -> None:
        """Wait until ``records`` since ``began`` are not too many."""
        spare = began + records / self.rate - self.clock()
        if spare > 0:
            await self.sleep(spare)


async def run_demo(target: Target, spec: NetworkSpec, seed: int, history_days: int, history_rate: int) -> None:
    """Install the master data and send a network whose day is in progress now, until cancelled.

    Beside it the ``history_days`` dates before are sent once, at most ``history_rate`` records a second.
    Raises EngineError, MasterDataError.
    """
    await asyncio.to_thread(target.install_master_data, spec.master_data())
    store = await asyncio.to_thread(target.identity)
    played = Played.read(target.settings, spec, seed, store)
    now = now_ms()
    today = tm.local_date(now, tm.zone(spec.country))
    dates = history_dates(today, history_days, nearest=PAST_DAYS + 1)
    await asyncio.gather(
        _live(target, spec, seed, now, played), _history(target, spec, seed, dates, played, Pace(history_rate))
    )


async def _live(target: Target, spec: NetworkSpec, seed: int, now: int, played: Played) -> None:
    records = demo_stream(spec, now, seed, on_date=lambda day, passed: played.note(day, True, passed))
    with meter() as progress:
        await target.send(records, progress, lambda record: ((record.received_ms or 0) - now_ms()) / 1000)


async def _history(target: Target, spec: NetworkSpec, seed: int, dates: list[date], played: Played, pace: Pace) -> None:
    bootstrap = target.addresses.kafka_bootstrap
    async with Sender(target.settings, bootstrap) as sender, backlog(target.settings, bootstrap) as left:

        async def send(records: list[Record]) -> None:
            while await left() > _MOST_LEFT:
                await asyncio.sleep(_POLL_SECONDS)
            await sender.send_all(records)

        await send_history(spec, seed, dates, played, pace, send, typer.echo)


async def send_history(
    spec: NetworkSpec,
    seed: int,
    dates: list[date],
    played: Played,
    pace: Pace,
    send: Callable[[list[Record]], Any],
    say: Say,
) -> None:
    """Send those of ``dates`` that are not done, in their order, and say how far it is.

    send: takes some records and returns once they are safe. A date that was begun as a whole day and left in the middle
    is sent as a whole day.
    """
    missing = [day for day in dates if not played.done(day)]
    if len(missing) < len(dates):
        say(f"history: {len(dates) - len(missing)} of {len(dates)} dates are there already")
    for place, day in enumerate(missing, 1 + len(dates) - len(missing)):
        whole = played.whole(day)
        played.note(day, whole, done=False)
        records = history_records(spec, day, seed, DEMO_OPTIONS, DEMO_SCALE if whole else SMALL)
        began, count = pace.clock(), 0
        for burst in _bursts(records):
            await send(burst)
            count += len(burst)
            await pace.slow_down(count, began)
        played.note(day, whole, done=True)
        say(f"history {day}: {count:,} records, {place} of {len(dates)} dates")
    if missing:
        say(f"history: all {len(dates)} dates sent")


def _bursts(records: Iterator[Record]) -> Iterator[list[Record]]:
    while burst := list(islice(records, _BURST)):
        yield burst


def now_ms() -> int:
    """Now, epoch ms."""
    return time.time_ns() // 1_000_000
