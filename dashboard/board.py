"""The seam between the screens and the figures: what a screen may ask for, and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from dashboard.place import Place
from hubstat.figures.formats import Lang

Figures = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Moment:
    """The moment a screen shows. Times in ms.

    generation: changes whenever any figure may have changed. data_to: received time up to which data is in, None =
    unknown. provisional: known before the closing of the service date; corrected: known after it, so that what came
    later counts. closed: of the closing or later. projected_at: moment of what the projection gives, None while there
    is none.
    """

    day: date
    as_of: int
    known_at: int
    data_to: int | None
    generation: str
    live: bool
    provisional: bool
    version: str
    projected_at: int | None = None
    closed: bool = False
    corrected: bool = False


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
class Addend:
    """One part of a figure that is added up, or one candidate for a latest or longest value.

    amount: as text, in the unit of the figure. decides: it is the figure. start, end: of a span, ms.
    """

    amount: str
    camp: str | None
    friend: str | None
    start: int | None
    end: int | None
    decides: bool
    why_ko: str
    why_en: str


@dataclass(frozen=True, slots=True)
class Side:
    """A counted or added figure with what it is made of: invoices or addends. key: the part of a split figure."""

    metric: str
    key: str
    figure: Any
    lines: Sequence[Line] = ()
    addends: Sequence[Addend] = ()


@dataclass(frozen=True, slots=True)
class Proof:
    """A figure with its sides, from one point in time: one, or what is divided and by what.

    as_of: its moment, ms. listed: it is a number of invoices, of which ``Board.listing`` gives the list.
    """

    figure: Any
    sides: Sequence[Side]
    as_of: int
    listed: bool = False


@dataclass(frozen=True, slots=True)
class Strip:
    """The day of one Friend. Times in ms, spans (from, to).

    drive: on the road. stops: one each. rests: breaks and waits, by kind. idle: what of a gap exceeds the allowance;
    spare: what of such a gap the allowance covers. batches: groups of scans of several doorsteps at once.
    """

    drive: Sequence[tuple[int, int]]
    stops: Sequence[tuple[int, int]]
    rests: Sequence[tuple[str, int, int]]
    idle: Sequence[tuple[int, int]]
    spare: Sequence[tuple[int, int]]
    batches: Sequence[tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Still:
    """A Friend who stands still. minutes: since the last activity, without excluded time; last: that activity, ms."""

    camp: str
    friend: str
    minutes: float
    last: int | None


@dataclass(frozen=True, slots=True)
class Listing:
    """As ``Proof``, for a list of any length: its invoices are read one after the other, in no order."""

    figure: int
    lines: Iterator[Line]
    as_of: int


class Names(Protocol):
    """Names of the master data on one date."""

    def camp(self, camp: str, lang: Lang) -> str:
        """Name of a camp, its id where none is known."""

    def friend(self, friend: str) -> str:
        """Name of a Friend, the id where none is known."""

    def reason(self, reason: str, lang: Lang) -> str | None:
        """Label of why an attempt failed; None for a reason that the master data do not have."""

    def group(self, reason: str) -> str:
        """Group of a reason, as ``m5_groups`` counts it."""


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
        """Service dates at work now, the one to open first in front."""

    def moment(self, place: Place) -> Moment:
        """The moment a place shows: the live snapshot's, or the fixed one of the address."""

    def next_in(self, moment: Moment) -> tuple[int, int] | None:
        """Until the next live moment of its date is expected, and from it to the one after it, ms; None: not known."""

    def prepare(self, prepare: Callable[[Moment], None]) -> None:
        """Have the moment of each new live snapshot given to ``prepare`` before a viewer is shown it."""

    def nodes(self, place: Place, moment: Moment, level: str, hub: str | None) -> Sequence[Node]:
        """Every node of a level at or below a hub (None = the whole network), in master data order."""

    def stages(self, place: Place, moment: Moment, level: str, hub: str | None) -> Mapping[str, Figures]:
        """By hub id the stages of the returns of every node of a level at or below a hub, as of ``nodes``."""

    def waves(self, day: date) -> Sequence[WaveTime]:
        """Waves of the network with their deadlines."""

    def names(self, day: date) -> Names:
        """What hubs, Friends and reasons are called on a service date."""

    def ends(self, place: Place, moment: Moment) -> Figures | None:
        """Figures of a place above the Friend that cost too much for every tick: by minute of completion, and loads.

        Of a live moment they are of its full minute, and None above the camp: their proof alone reads them.
        """

    def active(self, place: Place, moment: Moment) -> Mapping[str, int]:
        """By camp id the latest activity (ms) of the Friends at work there; empty on a closed date."""

    def silent(self, place: Place, moment: Moment, camps: Sequence[Node]) -> Sequence[Node]:
        """Those of some camps that must have something to say of a place's work and do not."""

    def invoices(self, place: Place, moment: Moment) -> Sequence[Line]:
        """Every invoice of a Friend's place."""

    def proof(self, place: Place, moment: Moment, metric: str) -> Proof:
        """What a figure of a place, or the part ``metric.key`` of a split one, is made of."""

    def ahead(self, place: Place, moment: Moment) -> Mapping[str, int]:
        """Open invoices of a place by the local hour in which they are projected to be done; empty without any."""

    def error(self, place: Place, moment: Moment) -> float | None:
        """Median absolute error of the projected finish at this hour of day in the last back-test, minutes."""

    def strips(self, camp: str, moment: Moment) -> Mapping[str, Strip]:
        """The days of the Friends of a camp."""

    def still(self, place: Place, moment: Moment) -> Sequence[Still]:
        """Friends of a place who stand still for longer than their allowance, the longest first."""

    def compared(self, place: Place, moment: Moment) -> Moment | None:
        """The earlier moment that the place compares with, once its figures are at hand; None while they are read."""

    def listing(self, place: Place, moment: Moment, metric: str) -> AbstractContextManager[Listing]:
        """The invoices behind a counted figure, however many; reading raises ``HubstatError`` where one is missing."""

    def invoice(self, place: Place, moment: Moment) -> Detail:
        """The invoice of a place; raises ``HubstatError`` where none is known at that moment."""
