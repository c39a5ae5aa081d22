"""What is ahead, in a real browser: strips, camps past their deadline, comparison, proofs, and accessibility."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser
Visit = Callable[..., Page]
Board = tuple[str, Path]

SCREENS = {
    "network": "",
    "camp": "?level=camp&hub=C101",
    "friend": "?level=friend&hub=C101/F1012",
    "invoice": "?level=invoice&hub=X-1",
    "drawer": "?level=camp&hub=C101&proof=shortfall",
}


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("screen", SCREENS)
def test_no_screen_breaks_a_rule_of_accessibility(fake_board: Board, visit: Visit, screen: str, dark: bool) -> None:
    url, folder = fake_board
    (folder / "still").touch()
    page = visit(url + SCREENS[screen], dark=dark)
    page.wait_for_selector("body[data-ready]")
    page.wait_for_timeout(1_000)
    found = Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"]})
    assert found.response["violations"] == [], found.generate_report()


def test_a_camp_past_its_deadline_is_one_click_away_and_draws_its_friends(fake_board: Board, visit: Visit) -> None:
    (fake_board[1] / "still").touch()
    page = visit(fake_board[0])
    rows = page.locator("a.short-row")
    expect(rows).to_have_count(3)
    named = re.search(r"가장 급한 곳은 (.+?):", page.locator("#headline").inner_text())
    assert named is not None
    expect(rows.first).to_contain_text(named.group(1))
    rows.first.click()
    expect(page.locator("#headline")).to_contain_text("21:00 마감보다")
    strips = page.locator(".ag-center-cols-container .hs-strip")
    expect(strips).to_have_count(10)
    expect(strips.first).to_have_attribute("aria-label", re.compile("스톱 .*예상 종료"))
    assert strips.first.locator(".st-stop").count() > 10
    assert page.locator(".ag-center-cols-container .st-late").count() >= 1
    expect(page.locator(".ag-header .hs-strip")).to_contain_text("마감 21:00")


def test_a_comparison_is_chosen_by_keyboard_and_stays_in_the_address(fake_board: Board, visit: Visit) -> None:
    (fake_board[1] / "still").touch()
    page = visit(fake_board[0])
    page.wait_for_selector("body[data-ready]")
    page.locator("summary.compare").press("Enter")
    page.get_by_role("link", name="지난주 같은 요일").press("Enter")
    page.wait_for_url("**compare=week**")
    expect(page.locator(".compared")).to_contain_text("지난주 같은 요일")
    expect(page.locator('[data-change="due"]')).to_be_visible()
    page.locator(".hs-grid a.hs-name").first.click()
    page.wait_for_url("**level=region**")
    assert "compare=week" in page.url


@pytest.mark.parametrize("metric", ["projected_finish", "shortfall", "completion", "friends_absent"])
def test_figures_open_what_they_are_made_of(fake_board: Board, visit: Visit, metric: str) -> None:
    (fake_board[1] / "still").touch()
    page = visit(fake_board[0])
    shown = page.locator(f'[data-proof="{metric}"] [data-metric="{metric}"]').first
    value = shown.get_attribute("data-value")
    page.locator(f'[data-proof="{metric}"]').first.click()
    figure = page.locator("#proof-figure")
    expect(figure).to_have_attribute("data-metric", metric)
    expect(figure).to_have_attribute("data-value", value or "")
    page.keyboard.press("Escape")
    expect(figure).to_have_count(0)


def test_every_chart_has_its_table_and_its_sentence(fake_board: Board, visit: Visit) -> None:
    (fake_board[1] / "still").touch()
    page = visit(fake_board[0] + SCREENS["friend"])
    page.wait_for_selector("body[data-ready]")
    charts = page.locator(".chart-card")
    assert charts.count() == 2
    for place in range(charts.count()):
        expect(charts.nth(place).locator(".summary")).not_to_be_empty()
        charts.nth(place).locator("summary").click()
        expect(charts.nth(place).locator("table tbody tr").first).to_be_visible()
