"""Parts for tests of delivery: a content that reads nothing, a judge that is told, and a whole scheduler on a store."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from aggregations.viewer import Viewer
from hubstat.domain import time as tm
from hubstat.domain.hierarchy import HubTree
from hubstat.domain.mailing import Subscription
from hubstat.elastic import indices
from hubstat.elastic.client import connect
from hubstat.elastic.reports import ReportStore
from hubstat.figures.formats import Lang
from hubstat.settings import Settings, SmtpSettings
from reports.delivery.alert import Alert
from reports.delivery.book import Book
from reports.delivery.post import Options, Post
from reports.delivery.presence import Presence, new_owner
from reports.delivery.readiness import Ready
from reports.delivery.recipients import Recipients
from reports.delivery.smtp import Carrier, MailServer, SmtpCarrier
from reports.delivery.tokens import Tokens
from reports.model import File, Image, Mail, Order, Part, Report
from reports.schedule import Slot, Timetable
from reports.schedule_runner import Rules, Scheduler

KST: Final = tm.zone("KR")
DAY: Final = date(2026, 11, 20)
SENDER: Final = "hubstat <reports@hubstat.example>"
BOARD: Final = "https://board.example"
DOT: Final = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360f8cfc0000003010100"
    "c9fe92ef0000000049454e44ae426082"
)


def at(clock: str, day: date = DAY) -> int:
    """A local time of a day, ms."""
    return tm.parse_moment(f"{day.isoformat()}T{clock}", KST)


@dataclass(frozen=True)
class FakePart:
    """Figures of nothing."""

    order: Order
    last: Order | None


@dataclass
class FakeContent:
    """Counts what it is asked for. broken: hubs whose figures cannot be read. parts: (viewer, order, last)."""

    broken: tuple[str, ...] = ()
    incomplete: tuple[str, ...] = ()
    parts: list[tuple[str, Order, Order | None]] = field(default_factory=list)
    mails: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def part(self, viewer: Viewer, order: Order, last: Order | None) -> Part:
        with self.lock:
            self.parts.append((viewer.name, order, last))
        if order.hub in self.broken:
            raise RuntimeError("no figures")
        return FakePart(order, last)

    def mail(
        self, part: Part, lang: Lang, *, names: bool, board_url: str, unsubscribe_url: str | None, late: bool
    ) -> Mail:
        self.mails += 1
        order = part.order
        subject = f"{'지연 ' if late else ''}{order.report} {order.service_date} {order.hub}"
        text = (
            f"{'한국어' if lang == 'ko' else 'English'}\n.one line begins with a dot\n{board_url}\n{unsubscribe_url}\n"
        )
        html = f'<p>{order.hub}</p><img src="cid:chart1" alt="chart"><a href="{unsubscribe_url}">x</a>'
        file = File("figures.csv", "text/csv", "\ufeffhub,수\nA,1\n".encode())
        return Mail(subject, text, html, (Image("chart1", DOT, "chart"),), (file,), self.incomplete)


@dataclass
class FakeJudge:
    """Says what it is told to. missing: by slot."""

    missing: Callable[[Slot], tuple[str, ...]] = lambda slot: ()

    def of(self, slot: Slot) -> Ready:
        return Ready(slot.as_of, slot.as_of + tm.MINUTE, self.missing(slot))

    def usual(self, slot: Slot) -> tuple[int, int]:
        return slot.as_of, slot.as_of + tm.MINUTE


@dataclass
class Clock:
    """A clock that is set by hand. now: ms."""

    now: int

    def __call__(self) -> int:
        return self.now


def store_of(settings: Settings) -> ReportStore:
    """The book of a namespace whose indices exist."""
    url = str(settings.elasticsearch.url)
    return ReportStore(connect(settings.elasticsearch, url), settings.namespace, url, "hubstat.example")


@contextmanager
def prepared(settings: Settings) -> Iterator[ReportStore]:
    """The book of a namespace that has its indices and no others; they are gone afterwards."""
    with connect(settings.elasticsearch, str(settings.elasticsearch.url)) as client:
        names = []
        for kind in ("subscriptions", "report-runs", "report-schedule"):
            name = f"{settings.namespace}-{kind}"
            template = indices.shipped(settings)[name]["template"]
            client.indices.create(index=name, mappings=template["mappings"], settings=template["settings"])
            names.append(name)
        yield store_of(settings)
        client.indices.delete(index=names)


def carrier_to(port: int, **changes: object) -> SmtpCarrier:
    """A carrier to a server of loopback."""
    smtp = SmtpSettings(host="127.0.0.1", port=port, **({"security": "none", "timeout_seconds": 2.0} | changes))
    server = MailServer.of(smtp)
    return SmtpCarrier(lambda: server)


def subscription(recipient: str, hub: str = "KR", level: str = "nationwide", **changes: object) -> Subscription:
    """Of every report."""
    fields: dict[str, object] = {"lang": "ko", "reports": ("daily-provisional", "hourly-digest", "daily-final")}
    return Subscription(recipient, recipient.partition("@")[0], level=level, hub=hub, **(fields | changes))


def post_of(
    book: Book, content: FakeContent, carrier: Carrier, clock: Clock, *, attempts: int = 3, at_once: int = 2
) -> Post:
    """A post office of a network without master data."""
    recipients = Recipients(book, lambda day: HubTree([], "KR"), "KR", ("allowed.example",))
    options = Options(SENDER, BOARD, attempts, 30_000, at_once)
    presence = Presence(book, new_owner())
    return Post(book, content, carrier, recipients, Tokens("a secret"), options, presence, clock)


def scheduler_of(
    book: Book,
    carrier: Carrier,
    clock: Clock,
    crons: Mapping[Report, str] | None = None,
    content: FakeContent | None = None,
    judge: FakeJudge | None = None,
    owner: str | None = None,
    at_once: int = 2,
) -> Scheduler:
    """A whole scheduler; without ``crons`` of one daily report at 22:00."""
    table = Timetable(crons if crons is not None else {"daily-provisional": "0 22 * * *"}, (), KST)
    return Scheduler(
        book,
        post_of(book, content or FakeContent(), carrier, clock, at_once=at_once),
        lambda: table,
        judge or FakeJudge(),
        Alert(book, carrier, SENDER, owner, KST, clock),
        Rules(tm.MINUTE, 30 * tm.MINUTE, tm.HOUR, 7 * tm.DAY),
        clock,
    )
