"""The pages beside the mails: a link that is followed ends nothing, a POST does; a mail can do nothing in its frame."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from mailing import BOARD, DAY, KST, SENDER, FakeContent, FakePart, subscription

from hubstat.domain.hierarchy import HubTree
from hubstat.domain.mailing import Run, Subscription
from hubstat.errors import AccessError, QueryError
from reports.delivery.catcher import Folder
from reports.delivery.message import Letter, message_of
from reports.delivery.recipients import address, viewer_of
from reports.delivery.tokens import Tokens
from reports.delivery.web import mail_routes, unsubscribe_routes
from reports.model import Order

ANNA = "anna@hubstat.example"


class FakeBook:
    """Subscriptions in memory."""

    def __init__(self, *subscriptions: Subscription) -> None:
        self.kept = {each.id: each for each in subscriptions}

    def subscription(self, subscription_id: str) -> Subscription | None:
        return self.kept.get(subscription_id)

    def subscribe(self, subscriptions: Iterable[Subscription]) -> None:
        self.kept |= {each.id: each for each in subscriptions}


def ask(app: FastAPI, method: str, path: str, body: bytes = b"") -> tuple[int, str, dict[str, str]]:
    """One request: status, text, headers."""
    path, _, query = path.partition("?")
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    scope = {"type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "path": path}
    more = {"raw_path": path.encode(), "query_string": query.encode(), "root_path": "", "scheme": "http"}
    asyncio.run(app(scope | more | {"headers": [], "server": ("test", 80), "client": ("test", 1)}, receive, send))  # type: ignore[arg-type]
    headers = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return sent[0]["status"], b"".join(each.get("body", b"") for each in sent[1:]).decode(), headers


@pytest.fixture
def book() -> FakeBook:
    return FakeBook(subscription(ANNA, lang="en"))


@pytest.fixture
def app(book: FakeBook) -> FastAPI:
    app = FastAPI()
    app.include_router(unsubscribe_routes(book, Tokens("a secret")))  # type: ignore[arg-type]
    return app


def test_following_the_link_ends_nothing(app: FastAPI, book: FakeBook) -> None:
    before = dict(book.kept)
    token = Tokens("a secret").make(next(iter(before)), "hourly-digest")
    for method in ("GET", "HEAD"):
        ask(app, method, f"/unsubscribe?token={token}")
    status, page, _ = ask(app, "GET", f"/unsubscribe?token={token}")
    assert status == 200
    assert "hourly digest" in page
    assert '<form method="post">' in page
    assert book.kept == before


def test_one_click_ends_that_report_and_no_other(app: FastAPI, book: FakeBook) -> None:
    (before,) = book.kept.values()
    token = Tokens("a secret").make(before.id, "hourly-digest")
    for _ in range(2):
        status, page, _ = ask(app, "POST", f"/unsubscribe?token={token}", b"List-Unsubscribe=One-Click")
        assert status == 200
        assert "not sent to you any more" in page
    (after,) = book.kept.values()
    assert set(before.reports) - set(after.reports) == {"hourly-digest"}
    assert after.active


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_link_of_somebody_else_does_nothing(app: FastAPI, book: FakeBook, method: str) -> None:
    before = dict(book.kept)
    token = Tokens("another secret").make(next(iter(before)), "hourly-digest")
    for wrong in (token, token[:-1], "", "x.y"):
        assert ask(app, method, f"/unsubscribe?token={wrong}")[0] == 400
    assert book.kept == before


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    folder = Folder(tmp_path / "mails")
    order = Order("daily-final", DAY, None, "nationwide", "KR", 0, 0)
    part = FakePart(order, None)
    mail = FakeContent().mail(part, "ko", names=False, board_url=BOARD, unsubscribe_url=None, late=False)
    folder.keep(message_of(mail, Letter(SENDER, ANNA, "<a@b>", 0, None)))
    return folder


def test_kept_mails_are_listed_and_shown_in_a_frame_that_can_do_nothing(folder: Folder) -> None:
    app = FastAPI()
    app.include_router(mail_routes(folder, KST, "ko"))
    (name,) = folder.names()
    status, page, _ = ask(app, "GET", "/mails")
    assert status == 200
    assert f'href="/mails/{name}"' in page
    assert ANNA in page
    status, page, _ = ask(app, "GET", f"/mails/{name}")
    assert status == 200
    assert '<iframe sandbox=""' in page
    assert "data:image/png;base64," in page
    assert "cid:" not in page
    status, _, headers = ask(app, "GET", f"/mails/{name}/file/0")
    assert status == 200
    assert headers["content-disposition"] == 'attachment; filename="file-0.csv"'


@pytest.mark.parametrize("name", ["..", "%2e%2e%2fsecret", "1.eml", "../../etc/passwd"])
def test_nothing_but_mails_can_be_read(folder: Folder, name: str) -> None:
    app = FastAPI()
    app.include_router(mail_routes(folder, KST, "ko"))
    assert ask(app, "GET", f"/mails/{name}")[0] == 404


def test_a_mail_cannot_break_out_of_its_frame(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    evil = b'Subject: <script>x</script>\r\nTo: a@b\r\nContent-Type: text/html\r\n\r\n"></iframe><script>y</script>'
    name = folder.keep(evil)
    app = FastAPI()
    app.include_router(mail_routes(folder, KST, "ko"))
    for path in ("/mails", f"/mails/{name}"):
        assert "<script>" not in ask(app, "GET", path)[1]


@pytest.mark.parametrize("text", ["nobody", "a@b c", "a@b\r\nBcc: x@y", "a b@c.d", "<a@b.c>", "@b.c", "a@" + "b" * 260])
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(QueryError, match="no e-mail address"):
        address(text)


def test_a_recipient_sees_the_hubs_of_their_roles_alone() -> None:
    viewer = viewer_of(ANNA, [subscription(ANNA, "C1", "camp"), subscription(ANNA, "C2", "camp", active=False)])
    assert [(grant.level, grant.hub) for grant in viewer.grants] == [("camp", "C1")]
    with pytest.raises(AccessError):
        viewer.require(HubTree([], "KR"), DAY, "camp", "C2")


def test_a_run_is_named_by_what_must_not_go_out_twice() -> None:
    run = Run("daily-final", DAY, "all", "camp", "C1", ANNA, "r", "ko", False, False, 1, 2, 3, "claimed", 4)
    assert run.id == "daily-final|2026-11-20|all|camp:C1|anna@hubstat.example|r"
    assert run.message_id("x.y") == run.message_id("x.y")
    assert run.message_id("x.y").endswith("@x.y>")
