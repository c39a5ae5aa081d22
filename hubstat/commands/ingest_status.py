"""``hubstat ingest-status``: how far ingest is, by partition and by worker."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Annotated, Any, Final

import orjson
import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from aggregations.reader import now_ms
from hubstat.elastic.client import connect
from hubstat.elastic.retry import briefly
from hubstat.elastic.store import Heartbeat, Store
from hubstat.engines import EngineAddresses, locate
from hubstat.errors import HubstatError
from hubstat.settings import Settings
from ingest.progress import PartitionLag, group_lag

# A worker reports every second, and a report shows at once.
_SILENT_MS: Final = 10_000
_APART_SECONDS: Final = 1.0
_WIDTH: Final = 160


class Format(StrEnum):
    """Form of the output."""

    table = "table"
    json = "json"


def register(app: typer.Typer, settings: Callable[[], Settings]) -> None:
    """Mount the command on ``app``; ``settings`` gives the settings when it runs."""

    @app.command(name="ingest-status")
    def ingest_status(
        form: Annotated[Format, typer.Option("--format", help="Form of the output.")] = Format.table,
        forget: Annotated[
            str | None, typer.Option(metavar="WORKER", help="Forget a worker that is gone for good; show nothing.")
        ] = None,
    ) -> None:
        """Show the lag of each partition and every worker's rates and latency; exit code 0 if healthy, 1 if not.

        Healthy: every partition with records left is held by a worker that reports and keeps up, and one reports.
        """
        chosen = settings()
        if forget is not None:
            _forget(chosen, locate(chosen).elasticsearch_url, forget)
            typer.echo(f"worker {forget} is forgotten")
            return
        status = _look(chosen, locate(chosen))
        if form is Format.json:
            typer.echo(orjson.dumps(_as_json(status), option=orjson.OPT_INDENT_2).decode())
        else:
            _print(chosen, status)
        raise typer.Exit(0 if not status.reasons else 1)


@dataclass(frozen=True, slots=True)
class Worker:
    """A worker's last report. age_seconds: since then; silent: that is too long ago for one that runs.

    known: the partitions that it names, by ``topic-partition``.
    """

    name: str
    age_seconds: float
    silent: bool
    details: Mapping[str, Any]
    known: frozenset[str] = frozenset()

    @property
    def partitions(self) -> Mapping[str, Any]:
        """The partitions it holds, by ``topic-partition``; none where it is silent."""
        return {} if self.silent else self.details.get("partitions", {})


@dataclass(frozen=True, slots=True)
class Status:
    """All of it. arriving: records a second that come in; catch_up_seconds: None where the lag does not go down.

    reasons: why it is not healthy; none where it is.
    """

    workers: tuple[Worker, ...]
    lags: tuple[PartitionLag, ...]
    arriving: float
    catch_up_seconds: float | None
    reasons: tuple[str, ...]

    @property
    def lag(self) -> int:
        """Records that ingest has yet to write."""
        return sum(each.lag for each in self.lags)


def status_of(beats: list[Heartbeat], lags: list[PartitionLag], arriving: float, now: int) -> Status:
    """The status from the workers' reports and the group's lag. now: ms."""
    workers = tuple(
        Worker(
            beat.worker,
            max(0, now - beat.written_at) / 1000,
            now - beat.written_at > _SILENT_MS,
            beat.details,
            frozenset(beat.complete_to),
        )
        for beat in sorted(beats, key=lambda each: each.worker)
    )
    lag = sum(each.lag for each in lags)
    rates = (worker.details.get("rates", {}).get("records", 0.0) for worker in workers if not worker.silent)
    gain = sum(rates) - arriving
    catch_up = 0.0 if lag == 0 else lag / gain if gain > 0 else None
    return Status(workers, tuple(lags), arriving, catch_up, tuple(_reasons(workers, lags)))


def _reasons(workers: tuple[Worker, ...], lags: list[PartitionLag]) -> list[str]:
    live = [worker for worker in workers if not worker.silent]
    of_logs = [*_reasons_of_logs(lags), *_reasons_of_gone(workers, lags)]
    if not live:
        return ["no worker reports: what comes stays in Kafka until one runs", *of_logs]
    reasons = of_logs + [
        f"worker {worker.name}: {reason}"
        for worker in live
        for reason in worker.details.get("health", {}).get("reasons", ())
    ]
    held = {name for worker in live for name in worker.partitions}
    if left := [name for each in lags if each.lag and (name := f"{each.topic}-{each.partition}") not in held]:
        reasons.append(
            f"{len(left)} partitions with records left are held by no worker that reports, such as {left[0]}"
        )
    return reasons


def _reasons_of_logs(lags: list[PartitionLag]) -> Iterator[str]:
    for each in lags:
        name = f"{each.topic}-{each.partition}"
        if each.lost:
            yield f"Kafka has deleted {each.lost:,} records of {name} before they were committed: send them again"
        if each.beyond:
            yield (
                f"{name} ends {each.beyond:,} records before what was committed: it was made anew or has lost its end; "
                "see the runbook on how to let the group begin again"
            )


def _reasons_of_gone(workers: tuple[Worker, ...], lags: list[PartitionLag]) -> Iterator[str]:
    """Workers that are gone and hold back how far the data reach, with partitions that the topics do not have."""
    there = {f"{each.topic}-{each.partition}" for each in lags}
    for worker in workers:
        if lags and worker.silent and (left := worker.known - there):
            yield (
                f"worker {worker.name}, silent for {worker.age_seconds:,.0f} s, names partitions that do not exist, "
                f"such as {min(left)}: `hubstat ingest-status --forget {worker.name}` if it is gone for good"
            )


def _forget(settings: Settings, url: str, worker: str) -> None:
    """Take out a worker's report. Raises HubstatError where there is none, or the worker runs."""
    with connect(settings.elasticsearch, url) as client:
        store = Store(client, settings.namespace)
        known = {beat.worker: now_ms() - beat.written_at for beat in briefly(store.heartbeats, url)}
        if worker not in known:
            raise HubstatError(f"no worker {worker} has reported; these have: {', '.join(sorted(known)) or 'none'}")
        if known[worker] <= _SILENT_MS:
            raise HubstatError(f"worker {worker} runs: it reported {known[worker] / 1000:.0f} s ago")
        briefly(lambda: store.forget_worker(worker), url)


def _look(settings: Settings, addresses: EngineAddresses) -> Status:
    url = addresses.elasticsearch_url
    lags, arriving = asyncio.run(group_lag(settings, addresses.kafka_bootstrap, _APART_SECONDS))
    with connect(settings.elasticsearch, url) as client:
        beats = briefly(Store(client, settings.namespace).heartbeats, url)
    return status_of(beats, lags, arriving, now_ms())


def _as_json(status: Status) -> dict[str, Any]:
    return {
        "healthy": not status.reasons,
        "reasons": status.reasons,
        "lag": status.lag,
        "arriving_per_second": status.arriving,
        "catch_up_seconds": status.catch_up_seconds,
        "workers": [{**asdict(worker), "known": sorted(worker.known)} for worker in status.workers],
        "partitions": [{**asdict(each), "lag": each.lag, "worker": _holder(status, each)} for each in status.lags],
    }


def _holder(status: Status, each: PartitionLag) -> str | None:
    name = f"{each.topic}-{each.partition}"
    return next((worker.name for worker in status.workers if name in worker.partitions), None)


def _print(settings: Settings, status: Status) -> None:
    console = Console(width=_WIDTH) if not Console().is_terminal else Console()
    partitions = Table("topic", "partition", "committed", "end", "lag", "worker")
    for each in status.lags:
        committed = "never" if each.committed is None else f"{each.committed:,}"
        holder = _holder(status, each) or "none"
        partitions.add_row(each.topic, str(each.partition), committed, f"{each.end:,}", f"{each.lag:,}", escape(holder))
    console.print(partitions)
    if status.workers:
        console.print(_worker_table(settings, status))
    console.print(f"lag {status.lag:,} records, {status.arriving:,.0f} coming in a second, {_catch_up(status)}")
    for reason in status.reasons:
        console.print(f"unhealthy: {reason}", markup=False)


def _catch_up(status: Status) -> str:
    if status.catch_up_seconds == 0:
        return "nothing to catch up with"
    if status.catch_up_seconds is None:
        return "not catching up"
    return f"caught up in about {status.catch_up_seconds:,.0f} s"


def _worker_table(settings: Settings, status: Status) -> Table:
    refresh = settings.elasticsearch.refresh_seconds
    table = Table(
        caption="rates: of the last minute; p50, p99: seconds from received to written, "
        f"visible up to {refresh:g} s later; retries, dead letters: since the worker's start"
    )
    for name in ("worker", "state", "partitions", "records/s", "documents/s", "p50, p99", "cache hits", "retries"):
        table.add_column(name, overflow="fold")
    table.add_column("dead letters")
    table.add_column("metrics", overflow="fold")
    for worker in status.workers:
        totals = worker.details.get("totals", {})
        rates, latency = ({} if worker.silent else worker.details.get(each, {}) for each in ("rates", "latency"))
        lookups = rates.get("cache_hits", 0) + rates.get("cache_misses", 0)
        table.add_row(
            escape(worker.name),
            _state(worker),
            str(len(worker.partitions)),
            f"{rates['records']:,.0f}" if "records" in rates else "-",
            f"{rates['written']:,.0f}" if "written" in rates else "-",
            ", ".join("-" if latency.get(each) is None else f"{latency[each]:.2f}" for each in ("p50", "p99")),
            f"{rates.get('cache_hits', 0) / lookups:.1%}" if lookups else "-",
            f"{totals.get('retries', 0):,}",
            f"{totals.get('refused', 0):,}",
            escape(worker.details.get("address", "-")),
        )
    return table


def _state(worker: Worker) -> str:
    if worker.silent:
        return f"silent for {worker.age_seconds:,.0f} s"
    health = worker.details.get("health", {})
    behind = health.get("lag_seconds")
    known = "" if behind is None else f", {behind:,.1f} s behind"
    return f"{'healthy' if health.get('healthy') else 'UNHEALTHY'}{known}"
