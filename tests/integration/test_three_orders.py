"""One simulated day with duplicates, late and corrected records, in three orders into three namespaces: equal figures.

``HUBSTAT_TEST_INVOICES`` sets its size (default 1,000), ``HUBSTAT_TEST_HISTORY_DAYS`` its history (default 7).
"""

from __future__ import annotations

import csv
import io
import os
import secrets
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import pytest
from agreement import by_node
from installation import EVERYTHING, Installation, running

from aggregations.board import board_at
from aggregations.question import Moment
from hubstat.audit import differing
from hubstat.domain import time as tm
from hubstat.domain.codes import DIRECTIONS
from hubstat.engines import EngineAddresses
from hubstat.settings import Settings

pytestmark = [pytest.mark.engines, pytest.mark.timeout(3600)]

INVOICES: Final = int(os.environ.get("HUBSTAT_TEST_INVOICES", "1000"))
HISTORY_DAYS: Final = int(os.environ.get("HUBSTAT_TEST_HISTORY_DAYS", "7"))
ORDERS: Final = ("file", "reverse", "shuffle:5")
# Three days ago: all of it is past.
ZONE: Final = tm.zone("KR")
DAY: Final = tm.local_date(time.time_ns() // 1_000_000, ZONE) - timedelta(days=3)


def moments() -> list[Moment]:
    """While the day ran, as known then and as known later; at its closing, as known then and as known now."""
    running_at, closing = tm.parse_instant(f"{DAY}T15:00:00+09:00"), tm.closing(DAY, ZONE)
    now = tm.parse_instant(f"{DAY + timedelta(days=3)}T00:00:00+09:00")
    return [Moment(running_at, running_at), Moment(running_at, now), Moment(closing, closing), Moment(closing, now)]


def all_figures(installation: Installation, moment: Moment) -> dict[str, Any]:
    """Every figure of every node, wave and direction."""
    board = board_at(installation.reader, DAY, moment)
    found: dict[str, Any] = {}
    for direction in DIRECTIONS:
        for wave in ("all", "DAWN", "DAY", "SAME_DAY"):
            answered = by_node(
                lambda question: board.answer(EVERYTHING, question),
                DAY,
                moment.as_of,
                moment.known_at,
                wave,
                direction,
            )
            found |= {f"{direction} {wave} {node}": (direction, figures) for node, figures in answered.items()}
    return found


def differences(left: dict[str, Any], right: dict[str, Any]) -> tuple[int, list[str]]:
    """Cells compared of two sets of figures, and those that differ."""
    compared, found = 0, []
    for node in sorted({*left, *right}):
        direction, one = left.get(node, right.get(node))
        cells, differ = differing(one if node in left else {}, right[node][1] if node in right else {}, direction)
        compared += cells
        found += [f"{node}: {each}" for each in differ]
    return compared, found


@pytest.fixture(scope="module")
def day_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The simulated day as files."""
    folder = tmp_path_factory.mktemp("day")
    size = ("--invoices", str(INVOICES), "--date", DAY.isoformat(), "--history-days", str(HISTORY_DAYS))
    mess = ("--duplicates", "0.1", "--out-of-order", "0.05", "--corrections", "0.01")
    command = [sys.executable, "-m", "hubstat", "simulate", *size, *mess, "--to", str(folder / "day.ndjson")]
    subprocess.run(command, check=True, capture_output=True)
    return folder


@pytest.fixture(scope="module")
def installations(
    engines: EngineAddresses, day_files: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[list[Installation]]:
    """The same records in three orders, each in a namespace of its own, with everything rolled up."""
    base = Settings()
    with ExitStack() as stack:
        found: list[Installation] = []
        for number, order in enumerate(ORDERS):
            chosen = base.model_copy(
                update={
                    "namespace": f"t{secrets.token_hex(6)}",
                    "state_dir": tmp_path_factory.mktemp(f"state{number}"),
                    "elasticsearch": base.elasticsearch.model_copy(update={"url": engines.elasticsearch_url}),
                    "kafka": base.kafka.model_copy(update={"bootstrap_servers": engines.kafka_bootstrap}),
                }
            )
            installation = stack.enter_context(running(chosen, "--no-rollup"))
            files = [str(day_files / name) for name in ("day.ndjson", "day.friend-events.ndjson")]
            installation.run(
                "replay", *files, "--hubs", str(day_files / "day.hubs"), "--order", order, "--wait", timeout=3000
            )
            installation.run("rollup", "--all", timeout=3000)
            found.append(installation)
        yield found


def test_three_orders_give_one_set_of_figures(
    installations: list[Installation], capsys: pytest.CaptureFixture[str]
) -> None:
    total = 0
    for moment in moments():
        first, *others = (all_figures(installation, moment) for installation in installations)
        for other in others:
            compared, found = differences(first, other)
            assert found == []
            total += compared
    with capsys.disabled():
        sys.stdout.write(f"\n{INVOICES:,} invoices in {len(ORDERS)} orders: {total:,} cells compared, 0 differing\n")
    assert total > 50_000


def test_refolding_and_rolling_up_again_change_nothing(installations: list[Installation]) -> None:
    installation = installations[0]
    before = [all_figures(installation, moment) for moment in moments()]
    refolded = installation.run("refold", timeout=3000).stdout
    assert ", 0 changed" in refolded
    assert ", 0 documents changed" in installation.run("rollup", "--all", timeout=3000).stdout
    for moment, figures in zip(moments(), before, strict=True):
        assert differences(figures, all_figures(installation, moment))[1] == []
    assert " 0 differing" in installation.run("audit", "--date", DAY.isoformat(), timeout=3000).stdout


def test_a_camp_moved_to_another_area(installations: list[Installation], tmp_path: Path, day_files: Path) -> None:
    """From the day on, in two namespaces: their figures are equal again, and as the audit says."""
    rows = list(csv.DictReader(io.StringIO((day_files / "day.hubs" / "hubs.csv").read_text(encoding="utf-8"))))
    moving = rows[0]
    other = next(row for row in rows if row["area_id"] != moving["area_id"])
    moved = {**moving, **{name: other[name] for name in moving if name.startswith(("area_", "region_"))}}
    moving["valid_to"] = moved["valid_from"] = DAY.isoformat()
    with (tmp_path / "hubs.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(moving))
        writer.writeheader()
        writer.writerows([*rows, moved])
    chosen = installations[:2]
    due = chosen[0].run(
        "query", "--level", "camp", "--hub", moving["camp_id"], "--date", DAY.isoformat(), "--format", "csv"
    )
    for installation in chosen:
        installation.run("hubs", "load", str(tmp_path))
        installation.run("rollup", "--once", timeout=3000)
    for moment in moments():
        compared, found = differences(*(all_figures(installation, moment) for installation in chosen))
        assert found == []
        assert compared > 10_000
    after = chosen[0].run(
        "query", "--level", "camp", "--hub", moving["camp_id"], "--date", DAY.isoformat(), "--format", "csv"
    )
    assert other["area_id"] in after.stdout
    assert other["area_id"] not in due.stdout
    assert " 0 differing" in chosen[0].run("audit", "--date", DAY.isoformat(), timeout=3000).stdout
