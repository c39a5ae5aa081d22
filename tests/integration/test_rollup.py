"""The roll-up as a service of a running installation: a closed day is rolled up, audited and shown."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from datetime import date, timedelta

import pytest
from installation import Installation, running

from aggregations.day import Day
from aggregations.question import Moment
from hubstat.domain import time as tm
from hubstat.elastic import audits, baselines, facts, marks
from hubstat.settings import Settings

pytestmark = pytest.mark.engines
INVOICES = 300


@pytest.fixture
def installation(settings: Settings) -> Iterator[Installation]:
    with running(settings) as found:
        yield found


def until(holds: Callable[[], bool], seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it did not come to hold in time"
        time.sleep(0.5)


def test_a_closed_day_is_rolled_up_audited_and_shown(installation: Installation) -> None:
    reader, namespace = installation.reader, installation.settings.namespace
    client = reader.store.client
    now = reader.clock()
    day = tm.local_date(now, reader.zone) - timedelta(days=2)
    text = day.isoformat()
    arguments = ("--invoices", str(INVOICES), "--date", text, "--seed", "7", "--corrections", "0.02", "--wait")
    installation.run("simulate", *arguments)

    def rolled_up() -> bool:
        record = facts.record(client, namespace, text)
        return record is not None and record.documents > 0 and marks.get(client, namespace, text) is None

    until(rolled_up)
    until(lambda: bool(audits.recorded(client, namespace, text)))
    listed = installation.run("audits", "list", "--date", text).stdout
    assert f"{text}  clean" in listed
    assert "0 differing" in listed

    after = (day + timedelta(days=2)).isoformat()
    until(lambda: baselines.latest(client, namespace, after) is not None)
    shown = json.loads(installation.run("baselines", "--date", after, "--format", "json").stdout)
    assert shown["version"] >= 1
    assert shown["allowances"]

    _facts_equal_counting(installation, day)
    told = json.loads(installation.run("restatements", "--date", text, "--format", "json").stdout)
    assert told["service_date"] == text
    for each in told["restatements"]:
        assert each["old"] != each["new"]
    busy = installation.run("rollup", "--once", check=False)
    assert busy.returncode == 2
    assert "runs already" in busy.stderr


def _facts_equal_counting(installation: Installation, day: date) -> None:
    reader = installation.reader
    closing = tm.closing(day, reader.zone)
    index = f"{installation.settings.namespace}-facts-camp-day"
    with reader.view() as view:
        known = reader.store.baselines(day.isoformat())
        counted = Day(reader.view, view.master, "KR", day, Moment(closing, closing), known)
        with counted.within(view):
            due = sum(t.counts["due", ""] for key, t in counted.counted("camp", "DELIVERY").items() if key[-1] == "all")
    filters = ({"term": {"known": "final"}}, {"term": {"direction": "DELIVERY"}})
    kept = [each for _, each in facts.of_date(reader.store.client, index, day.isoformat(), *filters)]
    assert sum(each.get("due", 0) for each in kept) == due > 0
