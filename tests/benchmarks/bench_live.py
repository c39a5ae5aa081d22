"""The live board at size: a day of a million invoices in progress, 1,000 more events a second, all on one machine.

``make live``. The day is simulated and everything up to a moment of it is written by a real worker; the events after
that moment are then sent live, in their order, while these are measured one after the other:

- L1: from the hand-over of an event to Kafka until a Chromium shows it on the national board, at a tick of 1 s. Of
  every event that completes an invoice: the n-th is visible once the tile shows n more than before. All have to be.
- Q1: what Elasticsearch takes for the searches of a tick: the sum of ``took`` of all that the board asks for, counted
  where it asks, in a board of this process; ingest's own searches, which index statistics would hold as well, are not
  in it. The projection is made beside the ticks in a process of its own, and its searches are shared out to them.
- Q2: how long that board takes to give all hubs of a level, asked for the first time on each new tick: all waves, then
  each one. The slowest level counts.
- V1, V2 and sizes: many viewers of a board in a process of its own, as in ``bench_dashboard.py``.

Prints a table; one JSON object with ``--out``. Ends with 1 where a bound is missed or a figure is wrong. A million
invoices take about an hour, 30 GB of disk and 16 GB of memory.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

import bench_dashboard
from bench_dashboard import share
from dashboard_process import answers, free_port
from elasticsearch import Elasticsearch
from full_day import BROWSER, chromium, environment, say, service
from live_feed import Burst, Feed, feeding
from live_load import shares
from live_page import TILE, latencies, shown, until_shown, watch
from live_ticks import TICK, Asked, Ticks
from playwright.sync_api import sync_playwright

from aggregations.elsewhere import Processes, Source
from aggregations.question import Question
from aggregations.reader import Reader
from aggregations.viewer import Viewer
from dashboard.place import Place
from dashboard.reader_board import ReaderBoard
from hubstat import engines
from hubstat.bench.machine import conditions
from hubstat.elastic import indices
from hubstat.elastic.client import connect
from hubstat.elastic.store import Store
from hubstat.errors import HubstatError
from hubstat.settings import Settings
from ingest.progress import wait_until_ingested
from ingest.topics import ensure_topics

NAMESPACE: Final = "benchlive"
BROWSER_TICK: Final = 1.0
# What the first boards after a start read, which is all there is, is not what a tick costs: it is in the details. Nor
# is what Elasticsearch takes while its searches are being compiled.
WARM_SECONDS: Final = 60.0
# Merges are over once so many looks, one a second, saw none; and how long that may take.
QUIET_LOOKS: Final = 5
MERGING_SECONDS: Final = 1_200.0
# How long the board may take to show what was sent, and how long the last count is looked at.
SHOWN_SECONDS: Final = 60.0
STILL_SECONDS: Final = 4.0
# Of what a board has logged, so much is shown.
SAID_LINES: Final = 40
# What the phase of the viewers takes beside twice the seconds of the others.
VIEWERS_SECONDS: Final = 90.0
# The feed keeps its pace where it sends so much of what it should.
PACE: Final = 0.95
# (must, aim); None: nothing is asked of it, it says more about the line before.
TARGETS: Final[dict[str, tuple[float, float] | None]] = {
    "L1 event to visible, p50, s": (2.0, 1.2),
    "L1 event to visible, p99, s": (5.0, 2.5),
    "Q1 Elasticsearch a tick, % of 2 s": (25.0, 8.0),
    "Q1 of it without the projection, %": None,
    "Q2 a level from the snapshot, p95, ms": (10.0, 3.0),
    "Q2 Friends of a camp, one search, p95, ms": None,
    "V1 callback, viewers, p95, ms": (50.0, 15.0),
    "V2 queries a tick, viewers ÷ 1": (1.1, 1.0),
    "bytes a tick, p95, kB": (10.0, 10.0),
    "first load, kB": (60.0, 60.0),
    "first national view, s": (2.0, 2.0),
    "drill to a camp, s": (1.0, 1.0),
}


def main() -> int:
    """Measure and print; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--invoices", type=int, default=1_000_000)
    parser.add_argument("--rate", type=float, default=1_000.0, help="invoice events a second")
    parser.add_argument("--seconds", type=float, default=60.0, help="of each phase")
    parser.add_argument("--viewers", type=int, default=100)
    parser.add_argument("--cache-mb", type=int, default=1024, help="of the worker")
    parser.add_argument("--heap-mb", type=int, default=2048, help="of Elasticsearch")
    parser.add_argument("--folder", type=Path, help="where the data of the engines go; they are removed at the end")
    parser.add_argument("--out", type=Path)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="hubstat-live-", dir=chosen.folder) as name:
        found = run(Path(name), chosen)
    missed = table(found["figures"])
    for error in found["errors"]:
        say(f"WRONG {error}")
    if chosen.out:
        chosen.out.write_text(json.dumps(found, indent=1) + "\n")
    return 1 if missed or found["errors"] else 0


def run(folder: Path, chosen: argparse.Namespace) -> dict[str, Any]:
    """Everything, on engines in a folder."""
    folder.chmod(0o755)  # the engines may run as another user
    more = {
        "HUBSTAT_NAMESPACE": NAMESPACE,
        "HUBSTAT_DASHBOARD__PORT": str(free_port()),
        "HUBSTAT_DASHBOARD__REFRESH_SECONDS": str(TICK),
    }
    os.environ.update(environment(folder, chosen.cache_mb, chosen.heap_mb) | more)
    settings = Settings()
    with ExitStack() as stack:
        found = engines.ensure(settings, engines.console_reporter())
        stack.callback(engines.stop, settings, engines.console_reporter())
        os.environ["HUBSTAT_ELASTICSEARCH__URL"] = found.elasticsearch_url
        os.environ["HUBSTAT_KAFKA__BOOTSTRAP_SERVERS"] = found.kafka_bootstrap
        settings = Settings()
        client = stack.enter_context(connect(settings.elasticsearch, found.elasticsearch_url))
        indices.ensure(client, settings)
        asyncio.run(ensure_topics(settings, found.kafka_bootstrap))
        said = conditions() | {
            "load before": f"{os.getloadavg()[0]:.1f}",
            "Elasticsearch": str(client.info()["version"]["number"]),
            **{name: version(name) for name in ("hubstat", "dash", "uvicorn", "playwright")},
        }
        say(", ".join(f"{name} {value}" for name, value in said.items()))
        say(f"simulating {chosen.invoices:,} invoices")
        live = chosen.rate * (3.5 * WARM_SECONDS + 4 * chosen.seconds + VIEWERS_SECONDS)
        feed = stack.enter_context(feeding(chosen.invoices, int(live), chosen.rate))
        say(f"{feed.day}")
        stack.enter_context(service("ingest", folder))
        began = time.monotonic()
        records = feed.load()
        settle(settings)
        loading = time.monotonic() - began
        say(f"{records:,} records written in {loading:.0f} s")
        rested = rest(client)
        say(f"Elasticsearch merged for {rested:.0f} s more")
        bench = Bench(settings, folder, feed, chosen)
        if rested > MERGING_SECONDS - QUIET_LOOKS:
            bench.errors.append(f"Elasticsearch still merged {rested:.0f} s after the day was written")
        for phase in (bench.browser, bench.board, bench.viewers):
            try:
                phase()
            except Exception as error:  # what took an hour to build serves the other phases all the same
                traceback.print_exc()
                bench.errors.append(f"{phase.__name__} ended with {error!r}")
                feed.halt()
        return {
            "conditions": said | {"load after": f"{os.getloadavg()[0]:.1f}"},
            "arguments": {key: value for key, value in vars(chosen).items() if key not in ("out", "folder")},
            "day": vars(feed.day)
            | {"records": records, "seconds": round(loading, 1), "merging after it, s": round(rested, 1)},
            "figures": bench.figures,
            "details": bench.details,
            "errors": bench.errors,
        }


@dataclass
class Bench:
    """The phases. figures: by the names of ``TARGETS``; details: what is behind them; errors: why they do not hold."""

    settings: Settings
    folder: Path
    feed: Feed
    chosen: argparse.Namespace
    figures: dict[str, float] = field(default_factory=dict)
    details: dict[str, Any] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)

    def browser(self) -> None:
        """L1."""
        with self._serving(BROWSER_TICK) as url, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium(), args=BROWSER)
            page = browser.new_page()
            began = time.monotonic()
            page.goto(f"{url}/?date={self.feed.day.date}")
            page.wait_for_selector(TILE, timeout=120_000)
            self.details["first view in the browser, s"] = round(time.monotonic() - began, 2)
            watch(page)
            self._warm()
            base = self._completed()
            if not until_shown(page, base, SHOWN_SECONDS):
                raise HubstatError(f"the board shows {shown(page)[-1:]} completed deliveries, and there are {base:,}")
            say(f"L1: {base:,} completed deliveries shown, {self.chosen.seconds:.0f} s of events")
            with shares() as taken:
                self.feed.start(self.chosen.seconds)
                burst = self._kept(self.feed.wait(), "L1")
                cores = taken()
            all_of_it = base + len(burst.counted)
            until_shown(page, all_of_it, SHOWN_SECONDS)
            page.wait_for_timeout(1000 * STILL_SECONDS)
            series = shown(page)
            version_ = browser.version
            browser.close()
        self.details["Chromium"] = version_
        if series[-1][1] != all_of_it:
            self.errors.append(
                f"L1: the tile shows {series[-1][1]:,} at the end, not {base:,} + {len(burst.counted):,}"
            )
        seconds = latencies(burst.counted, base, series)
        if min(seconds) <= 0:
            self.errors.append(f"L1: an event was visible {-min(seconds):.2f} s before it was sent")
        self.figures["L1 event to visible, p50, s"] = share(seconds, 0.5)
        self.figures["L1 event to visible, p99, s"] = share(seconds, 0.99)
        changes = sum(1 for at, _ in series if at / 1000 >= burst.counted[0])
        self.details["L1"] = {
            **sent(burst),
            "% of a core": cores,
            "counts shown": changes,
            "longest, s": round(max(seconds), 2),
            "shortest, s": round(min(seconds), 2),
        }

    def board(self) -> None:
        """Q1 and Q2: a board in this process, whose searches are counted and whose answers are timed."""
        day = date.fromisoformat(self.feed.day.date)
        url = str(self.settings.elasticsearch.url)
        with connect(self.settings.elasticsearch, url) as client:
            asked = Asked(client)
            of = (self.settings.namespace, self.settings.country)
            reader = Reader(Store(client, of[0]), of[1])
            processes = Processes.of(Source(self.settings.elasticsearch, url, *of))
            board = ReaderBoard(reader, TICK, processes)
            try:
                self.feed.start(WARM_SECONDS + self.chosen.seconds)
                ticks = Ticks(board, Place(day=day), asked, processes)
                ticks.run(WARM_SECONDS)
                say(f"Q1, Q2: {self.chosen.seconds:.0f} s of a board in this process")
                measured = Ticks(board, Place(day=day), asked, processes)
                measured.run(self.chosen.seconds)
                burst = self._kept(self.feed.wait(), "Q1")
            finally:
                board.close()
        whole = statistics.mean(measured.of_tick) + measured.beside / len(measured.of_tick)
        levels = {level: share(times, 0.95) for level, times in measured.answers.items()}
        friends = levels.pop("friend")
        self.figures["Q1 Elasticsearch a tick, % of 2 s"] = 100 * whole / (1000 * TICK)
        self.figures["Q1 of it without the projection, %"] = 100 * statistics.mean(measured.of_tick) / (1000 * TICK)
        self.figures["Q2 a level from the snapshot, p95, ms"] = max(levels.values())
        self.figures["Q2 Friends of a camp, one search, p95, ms"] = friends
        self.details["Q1"] = {
            **sent(burst),
            "ticks": len(measured.of_tick),
            "took of a tick, ms": spread(measured.of_tick),
            "took of the projections, ms": measured.beside,
            "searches of a tick": round(measured.searches / len(measured.of_tick), 1),
            "making a tick, ms": spread(measured.making),
            "first ticks, ms": [round(each) for each in ticks.making[:5]],
            "between ticks, s": spread(measured.apart),
        }
        self.details["Q2"] = {level: spread(times) for level, times in measured.answers.items()}

    def viewers(self) -> None:
        """V1, V2, sizes, the first view and the drill."""
        asked = argparse.Namespace(viewers=self.chosen.viewers, seconds=self.chosen.seconds, tick=TICK)
        self.feed.start(WARM_SECONDS / 2)
        others = bench_dashboard.searches_a_second(self.settings, WARM_SECONDS / 2)
        self.feed.wait()
        with self._serving(TICK) as url:
            self.feed.start(WARM_SECONDS + 2 * self.chosen.seconds + VIEWERS_SECONDS)
            say(f"V1, V2: {2 * self.chosen.seconds:.0f} s with up to {self.chosen.viewers} viewers")
            with shares() as taken:
                found = bench_dashboard.measure(url, self.settings, asked, self.feed.day.date, others)
                cores = taken()
            burst = self._kept(self.feed.stop(), "V1")
        of = found["figures"]
        self.figures["V1 callback, viewers, p95, ms"] = of["callback_p95_ms"]
        self.figures["V2 queries a tick, viewers ÷ 1"] = of["queries_ratio"]
        self.figures["bytes a tick, p95, kB"] = of["tick_bytes_p95"] / 1000
        self.figures["first load, kB"] = of["first_load_bytes"] / 1000
        self.figures["first national view, s"] = of["first_view_ms"] / 1000
        self.figures["drill to a camp, s"] = of["drill_ms"] / 1000
        self.details["V"] = (
            sent(burst)
            | {"% of a core": cores}
            | {name: found[name] for name in ("callbacks", "failures", "queries_per_tick", "figures")}
        )
        if found["failures"]:
            self.errors.append(f"V1: {found['failures']} refreshes of viewers failed: {found['causes'][:3]}")

    @contextmanager
    def _serving(self, tick: float) -> Iterator[str]:
        """The board in a process of its own; its address."""
        os.environ["HUBSTAT_DASHBOARD__REFRESH_SECONDS"] = str(tick)
        url = f"http://127.0.0.1:{self.settings.dashboard.port}"
        with service("dashboard", self.folder):
            if not answers(url):
                log = (self.folder / "dashboard.log").read_text(errors="replace")
                raise HubstatError(f"the board does not answer at {url}: {log[-2000:]}")
            yield url
            log = (self.folder / "dashboard.log").read_text(errors="replace").splitlines()
            for line in log[1 : 1 + SAID_LINES]:
                say(f"  the board said: {line}")

    def _warm(self) -> None:
        """Some seconds of events that are not measured, until all of them can be seen."""
        self.feed.start(WARM_SECONDS)
        self.feed.wait()
        with ThreadPoolExecutor(1) as aside:  # Playwright has an event loop on this thread
            aside.submit(settle, self.settings).result()

    def _completed(self) -> int:
        """Completed deliveries of the date, read by themselves."""
        day, country = date.fromisoformat(self.feed.day.date), self.settings.country
        with connect(self.settings.elasticsearch, str(self.settings.elasticsearch.url)) as client:
            question = Question("nationwide", day, metrics=("completed",))
            answer = Reader(Store(client, self.settings.namespace), country).query(Viewer.everything(country), question)
        return int(answer.rows[0].figures["completed"])

    def _kept(self, burst: Burst, phase: str) -> Burst:
        say(f"  {burst.events:,} events, {burst.rate:,.0f} a second, {len(burst.counted):,} completions")
        if burst.rate < PACE * self.chosen.rate:
            self.errors.append(f"{phase}: {burst.rate:,.0f} events a second were sent, not {self.chosen.rate:,.0f}")
        return burst


def settle(settings: Settings) -> None:
    """Return once all that was sent is written and can be seen."""
    said = time.monotonic()

    def progress(left: int) -> None:
        nonlocal said
        if time.monotonic() - said > 30:
            said = time.monotonic()
            say(f"  {left:,} records left")

    asyncio.run(wait_until_ingested(settings, str(settings.kafka.bootstrap_servers), progress))
    with connect(settings.elasticsearch, str(settings.elasticsearch.url)) as client:
        Store(client, settings.namespace).refresh()


def rest(client: Elasticsearch) -> float:
    """Return once Elasticsearch merges nothing, or has merged for too long; after how many seconds.

    Half a day written within minutes leaves merges to do for minutes more, which a day that takes its time does not.
    Those of the live events are measured with everything else.
    """
    began, quiet = time.monotonic(), 0
    while quiet < QUIET_LOOKS and time.monotonic() < began + MERGING_SECONDS:
        time.sleep(1.0)
        quiet = 0 if merging(client) else quiet + 1
    return time.monotonic() - began - quiet


def merging(client: Elasticsearch) -> bool:
    """Whether a merge is under way."""
    nodes = client.nodes.stats(metric="indices", index_metric="merge")["nodes"].values()
    return any(node["indices"]["merges"]["current"] for node in nodes)


def sent(burst: Burst) -> dict[str, Any]:
    """What was sent in a phase."""
    return {
        "events": burst.events,
        "Friends' events": burst.friend_events,
        "events a second": round(burst.rate),
        "completions": len(burst.counted),
    }


def spread(values: Sequence[float]) -> dict[str, float]:
    """Least, middle, 95th of a hundred and greatest."""
    parts = {"least": min(values), "p50": share(values, 0.5), "p95": share(values, 0.95), "most": max(values)}
    return {"count": len(values)} | {name: round(value, 2) for name, value in parts.items()}


def table(figures: dict[str, float]) -> list[str]:
    """Print the figures; the names of those that miss what they must, or were not measured."""
    missed = []
    for name, bounds in TARGETS.items():
        value = figures.get(name, float("nan"))  # not measured: a phase has failed
        if bounds is None:
            say(f"{name:<44} {value:>10,.2f}")
            continue
        must, aim = bounds
        verdict = "aim" if value <= aim else "must" if value <= must else "MISSED"
        if verdict == "MISSED":
            missed.append(name)
        say(f"{name:<44} {value:>10,.2f}  {verdict:<7} must {must:g}, aim {aim:g}")
    return missed


if __name__ == "__main__":
    sys.exit(main())
