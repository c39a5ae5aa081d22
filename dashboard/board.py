"""The seam between the screens and the figures: what a screen may ask for, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from dashboard.place import Place

Figures = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Moment:
    """The moment a screen shows. Times in ms.

    generation: changes whenever any figure may have changed. data_to: received time up to which data is in, None =
    unknown. provisional: known before the closing of the service date.
    """

    day: date
    as_of: int
    known_at: int
    data_to: int | None
    generation: str
    live: bool
    provisional: bool
    version: str


@dataclass(frozen=True, slots=True)
class Node:
    """A hub or Friend with its figures, keyed as in ``hubstat query``."""

    hub: str
    name_ko: str
    name_en: str
    parent: str | None
    figures: Figures

    def name(self, lang: str) -> str:
        """Its name in a language."""
        return self.name_en if lang == "en" else self.name_ko


@dataclass(frozen=True, slots=True)
class Line:
    """One invoice of a list. Times in ms; ``late``: whole minutes past the promise, None if not late."""

    invoice_no: str
    direction: str
    state: str
    camp: str | None
    friend: str | None
    promise: int | None
    completed_at: int | None
    late: int | None
    why_ko: str
    why_en: str


@dataclass(frozen=True, slots=True)
class Event:
    """One event of an invoice, with both clocks (ms). in_force: it counts. note: why not (``voided``, ``other_copy``,
    ``later``, ``unknown_yet``), or ``decides``."""

    event_id: str
    code: str
    time: int
    received: int
    camp: str | None
    friend: str | None
    source: str | None
    reason: str | None
    in_force: bool
    note: str | None


@dataclass(frozen=True, slots=True)
class Detail:
    """One invoice at a moment: where it counts, and every event."""

    line: Line
    service_date: date | None
    wave: str | None
    events: Sequence[Event]


@dataclass(frozen=True, slots=True)
class Proof:
    """A counted figure and its invoices, from one point in time."""

    figure: int
    lines: Sequence[Line]


@dataclass(frozen=True, slots=True)
class Listing:
    """As ``Proof``, for a list of any length: its invoices are read one after the other, in no order."""

    figure: int
    lines: Iterator[Line]


@dataclass(frozen=True, slots=True)
class WaveTime:
    """Deadline of a wave on a service date, ms."""

    wave: str
    deadline: int


class Board(Protocol):
    """Figures for screens. Every call may block and may raise ``HubstatError``; it is called from worker threads."""

    @property
    def zone(self) -> ZoneInfo:
        """Zone of the network."""

    def active_dates(self) -> Sequence[date]:
        """Service dates whose shift is running now, the one to open first in front."""

    def moment(self, place: Place) -> Moment:
        """The moment a place shows: the live snapshot's, or the fixed one of the address."""

    def nodes(self, place: Place, moment: Moment, level: str, hub: str | None) -> Sequence[Node]:
        """Every node of a level at or below a hub (None = the whole network), in master data order."""

    def stages(self, place: Place, moment: Moment, level: str, hub: str | None) -> Mapping[str, Figures]:
        """By hub id the stages of the returns of every node of a level at or below a hub, as of ``nodes``."""

    def waves(self, day: date) -> Sequence[WaveTime]:
        """Waves of the network with their deadlines."""

    def invoices(self, place: Place, moment: Moment) -> Sequence[Line]:
        """Every invoice of a Friend's place."""

    def proof(self, place: Place, moment: Moment, metric: str) -> Proof:
        """The invoices behind a counted figure of a place."""

    def listing(self, place: Place, moment: Moment, metric: str) -> AbstractContextManager[Listing]:
        """The invoices behind a counted figure, however many; reading raises ``HubstatError`` where one is missing."""

    def invoice(self, place: Place, moment: Moment) -> Detail | None:
        """The invoice of a place, None if it is not known at that moment."""
