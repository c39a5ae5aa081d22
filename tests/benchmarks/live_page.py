"""The count of completed deliveries as a page of the board shows it, and how long each event took to get there."""

from __future__ import annotations

import time
from bisect import bisect_left
from collections.abc import Sequence
from typing import Final

from playwright.sync_api import Page

TILE: Final = '.tiles [data-metric="completed"][data-hub^="nationwide:"]'
# When each count of completed deliveries appeared: asked for once the frame that shows it has been drawn.
WATCH: Final = """(selector) => {
  const shown = () => {
    const tile = document.querySelector(selector);
    return tile ? Number(tile.textContent.replace(/[^0-9]/g, "")) : null;
  };
  window.benchShown = [];
  let last = null;
  const look = () => {
    const count = shown();
    if (count === null || count === last) { return; }
    last = count;
    requestAnimationFrame(() => requestAnimationFrame(() => window.benchShown.push([Date.now(), count])));
  };
  new MutationObserver(look).observe(document.body, { subtree: true, childList: true, characterData: true });
  look();
}"""


def watch(page: Page) -> None:
    """Begin to note what the tile shows."""
    page.evaluate(WATCH, TILE)


def shown(page: Page) -> list[tuple[float, int]]:
    """When (ms since the epoch) each count appeared."""
    return [(at, count) for at, count in page.evaluate("window.benchShown")]


def until_shown(page: Page, count: int, seconds: float) -> bool:
    """Wait until the tile shows a count; whether it does."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        series = shown(page)
        if series and series[-1][1] == count:
            return True
        page.wait_for_timeout(200)
    return False


def latencies(counted: Sequence[float], base: int, series: Sequence[tuple[float, int]]) -> list[float]:
    """Seconds from the sending of each event until the first count that holds it; infinite for what never showed."""
    reached: list[int] = []  # the greatest count so far
    for _, count in series:
        reached.append(max(count, reached[-1]) if reached else count)
    found = []
    for number, at in enumerate(counted, 1):
        place = bisect_left(reached, base + number)
        found.append(series[place][0] / 1000 - at if place < len(series) else float("inf"))
    return found
