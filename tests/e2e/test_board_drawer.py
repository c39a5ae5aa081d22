"""The proof drawer and the verdict in a real browser: nothing jumps, nothing is asked twice, nothing is told twice."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

pytestmark = pytest.mark.browser
Visit = Callable[..., Page]
Board = tuple[str, Path]
TILE = '.proved[data-proof="m3.out"]'


def of_screen(route: Route) -> bool:
    return '"..pulse.data.' in (route.request.post_data or "")


@pytest.mark.usefixtures("patient")
def test_opening_and_closing_leaves_the_page_and_the_focus_where_they_were(fake_board: Board, visit: Visit) -> None:
    url, folder = fake_board
    (folder / "still").touch()
    page = visit(url + "?level=camp&hub=C101")
    page.wait_for_selector(".hs-grid .ag-row a")
    page.locator(TILE).scroll_into_view_if_needed()
    before = page.evaluate("window.scrollY")
    assert before > 100
    page.evaluate("window.headline = document.getElementById('headline')")
    page.locator(TILE).click()
    figure = page.locator("#proof-figure")
    expect(figure).to_be_visible()
    assert page.evaluate("window.scrollY") == before
    page.keyboard.press("Escape")
    expect(figure).to_have_count(0)
    page.wait_for_url(lambda now: "proof" not in now)
    expect(page.locator(TILE)).to_be_focused()
    assert page.evaluate("window.scrollY") == before
    assert page.evaluate("window.headline.isConnected"), "the screen behind was not drawn anew"


@pytest.mark.usefixtures("patient")
def test_an_open_figure_is_followed_down_up_and_to_the_present(fake_board: Board, visit: Visit) -> None:
    url, folder = fake_board
    page = visit(url + "?level=area&hub=A10&proof=m1_late_open")
    since = page.locator("#proof-since")
    expect(since).to_contain_text("바뀌었습니다")
    figure = page.locator("#proof-figure")
    then = figure.get_attribute("data-tile")
    (folder / "still").touch()
    page.wait_for_timeout(2_500)
    page.locator("#proof-renew").click()
    page.wait_for_function("then => document.getElementById('proof-figure').dataset.tile !== then", arg=then)
    assert figure.get_attribute("data-tile") == figure.get_attribute("data-list")
    expect(since).to_be_empty()
    page.locator('[data-below="C101"]').click()
    page.wait_for_url("**level=camp**proof=m1_late_open**")
    expect(page.locator(".proof .crumb.here").first).to_contain_text("C101")
    expect(page.locator(".proof .ag-center-cols-container .ag-row").first).to_be_visible()
    page.locator(".proof-way a", has_text="인천").first.click()
    page.wait_for_url("**level=region**proof=m1_late_open**")
    expect(page.locator("#proof-figure")).to_be_visible()


@pytest.mark.usefixtures("patient")
def test_a_slow_move_is_asked_once_and_arrives(fake_board: Board, visit: Visit) -> None:
    page = visit(fake_board[0])
    page.wait_for_selector(".hs-grid .ag-row a")
    held: list[Route] = []

    def hold(route: Route) -> None:
        if of_screen(route) and "level=camp" in (route.request.post_data or ""):
            held.append(route)
        else:
            route.continue_()

    page.route("**/_dash-update-component*", hold)
    page.evaluate("""() => {
        window.history.pushState({}, "", "?level=camp&hub=C101");
        window.dispatchEvent(new CustomEvent("_dashprivate_pushstate"));
    }""")
    page.wait_for_timeout(16_000)
    expect(page.locator("body")).to_have_attribute("data-stale", "1")
    assert len(held) == 1
    held.pop().continue_()
    page.unroute("**/_dash-update-component*")
    expect(page.locator("#headline")).to_contain_text("C101")
    expect(page.locator("body")).to_have_attribute("data-stale", "0")


def test_the_verdict_is_told_when_it_reads_otherwise_alone(fake_board: Board, visit: Visit) -> None:
    page = visit(fake_board[0])
    page.wait_for_selector(".hs-grid .ag-row a")
    expect(page.locator(".verdict")).not_to_have_attribute("aria-live", re.compile("."))
    page.wait_for_timeout(1_000)
    page.evaluate("""() => {
        window.heard = [];
        const box = document.getElementById("said");
        new MutationObserver(() => window.heard.push(box.textContent)).observe(box, { childList: true });
    }""")
    page.wait_for_timeout(4_000)
    assert page.evaluate("window.heard.length") == 0, "figures moved, the sentence did not"
    page.evaluate("""() => {
        const head = document.getElementById("headline");
        head.append(document.createTextNode(" 다르게"));
    }""")
    page.wait_for_function("() => window.heard.length === 1")
    assert "다르게" in page.evaluate("window.heard[0]")
