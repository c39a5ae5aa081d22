"""Pages beside the board: ending a subscription, and reading the mails that were kept on this machine."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime
from email.message import EmailMessage
from html import escape
from typing import Final
from zoneinfo import ZoneInfo

from fastapi import APIRouter
from fastapi.responses import HTMLResponse, Response

from hubstat.figures.formats import Lang
from hubstat.figures.texts import text
from reports.delivery.book import Book
from reports.delivery.catcher import Folder
from reports.delivery.orders import lang_of
from reports.delivery.pictures import with_pictures
from reports.delivery.tokens import Tokens

_SHOWN: Final = 500
_NAMES: Final = {
    "daily-provisional": "unsubscribe.daily_provisional",
    "daily-final": "unsubscribe.daily_final",
    "wave-close": "unsubscribe.wave_close",
    "hourly-digest": "unsubscribe.hourly_digest",
}
_STYLE: Final = """
:root { color-scheme: light dark; --ink: #16202b; --soft: #5c6b7a; --line: #dde3ea; --page: #f5f7f9; --card: #fff;
  --accent: #1f5fbf }
@media (prefers-color-scheme: dark) { :root { --ink: #e8edf2; --soft: #9aa8b6; --line: #2c3844; --page: #11171d;
  --card: #1a222b; --accent: #7db0ff } }
* { box-sizing: border-box }
body { margin: 0; padding: 24px 16px; color: var(--ink); background: var(--page);
  font: 16px/1.55 system-ui, sans-serif; word-break: keep-all; overflow-wrap: anywhere }
main { max-width: 960px; margin: 0 auto }
h1 { font-size: 22px; margin: 0 0 4px; text-wrap: balance }
p { margin: 0 0 16px; color: var(--soft) }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 12px; padding: 20px }
.narrow { max-width: 460px; margin: 8vh auto 0 }
button { font: inherit; font-weight: 600; color: #fff; background: #1f5fbf; border: 0; border-radius: 8px;
  padding: 10px 18px; min-height: 44px; cursor: pointer }
a { color: var(--accent); text-decoration: none }
ul { list-style: none; margin: 0; padding: 0 }
li a { display: grid; grid-template-columns: 11ch minmax(0, 1fr); gap: 2px 16px; padding: 12px 20px; color: inherit;
  border-top: 1px solid var(--line) }
li:first-child a { border-top: 0 }
li a:hover { background: var(--page) }
li .when { color: var(--soft); font-variant-numeric: tabular-nums; grid-row: span 2 }
li .to { color: var(--soft); font-size: 14px }
li b { font-weight: 600 }
.list { padding: 0; overflow: hidden }
iframe { width: 100%; height: 78vh; border: 1px solid var(--line); border-radius: 12px; background: #fff }
dl { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: 2px 16px; margin: 12px 0 16px }
dt { color: var(--soft) }
dd { margin: 0; overflow-wrap: anywhere }
pre { white-space: pre-wrap; overflow-wrap: anywhere; font-size: 14px }
summary { cursor: pointer; padding: 8px 0 }
"""


def unsubscribe_routes(book: Book, tokens: Tokens) -> APIRouter:
    """``/unsubscribe``: GET asks, POST acts (RFC 8058), so that a scanner that follows links ends nothing."""
    router = APIRouter()

    @router.get("/unsubscribe", response_class=HTMLResponse)
    def ask(token: str = "") -> Response:
        known = tokens.read(token)
        if known is None:
            return _page("ko", text("unsubscribe.title", "ko"), _note("unsubscribe.bad_link"), 400)
        subscription_id, report = known
        subscription = book.subscription(subscription_id)
        lang = lang_of(subscription.lang) if subscription else "ko"
        if subscription is None or report not in subscription.reports:
            return _page(lang, text("unsubscribe.title", lang), _done(lang))
        named = text(_NAMES[report], lang) if report in _NAMES else report
        what = text("unsubscribe.ask", lang, report=named, hub=subscription.hub, recipient=subscription.recipient)
        button = f'<form method="post"><button>{escape(text("unsubscribe.button", lang))}</button></form>'
        return _page(lang, text("unsubscribe.title", lang), f"<p>{escape(what)}</p>{button}")

    @router.post("/unsubscribe", response_class=HTMLResponse)
    def act(token: str = "") -> Response:
        known = tokens.read(token)
        if known is None:
            return _page("ko", text("unsubscribe.title", "ko"), _note("unsubscribe.bad_link"), 400)
        subscription_id, report = known
        subscription = book.subscription(subscription_id)
        if subscription is not None and report in subscription.reports:
            left = tuple(name for name in subscription.reports if name != report)
            book.subscribe([replace(subscription, reports=left)])
        lang = lang_of(subscription.lang) if subscription else "ko"
        return _page(lang, text("unsubscribe.title", lang), _done(lang))

    return router


def _note(key: str) -> str:
    return "".join(f"<p>{escape(text(key, lang))}</p>" for lang in ("ko", "en"))


def _done(lang: Lang) -> str:
    return f"<p>{escape(text('unsubscribe.done', lang))}</p>"


def _page(lang: Lang, title: str, body: str, status: int = 200) -> Response:
    card = f'<div class="card narrow"><h1>{escape(title)}</h1>{body}</div>'
    return _html(lang, title, card, status)


def mail_routes(folder: Folder, zone: ZoneInfo, lang: Lang) -> APIRouter:
    """``/mails``: the mails that the local catcher kept, as a list and one by one. Only for a board on loopback."""
    router = APIRouter()

    @router.get("/mails", response_class=HTMLResponse)
    def mails() -> Response:
        names = folder.names()
        rows = [_row(name, mail, zone) for name in names[:_SHOWN] if (mail := folder.mail(name)) is not None]
        count = text("mails.count", lang, n=f"{len(names):,}")
        listed = f'<ul class="card list">{"".join(rows)}</ul>' if rows else _empty(lang)
        where = escape(text("mails.where", lang, folder=str(folder.path)))
        body = f"<main><h1>{escape(text('mails.title', lang))}</h1><p>{escape(count)} {where}</p>{listed}</main>"
        return _html(lang, text("mails.title", lang), body)

    @router.get("/mails/{name}", response_class=HTMLResponse)
    def mail(name: str) -> Response:
        found = folder.mail(name)
        if found is None:
            return _page(lang, text("mails.title", lang), f"<p>{escape(text('mails.gone', lang))}</p>", 404)
        return _html(lang, str(found["Subject"]), _view(name, found, zone, lang))

    @router.get("/mails/{name}/file/{number}")
    def attachment(name: str, number: int) -> Response:
        found = folder.mail(name)
        files = list(found.iter_attachments()) if found is not None else []
        if not 0 <= number < len(files):
            return Response(status_code=404)
        chosen = files[number]
        content = chosen.get_payload(decode=True)
        headers = {"Content-Disposition": f'attachment; filename="file-{number}{_suffix(chosen.get_filename())}"'}
        data = content if isinstance(content, bytes) else b""
        return Response(data, media_type="application/octet-stream", headers=headers)

    return router


def _suffix(name: str | None) -> str:
    found = re.search(r"\.[a-z0-9]{1,5}$", (name or "").lower())
    return found[0] if found else ""


def _empty(lang: Lang) -> str:
    return f'<div class="card"><p>{escape(text("mails.none", lang))}</p></div>'


def _came(name: str, zone: ZoneInfo) -> str:
    return datetime.fromtimestamp(int(name.partition("-")[0]) / 1000, zone).strftime("%m-%d %H:%M")


def _row(name: str, mail: EmailMessage, zone: ZoneInfo) -> str:
    subject, to = escape(str(mail["Subject"])), escape(str(mail["To"]))
    when = f'<span class="when">{_came(name, zone)}</span>'
    return f'<li><a href="/mails/{name}">{when}<b>{subject}</b><span class="to">{to}</span></a></li>'


def _view(name: str, mail: EmailMessage, zone: ZoneInfo, lang: Lang) -> str:
    """One mail: its head, the HTML as its reader sees it, the plain text. The frame may run, load and open nothing."""
    html, plain = mail.get_body(("html",)), mail.get_body(("plain",))
    shown = with_pictures(html.get_content(), _pictures(mail)) if html is not None else ""
    words = plain.get_content() if plain is not None else ""
    files = "".join(
        f'<dt>{escape(text("mails.file", lang))}</dt><dd><a href="/mails/{name}/file/{number}">'
        f"{escape(each.get_filename() or str(number))}</a></dd>"
        for number, each in enumerate(mail.iter_attachments())
    )
    heads = "".join(
        f"<dt>{escape(text(key, lang))}</dt><dd>{escape(value)}</dd>"
        for key, value in (("mails.from", str(mail["From"])), ("mails.to", str(mail["To"])))
    )
    return (
        f'<main><p><a href="/mails">← {escape(text("mails.title", lang))}</a></p>'
        f"<h1>{escape(str(mail['Subject']))}</h1>"
        f"<dl><dt>{escape(text('mails.came', lang))}</dt><dd>{_came(name, zone)}</dd>{heads}{files}</dl>"
        f'<iframe sandbox="" title="{escape(str(mail["Subject"]))}" srcdoc="{escape(shown)}"></iframe>'
        f'<details><summary>{escape(text("mails.plain", lang))}</summary><pre class="card">{escape(words)}</pre>'
        "</details></main>"
    )


def _pictures(mail: EmailMessage) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for part in mail.walk():
        content_id = str(part.get("Content-ID", "")).strip("<> ")
        data = part.get_payload(decode=True) if content_id and part.get_content_type() == "image/png" else None
        if isinstance(data, bytes):
            found[content_id] = data
    return found


def _html(lang: Lang, title: str, body: str, status: int = 200) -> Response:
    head = '<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
    page = (
        f'<!doctype html><html lang="{lang}"><head>{head}<title>{escape(title)}</title><style>{_STYLE}</style></head>'
    )
    headers = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
    return HTMLResponse(f"{page}<body>{body}</body></html>", status, headers)
