"""Who gets what: names, links, owners written again, mails by hand; without engines."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import date, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from mailing import BOARD, DAY, KST, Clock, FakeContent, at, post_of, subscription
from memory_book import MemoryBook
from reports_carrier import FakeCarrier

from hubstat.commands.reporting import board_url
from hubstat.domain import time as tm
from hubstat.domain.hierarchy import HubTree
from hubstat.domain.mailing import Run
from hubstat.domain.masterdata import Owner
from hubstat.errors import EngineError, SettingsError
from hubstat.settings import ReportSettings, Settings, SmtpSettings
from reports.delivery import presence as presence_module
from reports.delivery.owners import owners_of, renewed
from reports.delivery.presence import DEAD_AFTER, Presence
from reports.delivery.recipients import Recipients
from reports.desk import Desk
from reports.model import Mail, Part

ANNA, GUEST = "anna@hubstat.example", "guest@allowed.example"


class Keeping(FakeContent):
    """Keeps what each mail was asked with: (names, link)."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[tuple[bool, str | None]] = []

    def mail(self, part: Part, lang: Any, *, names: bool, unsubscribe_url: str | None, **more: Any) -> Mail:
        self.asked.append((names, unsubscribe_url))
        return super().mail(part, lang, names=names, unsubscribe_url=unsubscribe_url, **more)


def desk_of(book: MemoryBook, content: FakeContent, data_to: int | None = None) -> Desk:
    """A desk at 15:00 of a network without hubs."""
    clock = Clock(at("15:00"))
    master = SimpleNamespace(hierarchy=SimpleNamespace(on=lambda day: HubTree([], "KR")))
    store = SimpleNamespace(master_data=lambda country: master)
    reader: Any = SimpleNamespace(clock=clock, zone=KST, country="KR", store=store, data_to=lambda now: data_to)
    recipients = Recipients(book, lambda day: HubTree([], "KR"), "KR", ("allowed.example",))
    return Desk(book, post_of(book, content, FakeCarrier(), clock), content, reader, recipients, BOARD)


@pytest.mark.parametrize(("at_hub", "elsewhere", "named"), [(True, False, True), (False, True, False)])
def test_names_are_only_for_who_may_read_them_at_this_hub(at_hub: bool, elsewhere: bool, named: bool) -> None:
    own = [subscription(ANNA, names=at_hub), subscription(ANNA, "C1", "camp", names=elsewhere)]
    content = Keeping()
    desk = desk_of(MemoryBook(own), content)
    run = desk.send_now(desk.order("daily-provisional", DAY), ANNA)
    assert (run.state, run.names) == ("sent", named)
    assert [names for names, _ in content.asked] == [named]


def test_the_right_at_another_hub_gives_no_names() -> None:
    content = Keeping()
    desk = desk_of(MemoryBook([subscription(ANNA, names=True)]), content)
    order = replace(desk.order("daily-provisional", DAY), level="camp", hub="C1")
    run = desk.send_now(order, ANNA)
    assert not run.names


@pytest.mark.parametrize(
    "now",
    [
        subscription(ANNA, names=False),
        subscription(ANNA, names=True, valid_to=DAY),
        subscription(ANNA, names=True, active=False),
    ],
)
def test_a_right_to_names_that_ended_gives_none_to_what_is_sent_later(now: Any) -> None:
    book, content = MemoryBook([now, subscription(ANNA, "KR2")]), Keeping()
    desk = desk_of(book, content)
    where = ("all", "nationwide", "KR", ANNA, "r", "ko", True, False)
    old = DAY - timedelta(days=1)
    book.claim([Run("daily-provisional", old, *where, at("22:00", old), 0, 0, "stored", 0)])
    run = desk.resend(book.runs(1)[0].id)
    assert (run.state, [names for names, _ in content.asked]) in [("sent", [False]), ("skipped", [])]


@pytest.mark.parametrize(("to", "linked"), [(ANNA, True), (GUEST, False)])
def test_only_a_subscription_has_a_link_that_ends_it(to: str, linked: bool) -> None:
    content = Keeping()
    desk = desk_of(MemoryBook([subscription(ANNA)]), content)
    assert desk.send_now(desk.order("daily-provisional", DAY), to).state == "sent"
    ((_, link),) = content.asked
    assert (link is not None) is linked
    carrier: Any = desk.post._carrier
    assert (b"List-Unsubscribe" in carrier.taken[0][1]) is linked
    assert (b"unsubscribe?token=" in carrier.taken[0][1]) is linked


def test_a_mail_by_hand_of_a_running_day_is_as_of_what_is_written() -> None:
    desk = desk_of(MemoryBook(), FakeContent(), data_to=at("14:50"))
    order = desk.order("daily-provisional", DAY)
    assert (order.as_of, order.known_at, order.due) == (at("14:50"), at("14:50"), None)
    order = desk.order("daily-provisional", DAY, as_of=at("12:00"))
    assert (order.as_of, order.known_at) == (at("12:00"), at("14:50"))
    order = desk.order("daily-provisional", DAY, known_at=at("15:00"))
    assert order.known_at == at("15:00"), "what was asked for stays"
    closed = DAY - timedelta(days=3)
    assert desk.order("daily-final", closed).as_of == tm.closing(closed, KST)


def owner(email: str, hub: str = "C001", **changes: Any) -> Owner:
    fields = {"level": "camp", "name": "Kim", "language": "ko", "valid_from": date(2026, 1, 1), "valid_to": None}
    return Owner(hub, email=email, **(fields | changes))


def master_of(*owners: Owner) -> Any:
    return SimpleNamespace(owners=owners)


def test_owners_without_an_address_are_named_and_keep_nobody_from_being_subscribed() -> None:
    master = master_of(owner("", name="Lee"), owner("a..b@x.example", "C002", name="Park"), owner(ANNA))
    made, skipped = owners_of(master, DAY)
    assert [each.recipient for each in made] == [ANNA]
    assert skipped == ["Lee (camp:C001)", "Park (camp:C002)"]
    assert renewed(master, DAY, [])[1] == skipped


def test_owners_written_again_stay_unsubscribed_and_end_with_their_role() -> None:
    bob = "bob@hubstat.example"
    (anna,), _ = owners_of(master_of(owner(ANNA)), DAY)
    (cho,), _ = owners_of(master_of(owner(bob)), DAY)
    known = [replace(anna, reports=("daily-final",), name="old"), replace(cho, active=False)]
    made, _ = renewed(master_of(owner(ANNA), owner(bob, valid_to=DAY)), DAY, known)
    found = {each.recipient: each for each in made}
    assert (found[ANNA].reports, found[ANNA].name) == (("daily-final",), "Kim")
    assert (found[bob].active, found[bob].valid_to) == (False, DAY)
    running, _ = renewed(master_of(owner(bob, valid_to=DAY)), DAY, [cho])
    assert [(each.active, each.valid_to) for each in running] == [(True, DAY)]
    later = replace(cho, valid_from=DAY)
    assert renewed(master_of(owner(bob, valid_to=DAY)), DAY, [later])[0] == []


def test_a_real_mail_server_needs_the_address_of_the_board() -> None:
    real = Settings(smtp=SmtpSettings(host="mail.example"))
    with pytest.raises(SettingsError, match="HUBSTAT_REPORTS__BOARD_URL"):
        board_url(real)
    assert board_url(real.model_copy(update={"reports": ReportSettings(board_url=f"{BOARD}/")})) == BOARD
    assert board_url(Settings()).startswith("http://")


def test_a_process_whose_clock_is_ahead_does_not_live_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    book = MemoryBook()
    monkeypatch.setattr(presence_module, "now_ms", lambda: 10 * DEAD_AFTER)
    book.beat("me", 10 * DEAD_AFTER)
    book.beat("alive", 9 * DEAD_AFTER)
    book.beat("dead", 9 * DEAD_AFTER - 1)
    book.beat("ahead", 11 * DEAD_AFTER + 1)
    assert Presence(book, "me").others() == {"alive"}


@pytest.mark.parametrize("error", [EngineError("no answer"), ValueError("what is that")])
def test_saying_that_it_is_alive_goes_on_after_any_error(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    monkeypatch.setattr(presence_module, "BEAT_SECONDS", 0.005)
    beats: list[int] = []
    enough = threading.Event()

    class Book(MemoryBook):
        def beat(self, owner: str, now: int) -> None:
            beats.append(now)
            if len(beats) == 2:
                raise error
            if len(beats) == 4:
                enough.set()

    with Presence(Book(), "me"):
        assert enough.wait(5)
