"""From the timetable to the mail in its reader's hands: real figures, readiness and rights on a simulated day."""

from __future__ import annotations

from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

import pytest
from mailing import DAY, Clock, FakeJudge, at, scheduler_of, subscription
from memory_book import MemoryBook
from report_days import DaysReader, network_of
from report_reading import file_rows, seen
from reports_carrier import FakeCarrier

from hubstat.domain import time as tm
from hubstat.domain.hierarchy import Hub
from hubstat.domain.log import EventLog
from reports.content import ReportContent
from reports.delivery.readiness import Readiness
from reports.delivery.recipients import Recipients
from reports.schedule_runner import Scheduler

ANNA, BOB = "anna@hubstat.example", "bob@hubstat.example"


@pytest.fixture(scope="module")
def reader() -> DaysReader:
    """A day on which nothing is heard of the last camp but what was announced before."""
    network = network_of(700, DAY)
    (*_, silent) = network.master.hierarchy.on(DAY).hubs("camp")
    for number, log in network.invoices.items():
        copies = {key: copies for key, copies in log.copies.items() if copies[0].sent["code"] == "REGISTERED"}
        if any(copy.sent.get("camp_id") == silent.id for each in log.copies.values() for copy in each):
            network.invoices[number] = EventLog(copies)
    return DaysReader(network)


def camps_of(reader: DaysReader) -> list[Hub]:
    return list(reader.network.master.hierarchy.on(DAY).hubs("camp"))


def scheduler(book: MemoryBook, carrier: FakeCarrier, clock: Clock, reader: DaysReader, judge: Any) -> Scheduler:
    """One that reads the simulated day, as the product puts it together."""
    reader.clock = clock
    content: Any = ReportContent(reader, lambda *_: (), most_attached=5_000_000)
    made = scheduler_of(book, carrier, clock, content=content, judge=judge)
    made.post._recipients = Recipients(book, reader.network.master.hierarchy.on, "KR")
    book.reach("daily-provisional", at("21:00"))
    return made


def mail_to(carrier: FakeCarrier, recipient: str) -> tuple[EmailMessage, str, str, bytes]:
    """The one mail of a recipient: message, plain text, what is visible of the HTML, file."""
    (data,) = [data for to, data in carrier.taken if to == recipient]
    message = message_from_bytes(data, policy=default)
    assert isinstance(message, EmailMessage)
    text, html = (message.get_body((kind,)) for kind in ("plain", "html"))
    assert text is not None
    assert html is not None
    (file,) = message.iter_attachments()
    content = file.get_payload(decode=True)
    assert isinstance(content, bytes)
    return message, text.get_content(), seen(html.get_content()), content


@pytest.mark.parametrize("reached", ["22:01", "21:40"])
def test_a_report_waits_and_then_goes_out_incomplete_and_names_the_camp(reader: DaysReader, reached: str) -> None:
    silent = camps_of(reader)[-1]
    book = MemoryBook([subscription(ANNA), subscription(BOB, lang="en")])
    carrier, clock = FakeCarrier(), Clock(at("22:02"))
    post = scheduler(book, carrier, clock, reader, Readiness(reader, tm.MINUTE))
    reader.reached = at(reached)
    for minute in (0, 10, 29):
        clock.now = at("22:02") + minute * tm.MINUTE
        post.look()
        assert carrier.taken == [], minute
    clock.now = at("22:33")
    post.look()
    post.look()
    assert carrier.counts == {ANNA: 1, BOB: 1}
    for who, mark, name in ((ANNA, "[자료 미완]", silent.name_ko), (BOB, "[incomplete]", silent.name_en)):
        message, text, html, file = mail_to(carrier, who)
        (run,) = book.runs(10, recipient=who)
        assert message["Subject"].startswith(mark)
        for said in (text, html, file.decode(), "\n".join(run.incomplete)):
            assert name in said
            assert ("21:40:00" in said) == (reached == "21:40")
        assert (run.as_of, run.known_at) == ((at("22:00"), at("22:01")) if reached == "22:01" else (at("21:40"),) * 2)


def test_each_recipient_reads_of_their_own_hubs_alone(reader: DaysReader) -> None:
    tree, camps = reader.network.master.hierarchy.on(DAY), camps_of(reader)
    area = tree.hub("area", camps[0].parent or "")
    people = [subscription(f"{camp.id.lower()}@hubstat.example", camp.id, "camp", names=True) for camp in camps]
    book = MemoryBook([*people, subscription(ANNA, area.id, "area"), subscription(BOB)])
    carrier, clock = FakeCarrier(), Clock(at("22:02"))
    scheduler(book, carrier, clock, reader, FakeJudge()).look()
    assert carrier.counts == {each.recipient: 1 for each in book.subscriptions()}
    friends = [(friend.name, friend.home_camp_id) for rows in reader.network.master.friends.values() for friend in rows]
    for each in book.subscriptions():
        own = {camp.id for camp in camps if each.hub in (camp.id, camp.parent, "KR")}
        _, text, html, file = mail_to(carrier, each.recipient)
        assert {hub for level, _, hub in file_rows(file) if level == "camp"} - {"unmapped"} == own
        # A name that another contains is no sign of it.
        theirs = " ".join(camp.name_ko for camp in camps if camp.id in own)
        others = [camp.name_ko for camp in camps if camp.id not in own and camp.name_ko not in theirs]
        said = "\n".join((text, html, file.decode()))
        assert not [name for name in others if name in said]
        named = {name for name, camp in friends if camp in own}
        assert not [name for name, camp in friends if camp not in own and name not in named and name in said]
        assert len(own) == (len(camps) if each.recipient == BOB else 1 if each.level == "camp" else len(own))
