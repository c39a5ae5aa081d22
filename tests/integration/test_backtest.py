"""``hubstat backtest`` over stored days gives what the same days give in memory, and keeps it beside the figure."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest
from installation import running
from memory import ZONE, MemoryNetwork

from aggregations.backtest import error_of
from aggregations.backtest.cases import Case, ClosedDate
from aggregations.backtest.score import HourError, Score
from aggregations.day import Day
from aggregations.question import Moment
from hubstat.domain import time as tm
from hubstat.domain.projection import Projection, project
from hubstat.settings import Settings

pytestmark = pytest.mark.engines
DATE = date(2026, 11, 10)


def test_a_stored_day(settings: Settings, tmp_path: Path) -> None:
    with running(settings) as installation:
        events = tmp_path / "day.ndjson"
        installation.run("simulate", "--invoices", "400", "--date", DATE.isoformat(), "--to", str(events))
        installation.run("hubs", "load", str(tmp_path / "day.hubs"))
        installation.run("replay", str(events), str(tmp_path / "day.friend-events.ndjson"), "--wait")
        printed = json.loads(installation.run("backtest", "--date", DATE.isoformat(), "--format", "json").stdout)
        expected = in_memory(events, tmp_path)
        assert [each["hour"] for each in printed["hours"]] == [*range(24), "all"]
        assert printed["hours"] == [
            {"hour": "all" if each.hour is None else each.hour, **each.to_json()} for each in expected
        ]
        assert expected[-1].friends.n > 30
        assert error_of(installation.reader.store) == {each.hour: each for each in expected[:-1]}

        asked = ("query", "--level", "nationwide", "--date", DATE.isoformat(), "--as-of", f"{DATE}T13:30")
        shown = json.loads(installation.run(*asked, "--format", "json").stdout)
        assert shown["projection_error"] == printed["hours"][13]
        other = json.loads(installation.run(*asked, "--metrics", "due", "--format", "json").stdout)
        assert "projection_error" not in other

        refused = installation.run("backtest", "--date", "2100-01-01", check=False)
        assert refused.returncode == 2
        assert "2100-01-01 has not closed" in refused.stderr


def in_memory(events: Path, folder: Path) -> list[HourError]:
    network = MemoryNetwork({path.name: path.read_text("utf-8") for path in (folder / "day.hubs").iterdir()})
    for line in events.read_bytes().splitlines():
        network.add_invoice(line)
    for line in (folder / "day.friend-events.ndjson").read_bytes().splitlines():
        network.add_friend(line)
    closing = tm.closing(DATE, ZONE)
    day = network.day(DATE, Moment(closing, closing))
    closed = ClosedDate(DATE, ZONE, day.area_of)
    for friend, log in network.friends.items():
        closed.add_friend(friend, log)
    for key, log in network.invoices.items():
        closed.add_invoice(key, log)
    score = Score(ZONE)
    score.add(DATE.isoformat(), closed.cases(), lambda case: as_defined(day, case))
    return score.results()


def as_defined(day: Day, case: Case) -> Projection:
    return project(
        case.pending,
        case.day,
        as_of=case.as_of,
        baselines=day.baselines,
        area_of=day.area_of,
        deadline_of=day.context.deadline,
    )
