"""What a scheduler does with slots, errors and a mail server that is away, without engines."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from mailing import DAY, KST, SENDER, Clock, FakeContent, FakeJudge, at, scheduler_of, subscription
from memory_book import MemoryBook
from reports_carrier import FakeCarrier

from aggregations.viewer import Viewer
from hubstat.domain import time as tm
from hubstat.domain.mailing import Run
from hubstat.domain.masterdata import parse
from hubstat.errors import EngineError, QueryError
from reports.delivery.alert import Alert
from reports.delivery.readiness import Ready
from reports.delivery.recipients import address
from reports.delivery.smtp import Lost, PutOff, Refused
from reports.model import Order, Part
from reports.schedule import Slot, Timetable
from reports.schedule_runner import Scheduler

ANNA, BOB, CHO = "anna@hubstat.example", "bob@hubstat.example", "cho@hubstat.example"
HOURLY = {"hourly-digest": "0 * * * *"}
WAVES = tuple(parse({}, "KR").waves_of("KR"))


def raising(error: Exception, *recipients: str) -> Callable[[str], None]:
    """Fails for these recipients, for all where none is named."""

    def conduct(recipient: str) -> None:
        if not recipients or recipient in recipients:
            raise error

    return conduct


def waves_of(book: MemoryBook, carrier: FakeCarrier, clock: Clock, judge: FakeJudge) -> Scheduler:
    """A scheduler of wave closes."""
    scheduler = scheduler_of(book, carrier, clock, {}, judge=judge)
    scheduler.timetable = lambda: Timetable({}, WAVES, KST)
    return scheduler


def test_waves_that_close_at_the_same_time_are_all_mailed() -> None:
    book, carrier, clock = MemoryBook([subscription(ANNA, reports=("wave-close",))]), FakeCarrier(), Clock(0)
    book.reach("wave-close", at("22:00"))
    clock.now = at("00:01:30", DAY + timedelta(days=1))
    waits = {"SAME_DAY"}
    judge = FakeJudge(lambda slot: ("a camp is silent",) if slot.wave in waits else ())
    scheduler = waves_of(book, carrier, clock, judge)
    scheduler.look()
    assert book.runs(10) == [], "one is waited for, so both are"
    waits.clear()
    clock.now += tm.MINUTE
    scheduler.look()
    scheduler.look()
    assert sorted((run.wave, run.state) for run in book.runs(10)) == [("DAY", "sent"), ("SAME_DAY", "sent")]
    assert carrier.counts == {ANNA: 2}
    assert scheduler._seen == scheduler._asked == {}


def test_a_slot_that_waits_goes_out_before_the_next_one_takes_its_place() -> None:
    book, carrier, clock = MemoryBook([subscription(ANNA)]), FakeCarrier(), Clock(0)
    book.reach("hourly-digest", at("08:30"))
    judge = FakeJudge(lambda slot: ("a camp is silent",))
    scheduler = scheduler_of(book, carrier, clock, {"hourly-digest": "*/15 * * * *"}, judge=judge)
    for second in range(0, 3600, 5):
        clock.now = at("08:31") + second * 1000
        scheduler.look()
    states = {run.revision[-5:]: run.state for run in book.runs(10)}
    assert states == {"08:45": "sent", "09:00": "sent", "09:15": "sent"}


def test_slots_that_others_sent_are_forgotten() -> None:
    book, clock = MemoryBook([subscription(ANNA)]), Clock(at("09:02"))
    book.reach("hourly-digest", at("08:30"))
    scheduler = scheduler_of(book, FakeCarrier(), clock, HOURLY, judge=FakeJudge(lambda slot: ("a camp is silent",)))
    scheduler.look()
    assert len(scheduler._seen) == 1
    book.reach("hourly-digest", at("09:00"))
    scheduler.look()
    assert scheduler._seen == scheduler._asked == {}


@pytest.mark.parametrize(
    "text", ["kim..lee@x.example", ".a@x.example", "a.@x.example", f"{'a' * 65}@x.example", "a@x..y"]
)
def test_an_address_that_no_mail_can_be_written_to_is_none(text: str) -> None:
    with pytest.raises(QueryError, match="no e-mail address"):
        address(text)


def test_an_address_is_kept_in_one_form() -> None:
    assert address(" Kim.Lee+x@X.Example ") == "kim.lee+x@x.example"
    assert address(f"{'a' * 64}@x.example")


def test_a_mail_that_cannot_be_written_holds_up_no_other() -> None:
    bad = "kim..lee@hubstat.example"
    book, carrier, clock = MemoryBook([subscription(bad), subscription(ANNA)]), FakeCarrier(), Clock(at("09:02"))
    book.reach("hourly-digest", at("08:30"))
    scheduler = scheduler_of(book, carrier, clock, HOURLY)
    for _ in range(4):
        scheduler.look()
        clock.now += 10 * tm.MINUTE
    assert carrier.counts == {ANNA: 1}
    (run,) = book.runs(10, recipient=bad)
    assert (run.state, run.attempts, run.alerted) == ("failed", 3, True)
    assert run.error


def test_an_unexpected_error_while_a_mail_is_handed_over_leaves_it_open() -> None:
    carrier = FakeCarrier(raising(ZeroDivisionError("no idea"), ANNA))
    book, clock = MemoryBook([subscription(ANNA), subscription(BOB)]), Clock(at("09:02"))
    book.reach("hourly-digest", at("08:30"))
    scheduler = scheduler_of(book, carrier, clock, HOURLY)
    scheduler.look()
    scheduler.look()
    assert {run.recipient: run.state for run in book.runs(10)} == {ANNA: "unknown", BOB: "sent"}
    error = book.runs(10, recipient=ANNA)[0].error
    assert error == "check whether it arrived: ZeroDivisionError: no idea"
    assert carrier.tries == 2


class Stuck(FakeContent):
    """The figures of one hub never come."""

    def part(self, viewer: Viewer, order: Order, last: Order | None) -> Part:
        if order.hub == "C1":
            self.mails += 100
            raise EngineError("the store does not answer")
        return super().part(viewer, order, last)


def test_figures_that_never_come_hold_up_no_other_run_and_no_new_slot() -> None:
    people = [subscription(ANNA, "C1", "camp"), subscription(BOB, "C1", "camp"), subscription(CHO, "C2", "camp")]
    book, carrier, clock, content = MemoryBook(people), FakeCarrier(), Clock(at("09:02")), Stuck()
    book.reach("hourly-digest", at("08:30"))
    scheduler = scheduler_of(book, carrier, clock, HOURLY, content=content)
    scheduler.look()
    assert content.mails == 101, "it is asked for once, and not for each recipient"
    clock.now = at("10:02")
    scheduler.look()
    assert carrier.counts == {CHO: 2}
    assert {run.error for run in book.runs(10) if run.hub == "C1"} == {"the store does not answer"}


class Failing(FakeContent):
    """The store goes away while the first figures are read."""

    def __init__(self, book: MemoryBook) -> None:
        super().__init__()
        self.book = book

    def part(self, viewer: Viewer, order: Order, last: Order | None) -> Part:
        if not self.parts:
            self.book.down = True
            self.parts.append((viewer.name, order, last))
            raise EngineError("the store does not answer")
        return super().part(viewer, order, last)


def test_a_store_that_goes_away_is_not_waited_for_once_a_mail() -> None:
    people = [f"p{number}@hubstat.example" for number in range(30)]
    book, carrier, clock = MemoryBook(map(subscription, people)), FakeCarrier(), Clock(at("09:02"))
    book.reach("hourly-digest", at("08:30"))
    scheduler = scheduler_of(book, carrier, clock, HOURLY, content=Failing(book))
    with pytest.raises(EngineError):
        scheduler.look()
    assert book.refused <= 4
    book.down = False
    scheduler.look()
    assert carrier.counts == dict.fromkeys(people, 1)


class StuckJudge(FakeJudge):
    """Cannot look at one report."""

    def of(self, slot: Slot) -> Ready:
        if slot.report == "daily-provisional":
            raise EngineError("the store does not answer")
        return super().of(slot)


def test_a_report_that_cannot_be_looked_at_holds_up_no_other_and_goes_out_after_its_wait() -> None:
    crons = {"daily-provisional": "0 9 * * *", **HOURLY}
    book, carrier, clock = MemoryBook([subscription(ANNA)]), FakeCarrier(), Clock(at("09:02"))
    for report in crons:
        book.reach(report, at("08:30"))
    scheduler = scheduler_of(book, carrier, clock, crons, judge=StuckJudge())  # type: ignore[arg-type]
    scheduler.look()
    assert [run.report for run in book.runs(10)] == ["hourly-digest"]
    clock.now += 31 * tm.MINUTE
    scheduler.look()
    assert carrier.counts == {ANNA: 2}


def test_a_store_that_does_not_answer_is_said_after_each_report_had_its_turn() -> None:
    book, clock = MemoryBook([subscription(ANNA)]), Clock(at("09:02"))
    scheduler = scheduler_of(book, FakeCarrier(), clock, HOURLY)
    book.down = True
    with pytest.raises(EngineError):
        scheduler.look()


def test_mails_that_were_not_tried_use_up_no_try() -> None:
    people = [f"p{number}@hubstat.example" for number in range(30)]
    carrier = FakeCarrier(raising(PutOff("no connection", unreachable=True)))
    book, clock = MemoryBook(map(subscription, people)), Clock(at("09:02"))
    book.reach("hourly-digest", at("08:30"))
    scheduler = scheduler_of(book, carrier, clock, HOURLY)
    scheduler.look()
    assert all(run.state == "claimed" and run.next_try_at > clock.now for run in book.runs(100))
    assert sum(run.attempts for run in book.runs(100)) == carrier.tries < 30
    carrier.conduct = lambda recipient: None
    clock.now += 10 * tm.MINUTE
    scheduler.look()
    assert carrier.counts == dict.fromkeys(people, 1)


def test_a_mail_that_was_never_tried_is_overtaken_by_the_next() -> None:
    people = [f"p{number}@hubstat.example" for number in range(30)]
    carrier = FakeCarrier(raising(PutOff("no connection", unreachable=True)))
    book, clock = MemoryBook(map(subscription, people)), Clock(at("09:02"))
    book.reach("hourly-digest", at("08:30"))
    scheduler = scheduler_of(book, carrier, clock, HOURLY)
    scheduler.look()
    clock.now = at("11:02")
    carrier.conduct = lambda recipient: None
    scheduler.look()
    assert max(carrier.counts.values()) <= 2
    assert sum(run.state == "stored" for run in book.runs(100)) > 50
    assert sum(run.state == "sent" and run.revision.endswith("11:00") for run in book.runs(100)) == 30


@pytest.mark.parametrize("error", [PutOff("no connection"), Refused("550 no such person")])
def test_the_owner_is_told_again_where_the_mail_to_them_did_not_get_through(error: Exception) -> None:
    book, carrier, clock, alert = _failed(raising(error))
    for _ in range(3):
        alert.tell()
    assert carrier.tries == 1, "not at every look"
    assert not book.runs(1)[0].alerted
    carrier.conduct = lambda recipient: None
    clock.now += 5 * tm.MINUTE
    alert.tell()
    alert.tell()
    assert carrier.counts == {CHO: 1}
    assert book.runs(1)[0].alerted


def test_the_owner_is_not_told_twice_where_the_mail_to_them_may_have_got_through() -> None:
    book, carrier, clock, alert = _failed(raising(Lost("no answer")))
    alert.tell()
    clock.now += tm.HOUR
    alert.tell()
    assert carrier.tries == 1
    assert book.runs(1)[0].alerted


def _failed(conduct: Callable[[str], None]) -> tuple[MemoryBook, FakeCarrier, Clock, Alert]:
    """A run that failed, and who tells the owner of it."""
    book, carrier, clock = MemoryBook(), FakeCarrier(conduct), Clock(at("22:02"))
    who = (ANNA, "r", "ko", False, False)
    book.claim([Run("daily-final", DAY, "all", "nationwide", "KR", *who, 0, 0, 0, "failed", 0, error="550 no")])
    return book, carrier, clock, Alert(book, carrier, SENDER, CHO, KST, clock)
