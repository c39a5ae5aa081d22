"""Every screen in a real browser: the ways between them, search, export, reports, a phone."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlparse

import openpyxl
import pytest
from playwright.sync_api import Download, Page, expect

from hubstat.figures.texts import label

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("patient")]
Visit = Callable[..., Page]
Board = tuple[str, Path]
SCREENS = ("status", "returns", "reports", "dictionary", "system")
SEARCHES = {
    "status": "?lang=ko",
    "camp": "?lang=ko&level=camp&hub=C101",
    "proof": "?lang=ko&level=camp&hub=C101&proof=m1_late_open",
    "returns": "?lang=ko&screen=returns",
    "reports": "?lang=ko&screen=reports&order=daily-final%7Ccamp%3AC101",
    "dictionary": "?lang=ko&screen=dictionary&metric=m6",
    "system": "?lang=ko&screen=system",
}
MORE = (
    "?level=region&hub=R1",
    "?level=area&hub=A00&wave=DAY&direction=RETURN&compare=week",
    "?level=friend&hub=C101/F1010",
    "?level=invoice&hub=X-1",
    "?screen=returns&level=camp&hub=C101",
    "?as_of=2026-11-20T15:00:00",
)


def fields(page: Page) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlparse(page.url).query).items()}


def on(page: Page, screen: str) -> None:
    """Wait until a screen is the one shown."""
    page.wait_for_function("screen => document.body.dataset.screen === screen", arg=screen)
    expect(page.locator(".rail-item.on")).to_have_attribute("data-screen", screen)


def test_the_rail_leads_to_every_screen_and_back_and_keeps_the_hub(fake_board: Board, visit: Visit) -> None:
    page = visit(fake_board[0] + "?lang=ko&level=region&hub=R1&wave=DAY")
    on(page, "status")
    for screen in SCREENS[1:]:
        page.locator(f'.rail-item[data-screen="{screen}"]').click()
        on(page, screen)
        assert fields(page) | {"hub": "R1", "wave": "DAY", "screen": screen} == fields(page)
        assert page.evaluate("document.activeElement.id") == "headline"
    page.locator('.rail-item[data-screen="status"]').click()
    on(page, "status")
    assert "direction" not in fields(page)
    page.go_back()
    on(page, "system")
    pasted = visit(page.url)
    on(pasted, "system")
    pasted.locator(".lang-link").click()
    expect(pasted.locator("#headline")).to_contain_text("Data arrives in full")
    assert fields(pasted)["hub"] == "R1"


def test_a_tile_leads_to_its_definition_and_the_search_stays_in_the_address(fake_board: Board, visit: Visit) -> None:
    page = visit(fake_board[0] + "?lang=ko&level=camp&hub=C101")
    leading = page.locator(".tile .info").nth(2)
    metric = parse_qs(urlparse(leading.get_attribute("href") or "").query)["metric"][0]
    leading.click()
    on(page, "dictionary")
    expect(page.locator(f'[data-metric-shown="{metric}"]')).to_be_visible()
    box = page.locator("#metric-search")
    box.fill("지연 전체")
    expect(page.locator("[data-words]:visible").first).to_contain_text("지연 전체")
    shown = page.locator("[data-words]:visible").count()
    assert 0 < shown < 10
    assert fields(page)["q"] == "지연 전체"
    page.locator(".lang-link").click()
    expect(page.locator(".metric-title")).to_have_text(label(metric, "DELIVERY", "en"))
    expect(page.locator("[data-words]:visible")).to_have_count(shown)
    page.locator("#metric-search").fill("no such thing")
    expect(page.locator("#metric-none")).to_be_visible()
    page.locator("#metric-search").fill("m1_rate")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator('[data-metric-shown="m1_rate"]')).to_be_visible()
    page.go_back()
    expect(page.locator(f'[data-metric-shown="{metric}"]')).to_be_visible()


def exported(page: Page, form: str, name: str) -> Download:
    page.locator("#export summary").click()
    with page.expect_download() as waiting:
        page.locator(f'a[href^="/export?"][href*="table={name}&format={form}"]').click()
    return waiting.value


def shown_figures(page: Page) -> dict[tuple[str, str], Any]:
    found = page.eval_on_selector_all(
        ".hs-grid [data-metric], .heat [data-metric]",
        "els => els.map(e => [e.dataset.hub, e.dataset.metric, e.dataset.value])",
    )
    return {(hub, metric): json.loads(value) for hub, metric, value in found}


def test_an_export_is_what_is_shown_as_csv_and_as_xlsx(fake_board: Board, visit: Visit) -> None:
    url, folder = fake_board
    (folder / "still").touch()
    page = visit(url + "?lang=en&as_of=2026-11-20T15:00:00")
    page.wait_for_selector('.hs-grid [data-hub="region:R1"]')
    shown = shown_figures(page)
    compared = 0
    for name in ("heat", "children"):
        text = Path(exported(page, "csv", name).path()).read_bytes().decode("utf-8-sig")
        lines = list(csv.reader(io.StringIO(text)))
        top = lines.index([]) + 1
        heads = [head.rpartition("(")[2].rstrip(")") for head in lines[top]]
        for line in lines[top + 1 :]:
            for metric, cell in zip(heads, line, strict=True):
                if (line[0], metric) in shown:
                    value = shown[line[0], metric]
                    # The page writes 28.0 as 28.
                    shown_cell = str(value) if not isinstance(value, int | float) else float(value)
                    found = float(cell) if isinstance(shown_cell, float) else cell
                    assert found == ("" if value is None else shown_cell), (line[0], metric)
                    compared += 1
    assert compared > 30
    book = openpyxl.load_workbook(io.BytesIO(Path(exported(page, "xlsx", "children").path()).read_bytes()))
    rows: list[Any] = list(book.worksheets[0].values)
    completion = heads.index("completion")
    numbers = {row[0]: row[completion] for row in rows[top + 1 :]}
    assert numbers["region:R1"] == pytest.approx(shown["region:R1", "completion"], rel=1e-12)


def test_a_long_export_shows_how_far_it_is_and_can_be_cancelled(fake_board: Board, visit: Visit) -> None:
    url, folder = fake_board
    (folder / "slow").touch()
    page = visit(url + "?lang=en&level=camp&hub=C101&proof=due")
    page.wait_for_timeout(1_500)
    page.locator('.proof-export a[href*="format=csv"]').click()
    expect(page.locator(".toast")).to_contain_text("/ 1,000,000 rows")
    page.locator(".toast button").click()
    expect(page.locator(".toast")).to_contain_text("Export cancelled")


def test_a_failed_report_is_sent_again_and_a_copy_goes_to_oneself(fake_board: Board, visit: Visit) -> None:
    page = visit(fake_board[0] + SEARCHES["reports"])
    expect(page.frame_locator(".preview").locator("h1")).to_have_text("daily-final")
    expect(page.locator("#headline")).to_contain_text("보내지 못했습니다")
    page.locator("tr", has_text="550 mailbox").get_by_role("button").click()
    expect(page.locator("#resent")).to_have_text("다시 보냄: 보냄")
    expect(page.locator("tr", has_text="550 mailbox")).to_have_count(0)
    expect(page.locator("#headline")).not_to_contain_text("보내지 못했습니다")
    page.locator("#send-now").click()
    expect(page.locator("#sent")).to_have_text("받을 주소를 적어 주세요.")
    page.locator("#send-to").fill("me@elsewhere.org")
    page.locator("#send-now").click()
    expect(page.locator("#sent")).to_contain_text("me@elsewhere.org(으)로는 보낼 수 없습니다")
    page.locator("#send-to").fill("me@example.org")
    page.locator("#send-now").click()
    expect(page.locator("#sent")).to_have_text("me@example.org: 보냄")


def test_trouble_shows_without_a_reload_and_goes_again(fake_board: Board, visit: Visit) -> None:
    url, folder = fake_board
    page = visit(url + SEARCHES["system"])
    expect(page.locator("#headline")).to_contain_text("자료가 빠짐없이")
    (folder / "trouble").touch()
    expect(page.locator("#headline")).to_contain_text("소식 없는 캠프 2곳")
    expect(page.locator('[data-metric="system.lag"]')).to_have_text("—")
    page.get_by_role("link", name="성남3").click()
    on(page, "status")
    assert fields(page)["hub"] == "C101"


@pytest.mark.parametrize("lang", ["ko", "en"])
def test_on_a_phone_every_screen_fits_and_the_rail_is_at_hand(fake_board: Board, visit: Visit, lang: str) -> None:
    url, folder = fake_board
    (folder / "trouble").touch()
    page = visit(url, width=390, height=844)
    wide = {}
    for search in (*SEARCHES.values(), *MORE):
        page.goto(url + search.replace("lang=ko", f"lang={lang}") + f"&lang={lang}")
        page.wait_for_selector("body[data-ready] #headline")
        page.wait_for_timeout(300)
        wide[search] = page.evaluate("document.documentElement.scrollWidth")
    assert {search: width for search, width in wide.items() if width > 390} == {}
    page.goto(url + f"?lang={lang}")
    page.locator('.rail-item[data-screen="system"]').click()
    on(page, "system")


@pytest.mark.parametrize("width", [390, 1440])
def test_every_part_that_may_change_is_on_the_page(fake_board: Board, visit: Visit, width: int) -> None:
    """Else its screen would be sent whole at every refresh."""
    url, folder = fake_board
    (folder / "still").touch()
    parts = 0
    page = visit(url, width=width)
    for search in (*SEARCHES.values(), *MORE):
        page.goto(url + search)
        page.wait_for_selector("body[data-ready]")
        page.wait_for_timeout(1_500)
        shown = page.evaluate("Object.keys(window.dash_component_api.getLayout('pulse').props.data.shown)")
        ids = sorted({name.rpartition(".")[0] for name in shown})
        assert page.evaluate("ids => ids.filter((id) => !document.getElementById(id))", ids) == [], search
        parts += len(ids)
    assert parts > 30
