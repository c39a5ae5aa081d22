"""What is ahead, in a real browser: strips, camps past their deadline, comparison, proofs."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser
Visit = Callable[..., Page]
Board = tuple[str, Path]


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
