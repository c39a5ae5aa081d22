"""Writes a part as a mail: composes it once, lays it out as HTML and as plain text, draws the chart, makes the file."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from hubstat.figures.address import search
from hubstat.figures.formats import Lang
from hubstat.figures.palette import DARK, LIGHT
from hubstat.figures.sentences import completion_summary
from reports.content import changes, counts, hubs, keyfigures
from reports.content import lead as beginning
from reports.content.attachment import attachment
from reports.content.charts import HEIGHT, WIDTH, draw
from reports.content.letter import Block, Items, Letter, Pair, Picture
from reports.content.part import HubPart
from reports.content.voice import Voice
from reports.model import File, Image, Mail

CHART: Final = "hours@hubstat"
_TEMPLATES: Final = Path(__file__).parent / "templates"


def write(part: HubPart, lang: Lang, *, names: bool, board_url: str, unsubscribe_url: str | None, late: bool) -> Mail:
    """The mail of a part in a language; arguments as of ``reports.model.Content.mail``."""
    voice = Voice(part, lang)
    file = attachment(voice)
    letter, images = compose(voice, file, names=names, board_url=board_url, unsubscribe_url=unsubscribe_url, late=late)
    html = _template("mail.html.j2").render(letter=letter, light=LIGHT, dark=DARK)
    text = _template("mail.txt.j2").render(letter=letter)
    return Mail(letter.subject, text, html, images, (file,), beginning.missing(voice))


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
    voice: Voice, file: File, *, names: bool, board_url: str, unsubscribe_url: str | None, late: bool
) -> tuple[Letter, tuple[Image, ...]]:
    """The mail's content in its order, and its pictures."""
    part = voice.part
    parts, images = _parts(voice, names) if part.has_data else (_without_data(voice), ())
    said = beginning.lead(voice)
    notes = [note for note in beginning.missing(voice) if note not in {words for words, _ in said}]
    if late:
        notes.append(voice.say("mail.missing.late"))
    size = f"{max(1, round(len(file.data) / 1000)):,} kB"
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
        link=(voice.say("mail.link"), board_url.rstrip("/") + "/" + _address(voice)),
        attached=voice.say("mail.attached", name=file.name, size=size),
        foot=[
            voice.say("mail.foot.same"),
            voice.say("mail.foot.names" if _named(part, names) else "mail.foot.private"),
        ],
        unsubscribe=None if unsubscribe_url is None else (voice.say("mail.unsubscribe"), unsubscribe_url),
    )
    return letter, images


def _named(part: HubPart, names: bool) -> bool:
    return names and bool(part.friends)


def _address(voice: Voice) -> str:
    """The board at the same hub, date, wave and (T, K)."""
    order = voice.part.order
    return search(
        voice.part.zone,
        lang=voice.lang,
        level=order.level,
        hub=None if order.level == "nationwide" else order.hub,
        day=order.service_date,
        wave=voice.part.wave,
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
        summary = completion_summary(part.here.now.delivery, time, part.order.service_date, voice.lang)
        alt = voice.say("mail.chart.alt", summary=summary)
        images = (Image(CHART, draw(hours, voice.lang), alt),)
        found.append(Picture(voice.say("mail.hours.title"), CHART, alt, WIDTH, HEIGHT, summary))
        found.append(counts.hours(voice, hours))
    if part.order.report != "hourly-digest":
        found += counts.made_of(voice)
    found += changes.changes(voice)
    found += changes.restatements(voice)
    if _named(part, names):
        found += hubs.friends(voice)
    return found, images
