"""One whole network day through Kafka into Elasticsearch with the board open, then the audit: ``make fullday``.

The day is simulated into Kafka first, without ingest; that is not measured. Then the board opens in a browser, one
ingest worker starts, and until everything is written it is looked at every two seconds: memory and CPU of each process,
disk, records left, and how long each refresh of the board takes. At the end ``hubstat audit`` compares everything.

Needs about 30 GB of disk and 16 GB of memory for a million invoices; Chromium as for ``make test``.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import psutil
from playwright.sync_api import Request, sync_playwright

from hubstat import engines
from hubstat.domain import time as tm
from hubstat.elastic import indices
from hubstat.elastic.client import connect
from hubstat.elastic.names import Names
from hubstat.engines.supervisor import bound_to_parent
from hubstat.runfile import ingest_address
from hubstat.settings import Settings
from ingest.progress import backlog
from ingest.topics import ensure_topics

EVERY_SECONDS = 2.0
PORT = 18_050
BROWSER = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
CHROMIUM = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


@dataclass
class Looks:
    """One row a look; seconds that each refresh of the board took; what stopped the looking."""

    rows: list[dict[str, float]] = field(default_factory=list)
    refreshes: list[float] = field(default_factory=list)
    failure: Exception | None = None


def main() -> None:
    """Run it and print a summary; ``--out`` keeps every look as JSON. Ends with 1 where the audit finds anything."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--invoices", type=int, default=1_000_000)
    parser.add_argument("--duplicates", type=float, default=0.0)
    parser.add_argument("--out-of-order", type=float, default=0.0)
    parser.add_argument("--cache-mb", type=int, default=1024)
    parser.add_argument("--heap-mb", type=int, default=2048, help="Heap of Elasticsearch.")
    parser.add_argument("--no-audit", action="store_true")
    parser.add_argument("--folder", type=Path, help="Where the data of the engines go; they are removed at the end.")
    parser.add_argument("--out", type=Path)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="hubstat-day-", dir=chosen.folder) as name, ExitStack() as stack:
        folder = Path(name)
        folder.chmod(0o755)  # the engines may run as another user
        for key, value in environment(folder, chosen.cache_mb, chosen.heap_mb).items():
            os.environ[key] = value
        settings = Settings()
        found = engines.ensure(settings, engines.console_reporter())
        stack.callback(engines.stop, settings, engines.console_reporter())
        os.environ["HUBSTAT_ELASTICSEARCH__URL"] = found.elasticsearch_url
        os.environ["HUBSTAT_KAFKA__BOOTSTRAP_SERVERS"] = found.kafka_bootstrap
        pids = {str(row.name): row.pid for row in engines.status(settings) if row.pid is not None}
        settings = Settings()
        with connect(settings.elasticsearch, found.elasticsearch_url) as client:
            indices.ensure(client, settings)
        asyncio.run(ensure_topics(settings, found.kafka_bootstrap))
        # A date that is open, so that the board is live; what it has not received by now shows later.
        day = tm.local_date(time.time_ns() // 1_000_000, tm.zone(settings.country))
        say(f"{chosen.invoices:,} invoices of {day}, {os.cpu_count()} cores, Python {platform.python_version()}")
        began = time.monotonic()
        hubstat(
            *("simulate", "--invoices", str(chosen.invoices), "--date", str(day), "--seed", "1"),
            *("--duplicates", str(chosen.duplicates), "--out-of-order", str(chosen.out_of_order)),
        )
        say(f"simulated into Kafka in {time.monotonic() - began:.0f} s")
        records = asyncio.run(in_topics(settings))
        report = {
            "invoices": chosen.invoices,
            "cores": os.cpu_count(),
            "Python": platform.python_version(),
            "cache MiB": chosen.cache_mb,
            "heap MiB": chosen.heap_mb,
        } | summary(ingested(settings, pids, day, folder), records)
        keep(report, chosen.out)
        if not chosen.no_audit:
            report["audit"] = audited(day)
            keep(report, chosen.out)
            sys.exit(int(report["audit"]["exit"] != 0))


async def in_topics(settings: Settings) -> int:
    """Records that wait in the topics."""
    async with backlog(settings, str(settings.kafka.bootstrap_servers)) as left:
        return await left()


def keep(report: dict[str, Any], out: Path | None) -> None:
    """Print the report, and keep it as a file."""
    text = json.dumps(report, indent=1)
    say(text)
    if out:
        out.write_text(text + "\n")


def environment(folder: Path, cache_mb: int, heap_mb: int) -> dict[str, str]:
    """Settings of the run: engines and state in its folder."""
    return {
        "HUBSTAT_NAMESPACE": "fullday",
        "HUBSTAT_STATE_DIR": str(folder / "state"),
        "HUBSTAT_ENGINES__CHOICE": "embedded",
        "HUBSTAT_ENGINES__DATA_DIR": str(folder / "engines"),
        "HUBSTAT_ENGINES__ELASTICSEARCH_HEAP_MB": str(heap_mb),
        "HUBSTAT_INGEST__CACHE_MB": str(cache_mb),
        "HUBSTAT_INGEST__TRUST_RECEIVED_AT": "true",
        "HUBSTAT_DASHBOARD__PORT": str(PORT),
    }


def hubstat(*arguments: str) -> None:
    """Run a command to its end."""
    subprocess.run([sys.executable, "-m", "hubstat", *arguments], check=True)


@contextmanager
def service(name: str, folder: Path) -> Iterator[int]:
    """A service in the background, ended with the run; its pid."""
    with (folder / f"{name}.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "hubstat", name], stdout=log, stderr=subprocess.STDOUT, preexec_fn=bound_to_parent()
        )
    try:
        yield process.pid
    finally:
        process.terminate()
        process.wait(30)


def ingested(settings: Settings, pids: dict[str, int], day: date, folder: Path) -> dict[str, Any]:
    """Everything of the topics written with the board open, and what was seen meanwhile."""
    looks = Looks()
    with service("dashboard", folder) as board, browsing(day, looks), service("ingest", folder) as worker:
        processes = {**pids, "dashboard": board, "ingest": worker}
        began = time.monotonic()
        asyncio.run(watch(settings, processes, folder, looks, began))
        seconds = time.monotonic() - began
        cached = cached_bytes(settings)
    if looks.failure is not None:
        raise looks.failure
    return {
        "seconds": seconds,
        "looks": looks.rows,
        "refreshes": looks.refreshes,
        "documents": documents(settings),
        "cache bytes an invoice": cached,
    }


async def watch(settings: Settings, processes: dict[str, int], folder: Path, looks: Looks, began: float) -> None:
    """Look until nothing is left three times in a row: derived records come after those they are derived of."""
    empty = 0
    families = {name: [psutil.Process(pid), *psutil.Process(pid).children(True)] for name, pid in processes.items()}
    async with backlog(settings, str(settings.kafka.bootstrap_servers)) as left:
        while empty < 3:
            records = await left()
            row = {"at": time.monotonic() - began, "left": float(records), "refreshes": float(len(looks.refreshes))}
            for name, family in families.items():
                times = [process.cpu_times() for process in family]
                row[f"{name} cpu"] = sum(each.user + each.system for each in times)
                row[f"{name} rss"] = sum(process.memory_info().rss for process in family) / 2**20
            row["disk"] = used_mib(folder)
            looks.rows.append(row)
            if len(looks.rows) % 15 == 0:
                say(f"  {row['at']:5.0f} s, {records:,} records left, worker {row['ingest rss']:.0f} MiB")
            empty = empty + 1 if records == 0 else 0
            await asyncio.sleep(EVERY_SECONDS)


def cached_bytes(settings: Settings) -> float:
    """What an invoice takes in the worker's cache at the end, as the worker tells it."""
    address = json.loads(ingest_address(settings, settings.ingest.worker_id).read_text())["address"]
    with urllib.request.urlopen(f"{address}/metrics") as answer:
        lines = answer.read().decode().splitlines()
    told = {
        name: float(line.split()[-1])
        for name in ("bytes", "entries")
        for line in lines
        if line.startswith(f"hubstat_ingest_cache_{name}{{") and 'kind="invoice"' in line
    }
    return told["bytes"] / max(1.0, told["entries"])


def used_mib(folder: Path) -> float:
    """What the engines' data take on disk."""
    total = 0
    for path in folder.rglob("*"):
        try:
            total += path.stat().st_size if path.is_file() else 0
        except FileNotFoundError:  # merged away meanwhile
            continue
    return total / 2**20


@contextmanager
def browsing(day: date, looks: Looks) -> Iterator[None]:
    """The national board in a browser, live, for as long as this is open."""
    ended = threading.Event()

    def run() -> None:
        try:
            browse(day, looks, ended)
        except Exception as error:
            looks.failure = error

    thread = threading.Thread(target=run, name="browser")
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join(60)


def browse(day: date, looks: Looks, ended: threading.Event) -> None:
    """Open the board and time each of its refreshes."""

    def finished(request: Request) -> None:
        if "_dash-update-component" in request.url:
            looks.refreshes.append(request.timing["responseEnd"] / 1000)

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=BROWSER)
        page = browser.new_page()
        page.on("requestfinished", finished)
        give_up = time.monotonic() + 60
        while True:
            try:
                page.goto(f"http://127.0.0.1:{PORT}/?date={day}", wait_until="load")
                break
            except Exception:
                if time.monotonic() > give_up:
                    raise
                time.sleep(1)
        while not ended.is_set():
            page.wait_for_timeout(500)
        browser.close()


def chromium() -> str | None:
    """Where the browser is; None: Playwright's own."""
    named = os.environ.get("HUBSTAT_CHROMIUM")
    return named or next((found for name in CHROMIUM if (found := shutil.which(name))), None)


def documents(settings: Settings) -> dict[str, Any]:
    """Documents and bytes of the invoices and the Friends."""
    names = Names(settings.namespace)
    with connect(settings.elasticsearch, str(settings.elasticsearch.url)) as client:
        found = {}
        for kind, pattern in (("invoices", names.all_invoices), ("friends", names.friends("*"))):
            client.indices.refresh(index=pattern)
            stats = client.indices.stats(index=pattern, metric="docs,store,indexing")["_all"]["primaries"]
            found[kind] = {
                "documents": stats["docs"]["count"],
                "MiB": stats["store"]["size_in_bytes"] / 2**20,
                "written": stats["indexing"]["index_total"],
            }
    return found


def audited(day: date) -> dict[str, Any]:
    """What ``hubstat audit`` says, how long it takes and its greatest memory."""
    began = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-m", "hubstat", "audit", "--date", str(day)], stdout=subprocess.PIPE, text=True
    )
    peak = 0
    while process.poll() is None:
        try:
            peak = max(peak, psutil.Process(process.pid).memory_info().rss)
        except psutil.NoSuchProcess:
            break
        time.sleep(1)
    output = process.stdout.read() if process.stdout is not None else ""
    return {
        "exit": process.wait(),
        "seconds": time.monotonic() - began,
        "peak MiB": peak / 2**20,
        "said": output.splitlines(),
    }


def summary(seen: dict[str, Any], records: int) -> dict[str, Any]:
    """What a run comes to: times in seconds, memory and disk in MiB."""
    rows = seen["looks"]
    first, last = rows[0], rows[-1]
    names = sorted(key.removesuffix(" rss") for key in first if key.endswith(" rss"))
    refreshes = sorted(seen["refreshes"])
    return {
        "records": records,
        "seconds": round(seen["seconds"], 1),
        "cpu seconds": {name: round(last[f"{name} cpu"] - first[f"{name} cpu"], 1) for name in names},
        "most memory": {name: round(max(row[f"{name} rss"] for row in rows)) for name in names},
        "memory of the worker": [round(each) for each in tenths(rows, "ingest rss")],
        "records left": [int(each) for each in tenths(rows, "left")],
        "disk": {"most": round(max(row["disk"] for row in rows)), "at the end": round(last["disk"])},
        "documents": seen["documents"],
        "cache bytes an invoice": round(seen["cache bytes an invoice"]),
        "board": {
            "refreshes": len(refreshes),
            "median seconds": round(statistics.median(refreshes), 2),
            "p95 seconds": round(refreshes[int(len(refreshes) * 0.95)], 2),
            "longest seconds": round(refreshes[-1], 2),
        }
        if refreshes
        else {"refreshes": 0},
    }


def tenths(rows: list[dict[str, float]], name: str) -> list[float]:
    """Eleven values of a column, evenly apart."""
    return [rows[min(len(rows) - 1, len(rows) * tenth // 10)][name] for tenth in range(11)]


def say(line: str) -> None:
    """Print at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
