"""On the real stack: from nationwide to an invoice's events and back, every figure as ``hubstat query`` gives it."""

from __future__ import annotations

import csv
import io
import json
import re
import secrets
import sys
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from dashboard_process import free_port, serving
from installation import Installation, running
from playwright.sync_api import Page, expect

from hubstat.engines import EngineAddresses
from hubstat.settings import Settings

pytestmark = [pytest.mark.browser, pytest.mark.engines, pytest.mark.usefixtures("patient")]
Visit = Callable[..., Page]
Figures = dict[str, dict[str, Any]]
# Figures by ``level:id`` of a direction and wave.
Asking = Callable[..., Figures]

DATE = "2026-11-12"
AS_OF = "2026-11-12T15:00:00+09:00"
KNOWN_AT = "2026-11-12T16:30:00+09:00"
FIXED = f"date={DATE}&as_of={AS_OF}&known_at={KNOWN_AT}".replace("+", "%2B")
LEVELS = ("nationwide", "region", "area", "camp", "friend")


@pytest.fixture(scope="module")
def installation(engines: EngineAddresses, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """A running installation with one simulated day."""
    folder, base = tmp_path_factory.mktemp("installation"), Settings()
    settings = base.model_copy(
        update={
            "namespace": f"t{secrets.token_hex(6)}",
            "state_dir": folder / "state",
            "elasticsearch": base.elasticsearch.model_copy(update={"url": engines.elasticsearch_url}),
            "kafka": base.kafka.model_copy(update={"bootstrap_servers": engines.kafka_bootstrap}),
        }
    )
    with running(settings) as found:
        found.run(
            "simulate", "--invoices", "1000", "--date", DATE, "--seed", "5", "--duplicates", "0.05",
            "--out-of-order", "0.05", "--corrections", "0.02", "--truth", str(folder / "truth.parquet"), "--wait",
        )  # fmt: skip
        yield found


@pytest.fixture(scope="module")
def board(installation: Installation, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of the dashboard over that installation."""
    port = free_port()
    command = [sys.executable, "-m", "hubstat", "dashboard", "--port", str(port)]
    log = tmp_path_factory.mktemp("board") / "dashboard.log"
    with serving(command, port, log, installation.environment()) as url:
        yield url


@pytest.fixture(scope="module")
def figures_of(installation: Installation) -> Asking:
    """Figures by ``level:id`` of every hub and Friend at the fixed moment, as the command line prints them."""

    @cache
    def asked(direction: str = "DELIVERY", wave: str = "all") -> Figures:
        moment = ("--date", DATE, "--as-of", AS_OF, "--known-at", KNOWN_AT)
        return installation.figures(*moment, "--direction", direction, "--wave", wave)

    return asked


def shown(page: Page) -> list[tuple[str, str, Any, str]]:
    """(hub, metric, raw value, text) of every hub's figure on the page, tables and hidden twins included."""
    cells = page.locator("[data-metric][data-hub]").evaluate_all(
        "all => all.map(one => [one.dataset.hub, one.dataset.metric, one.dataset.value, one.textContent])"
    )
    return [(hub, metric, json.loads(value), text) for hub, metric, value, text in cells if hub.split(":")[0] in LEVELS]


def reads(text: str, value: Any) -> bool:
    """Whether a count or share in words is its raw value; other forms are taken to be."""
    if isinstance(value, int) and re.fullmatch(r"[\d,]+", text):
        return int(text.replace(",", "")) == value
    if isinstance(value, float) and re.fullmatch(r"[\d.]+%", text):
        return abs(100 * value - float(text[:-1])) <= 0.1
    return value is not None or text == "—"


def compare(page: Page, expected: Figures, hub: str) -> int:
    """Every figure on the screen equals the query's, its own hub among them. Gives how many were compared."""
    expect(page.locator(f'.tiles [data-metric="due"][data-hub="{hub}"]')).to_be_visible()
    if hub.split(":")[0] != "friend" and expected[hub]["due"]:
        expect(page.locator(f'.hs-grid [data-metric][data-hub="{hub}"]').first).to_be_attached()
    found = shown(page)
    for place, metric, value, text in found:
        name, _, part = metric.partition(".")
        figures = expected[place]
        wanted = (figures[name] or {}).get(part) if part else figures[name]
        assert value == wanted, (place, metric)
        assert reads(text, value), (place, metric, value, text)
    assert {place for place, *_ in found} >= {hub}
    return len(found)


def follow(page: Page, search: str) -> None:
    """Go where a link of the board would lead, and wait until that is shown."""
    before = page.evaluate("document.body.dataset.ready")
    page.evaluate(
        """search => {
            const link = Object.assign(document.createElement("a"), { href: search });
            link.dataset.nav = "1";
            document.body.append(link);
            link.click();
            link.remove();
        }""",
        search,
    )
    page.wait_for_function(
        """before => document.body.dataset.moving === "0" && document.body.dataset.ready !== before
            && document.querySelector(`#tiles-${document.body.dataset.ready}`)""",
        arg=before,
    )


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
def test_drill_from_nationwide_to_events_and_back(board: str, figures_of: Asking, visit: Visit, direction: str) -> None:
    expected = figures_of(direction)
    page = visit(f"{board}?{FIXED}&direction={direction}")
    hub = "nationwide:KR"
    compared = compare(page, expected, hub)
    way = [hub]
    for level in ("region", "area", "camp", "friend"):
        hub = open_worst(page, level)
        way.append(hub)
        compared += compare(page, expected, hub)
    assert compared > 400

    # The day of the Friend: as many stops are drawn as the figure says, and its sentence says so.
    stops = expected[hub]["stops"]
    drawn = page.locator('[id^="day-table-"] tbody td:first-child').all_text_contents()
    assert drawn.count("스톱") == stops > 0
    expect(page.locator('[id^="day-summary-"]')).to_contain_text(f"스톱 {stops},")

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


def test_a_figure_opens_exactly_what_it_is_made_of(board: str, figures_of: Asking, visit: Visit) -> None:
    expected = figures_of()["nationwide:KR"]
    page = visit(f"{board}?{FIXED}")
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
    board: str, installation: Installation, figures_of: Asking, visit: Visit
) -> None:
    """Every hub's deliveries, what no master data row names among them; of returns and each wave a way down."""
    page = visit(f"{board}?{FIXED}")
    page.wait_for_selector("body[data-ready]")

    def crawl(hubs: list[str], direction: str, wave: str) -> int:
        compared = 0
        for hub in hubs:
            level, _, name = hub.partition(":")
            follow(page, f"?{FIXED}&level={level}&hub={name}&direction={direction}&wave={wave}")
            compared += compare(page, figures_of(direction, wave), hub)
        return compared

    deliveries = figures_of()
    hubs = [hub for hub in deliveries if hub.split(":")[0] in ("region", "area", "camp")]
    unmapped = [hub for hub in hubs if hub.endswith(":unmapped")]
    assert [hub.split(":")[0] for hub in unmapped if deliveries[hub]["due"]] == ["region", "area", "camp"]
    assert crawl(hubs, "DELIVERY", "all") > 1_000
    waves = [wave.wave for wave in installation.reader.store.master_data("KR").waves_of("KR")]
    assert len(waves) == 3
    busy = 0
    for direction in ("DELIVERY", "RETURN"):
        for wave in ("all", *waves):
            known = figures_of(direction, wave)
            busy += bool(known["nationwide:KR"]["due"])
            # The busiest of each level, a Friend's own among them, and what has no camp.
            of_level = {hub.partition(":")[0]: hub for hub in sorted(known, key=lambda hub: known[hub]["due"])}
            assert set(of_level) == set(LEVELS)
            unmapped = [hub for hub in known if hub == "camp:unmapped"]
            assert crawl([*of_level.values(), *unmapped], direction, wave) > 100
    assert busy > 4


FOCUSED = """() => {
    const focused = document.activeElement;
    const drawn = (style, least) => style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= least
        || style.borderTopStyle !== "none" && parseFloat(style.borderTopWidth) >= least;
    const after = getComputedStyle(focused, "::after");
    const label = focused.closest("label");
    const marked = drawn(getComputedStyle(focused), 2) || (label && drawn(getComputedStyle(label), 2))
        || (after.content !== "none" && drawn(after, 1));
    const box = focused.getBoundingClientRect();
    const top = document.elementFromPoint(box.x + box.width / 2, box.y + Math.min(box.height / 2, 10));
    const seen = Boolean(top) && (focused.contains(top) || top.contains(focused));
    return {
        name: `${focused.tagName}.${focused.className} ${focused.textContent.slice(0, 40)}`,
        plain: focused === document.body || focused.id === "headline",
        marked, seen,
        row: Boolean(focused.closest(".hs-grid .ag-center-cols-container .ag-row")),
        head: Boolean(focused.closest(".hs-grid .ag-header")),
        crumb: focused.matches(".crumbs a.crumb"),
    };
}"""


def move(page: Page, key: str, to: str) -> None:
    """Press a key until what is wanted has the focus; everything that has it on the way is seen and marked."""
    for _ in range(150):
        page.keyboard.press(key)
        focused = page.evaluate(FOCUSED)
        assert focused["plain"] or (focused["marked"] and focused["seen"]), focused
        if focused[to]:
            return
        if focused["head"] and to == "row":
            key = "ArrowDown"
    pytest.fail(f"{key} leads to no {to}")


def test_the_whole_way_down_to_events_and_up_again_by_keyboard_alone(
    board: str, figures_of: Asking, visit: Visit
) -> None:
    expected = figures_of()
    page = visit(f"{board}?{FIXED}&lang=en")
    way = ["nationwide:KR"]
    compare(page, expected, way[0])
    for level in (*LEVELS[1:], "invoice"):
        move(page, "Tab", "row")
        page.keyboard.press("Enter")
        page.wait_for_url(f"**level={level}&**")
        expect(page.locator("#headline")).to_be_focused()
        name = re.search(r"hub=([^&]+)", page.url)
        assert name is not None
        way.append(f"{level}:{name.group(1).replace('%2F', '/')}")
        if level != "invoice":
            compare(page, expected, way[-1])
    expect(page.locator("#headline")).to_contain_text(way[-1].partition(":")[2])
    expect(page.locator("li[data-event]").first).to_be_visible()
    for hub in reversed(way[:-1]):
        move(page, "Shift+Tab", "crumb")  # the nearest one is the hub above
        page.keyboard.press("Enter")
        expect(page.locator("#headline")).to_be_focused()
        compare(page, expected, hub)
    assert "as_of=" in page.url


def exported(page: Page, name: str) -> tuple[dict[str, str], list[list[str]], list[list[Any]]]:
    """A table of the screen as files: the lines of its header, and the columns' heads and rows of CSV and of XLSX."""
    raw = {}
    for form in ("csv", "xlsx"):
        page.locator("#export summary").click()
        with page.expect_download() as waiting:
            page.locator(f'a[href^="/export?"][href*="table={name}&format={form}"]').click()
        raw[form] = Path(waiting.value.path()).read_bytes()
    lines = list(csv.reader(io.StringIO(raw["csv"].decode("utf-8-sig"))))
    top = lines.index([]) + 1
    sheet = [list(row) for row in openpyxl.load_workbook(io.BytesIO(raw["xlsx"])).worksheets[0].values]
    assert [row[:2] for row in sheet[1 : top - 1]] == lines[1 : top - 1]
    return dict(line[:2] for line in lines[1 : top - 1]), lines[top:], sheet[top:]


def same_cell(cell: Any, value: Any) -> bool:
    """Whether a cell of a sheet is a raw figure; its times are local ones."""
    if isinstance(cell, datetime):
        return abs(cell - datetime.fromisoformat(value).replace(tzinfo=None)) <= timedelta(milliseconds=1)
    return bool(cell == pytest.approx(value, rel=1e-14)) if isinstance(value, float) else cell == value


@pytest.mark.parametrize("direction", ["DELIVERY", "RETURN"])
def test_files_opened_again_have_cell_by_cell_what_a_query_gives(
    board: str, figures_of: Asking, visit: Visit, direction: str
) -> None:
    expected = figures_of(direction)
    camp = max((hub for hub in expected if hub.startswith("camp:")), key=lambda hub: expected[hub]["due"])
    scopes = {
        "nationwide:KR": ("children", [hub for hub in expected if hub.startswith("region:")]),
        camp: ("friends", [hub for hub in expected if hub.startswith(f"friend:{camp[5:]}/")]),
    }
    page = visit(f"{board}?{FIXED}&lang=en&direction={direction}")
    page.wait_for_selector("body[data-ready]")
    for scope, (name, below) in scopes.items():
        level, _, hub = scope.partition(":")
        page.goto(f"{board}?{FIXED}&lang=en&direction={direction}&level={level}&hub={hub}")
        expect(page.locator(f'.hs-grid [data-metric][data-hub="{scope}"]').first).to_be_attached()
        header, lines, sheet = exported(page, name)
        known = {header[each] for each in ("As of", "Known at", "Service date", "Direction", "Zone")}
        assert known >= {DATE, direction, "Asia/Seoul"}, header
        assert {datetime.fromisoformat(header[each]) for each in ("As of", "Known at")} == {
            datetime.fromisoformat(AS_OF), datetime.fromisoformat(KNOWN_AT)
        }  # fmt: skip
        assert sheet[0] == lines[0]
        metrics = [head.rpartition("(")[2].rstrip(")") if head.endswith(")") else None for head in lines[0]]
        assert sum(metric is not None for metric in metrics) >= 8
        rows = {line[0]: line for line in lines[1:]}
        # Nothing is left out and nothing is there twice: what is below, what belongs to none of it, and the total.
        assert sorted(line[0] for line in lines[1:]) == sorted(
            [*below, scope] if name == "children" else [*{*below, f"friend:{camp[5:]}/unassigned"}, scope]
        )
        for place, line in enumerate(lines[1:], 1):
            figures, cells = expected.get(line[0], {}), sheet[place]
            assert cells[0] == line[0]
            for metric, text, cell in zip(metrics, line, cells, strict=True):
                if metric is None:
                    continue
                of, _, part = metric.partition(".")
                wanted = (figures[of] or {}).get(part) if part else figures[of]
                assert text == ("" if wanted is None else str(wanted)), (line[0], metric)
                assert same_cell(cell, wanted), (line[0], metric, cell)
        assert rows[scope]
