"""Writes a part as a mail: composes it once, lays it out as HTML and as plain text, draws the chart, makes the file."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from hubstat.domain.codes import DIRECTIONS, Direction
from hubstat.figures.address import search
from hubstat.figures.formats import Lang
from hubstat.figures.palette import DARK, LIGHT
from hubstat.figures.sentences import completion_summary, what_moves
from reports.content import changes, counts, hubs, keyfigures
from reports.content import lead as beginning
from reports.content.attachment import attachment
from reports.content.charts import WIDTH, draw
from reports.content.letter import Block, Items, Letter, Pair, Picture
from reports.content.part import HubPart
from reports.content.voice import ROWS, Voice
from reports.model import File, Image, Mail

CHART: Final = "hours@hubstat"
# Mail programs cut a longer HTML part off (102 kB); what is left of it is for the recipient's own link.
HTML_MOST: Final = 99_000
# Rows of a list: the first that keeps the HTML within that.
LISTED: Final = (ROWS, 20, 10, 5)
_TEMPLATES: Final = Path(__file__).parent / "templates"


def write(
    part: HubPart,
    lang: Lang,
    *,
    names: bool,
    board_url: str,
    unsubscribe_url: str | None,
    late: bool,
    most_attached: int,
) -> Mail:
    """The mail of a part in a language; arguments as of ``reports.model.Content.mail``.

    most_attached: bytes; a larger file is not attached, and the mail links to the board's export instead. HTML that
    would grow beyond ``HTML_MOST`` lists fewer rows.
    """
    file = attachment(Voice(part, lang))
    attached = len(file.data) <= most_attached
    for listed in LISTED:
        voice = Voice(part, lang, attached, listed)
        letter, images = compose(
            voice,
            _about(voice, file, most_attached),
            names=names,
            board_url=board_url.rstrip("/"),
            unsubscribe_url=unsubscribe_url,
            late=late,
        )
        html = _template("mail.html.j2").render(letter=letter, light=LIGHT, dark=DARK)
        if len(html.encode()) <= HTML_MOST:
            break
    text = _template("mail.txt.j2").render(letter=letter)
    return Mail(letter.subject, text, html, images, (file,) if attached else (), beginning.missing(voice))


def _about(voice: Voice, file: File, most: int) -> str:
    """What the mail says of its file."""
    if voice.attached:
        return voice.say("mail.attached", name=file.name, size=_kilobytes(len(file.data)))
    size, limit = _kilobytes(len(file.data)), _kilobytes(most)
    return voice.say("mail.attached.not", name=file.name, size=size, most=limit)


def _kilobytes(size: int) -> str:
    return f"{-(-size // 1000):,} kB"


@cache
def _template(name: str) -> Any:
    """The HTML escapes whatever it is given; the plain text has nothing to escape."""
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=name.endswith(".html.j2"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.get_template(name)


def compose(
    voice: Voice, about_file: str, *, names: bool, board_url: str, unsubscribe_url: str | None, late: bool
) -> tuple[Letter, tuple[Image, ...]]:
    """The mail's content in its order, and its pictures."""
    part = voice.part
    parts, images = _parts(voice, names) if part.has_data else (_without_data(voice), ())
    said = beginning.lead(voice)
    notes = [note for note in beginning.listed(voice) if note not in {words for words, _ in said}]
    if late:
        notes.append(voice.say("mail.missing.late"))
    letter = Letter(
        lang=voice.lang,
        subject=beginning.subject(voice, late),
        title=beginning.title(voice),
        tags=beginning.tags(voice, late),
        meta=beginning.meta(voice),
        lead=said,
        missing=notes,
        missing_title=voice.say("mail.missing.title"),
        parts=parts,
        link=(voice.say("mail.link"), f"{board_url}/{_address(voice)}"),
        attached=about_file,
        exports=() if voice.attached else _exports(voice, board_url),
        foot=[
            voice.say("mail.foot.same"),
            voice.say("mail.foot.names" if _named(part, names) else "mail.foot.private"),
        ],
        unsubscribe=None if unsubscribe_url is None else (voice.say("mail.unsubscribe"), unsubscribe_url),
    )
    return letter, images


def _named(part: HubPart, names: bool) -> bool:
    return names and bool(part.friends)


def _exports(voice: Voice, board_url: str) -> list[tuple[str, str]]:
    """The board's tables of the same view, as files: words and address of each direction's."""
    table = "friends" if voice.part.order.level == "camp" else "children"
    found: list[tuple[str, str]] = []
    for direction in DIRECTIONS:
        what = what_moves("all", direction, voice.lang)
        url = f"{board_url}/export{_address(voice, direction)}&table={table}&format=csv"
        found.append((voice.say("mail.export", what=what), url))
    return found


def _address(voice: Voice, direction: Direction = "DELIVERY") -> str:
    """The board at the same hub, date, wave and (T, K)."""
    order = voice.part.order
    return search(
        voice.part.zone,
        lang=voice.lang,
        level=order.level,
        hub=None if order.level == "nationwide" else order.hub,
        day=order.service_date,
        wave=voice.part.wave,
        direction=direction,
        as_of=order.as_of,
        known_at=order.known_at,
    )


def _without_data(voice: Voice) -> list[Block | Pair | Picture | Items]:
    """Of a date without data, what is known of others."""
    return [*changes.restatements(voice)] if voice.part.restated else []


def _parts(voice: Voice, names: bool) -> tuple[list[Block | Pair | Picture | Items], tuple[Image, ...]]:
    part = voice.part
    found: list[Block | Pair | Picture | Items] = [keyfigures.six(voice), *hubs.children(voice), keyfigures.work(voice)]
    images: tuple[Image, ...] = ()
    hours = counts.hours_of(part.here.now.delivery)
    if hours:
        time = f"{voice.local(part.order.as_of):%H:%M}"
        now = part.here.now.delivery if part.provisional else {**part.here.now.delivery, "projected_finish": None}
        summary = completion_summary(now, time, part.order.service_date, voice.lang)
        alt = voice.say("mail.chart.alt")
        images = (Image(CHART, draw(hours, voice.lang), alt),)
        found.append(Picture(voice.say("mail.hours.title"), CHART, alt, WIDTH, summary))
        found.append(counts.hours(voice, hours))
    if part.order.report != "hourly-digest":
        found += counts.made_of(voice)
    found += changes.changes(voice)
    found += changes.restatements(voice)
    if _named(part, names):
        found += hubs.friends(voice)
    return found, images
