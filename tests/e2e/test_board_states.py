"""The states of a screen, never one for another; and axe on every screen, in both themes and languages, and states."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, Route, expect

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("patient")]
Visit = Callable[..., Page]
Board = tuple[str, Path]

SCREENS = {
    "nationwide": "",
    "region": "&level=region&hub=R1",
    "area": "&level=area&hub=A00",
    "camp": "&level=camp&hub=C101",
    "friend": "&level=friend&hub=C101/F1012",
    "invoice": "&level=invoice&hub=X-1",
    "returns": "&screen=returns",
    "returns of a camp": "&screen=returns&level=camp&hub=C101",
    "reports": "&screen=reports&order=daily-final%7Ccamp%3AC101",
    "dictionary": "&screen=dictionary&metric=m6",
    "system": "&screen=system",
    "fixed": "&as_of=2026-11-20T15:00:00&compare=week",
}
# State of a screen: the switch of the made-up network, the screen, what shows it, whether there are figures.
STATES = {
    "empty": ("idle", "&level=camp&hub=C101", "#no-deliveries", True),
    "partial": ("mute", "", "#partial", True),
    "no right": ("denied", "", "#no-right", False),
    "no data": ("bare", "", "#no-data", False),
    "error": ("fail", "", "#failed", False),
}
LOADING = "#screen .skeleton[aria-busy=true]"
MARKS = {LOADING, *(mark for _, _, mark, _ in STATES.values())}


def broken(axe: Axe, page: Page, within: str | None = None) -> list[str]:
    """Rules that what is shown breaks, each with its first elements. within: a selector; None: the whole page."""
    page.wait_for_timeout(400)  # until what is fading in is there
    # The mail of the reports' preview is in a frame that runs no scripts.
    options = {"iframes": False, "resultTypes": ["violations"]}
    rules = axe.run(page, within, options).response["violations"]
    return [
        f"{rule['id']} ×{len(rule['nodes'])}: {[node['html'][:160] for node in rule['nodes'][:3]]}" for rule in rules
    ]


def summed(found: dict[str, list[str]]) -> str:
    """What was found, a line for each rule of each screen; empty for nothing."""
    return "\n".join(f"{name}: {rule}" for name, rules in found.items() for rule in rules)


def switch(page: Page, folder: Path, name: str, on: bool) -> None:
    """Turn a switch of the made-up network, which looks at it every second."""
    (folder / name).touch() if on else (folder / name).unlink()
    page.wait_for_timeout(1_300)


def open_screen(page: Page, address: str) -> None:
    page.goto(address)
    page.wait_for_selector("body[data-ready]")
    expect(page.locator("#headline")).to_be_visible()


@pytest.mark.parametrize(("dark", "lang"), [(False, "ko"), (True, "en")], ids=["light-ko", "dark-en"])
def test_each_state_is_told_from_every_other_and_breaks_no_rule_of_accessibility(
    fake_board: Board, visit: Visit, dark: bool, lang: str
) -> None:
    url, folder = fake_board
    (folder / "still").touch()
    axe = Axe()
    found: dict[str, list[str]] = {}
    said: dict[str, str] = {}
    page = visit(f"{url}?lang={lang}", dark=dark)

    def shows(state: str, mark: str, figures: bool) -> None:
        expect(page.locator(mark)).to_be_visible()
        others = [other for other in MARKS - {mark} if page.locator(other).count()]
        assert others == [], state
        assert (page.locator("#screen [data-metric]").count() > 0) == figures, state
        said[state] = " ".join(page.locator(mark).inner_text().split())
        found[state] = broken(axe, page)

    held: list[Route] = []
    page.route("**/_dash-update-component*", lambda route: held.append(route))
    page.reload()
    shows("loading", LOADING, False)
    assert held
    for route in held:
        route.continue_()
    page.unroute("**/_dash-update-component*")
    page.wait_for_selector("body[data-ready]")
    expect(page.locator(LOADING)).to_have_count(0)

    for state, (name, search, mark, figures) in STATES.items():
        switch(page, folder, name, True)
        open_screen(page, f"{url}?lang={lang}{search}")
        shows(state, mark, figures)
        switch(page, folder, name, False)
    open_screen(page, f"{url}?lang={lang}")
    assert [mark for mark in MARKS if page.locator(mark).count()] == []
    assert len(set(said.values())) == 6
    # Who stands in the dark is not told 0.
    expect(page.locator('.tiles [data-metric="due"]')).not_to_have_attribute("data-value", "0")
    assert summed(found) == ""


@pytest.mark.parametrize(("dark", "lang"), [(False, "ko"), (True, "en")], ids=["light-ko", "dark-en"])
def test_no_screen_breaks_a_rule_of_accessibility(fake_board: Board, visit: Visit, dark: bool, lang: str) -> None:
    url, folder = fake_board
    (folder / "still").touch()
    axe = Axe()
    found: dict[str, list[str]] = {}
    page = visit(f"{url}?lang={lang}", dark=dark)
    for name, search in SCREENS.items():
        open_screen(page, f"{url}?lang={lang}{search}")
        if name not in ("reports", "dictionary", "system", "invoice"):
            page.wait_for_selector(".ag-row")
        found[name] = broken(axe, page)

    for metric in ("m1_late_open", "shortfall"):  # invoices, and what is added up
        open_screen(page, f"{url}?lang={lang}&level=camp&hub=C101&proof={metric}")
        expect(page.locator("#proof-figure")).to_be_visible()
        page.wait_for_timeout(500)
        found[f"drawer {metric}"] = broken(axe, page)

    open_screen(page, f"{url}?lang={lang}&level=camp&hub=C101")
    menus = page.locator("details.menu")
    assert menus.count() >= 3  # siblings, comparison, export
    for place in range(menus.count()):
        menus.nth(place).locator("summary").click()
        expect(menus.nth(place).locator(".menu-list")).to_be_visible()
        found[f"menu {place}"] = broken(axe, page, ".menu[open]")
    for each in page.locator(".chart-card summary").all():
        each.click()
    found["twins"] = broken(axe, page, ".twin-box")

    switch(page, folder, "fail", True)
    expect(page.locator("#stale")).to_be_visible()
    found["stale"] = broken(axe, page)
    switch(page, folder, "fail", False)

    switch(page, folder, "trouble", True)
    open_screen(page, f"{url}?lang={lang}&screen=system")
    found["trouble"] = broken(axe, page)
    assert summed(found) == ""


# Of each chart: the title above it, its sentence, its curves as drawn, and the rows of its table.
READ_CHARTS = """() => [...document.querySelectorAll(".js-plotly-plot")].map(plot => {
    const card = plot.closest(".chart-card");
    const rows = [...(card?.querySelectorAll(".twin tbody tr") ?? [])];
    return {
        sentence: card?.querySelector(".summary")?.textContent ?? "",
        traces: plot.data.map(({ type, x, y, text, customdata, line, fill, yaxis }) => ({
            type, x: [...x], y: [...y], text: text ? [...text] : [], says: customdata ? [...customdata] : [],
            dash: line?.dash ?? "", fill: fill ?? "", lower: yaxis === "y2",
        })),
        ticks: [...(plot.layout.xaxis.ticktext ?? [])],
        shapes: plot.layout.shapes?.length ?? 0,
        table: rows.map(row => [...row.children].map(cell => cell.textContent)),
        figures: rows.map(row => Object.fromEntries([...row.querySelectorAll("[data-metric]")].map(
            each => [each.dataset.metric.split(".")[0], each.textContent]))),
    };
})"""
Chart = dict[str, Any]


def number(text: str) -> float:
    """A count or share as it is written."""
    return float(text.replace(",", "").replace("−", "-").rstrip("%"))


def check_completions(chart: Chart) -> None:
    """The curves of the main chart, its table and its sentence say the same."""
    table = [row for row in chart["table"] if row[3] != "—"]
    for dash, column in (("solid", 3), ("dash", 4), ("dot", 5)):  # completed, planned, projected
        (curve,) = (trace for trace in chart["traces"] if trace["dash"] == dash)
        written = [number(row[column].rpartition("·")[2]) for row in chart["table"] if row[column] != "—"]
        assert written
        # A curve begins a point before its first hour's end; the table rounds to a tenth.
        assert curve["y"][1 : len(written) + 1] == pytest.approx(written, abs=0.1)
    busiest = max(table, key=lambda row: number(row[1]))
    assert f"{table[-1][2]} were done, {table[-1][3]} of due" in chart["sentence"]
    assert f"with {busiest[1]}." in chart["sentence"]
    assert sum(number(row[1]) for row in table) == number(table[-1][2])


def check_hours(chart: Chart) -> None:
    """Bars, table and sentence of the work by the hour say the same."""
    (bars,) = chart["traces"]
    drawn = zip(bars["y"], bars["text"], strict=True)
    written = [(row["worked_by_hour"], row.get("invoices_per_hour", "—")) for row in chart["figures"]]
    assert written == [(f"{count:,}", rate or "—") for count, rate in drawn]
    assert len(chart["ticks"]) == len(chart["table"])
    assert f"{sum(bars['y']):,} worked" in chart["sentence"]


def check_day(chart: Chart) -> None:
    """Each stretch of a Friend's day is a shape and a row, and a sentence says whose and what of."""
    # Besides stretches: the deadline, now, and the way to the projected finish.
    assert 0 <= chart["shapes"] - len(chart["table"]) <= 4
    assert len(chart["table"]) > 10
    assert re.fullmatch(r"F1012: \d+ stops, .* idle, projected \d\d:\d\d", chart["sentence"])


CHARTS: dict[str, list[Callable[[Chart], None]]] = {
    "": [check_completions],
    "&level=region&hub=R2": [check_completions],
    "&level=camp&hub=C101": [check_completions, check_hours],
    "&level=friend&hub=C101/F1012": [check_day, check_hours],
}


def test_every_chart_has_its_sentence_and_a_table_with_the_very_figures_that_are_drawn(
    fake_board: Board, visit: Visit
) -> None:
    url, folder = fake_board
    (folder / "still").touch()
    page = visit(url)
    for search, checks in CHARTS.items():
        open_screen(page, f"{url}?lang=en{search}")
        page.wait_for_function(
            "n => [...document.querySelectorAll('.js-plotly-plot')].filter(each => each.data).length === n",
            arg=len(checks),
        )
        charts = page.evaluate(READ_CHARTS)
        for check, chart in zip(checks, charts, strict=True):
            check(chart)
        twins = page.locator(".chart-card .twin-box")
        assert twins.count() == len(checks)
        for each in twins.all():
            expect(each.locator("table")).to_be_hidden()
            each.locator("summary").press("Enter")
            expect(each.locator("tbody tr").first).to_be_visible()
    # The strips of a camp are drawn in its table; what they say is in a table of words, too.
    open_screen(page, f"{url}?lang=en&level=camp&hub=C101")
    strips = page.locator(".ag-center-cols-container .hs-strip")
    expect(strips).to_have_count(10)
    rows = page.locator(".strip-card .twin tbody tr").evaluate_all(
        "rows => rows.map(row => [row.children[0].textContent, row.querySelector('[data-metric=stops]').textContent])"
    )
    told = [(strip.get_attribute("aria-label") or "").partition(" stops")[0] for strip in strips.all()]
    assert sorted(told) == sorted(f"{name}: {stops}" for name, stops in rows)
    # No other screen has a chart that these checks do not know.
    for search in SCREENS.values():
        if search not in CHARTS and "level=" not in search and "as_of" not in search:
            open_screen(page, f"{url}?lang=en{search}")
            assert page.locator(".js-plotly-plot").count() == 0, search
