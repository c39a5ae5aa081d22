"""Puts the parts of the mailed reports together, for the commands that need them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from aggregations.reader import Reader
from hubstat import runfile
from hubstat.domain import time as tm
from hubstat.elastic.reports import ReportStore
from hubstat.engines import locate
from hubstat.errors import SettingsError
from hubstat.settings import Settings
from reports.content.content import ReportContent
from reports.delivery.alert import Alert
from reports.delivery.message import address_of, domain_of
from reports.delivery.post import Options, Post
from reports.delivery.presence import Presence, new_owner
from reports.delivery.readiness import Readiness
from reports.delivery.recipients import Recipients
from reports.delivery.smtp import MailServer, SmtpCarrier
from reports.delivery.tokens import Tokens, secret_of
from reports.desk import Desk
from reports.schedule import Timetable
from reports.schedule_runner import Rules, Scheduler

_USUAL_PORT = 8050


@dataclass(frozen=True, slots=True)
class Office:
    """Everything that sends."""

    settings: Settings
    reader: Reader
    book: ReportStore
    post: Post
    desk: Desk
    carrier: SmtpCarrier

    def scheduler(self) -> Scheduler:
        """A scheduler of the settings' schedules."""
        chosen, reader = self.settings.reports, self.reader
        rules = Rules(
            int(chosen.settle_seconds * 1000),
            int(chosen.wait_minutes * tm.MINUTE),
            int(chosen.late_minutes * tm.MINUTE),
            chosen.catch_up_days * tm.DAY,
        )
        alert = Alert(self.book, self.carrier, chosen.sender, chosen.owner, reader.zone, reader.clock)
        return Scheduler(
            self.book,
            self.post,
            lambda: timetable(self.settings, reader),
            Readiness(reader, rules.settle),
            alert,
            rules,
            reader.clock,
        )


def timetable(settings: Settings, reader: Reader) -> Timetable:
    """When reports are due, by the settings and the waves in force."""
    chosen = settings.reports
    waves = reader.store.master_data(reader.country).waves_of(reader.country) if chosen.wave_close else ()
    return Timetable(
        {
            "daily-provisional": chosen.daily_provisional,
            "daily-final": chosen.daily_final,
            "hourly-digest": chosen.hourly_digest,
        },
        tuple(waves),
        reader.zone,
    )


def book_of(settings: Settings, reader: Reader) -> ReportStore:
    """Subscriptions and runs of an installation."""
    url = locate(settings).elasticsearch_url
    return ReportStore(reader.store.client, settings.namespace, url, domain_of(address_of(settings.reports.sender)))


@contextmanager
def office(settings: Settings, reader: Reader, find: Callable[[], MailServer]) -> Iterator[Office]:
    """Everything that sends; its connections are closed at the end. find: the mail server, for each connection."""
    chosen = settings.reports
    book = book_of(settings, reader)
    content = ReportContent(reader, most_attached=int(chosen.attachment_mb * 1_000_000))
    recipients = Recipients(
        book,
        lambda day: reader.store.master_data(reader.country).hierarchy.on(day),
        reader.country,
        chosen.allowed_domains,
    )
    carrier = SmtpCarrier(find)
    url = board_url(settings)
    pause = int(chosen.first_pause_seconds * 1000)
    options = Options(chosen.sender, url, chosen.attempts, pause, settings.smtp.connections)
    presence = Presence(book, new_owner())
    tokens = Tokens(secret_of(settings))
    post = Post(book, content, carrier, recipients, tokens, options, presence, reader.clock)
    try:
        yield Office(settings, reader, book, post, Desk(book, post, content, reader, recipients, url), carrier)
    finally:
        carrier.close()


def board_url(settings: Settings) -> str:
    """Address of the board as mails name it, without a slash at its end.

    Raises ``SettingsError`` where mails leave this machine and would name an address that holds on it alone.
    """
    if settings.reports.board_url is not None:
        return settings.reports.board_url.rstrip("/")
    if settings.smtp.host is not None:
        raise SettingsError(
            "mails to a real server need HUBSTAT_REPORTS__BOARD_URL: the address at which their readers reach the board"
        )
    running = runfile.read(settings)
    if running is not None and running.dashboard_url is not None:
        return running.dashboard_url.rstrip("/")
    return f"http://{settings.dashboard.host}:{settings.dashboard.port or _USUAL_PORT}"
