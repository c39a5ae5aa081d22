"""On the real stack: from nationwide to an invoice's events and back, every figure as ``hubstat query`` gives it."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from dashboard_process import free_port, serving
from installation import Installation, running
from playwright.sync_api import Page, expect

from hubstat.settings import Settings

pytestmark = [pytest.mark.browser, pytest.mark.engines, pytest.mark.usefixtures("patient")]
Visit = Callable[..., Page]

DATE = "2026-11-12"
AS_OF = "2026-11-12T15:00:00+09:00"
KNOWN_AT = "2026-11-12T16:30:00+09:00"
LEVELS = ("nationwide", "region", "area", "camp", "friend")


def figures_of(installation: Installation, direction: str) -> dict[str, dict[str, Any]]:
    """Figures by ``level:id`` of every hub and Friend at the fixed moment, as the command line prints them."""
    found = {}
    moment = ("--date", DATE, "--as-of", AS_OF, "--known-at", KNOWN_AT, "--direction", direction)
    for level in LEVELS:
        answer = json.loads(installation.run("query", "--level", level, *moment, "--format", "json").stdout)
        for row in answer["rows"]:
            hub = f"{row['parent']}/{row['hub']}" if level == "friend" else row["hub"]
            found[f"{level}:{hub}"] = row["figures"]
    return found


@pytest.fixture
def installation(settings: Settings, tmp_path: Path) -> Iterator[Installation]:
    """A running installation with one simulated day."""
    with running(settings) as found:
        found.run(
            "simulate", "--invoices", "1000", "--date", DATE, "--seed", "5", "--duplicates", "0.05",
            "--out-of-order", "0.05", "--corrections", "0.02", "--truth", str(tmp_path / "truth.parquet"), "--wait",
        )  # fmt: skip
        yield found


@pytest.fixture
def board(installation: Installation, tmp_path: Path) -> Iterator[str]:
    """Address of the dashboard over that installation."""
    port = free_port()
    command = [sys.executable, "-m", "hubstat", "dashboard", "--port", str(port)]
    with serving(command, port, tmp_path / "dashboard.log", installation.environment()) as url:
        yield url


def shown(page: Page) -> list[tuple[str, str, Any]]:
    """(hub, metric, raw value) of every hub's figure on the page, tables and hidden twins included."""
    cells = page.locator("[data-metric][data-hub]").evaluate_all(
        "all => all.map(one => [one.dataset.hub, one.dataset.metric, one.dataset.value])"
    )
    return [(hub, metric, json.loads(value)) for hub, metric, value in cells if hub.split(":")[0] in LEVELS]


def compare(page: Page, expected: dict[str, dict[str, Any]], hub: str) -> int:
    """Every figure on the screen equals the query's, its own hub among them. Gives how many were compared."""
    expect(page.locator(f'.tiles [data-metric="due"][data-hub="{hub}"]')).to_be_visible()
    if hub.split(":")[0] != "friend":
        expect(page.locator(f'.hs-grid [data-metric][data-hub="{hub}"]').first).to_be_attached()
    found = shown(page)
    for place, metric, value in found:
        name, _, part = metric.partition(".")
        figures = expected[place]
        wanted = (figures[name] or {}).get(part) if part else figures[name]
        assert value == wanted, (place, metric)
    assert {place for place, _, _ in found} >= {hub}
    return len(found)


def open_worst(page: Page, level: str) -> str:
    """Click the first row of the table; gives the hub it leads to, as ``level:id``."""
    link = page.locator('.hs-grid .ag-center-cols-container .ag-row[row-index="0"] a.hs-name')
    href = link.get_attribute("href") or ""
    link.click()
    page.wait_for_url(f"**level={level}&**")
    hub = re.search(r"hub=([^&]+)", href)
    assert hub is not None
    return f"{level}:{hub.group(1).replace('%2F', '/')}"


@pytest.mark.parametrize("direction", ["DELIVERY", "RETURN"])
def test_drill_from_nationwide_to_events_and_back(
    board: str, installation: Installation, visit: Visit, direction: str
) -> None:
    expected = figures_of(installation, direction)
    fixed = f"date={DATE}&as_of={AS_OF}&known_at={KNOWN_AT}&direction={direction}".replace("+", "%2B")
    page = visit(f"{board}?{fixed}")
    hub = "nationwide:KR"
    compared = compare(page, expected, hub)
    way = [hub]
    for level in ("region", "area", "camp", "friend"):
        hub = open_worst(page, level)
        way.append(hub)
        compared += compare(page, expected, hub)
    assert compared > 400

    rows = page.locator(".hs-grid a.hs-name")
    number = rows.first.inner_text()
    rows.first.click()
    expect(page.locator("#headline")).to_contain_text(number)
    events = page.locator("li[data-event]")
    assert events.count() >= 1
    assert events.first.get_attribute("data-code") in ("REGISTERED", "REQUESTED")
    expect(events.first).to_contain_text("수신")

    # Up by the breadcrumb, two steps at once, and the moment is kept.
    page.locator(".crumbs a.crumb").nth(3).click()
    compare(page, expected, way[3])
    assert "as_of=" in page.url
    page.locator(".crumbs a.crumb").first.click()
    compare(page, expected, way[0])

    # Back again through everything that was seen, by the Back button.
    page.go_back()
    compare(page, expected, way[3])
    page.go_back()
    expect(page.locator("#headline")).to_contain_text(number)
    for hub in reversed(way):
        page.go_back()
        compare(page, expected, hub)


def test_a_figure_opens_exactly_what_it_is_made_of(board: str, installation: Installation, visit: Visit) -> None:
    expected = figures_of(installation, "DELIVERY")["nationwide:KR"]
    fixed = f"date={DATE}&as_of={AS_OF}&known_at={KNOWN_AT}".replace("+", "%2B")
    page = visit(f"{board}?{fixed}")
    listed = ("due", "m1_late_open", "m1_at_risk", "undelivered", "m6_stalled", "arrived")
    for metric in (*listed, "completion", "m1_rate", "shortfall", "projected_finish", "friends_out", "can_help"):
        page.locator(f'[data-proof="{metric}"]').first.click()
        figure = page.locator("#proof-figure")
        expect(figure).to_have_attribute("data-metric", metric)
        value = json.loads(figure.get_attribute("data-value") or "null")
        assert value == expected[metric], metric
        if metric in listed:
            expect(figure).to_have_attribute("data-list", str(expected[metric]))
        page.locator(".proof-close").click()
        expect(figure).to_have_count(0)


def test_every_hub_of_the_network_shows_the_figures_of_a_query(
    board: str, installation: Installation, visit: Visit
) -> None:
    expected = figures_of(installation, "DELIVERY")
    fixed = f"date={DATE}&as_of={AS_OF}&known_at={KNOWN_AT}".replace("+", "%2B")
    hubs = [hub for hub in expected if hub.split(":")[0] in ("region", "area", "camp") and "unmapped" not in hub]
    page = visit(f"{board}?{fixed}")
    for hub in hubs:
        level, _, name = hub.partition(":")
        page.goto(f"{board}?{fixed}&level={level}&hub={name}")
        if expected[hub]["due"]:
            compare(page, expected, hub)
    assert len(hubs) > 10
