"""The seam between what a mail contains and how it gets there.

``reports.content`` turns an order into mails, ``reports.delivery`` decides what is ordered when, for whom, and sends
it. Neither imports the other; both import this.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final, Literal, Protocol

from aggregations.viewer import Viewer
from hubstat.figures.formats import Lang

Report = Literal["daily-provisional", "daily-final", "wave-close", "hourly-digest"]
REPORTS: Final[tuple[Report, ...]] = ("daily-provisional", "daily-final", "wave-close", "hourly-digest")


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be reported: one hub's report on a service date at the run's (T, K), both ms.

    wave: of ``wave-close`` the wave that closed; None: all waves. level, hub: as in ``hubstat query``. due: when a
    scheduled report was due, ms: it was to be as of then, or of the closing of a date that had closed; None: by hand.
    """

    report: Report
    service_date: date
    wave: str | None
    level: str
    hub: str
    as_of: int
    known_at: int
    due: int | None = None


@dataclass(frozen=True, slots=True)
class Image:
    """A picture of the HTML part. cid: content id without angle brackets, as its ``src="cid:…"`` says."""

    cid: str
    png: bytes
    alt: str


@dataclass(frozen=True, slots=True)
class File:
    """An attachment. mime: its media type without parameters, such as ``text/csv``; text is UTF-8."""

    name: str
    mime: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail's content. incomplete: what is missing from its figures, in the mail's language; empty: nothing."""

    subject: str
    text: str
    html: str
    images: tuple[Image, ...]
    files: tuple[File, ...]
    incomplete: tuple[str, ...]


class Part(Protocol):
    """The figures of one order: opaque, built once, shared by all its recipients, the same for every language."""

    @property
    def order(self) -> Order:
        """What it is of."""


class Content(Protocol):
    """Turns orders into mails."""

    def part(self, viewer: Viewer, order: Order, last: Order | None) -> Part:
        """Read the figures of an order. last: of the mail sent before it, to compare with.

        The viewer's right to the hub is checked each time. Everything of one (service date, T, K) is read once and
        shared by the parts of its hubs, whatever their order: building all hubs of a run one after the other costs one
        reading. May block; may be called from several threads. Raises ``QueryError`` and ``AccessError``.
        """

    def mail(
        self, part: Part, lang: Lang, *, names: bool, board_url: str, unsubscribe_url: str | None, late: bool
    ) -> Mail:
        """Write a part as a mail; reads nothing.

        names: whether the recipient may read Friends' names. board_url: address of the board, ``https://host``.
        late: whether it is a run that was missed and is caught up on.
        """
