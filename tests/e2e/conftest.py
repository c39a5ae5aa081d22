"""A real browser and the dashboard as a process of its own; its standard error is in the failure."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from dashboard_process import free_port, serving
from playwright.sync_api import Browser, Page, expect, sync_playwright

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
SUPPORT = Path(__file__).parents[1] / "support"

Opener = Callable[..., Page]


def chromium() -> str:
    """Path of an installed Chromium: the setting, else what is on the PATH."""
    wanted = os.environ.get("HUBSTAT_CHROMIUM")
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    found = wanted or next((path for name in names if (path := shutil.which(name))), None)
    if found is None:
        pytest.fail("no Chromium found: install it (Debian: apt-get install chromium) or set HUBSTAT_CHROMIUM")
    return found


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One browser for the session."""
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
        yield running
        running.close()


@pytest.fixture
def visit(browser: Browser) -> Iterator[Opener]:
    """Open a page of its own: ``visit(url, width=…, height=…, dark=…)``. Errors on the page fail the test."""
    contexts = []
    said: list[str] = []

    def opened(url: str, width: int = 1440, height: int = 900, dark: bool = False) -> Page:
        context = browser.new_context(
            viewport={"width": width, "height": height}, color_scheme="dark" if dark else "light"
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(30_000)
        page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on(
            "request", lambda request: said.append(f"elsewhere: {request.url}") if _elsewhere(request.url) else None
        )
        page.goto(url)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert said == []


def _elsewhere(url: str) -> bool:
    return not url.startswith(("http://127.0.0.1:", "data:", "blob:"))


@pytest.fixture
def patient() -> Iterator[None]:
    """Wait longer than Playwright does by itself: two cores serve the board and the browser."""
    expect.set_options(timeout=30_000)
    yield
    expect.set_options(timeout=5_000)


@pytest.fixture
def fake_board(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """The made-up network on a free port, and the folder of its switches."""
    port = free_port()
    command = [sys.executable, str(SUPPORT / "serve_fake_board.py"), str(port), str(tmp_path)]
    with serving(command, port, tmp_path / "dashboard.log") as url:
        yield url, tmp_path
