"""When a page asks: at the chosen interval, one question at a time, not while hidden, not for a fixed moment."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import pytest
from playwright.sync_api import Page, Request, Route, expect

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("patient")]
Visit = Callable[..., Page]
Board = tuple[str, Path]

QUESTIONS = "**/_dash-update-component*"
# As the browser does when its tab is left or shown again.
SHOW = """shown => {
    for (const [name, value] of [["hidden", !shown], ["visibilityState", shown ? "visible" : "hidden"]]) {
        Object.defineProperty(document, name, { get: () => value, configurable: true });
    }
    document.dispatchEvent(new Event("visibilitychange"));
}"""
Asked = list[tuple[str, float]]


def late_now(page: Page) -> int:
    return int(page.locator('.tiles [data-metric="m1_late_open"]').get_attribute("data-value") or "")


def listen(page: Page) -> Asked:
    """What the page asks from now on: (``asked`` or ``answered``, seconds of a clock)."""
    seen: Asked = []

    def note(what: str) -> Callable[[Request], None]:
        def noted(request: Request) -> None:
            if "_dash-update-component" in request.url:
                seen.append((what, time.monotonic()))

        return noted

    page.on("request", note("asked"))
    page.on("requestfinished", note("answered"))
    return seen


def times(seen: Asked, what: str) -> int:
    return sum(each == what for each, _ in seen)


def until(page: Page, holds: Callable[[], bool]) -> None:
    """Let the page go on until something holds; half a minute at most."""
    end = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < end, "it did not come about"
        page.wait_for_timeout(20)


@contextmanager
def held(page: Page) -> Iterator[list[Route]]:
    """The questions that the page asks, without their answers; what is not let go within is answered at the end."""
    waiting: list[Route] = []
    page.route(QUESTIONS, lambda route: waiting.append(route))
    yield waiting
    while waiting:
        waiting.pop().continue_()
    page.unroute(QUESTIONS)


def choose(page: Page, seconds: int) -> None:
    page.locator("#interval").click()
    page.get_by_role("option", name=f"{seconds}초", exact=True).click()


def test_nothing_is_asked_while_the_tab_is_hidden_and_at_once_when_it_is_shown(fake_board: Board, visit: Visit) -> None:
    page = visit(fake_board[0])
    page.wait_for_selector("body[data-ready]")
    page.evaluate(SHOW, False)
    page.wait_for_timeout(1_000)
    seen, before = listen(page), late_now(page)
    page.wait_for_timeout(3_000)
    assert seen == []
    assert late_now(page) == before
    shown_at = time.monotonic()
    page.evaluate(SHOW, True)
    until(page, lambda: times(seen, "asked") > 0)
    # Not only after another interval: what is seen is as old as the tab was hidden.
    assert seen[0][1] - shown_at < 0.95
    until(page, lambda: late_now(page) > before)
    expect(page.locator("#stale")).to_be_hidden()

    # Hidden while an answer is on its way: the answer asks for no other one.
    with held(page) as waiting:
        until(page, lambda: len(waiting) == 1)
        page.evaluate(SHOW, False)
    until(page, lambda: times(seen, "asked") == times(seen, "answered"))
    seen.clear()
    page.wait_for_timeout(3_000)
    assert seen == []
    page.evaluate(SHOW, True)
    until(page, lambda: times(seen, "answered") > 1)


def test_the_chosen_interval_is_kept_and_obeyed_also_where_answers_take_longer(fake_board: Board, visit: Visit) -> None:
    page = visit(fake_board[0])
    page.wait_for_selector("body[data-ready]")
    seen = listen(page)
    for chosen, number in ((5, 1), (1, 3)):
        choose(page, chosen)
        until(page, lambda: times(seen, "asked") == times(seen, "answered"))
        seen.clear()
        until(page, lambda number=number: times(seen, "asked") > number)  # type: ignore[misc]
        # From each answer to the next question; what came before the first question was in part another interval.
        pauses = [after - at for (what, at), (then, after) in pairwise(seen) if (what, then) == ("answered", "asked")]
        assert len(pauses) == number, seen
        assert all(chosen - 0.2 < pause < chosen + 1.5 for pause in pauses), (chosen, pauses)

    choose(page, 5)
    page.reload()
    page.wait_for_selector("body[data-ready]")
    expect(page.locator("#interval")).to_have_value("5초")
    page.locator("#lang a").click()
    expect(page.locator("#headline")).to_contain_text("Nationwide")
    expect(page.locator("#interval")).to_have_value("5 s")
    page.locator("#lang a").click()
    expect(page.locator("#headline")).to_contain_text("전국")
    choose(page, 1)

    # Each answer takes longer than the interval: never two questions at once, and each answer is seen.
    shown = []
    with held(page) as waiting:
        for _ in range(3):
            until(page, lambda: len(waiting) == 1)
            before = late_now(page)
            page.wait_for_timeout(2_500)
            assert len(waiting) == 1
            assert late_now(page) == before
            waiting.pop().continue_()
            until(page, lambda before=before: late_now(page) > before)  # type: ignore[misc]
            shown.append(late_now(page))
    assert shown == sorted(set(shown))
    expect(page.locator("#stale")).to_be_hidden()


def test_it_is_asked_when_the_next_snapshot_is_expected_at_about_the_interval(fake_board: Board, visit: Visit) -> None:
    """ms until the next one and between two, interval chosen (s) → pause from an answer to the next question (s)."""
    url, folder = fake_board
    page = visit(url)
    page.wait_for_selector("body[data-ready]")
    seen = listen(page)
    for expects, chosen, expected in (
        ((600, 1_000), 1, 0.6),
        ((200, 1_000), 1, 1.2),  # that is too soon: the one after it
        ((3_000, 3_000), 1, 3.0),  # ticks that take longer than the interval
        ((-500, 1_000), 1, 0.5),
        ((-500, 4_000), 1, 0.25),  # late
        ((-5_000, 4_000), 1, 1.0),  # very late, and not asked for all the time
        ((800, 1_000), 5, 4.8),
    ):
        (folder / "expects").write_text(" ".join(map(str, expects)))
        choose(page, chosen)
        page.wait_for_timeout(1_500)
        until(page, lambda: times(seen, "asked") == times(seen, "answered"))
        seen.clear()
        until(page, lambda: times(seen, "asked") > 3)
        pauses = [after - at for (what, at), (then, after) in pairwise(seen) if (what, then) == ("answered", "asked")]
        assert expected - 0.1 < sorted(pauses)[len(pauses) // 2] < expected + 0.4, (expects, chosen, pauses)


def test_a_fixed_moment_asks_nothing_and_a_failure_shows_and_goes_without_a_reload(
    fake_board: Board, visit: Visit
) -> None:
    url, folder = fake_board
    page = visit(url)
    for fixed in ("as_of=2026-11-20T15:00:00", "known_at=2026-11-20T15:00:00"):
        page.goto(f"{url}?{fixed}")
        page.wait_for_selector("body[data-ready]")
        expect(page.locator(".banner-fixed")).to_be_visible()
        page.wait_for_timeout(1_000)
        seen = listen(page)
        page.wait_for_timeout(3_000)
        assert seen == [], fixed

    # The way back to now refreshes again.
    page.locator(".banner-fixed a.button").click()
    expect(page.locator(".banner-fixed")).to_have_count(0)
    before = late_now(page)
    until(page, lambda: late_now(page) > before)

    page.evaluate("window.notReloaded = true")
    (folder / "fail").touch()
    expect(page.locator("#stale")).to_be_visible()
    expect(page.locator("#stale")).to_contain_text("자료 저장소가 응답하지 않습니다")
    expect(page.locator("#stale-age")).to_have_text(re.compile(r"^0:0[3-9]$"))
    kept, good = late_now(page), page.locator("#asof").inner_text()
    stale = page.locator("#stale-time").inner_text()
    assert stale in good
    page.wait_for_timeout(3_000)
    assert late_now(page) == kept
    assert page.locator("#asof").inner_text() == good
    assert page.locator("#stale-time").inner_text() == stale
    expect(page.locator(".hs-grid .ag-row a").first).to_be_visible()
    (folder / "fail").unlink()
    expect(page.locator("#stale")).to_be_hidden()
    until(page, lambda: late_now(page) > kept)
    assert page.locator("#asof").inner_text() != good
    assert page.evaluate("window.notReloaded")


def test_what_does_not_change_in_a_part_is_not_drawn_again(fake_board: Board, visit: Visit) -> None:
    page = visit(fake_board[0])
    page.wait_for_selector("body[data-ready]")
    page.wait_for_timeout(1_500)
    # Of the parts as they are drawn; texts that change, and the tint of what did, leave the elements in place.
    page.evaluate(
        """() => {
            window.anew = [];
            new MutationObserver((all) => all.forEach((one) => one.addedNodes.forEach((node) => {
                if (node.nodeType === 1 && node.closest('[id^="tiles-"], [id^="short-"], [id^="crew-"]')) {
                    window.anew.push(node.outerHTML);
                }
            }))).observe(document.getElementById("screen"), { childList: true, subtree: true });
        }"""
    )
    before = late_now(page)
    until(page, lambda: late_now(page) > before + 2)
    assert page.evaluate("window.anew") == []


def test_a_part_says_what_it_cannot_draw(fake_board: Board, visit: Visit) -> None:
    page = visit(fake_board[0])
    page.wait_for_selector("body[data-ready]")
    said = page.evaluate(
        """() => {
            const html = "dash_html_components";
            const wrong = [["dash_core_components", "Input", {}], [html, "Button", { id: { type: "x" } }]];
            return wrong.map(([namespace, type, props]) => {
                const tree = [{ namespace: html, type: "P", props: { children: { namespace, type, props } } }];
                try { window.hubstat_markup.Markup({ tag: "div", tree }); } catch (error) { return error.message; }
                return "";
            });
        }"""
    )
    assert "cannot hold dash_core_components.Input" in said[0]
    assert 'cannot hold dash_html_components.Button {"type":"x"}' in said[1]


def test_a_definition_is_told_under_the_pointer_and_the_focus_and_stays_at_a_refresh(
    fake_board: Board, visit: Visit
) -> None:
    page = visit(fake_board[0])
    page.wait_for_selector("body[data-ready]")
    page.wait_for_timeout(1_500)
    sign, tip = page.locator("#screen .tile .info").first, page.get_by_role("tooltip")
    words = str(sign.get_attribute("aria-label")).partition(": ")[2]
    sign.hover()
    expect(tip).to_have_text(words)
    before = late_now(page)
    until(page, lambda: late_now(page) > before)
    expect(tip).to_have_text(words)
    page.mouse.move(1, 1)
    expect(tip).to_have_count(0)
    page.keyboard.press("Tab")
    sign.focus()
    expect(tip).to_have_text(words)
    sign.blur()
    expect(tip).to_have_count(0)
