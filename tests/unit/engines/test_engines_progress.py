"""What a person sees while the engines are fetched."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from hubstat.engines import console_reporter, progress
from hubstat.engines.progress import Plain, Terminal, fetching


def test_without_a_terminal_there_are_plain_lines(capsys: pytest.CaptureFixture[str]) -> None:
    assert isinstance(console_reporter(), Plain)
    reporter = console_reporter()
    with fetching(reporter, "fetching Kafka", 44_000_000, 10_000_000):
        reporter.advance(1_000_000)
    reporter.note("done")
    assert capsys.readouterr().err == "fetching Kafka: 44 MB, 10 MB of it here already\ndone\n"


def test_a_plain_line_tells_how_far_it_is_when_it_is_time(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 100.0
    monkeypatch.setattr(progress.time, "monotonic", lambda: now)
    reporter = Plain()
    reporter.begin("fetching Kafka", 40_000_000, 0)
    reporter.advance(10_000_000)
    now = 106.0
    reporter.advance(10_000_000)
    reporter.advance(10_000_000)
    assert capsys.readouterr().err.splitlines() == ["fetching Kafka: 40 MB", "fetching Kafka: 20 MB of 40 MB, 50 %"]


def test_a_terminal_shows_a_bar_that_ends_also_on_an_error() -> None:
    out = io.StringIO()
    reporter = Terminal(Console(file=out, force_terminal=True, width=120))

    def fetch() -> None:
        with fetching(reporter, "fetching Kafka", 44_000_000, 0):
            reporter.advance(22_000_000)
            raise OSError("the line is dead")

    with pytest.raises(OSError, match="the line is dead"):
        fetch()
    reporter.note("[not markup]")
    text = out.getvalue()
    assert "fetching Kafka" in text
    assert "22.0/44.0 MB" in text
    assert text.endswith("[not markup]\n")
