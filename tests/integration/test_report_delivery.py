"""Delivery on a real Elasticsearch and a real SMTP server: what goes out, what is tried again, what is only shown."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta

import pytest
from mailing import (
    DAY,
    Clock,
    FakeContent,
    FakeJudge,
    at,
    carrier_to,
    post_of,
    prepared,
    scheduler_of,
    store_of,
    subscription,
)
from smtp import Conduct, MailServerUnderTest, serving

from hubstat.domain import time as tm
from hubstat.domain.mailing import Run
from hubstat.elastic.reports import ReportStore
from hubstat.settings import Settings
from reports.delivery.readiness import Ready
from reports.schedule import Slot

pytestmark = pytest.mark.engines

ANNA, BOB, CHO = "anna@hubstat.example", "bob@hubstat.example", "cho@hubstat.example"


@pytest.fixture
def book(settings: Settings) -> Iterator[ReportStore]:
    with prepared(settings) as book:
        yield book


def states(book: ReportStore) -> dict[str, str]:
    """State by recipient, of the runs that were not stored."""
    return {run.recipient: run.state for run in book.runs(1000) if run.state != "stored"}


def evening(book: ReportStore, clock: Clock) -> None:
    """A schedule that has run before, and a clock just after the report is due."""
    book.reach("daily-provisional", at("21:00"))
    clock.now = at("22:02")


def test_each_recipient_gets_it_once_and_figures_are_read_once_for_all(book: ReportStore) -> None:
    clock, content = Clock(0), FakeContent()
    people = [subscription(ANNA), subscription(BOB), subscription(CHO, lang="en"), subscription("x@a.b", active=False)]
    book.subscribe(people)
    evening(book, clock)
    with serving(MailServerUnderTest()) as server:
        carrier = carrier_to(server.port)
        scheduler = scheduler_of(book, carrier, clock, content=content)
        for _ in range(3):
            scheduler.look()
        clock.now += tm.DAY
        scheduler.look()
        carrier.close()
    assert server.counts == {ANNA: 2, BOB: 2, CHO: 2}
    assert len(content.parts) == 2
    assert content.mails == 4
    first, second = content.parts
    assert first[1].as_of == at("22:00")
    assert first[1].known_at == at("22:01")
    assert first[2] is None
    assert second[2] == first[1]
    assert {run.state for run in book.runs(10)} == {"sent"}
    run = book.runs(10, recipient=CHO)[0]
    assert run.receipt is not None
    assert run.size is not None
    assert run.receipt.startswith("250 taken")
    mail = server.mails(CHO)[-1]
    assert mail["Message-ID"] == run.message_id("hubstat.example")
    assert mail["List-Unsubscribe"].startswith("<https://board.example/unsubscribe?token=")
    assert mail["List-Unsubscribe"].strip("<>") in mail.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    assert len({each["Message-ID"] for who in (ANNA, BOB, CHO) for each in server.mails(who)}) == 6


def test_what_the_server_puts_off_is_tried_again_later_and_not_for_ever(book: ReportStore) -> None:
    clock = Clock(0)
    book.subscribe([subscription(ANNA), subscription(BOB), subscription(CHO)])
    evening(book, clock)

    def conduct(recipient: str, attempt: int) -> Conduct:
        return "4xx" if recipient == ANNA or (recipient == BOB and attempt == 1) else "take"

    with serving(MailServerUnderTest(conduct)) as server:
        carrier = carrier_to(server.port)
        scheduler = scheduler_of(book, carrier, clock, owner="owner@hubstat.example")
        scheduler.look()
        assert states(book) == {ANNA: "claimed", BOB: "claimed", CHO: "sent"}
        scheduler.look()
        assert server.tries[ANNA] == 1, "not before its time"
        clock.now += 31_000
        scheduler.look()
        assert states(book) == {ANNA: "claimed", BOB: "sent", CHO: "sent"}
        clock.now += 61_000
        scheduler.look()
        scheduler.look()
        carrier.close()
    assert states(book) == {ANNA: "failed", BOB: "sent", CHO: "sent"}
    assert server.counts == {BOB: 1, CHO: 1, "owner@hubstat.example": 1}
    failed = book.runs(10, "failed")[0]
    assert failed.error is not None
    assert failed.error.startswith("given up after 3 tries")
    assert "451 come back later" in failed.error
    told = server.mails("owner@hubstat.example")[0]
    assert "1 mails failed" in told["Subject"]
    assert failed.id in told.get_content()


@pytest.mark.parametrize(
    ("conduct", "state", "copies"),
    [
        ("5xx", "failed", 0),
        ("5xx-data", "failed", 0),
        ("drop-after-dot", "unknown", 1),
        ("hang-after-dot", "unknown", 1),
    ],
)
def test_what_cannot_be_repeated_is_shown_and_left_to_a_person(
    book: ReportStore, conduct: Conduct, state: str, copies: int
) -> None:
    clock = Clock(0)
    book.subscribe([subscription(ANNA)])
    evening(book, clock)
    with serving(MailServerUnderTest(lambda _, attempt: conduct if attempt == 1 else "take")) as server:
        carrier = carrier_to(server.port, timeout_seconds=0.5)
        scheduler = scheduler_of(book, carrier, clock)
        for _ in range(3):
            scheduler.look()
            clock.now += tm.HOUR
        assert states(book) == {ANNA: state}
        assert server.counts[ANNA] == copies
        (run,) = book.runs(10)
        assert run.error
        assert run.alerted
        again = scheduler.post.send_again(run)
        carrier.close()
    assert again.state == "sent"
    assert server.counts[ANNA] == copies + 1
    assert {mail["Message-ID"] for mail in server.mails(ANNA)} == {run.message_id("hubstat.example")}


@pytest.mark.parametrize("conduct", ["drop-middle", "hang"])
def test_a_server_that_breaks_off_loses_nothing(book: ReportStore, conduct: Conduct) -> None:
    clock = Clock(0)
    people = [f"p{number}@hubstat.example" for number in range(6)]
    book.subscribe(subscription(each) for each in people)
    evening(book, clock)
    broken = True
    with serving(MailServerUnderTest(lambda *_: conduct if broken else "take")) as server:
        carrier = carrier_to(server.port, timeout_seconds=0.5)
        scheduler = scheduler_of(book, carrier, clock)
        scheduler.look()
        assert "sent" not in states(book).values()
        assert sum(server.tries.values()) < 6, "the rest is put off without trying"
        broken = False
        clock.now += 31_000
        scheduler.look()
        carrier.close()
    kept = states(book)
    assert set(kept.values()) <= {"sent", "unknown"}
    assert all(server.counts[each] == (kept[each] == "sent") for each in people)
    assert list(kept.values()).count("unknown") <= 4


def test_a_server_that_is_away_is_tried_again(book: ReportStore) -> None:
    clock = Clock(0)
    people = [f"p{number}@hubstat.example" for number in range(5)]
    book.subscribe(subscription(each) for each in people)
    evening(book, clock)
    with serving(MailServerUnderTest()) as gone:
        pass
    scheduler = scheduler_of(book, carrier_to(gone.port), clock)
    scheduler.look()
    runs = book.runs(10)
    assert {run.state for run in runs} == {"claimed"}
    assert {run.attempts for run in runs} <= {0, 1}, "what was not tried uses up no try"
    assert all(run.error and "HUBSTAT_SMTP__HOST" in run.error for run in runs)
    with serving(MailServerUnderTest()) as server:
        carrier = carrier_to(server.port)
        clock.now += 31_000
        scheduler_of(book, carrier, clock).look()
        carrier.close()
    assert server.counts == dict.fromkeys(people, 1)


def test_figures_that_cannot_be_read_hold_up_no_other_hub(book: ReportStore) -> None:
    clock = Clock(0)
    book.subscribe([subscription(ANNA, "C1", "camp"), subscription(BOB, "C2", "camp")])
    evening(book, clock)
    with serving(MailServerUnderTest()) as server:
        carrier = carrier_to(server.port)
        scheduler_of(book, carrier, clock, content=FakeContent(broken=("C1",))).look()
        carrier.close()
    assert server.counts == {BOB: 1}
    found = {run.recipient: run for run in book.runs(10)}
    assert (found[ANNA].state, found[ANNA].error) == ("claimed", "RuntimeError: no figures")


def test_only_who_still_has_the_role_and_the_subscription_gets_it(book: ReportStore) -> None:
    clock = Clock(0)
    book.subscribe(
        [
            subscription(ANNA, valid_to=DAY),
            subscription(BOB, valid_from=DAY + timedelta(days=1)),
            subscription(CHO, reports=("hourly-digest",)),
        ]
    )
    evening(book, clock)
    with serving(MailServerUnderTest()) as server:
        carrier = carrier_to(server.port)
        scheduler = scheduler_of(book, carrier, clock)
        scheduler.look()
        assert book.runs(10) == []
        # Claimed by somebody, and unsubscribed before it was built.
        book.claim([_claimed("dee@hubstat.example", clock)])
        book.subscribe([subscription("dee@hubstat.example", reports=())])
        scheduler.look()
        carrier.close()
    assert server.counts == {}
    (run,) = book.runs(10)
    assert run.state == "skipped"
    assert run.error is not None
    assert "no subscription" in run.error


def _claimed(recipient: str, clock: Clock) -> Run:
    moment = (at("22:00"), at("22:00"), at("22:01"))
    where = ("all", "nationwide", "KR")
    return Run("daily-provisional", DAY, *where, recipient, "r", "ko", False, False, *moment, "claimed", clock.now)


def test_two_schedulers_at_once_send_once(book: ReportStore, settings: Settings) -> None:
    people = [f"p{number}@hubstat.example" for number in range(40)]
    book.subscribe(subscription(each) for each in people)
    clock = Clock(0)
    evening(book, clock)
    with serving(MailServerUnderTest()) as server:
        carriers = [carrier_to(server.port) for _ in range(3)]
        schedulers = [scheduler_of(store_of(settings), carrier, clock) for carrier in carriers]

        def work(scheduler: object) -> None:
            for _ in range(3):
                scheduler.look()  # type: ignore[attr-defined]

        threads = [threading.Thread(target=work, args=(each,)) for each in schedulers]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for carrier in carriers:
            carrier.close()
    assert server.counts == dict.fromkeys(people, 1)
    assert set(states(book).values()) == {"sent"}


def test_three_days_down_sends_the_latest_of_each_once_and_stores_the_others(book: ReportStore) -> None:
    clock = Clock(at("12:00", DAY + timedelta(days=3)))
    book.subscribe([subscription(ANNA)])
    crons = {"daily-provisional": "0 22 * * *", "daily-final": "30 12 * * *", "hourly-digest": "0 9-21 * * *"}
    for report in crons:
        book.reach(report, at("21:30"))
    with serving(MailServerUnderTest()) as server:
        carrier = carrier_to(server.port)
        for _ in range(2):
            scheduler_of(book, carrier, clock, crons).look()  # type: ignore[arg-type]
        carrier.close()
    runs = book.runs(1000)
    sent = sorted((run.report, run.service_date, run.revision) for run in runs if run.state == "sent")
    last = DAY + timedelta(days=2)
    assert sent == [
        ("daily-final", DAY + timedelta(days=1), f"{last}T12:30"),
        ("daily-provisional", last, f"{last}T22:00"),
        ("hourly-digest", DAY + timedelta(days=3), f"{DAY + timedelta(days=3)}T11:00"),
    ]
    assert server.counts == {ANNA: 3}
    assert sum(run.state == "stored" for run in runs) == len(runs) - 3 == 1 + 2 + 2 * 13 + 2
    late = {run.report: run.late for run in runs if run.state == "sent"}
    assert late == {"daily-final": True, "daily-provisional": True, "hourly-digest": False}
    assert sum("지연" in mail["Subject"] for mail in server.mails(ANNA)) == 2


def test_what_a_dead_scheduler_left_is_sent_late_or_overtaken_by_the_next(book: ReportStore) -> None:
    clock = Clock(at("22:02"))
    book.subscribe([subscription(ANNA), subscription(BOB)])
    book.reach("daily-provisional", at("22:00"))
    book.claim([_claimed(ANNA, clock)])
    clock.now = at("21:00", DAY + timedelta(days=1))
    with serving(MailServerUnderTest()) as server:
        carrier = carrier_to(server.port)
        scheduler_of(book, carrier, clock).look()
        assert "지연" in server.mails(ANNA)[0]["Subject"]
        book.claim([_claimed(BOB, clock)])
        clock.now = at("22:05", DAY + timedelta(days=1))
        scheduler_of(book, carrier, clock).look()
        carrier.close()
    assert server.counts == {ANNA: 2, BOB: 1}
    assert [(run.service_date, run.state) for run in book.runs(10, recipient=BOB)] == [
        (DAY + timedelta(days=1), "sent"),
        (DAY, "stored"),
    ]


def test_a_clock_that_goes_back_sends_nothing_twice(book: ReportStore) -> None:
    clock = Clock(0)
    book.subscribe([subscription(ANNA)])
    crons = {"hourly-digest": "0 * * * *"}
    book.reach("hourly-digest", at("08:30"))
    with serving(MailServerUnderTest()) as server:
        carrier = carrier_to(server.port)
        scheduler = scheduler_of(book, carrier, clock, crons)  # type: ignore[arg-type]
        for time in ("09:05", "10:05", "08:40", "09:05", "09:40", "10:05", "11:05"):
            clock.now = at(time)
            scheduler.look()
        carrier.close()
    assert server.counts == {ANNA: 3}
    assert sorted(run.revision[-5:] for run in book.runs(10)) == ["09:00", "10:00", "11:00"]


def test_data_that_are_missing_are_waited_for_and_then_named(book: ReportStore) -> None:
    clock = Clock(0)
    book.subscribe([subscription(ANNA)])
    evening(book, clock)
    missing = ["camp C1 is silent"]
    judge = FakeJudge(lambda slot: tuple(missing))
    content = FakeContent(incomplete=("C1 캠프",))
    with serving(MailServerUnderTest()) as server:
        carrier = carrier_to(server.port)
        scheduler = scheduler_of(book, carrier, clock, content=content, judge=judge)
        scheduler.look()
        clock.now += 29 * tm.MINUTE
        scheduler.look()
        assert server.counts == {}
        clock.now += 2 * tm.MINUTE
        scheduler.look()
        scheduler.look()
        assert server.counts == {ANNA: 1}
        assert book.runs(10)[0].incomplete == ("C1 캠프",)
        # The next day they come while it is waited for.
        clock.now = at("22:02", DAY + timedelta(days=1))
        scheduler.look()
        assert server.counts == {ANNA: 1}
        missing.clear()
        clock.now += tm.MINUTE
        scheduler.look()
        carrier.close()
    assert server.counts == {ANNA: 2}


class LaggingJudge(FakeJudge):
    """Only so much is written."""

    def of(self, slot: Slot) -> Ready:
        return Ready(at("21:15"), at("21:15"), ("the data reach to 21:15 only",))


def test_a_report_of_data_that_lag_is_as_of_what_there_is(book: ReportStore) -> None:
    clock, content = Clock(0), FakeContent()
    book.subscribe([subscription(ANNA)])
    evening(book, clock)
    with serving(MailServerUnderTest()) as server:
        carrier = carrier_to(server.port)
        scheduler = scheduler_of(book, carrier, clock, content=content, judge=LaggingJudge())
        scheduler.look()
        clock.now += tm.HOUR
        scheduler.look()
        carrier.close()
    (run,) = book.runs(10)
    assert (run.state, run.as_of, run.known_at) == ("sent", at("21:15"), at("21:15"))
    assert content.parts[0][1].as_of == at("21:15")


def test_a_single_mail_goes_to_known_people_and_allowed_domains_only(book: ReportStore) -> None:
    clock = Clock(at("15:00"))
    book.subscribe([subscription(ANNA, "C1", "camp")])
    with serving(MailServerUnderTest()) as server:
        carrier = carrier_to(server.port)
        post = post_of(book, FakeContent(), carrier, clock)
        run = post.send(_now("guest@allowed.example", clock))
        stranger = post.send(_now("guest@elsewhere.example", clock))
        beyond = post.send(_now(ANNA, clock))
        carrier.close()
    assert (run.state, stranger.state, beyond.state) == ("sent", "skipped", "skipped")
    assert beyond.error is not None
    assert "has no right to nationwide KR" in beyond.error
    assert server.counts == {"guest@allowed.example": 1}


def _now(recipient: str, clock: Clock) -> Run:
    now, where = clock.now, ("all", "nationwide", "KR")
    who = (recipient, f"now-{now}", "ko", False, False)
    return Run("daily-provisional", DAY, *where, *who, now, now, now, "claimed", now)
