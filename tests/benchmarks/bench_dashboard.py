"""The board under many viewers: time of a callback, Elasticsearch queries a tick, bytes a tick and of the first load.

Starts a demo in a namespace of its own and measures it with 1 and with many viewers; ``--url`` takes a running board.
Prints a table, and one JSON object with ``--out``.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

from board_viewer import Viewer

from hubstat.engines import locate
from hubstat.runfile import read
from hubstat.settings import Settings

NAMESPACE: Final = "benchboard"
# What must hold, and what is aimed at (None: the same).
TARGETS: Final[dict[str, tuple[float, float | None]]] = {
    "callback_p95_ms": (50, 15),
    "tick_bytes_p95": (10_000, None),
    "first_load_bytes": (60_000, None),
    "first_view_ms": (2_000, None),
    "drill_ms": (1_000, None),
    "queries_ratio": (1.1, 1.0),
}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--viewers", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--tick", type=float, default=2.0)
    parser.add_argument("--invoices", type=int, default=20_000, help="invoices a day of the demo that is started")
    parser.add_argument("--url", help="a board that runs already; its namespace is HUBSTAT_NAMESPACE")
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    url = arguments.url
    settings = Settings() if url else Settings(namespace=NAMESPACE)
    started = url is None
    if started:
        _hubstat("up", "--demo", "--demo-invoices", str(arguments.invoices), "--detach")
        running = read(settings)
        assert running is not None
        url = running.dashboard_url
    try:
        result = measure(url, settings, arguments)
    finally:
        if started:
            _hubstat("down")
    for name, (must, aim) in TARGETS.items():
        verdict = "ok" if result["figures"][name] <= must else "MISSED"
        wanted = f"must {must:,g}" + ("" if aim is None else f", aim {aim:,g}")
        sys.stdout.write(f"{name:<18} {result['figures'][name]:>12,.1f}  {verdict:<7} {wanted}\n")
    if arguments.out:
        arguments.out.write_text(json.dumps(result, indent=1) + "\n")


def measure(
    url: str, settings: Settings, arguments: argparse.Namespace, day: str | None = None, others: float = 0.0
) -> dict[str, Any]:
    """All figures of a running board. arguments: viewers, seconds and tick; day: service date that is looked at, None:
    the one that the board opens with; others: searches of shards a second that are not the board's."""
    of_day = "" if day is None else f"date={day}"
    search = f"?{of_day}" if of_day else ""
    first = Viewer(url, search)
    first.refresh()
    hub = _camp(url, of_day)
    drilled = Viewer(url, f"?level=camp&hub={hub}" + (f"&{of_day}" if of_day else ""))
    drilled.refresh()
    elastic = str(settings.elasticsearch.url or locate(settings).elasticsearch_url)
    one = _queries(elastic, settings.namespace, arguments, [Viewer(url, search)], others)
    viewers = [Viewer(url, search) for _ in range(arguments.viewers)]
    many = _queries(elastic, settings.namespace, arguments, viewers, others)
    seconds = [each for viewer in viewers for each in viewer.seconds[1:]]
    sizes = [each for viewer in viewers for each in viewer.sizes[1:]]
    return {
        "machine": {"nproc": os.cpu_count(), "load": os.getloadavg()[0], "python": platform.python_version()},
        "versions": {name: version(name) for name in ("hubstat", "dash", "plotly", "uvicorn", "elasticsearch")},
        "viewers": arguments.viewers,
        "tick_seconds": arguments.tick,
        "callbacks": len(seconds),
        "failures": sum(viewer.failures for viewer in viewers),
        "causes": sorted(set[str]().union(*(viewer.causes for viewer in viewers))),
        "queries_per_tick": {"one": one, "many": many},
        "searches_a_second_of_others": others,
        "figures": {
            "callback_p95_ms": 1000 * share(seconds, 0.95),
            "callback_p50_ms": 1000 * statistics.median(seconds),
            "tick_bytes_p95": share(sizes, 0.95),
            "first_load_bytes": first.sizes[0],
            "first_view_ms": 1000 * first.seconds[0],
            "drill_ms": 1000 * drilled.seconds[0],
            "queries_ratio": many / one if one else 0.0,
        },
    }


def share(values: Sequence[float], part: float) -> float:
    """The value that so many of all are not above."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))]


def _camp(url: str, of_day: str) -> str:
    """Id of the worst camp of the worst area of the worst region."""
    hub, search = "", of_day
    for level in ("region", "area", "camp"):
        address = f"{url}/export?{search}&table=children&format=csv"
        text = urllib.request.urlopen(address, timeout=120).read().decode()
        first = next(line for line in text.splitlines() if line.startswith(f"{level}:"))
        hub = first.partition(",")[0].removeprefix(f"{level}:")
        search = f"level={level}&hub={hub}&{of_day}"
    return hub


def searches_a_second(settings: Settings, seconds: float) -> float:
    """Searches of shards a second: of others, where no board runs."""
    elastic = str(settings.elasticsearch.url)
    before, began = _searched(elastic, settings.namespace), time.monotonic()
    time.sleep(seconds)
    return (_searched(elastic, settings.namespace) - before) / (time.monotonic() - began)


def _queries(
    elastic: str, namespace: str, arguments: argparse.Namespace, viewers: list[Viewer], others: float
) -> float:
    """Searches of shards for one board while some viewers watch, less those of others (so many a second).

    By board, not by time: where boards take longer there are fewer of them.
    """
    searches, seconds, ticks = _searches(elastic, namespace, arguments.seconds, viewers, arguments.tick)
    return (searches - others * seconds) / max(1, ticks)


def _searches(
    elastic: str, namespace: str, seconds: float, viewers: list[Viewer], tick: float
) -> tuple[int, float, int]:
    """Searches of shards while some viewers watch for ``seconds``; how long that took, the boards made meanwhile.

    What they are answered counts from when all of them have opened the board.
    """
    until = time.monotonic() + seconds
    for viewer in viewers:
        viewer.measured_from = time.monotonic() + 2 * tick
    threads = [threading.Thread(target=viewer.watch, args=(tick, until)) for viewer in viewers]
    before, began = _searched(elastic, namespace), time.monotonic()
    for thread in threads:
        thread.start()
        time.sleep(tick / len(threads))  # people do not all open the board at once
    for thread in threads:
        thread.join()
    time.sleep(max(0.0, until - time.monotonic()))
    ticks = set[str]().union(*(viewer.ticks for viewer in viewers))
    return _searched(elastic, namespace) - before, time.monotonic() - began, len(ticks)


def _searched(elastic: str, namespace: str) -> int:
    with urllib.request.urlopen(f"{elastic}/{namespace}-*/_stats/search", timeout=30) as answer:
        total: int = json.load(answer)["_all"]["total"]["search"]["query_total"]
    return total


def _hubstat(*arguments: str) -> None:
    subprocess.run([sys.executable, "-m", "hubstat", "--namespace", NAMESPACE, *arguments], check=True)


if __name__ == "__main__":
    main()
