"""``hubstat simulate``: a seeded network day, to Kafka or to files, with what really happened as Parquet."""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import date, datetime, timedelta
from itertools import chain
from pathlib import Path
from typing import Annotated

import typer

from hubstat.commands.demo import now_ms, run_demo
from hubstat.commands.streams import Meter, Target, meter
from hubstat.domain import time as tm
from hubstat.settings import Settings
from hubstat.simulator import (
    HISTORY_DAYS,
    SMALL,
    NetworkSpec,
    Options,
    Record,
    TruthWriter,
    build_network,
    history_dates,
    history_records,
    simulate_day,
    time_text,
    with_received_at,
)
from hubstat.simulator.camp import CampDay
from ingest.sources.sender import Sendable


def register(app: typer.Typer, settings: Callable[[], Settings]) -> None:
    """Mount the command on ``app``; ``settings`` gives the settings when it runs."""

    @app.command()
    def simulate(
        invoices: Annotated[int, typer.Option(min=100, max=2_000_000, help="Invoices of the service date.")] = 20_000,
        day: Annotated[
            datetime | None,
            typer.Option(
                "--date", formats=["%Y-%m-%d"], help="Service date; else three days ago, when all of it is past."
            ),
        ] = None,
        seed: Annotated[int, typer.Option(help="The same seed gives the same day, to the byte.")] = 1,
        speed: Annotated[
            float, typer.Option(min=0.0, help="1: in real time, 60: an hour a minute; 0: as fast as it goes.")
        ] = 0.0,
        duplicates: Annotated[float, typer.Option(min=0, max=0.9, help="Chance that a record is sent again.")] = 0.0,
        out_of_order: Annotated[
            float, typer.Option(min=0, max=1, help="Chance that a record arrives up to two hours late.")
        ] = 0.0,
        corrections: Annotated[
            float, typer.Option(min=0, max=1, help="Chance that a completion was scanned wrong and is corrected.")
        ] = 0.0,
        to: Annotated[
            Path | None,
            typer.Option(help="Write files instead: this NDJSON of invoice-events, the others named after it."),
        ] = None,
        truth: Annotated[Path | None, typer.Option(help="Where what really happened goes, as Parquet.")] = None,
        wait: Annotated[bool, typer.Option("--wait", help="Return when all of it is visible in figures.")] = False,
        demo: Annotated[
            bool, typer.Option("--demo", help="A network whose day is in progress now, in real time, without end.")
        ] = False,
        history_days: Annotated[
            int | None,
            typer.Option(
                min=0,
                max=60,
                help="Small days before the service date, for its baselines; else none, with --demo 28.",
            ),
        ] = None,
        history_rate: Annotated[
            int, typer.Option(min=1, help="Records of the history a second, with --demo; the day goes first.")
        ] = 1_000,
    ) -> None:
        """Simulate a network day and send it to the running installation (master data first), or write it to files."""
        chosen = settings()
        spec = build_network(invoices, seed, chosen.country)
        if demo:
            days = HISTORY_DAYS if history_days is None else history_days
            asyncio.run(run_demo(Target.find(chosen), spec, seed, days, history_rate))
            return
        zone = tm.zone(chosen.country)
        service_date = day.date() if day else last_past_day(now_ms(), chosen.country)
        options = Options(duplicates, out_of_order, corrections)
        target = None if to else Target.find(chosen)
        place = truth or (
            beside(to, "truth.parquet") if to else chosen.namespace_dir / f"truth-{service_date}-seed{seed}.parquet"
        )
        with seldom_collected(), meter() as progress, TruthWriter(place) as writer:
            play = _Play(writer, progress, len(spec.camps))
            before = history_before(spec, service_date, seed, options, history_days or 0)
            records = simulate_day(spec, service_date, seed, options, play.camp_done)
            if to:
                write_files(chain(before, records), spec, to, lambda ms: time_text(ms, zone), progress)
            elif target is not None:
                target.install_master_data(spec.master_data())
                asyncio.run(_send(target, before, records, progress, speed, wait))
        _summary(spec, service_date, seed, writer, place)


class _Play:
    """Takes each camp's truth as it has been played, and shows how far it is."""

    def __init__(self, writer: TruthWriter, progress: Meter, camps: int) -> None:
        self._writer = writer
        self._progress = progress
        self._camps = camps
        self._done = 0

    def camp_done(self, played: CampDay) -> None:
        self._writer.add(played)
        self._done += 1
        self._progress.camps(self._done, self._camps)
        if self._done == self._camps:
            self._progress.expect(self._writer.counts.records)


async def _send(
    target: Target,
    before: Iterable[Record],
    records: Iterable[Record],
    progress: Meter,
    speed: float,
    wait: bool,
) -> None:
    await target.send(before, progress)
    await target.send(records, progress, accelerated(speed, time.monotonic) if speed else None)
    if wait:
        await target.settle(progress)


def history_before(spec: NetworkSpec, day: date, seed: int, options: Options, days: int) -> Iterator[Record]:
    """Small days before a date: the ``days`` that its baselines look at, and the date between; none for 0."""
    for past in history_dates(day, days + 1, nearest=1) if days else ():
        yield from history_records(spec, past, seed, options, SMALL)


def accelerated(speed: float, clock: Callable[[], float]) -> Callable[[Sendable], float]:
    """Seconds to wait for a record where the first is sent at once and time then runs ``speed`` times as fast."""
    begun: tuple[float, int] | None = None

    def wait(record: Sendable) -> float:
        nonlocal begun
        received = record.received_ms or 0
        if begun is None:
            begun = clock(), received
        return begun[0] + (received - begun[1]) / 1000 / speed - clock()

    return wait


def last_past_day(now_ms: int, country: str) -> date:
    """The service date three days ago: its last records came two days after it, some delayed."""
    return tm.local_date(now_ms, tm.zone(country)) - timedelta(days=3)


def beside(path: Path, name: str) -> Path:
    """Path of a file that belongs to ``path``: day.ndjson → day.<name>."""
    return path.with_name(f"{path.stem}.{name}")


def write_files(
    records: Iterable[Record], spec: NetworkSpec, to: Path, text: Callable[[int], str], progress: Meter
) -> None:
    """Write a day as files: ``to`` (invoice-events), .friend-events.ndjson, and a folder .hubs with the master data."""
    to.parent.mkdir(parents=True, exist_ok=True)
    folder = beside(to, "hubs")
    folder.mkdir(exist_ok=True)
    for name, content in spec.master_data().items():
        (folder / name).write_text(content, encoding="utf-8")
    with ExitStack() as stack:
        paths = {"invoice": to, "friend": beside(to, "friend-events.ndjson")}
        files = {kind: stack.enter_context(path.open("wb")) for kind, path in paths.items()}
        for count, record in enumerate(records, 1):
            files[record.kind].write(with_received_at(record, text(record.received_ms)) + b"\n")
            if count % 5_000 == 0:
                progress.sent(count)


@contextmanager
def seldom_collected() -> Iterator[None]:
    """Look for garbage in cycles less often: a camp makes 100,000 objects and no cycle, and a look goes through all."""
    usual = gc.get_threshold()
    gc.set_threshold(50_000, 20, 20)
    try:
        yield
    finally:
        gc.set_threshold(*usual)


def _summary(spec: NetworkSpec, day: date, seed: int, writer: TruthWriter, truth: Path) -> None:
    counts = writer.counts
    size = f"{writer.invoices:,} invoices, {len(spec.camps)} camps, {spec.friends:,} Friends"
    typer.echo(f"service date {day}, seed {seed}: {size}")
    kinds = f"{counts.invoice_events:,} invoice-events and {counts.friend_events:,} friend-events"
    typer.echo(f"{counts.records:,} records: {kinds}, {counts.duplicates:,} sent again, {counts.delayed:,} delayed")
    typer.echo(f"{counts.corrections:,} corrections of invoices, {counts.friend_corrections:,} of Friends")
    typer.echo(f"truth: {truth}")
