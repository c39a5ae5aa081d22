"""Schedulers that are killed at every step of a run: each mail arrives once, or its fate is shown as unknown."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from dying_scheduler import EXIT, STEPS
from mailing import Clock, at, carrier_to, prepared, scheduler_of, subscription
from smtp import MailServerUnderTest, serving

from aggregations.reader import now_ms
from hubstat.domain import time as tm
from hubstat.elastic.reports import ReportStore
from hubstat.settings import Settings

pytestmark = pytest.mark.engines

SCRIPT = Path(__file__).parents[1] / "support" / "dying_scheduler.py"
PEOPLE = [f"p{number}@hubstat.example" for number in range(5)]
# Killed between the hand-over and its record: nobody can know.
OPEN = {"in-hand-over", "after-hand-over"}


@pytest.fixture
def book(settings: Settings) -> Iterator[ReportStore]:
    with prepared(settings) as book:
        book.subscribe(subscription(each) for each in PEOPLE)
        book.reach("daily-provisional", at("21:00"))
        yield book


def start(settings: Settings, step: str, port: int) -> subprocess.Popen[str]:
    environment = {
        **os.environ,
        "HUBSTAT_NAMESPACE": settings.namespace,
        "HUBSTAT_ELASTICSEARCH__URL": str(settings.elasticsearch.url),
        "PYTHONPATH": str(SCRIPT.parents[2]),
    }
    command = [sys.executable, str(SCRIPT), step, str(port), str(at("22:02"))]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


@pytest.mark.parametrize("step", STEPS)
def test_killed_at_a_step_with_another_at_work(book: ReportStore, settings: Settings, step: str) -> None:
    with serving(MailServerUnderTest()) as server:
        both = [start(settings, step, server.port), start(settings, step, server.port)]
        said = [each.communicate(timeout=60)[0] for each in both]
        assert EXIT in {each.returncode for each in both}, said
        assert {each.returncode for each in both} <= {0, EXIT}, said
        # The processes are gone and say nothing any more; a while later the next one starts.
        for owner in book.alive(0, now_ms() + tm.DAY):
            book.beat(owner, 0)
        carrier = carrier_to(server.port)
        clock = Clock(at("22:04"))
        scheduler = scheduler_of(book, carrier, clock)
        for _ in range(3):
            scheduler.look()
            clock.now += tm.MINUTE
        carrier.close()
    runs = book.runs(100)
    assert {run.recipient for run in runs} == set(PEOPLE)
    assert len(runs) == len(PEOPLE)
    for run in runs:
        assert run.state in ({"sent", "unknown"} if step in OPEN else {"sent"}), run
        if run.state == "sent":
            assert server.counts[run.recipient] == 1, run
        else:
            assert run.error is not None
            assert run.error.startswith("check whether it arrived")
            assert run.alerted
            assert server.counts[run.recipient] <= 1, run
    unknown = sum(run.state == "unknown" for run in runs)
    assert (unknown > 0) == (step in OPEN)
