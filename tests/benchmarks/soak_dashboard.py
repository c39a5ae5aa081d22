"""A board kept open all day: many refreshes over changing figures, flat memory, no error in the browser.

Refreshes follow each other without a pause, so that a day of them (17,280) takes a fraction of it. Exit code 1 on an
error of the browser, a failed refresh or growing memory. ``python tests/benchmarks/soak_dashboard.py --refreshes 500``
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

import psutil
from dashboard_process import free_port, serving
from playwright.sync_api import Page, sync_playwright

SUPPORT = Path(__file__).parents[1] / "support"
# Growth from the first third (after it has warmed up) to the last one that is no leak, in MiB.
ALLOWED_MIB = 15
# What is asked of the page: refresh, and wait until that has answered.
REFRESH = """() => new Promise((resolve) => {
  const before = document.getElementById("asof").textContent;
  const asked = Date.now();
  window.dash_clientside.set_props("tick", { data: { at: asked, search: window.location.search } });
  const look = () => {
    const done = document.getElementById("asof").textContent !== before || Date.now() - asked > 5000;
    return done ? resolve(document.body.dataset.stale) : setTimeout(look, 5);
  };
  look();
})"""


def main() -> int:
    """Run, print what was found; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--refreshes", type=int, default=17_280)
    parser.add_argument("--search", default="?lang=ko", help="the screen that is kept open")
    arguments = parser.parse_args()
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, str(SUPPORT / "serve_fake_board.py"), str(port), folder, "0.05"]
        with serving(command, port, Path(folder) / "dashboard.log") as url:
            found = soak(url + arguments.search, port, arguments.refreshes)
    sys.stdout.write(json.dumps(found, indent=1) + "\n")
    return 1 if found["errors"] or found["stale"] or found["grown_mib"] > ALLOWED_MIB else 0


def soak(address: str, port: int, refreshes: int) -> dict[str, object]:
    """Keep a page open for so many refreshes."""
    process = _listening(port)
    memory: list[float] = []
    stale = 0
    errors: list[str] = []
    chromium = os.environ.get("HUBSTAT_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page()
        page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(address)
        page.wait_for_selector("body[data-ready] #headline")
        page.locator("#pause").click()  # the page's own refreshes would come between
        began = time.monotonic()
        for number in range(refreshes):
            stale += page.evaluate(REFRESH) == "1"
            if number % max(1, refreshes // 60) == 0:
                memory.append(process.memory_info().rss / 2**20)
        took = time.monotonic() - began
        nodes = _nodes(page)
        browser.close()
    third = max(1, len(memory) // 3)
    return {
        "refreshes": refreshes,
        "seconds": round(took, 1),
        "errors": errors[:10],
        "stale": stale,
        "dashboard_mib": [round(each, 1) for each in memory[:: max(1, len(memory) // 12)]],
        "grown_mib": round(statistics.median(memory[-third:]) - statistics.median(memory[third : 2 * third]), 1),
        "page_elements": nodes,
    }


def _nodes(page: Page) -> int:
    found: int = page.evaluate("document.querySelectorAll('*').length")
    return found


def _listening(port: int) -> psutil.Process:
    """The process that serves the board."""
    for connection in psutil.net_connections("tcp"):
        if connection.laddr and connection.laddr.port == port and connection.status == psutil.CONN_LISTEN:
            return psutil.Process(connection.pid)
    raise OSError(f"nobody listens on port {port}")


if __name__ == "__main__":
    sys.exit(main())
