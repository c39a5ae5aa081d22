"""Between what is kept of a run and what the content is asked for."""

from __future__ import annotations

from hubstat.domain.mailing import NO_WAVE, Run
from hubstat.errors import QueryError
from hubstat.figures.formats import Lang
from reports.model import REPORTS, Order, Report


def report_of(name: str) -> Report:
    """A report by name. Raises ``QueryError``."""
    for report in REPORTS:
        if report == name:
            return report
    raise QueryError(f"there is no report {name!r}: use one of {', '.join(REPORTS)}")


def lang_of(text: str) -> Lang:
    """A language that mails are written in; Korean where the text names none of them."""
    return "en" if text == "en" else "ko"


def order_of(run: Run) -> Order:
    """What a run reports."""
    wave = None if run.wave == NO_WAVE else run.wave
    due = None if run.by_hand else run.slot_at
    return Order(report_of(run.report), run.service_date, wave, run.level, run.hub, run.as_of, run.known_at, due)
