"""Golden figures through the whole path: the command line, Kafka, the worker, Elasticsearch, the reader."""

from __future__ import annotations

import json
import sys

import pytest
from golden import compare_lade, compare_nasty, data_folder
from installation import Boards, running

from hubstat.settings import Settings

pytestmark = [pytest.mark.engines, pytest.mark.timeout(900)]


def lade_arguments() -> list[str]:
    folder = data_folder()
    return [
        str(folder / "lade_d_jilin.parquet"),
        *("--format", "lade", "--year", "2022", "--service-date", "2022-05-29", "--promise", "20:00"),
        *("--hubs", str(folder / "lade_hubs.csv"), "--wait"),
    ]


def say(capsys: pytest.CaptureFixture[str], text: str) -> None:
    """How much was compared belongs into the output of a green run too."""
    with capsys.disabled():
        sys.stdout.write(f"\n{text}\n")


@pytest.mark.parametrize("order", ["file", "reverse", "shuffle:7"])
def test_every_figure_of_the_real_day(settings: Settings, order: str, capsys: pytest.CaptureFixture[str]) -> None:
    with running(settings) as installation:
        for _ in range(3 if order == "file" else 1):
            installation.run("replay", *lade_arguments(), "--order", order)
            comparison = compare_lade(installation.ask)
            say(capsys, f"LaDe, order {order}: {comparison.compared:,} values compared")
            assert comparison.differing == []
            assert comparison.compared > 1_900
        printed = installation.run(
            *("query", "--level", "camp", "--date", "2022-05-29", "--as-of", "2022-05-29T21:00", "--format", "json")
        )
        rows = {row["hub"]: row["figures"] for row in json.loads(printed.stdout)["rows"]}
        golden = json.loads((data_folder() / "golden_lade_2022-05-29.json").read_text())["2022-05-29T21:00"]
        for camp in ("31", "53", "129", "165"):
            for name in ("due", "completed", "open", "m1_base", "m1_late", "completions_by_hour"):
                assert rows[camp][name] == golden[f"camp:{camp}"][name]


@pytest.mark.parametrize("order", ["file", "shuffle:3"])
def test_every_figure_of_the_awkward_network(
    settings: Settings, order: str, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = data_folder() / "nasty_1"
    # Golden is stated without history, although some of its records are of earlier dates.
    with running(settings, "--no-rollup") as installation:
        installation.run("hubs", "load", str(folder))
        files = [str(folder / "events.ndjson"), str(folder / "friend_events.ndjson")]
        replayed = installation.run("replay", *files, "--order", order, "--wait")
        assert "refused 14" in replayed.stdout
        comparison = compare_nasty(Boards(installation.reader).ask)
        say(capsys, f"nasty_1, order {order}: {comparison.compared:,} values compared")
        assert comparison.differing == []
        assert comparison.compared == 87_473
        moment = ("--as-of", "2026-11-19T12:00", "--known-at", "2026-11-20T18:00")
        assert " 0 differing" in installation.run("audit", "--date", "2026-11-18", *moment).stdout
        installation.run("rollup", "--all")
        # With their history Friends have allowances of their own; nothing else depends on it.
        comparison = compare_nasty(Boards(installation.reader).ask)
        assert comparison.compared == 87_473
        assert len(comparison.differing) == 348
        assert all(" idle_minutes: " in each for each in comparison.differing)
        assert " 0 differing" in installation.run("audit", "--date", "2026-11-18", *moment).stdout
