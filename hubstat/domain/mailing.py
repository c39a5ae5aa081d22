"""Who is to get which report, and what became of each mail. Values alone: nothing is read or sent here."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal

State = Literal["claimed", "building", "handing-over", "sent", "failed", "unknown", "skipped", "stored"]
STATES: Final[tuple[State, ...]] = (
    "claimed",
    "building",
    "handing-over",
    "sent",
    "failed",
    "unknown",
    "skipped",
    "stored",
)
# Something is still to be done for these.
UNFINISHED: Final[tuple[State, ...]] = ("claimed", "building", "handing-over")
# Somebody has to look at these.
TROUBLED: Final[tuple[State, ...]] = ("failed", "unknown")
# These may be sent again, by hand alone.
RESENDABLE: Final[tuple[State, ...]] = ("failed", "unknown", "skipped", "stored")
NO_WAVE: Final = "all"
# The revision of a run that a person sent begins so.
BY_HAND: Final = "now-"


@dataclass(frozen=True, slots=True)
class Subscription:
    """One person's role at one hub, with the reports that this person gets about it.

    recipient: an e-mail address, lower case. level, hub: as in ``hubstat query``; this is also what the recipient has a
    right to, from ``valid_from`` (inclusive) to ``valid_to`` (exclusive). reports: names. names: whether people's names
    may be shown.
    """

    recipient: str
    name: str
    lang: str
    level: str
    hub: str
    reports: tuple[str, ...]
    names: bool = False
    valid_from: date = date.min
    valid_to: date = date.max
    active: bool = True

    @property
    def id(self) -> str:
        """One for each recipient and hub."""
        return f"{self.recipient}|{self.level}:{self.hub}"

    def wants(self, report: str, service_date: date) -> bool:
        """Whether a report of a service date is for this person."""
        return self.active and report in self.reports and self.valid_from <= service_date < self.valid_to


@dataclass(frozen=True, slots=True)
class Run:
    """One report for one recipient. Times are ms; those of steps that were not reached are None.

    wave: ``all`` where the report is of no one wave. revision: which of several for the same (report, service date,
    wave): the slot of its schedule. slot_at: the time it is due. as_of, known_at: (T, K) of its figures. owner: the
    process that works on it. next_try_at: not before. size: bytes handed over. incomplete: what the mail says is
    missing. version: of the stored document; None before it is stored.
    """

    report: str
    service_date: date
    wave: str
    level: str
    hub: str
    recipient: str
    revision: str
    lang: str
    names: bool
    late: bool
    slot_at: int
    as_of: int
    known_at: int
    state: State
    claimed_at: int
    owner: str = ""
    attempts: int = 0
    next_try_at: int = 0
    building_at: int | None = None
    handing_over_at: int | None = None
    ended_at: int | None = None
    error: str | None = None
    receipt: str | None = None
    size: int | None = None
    incomplete: tuple[str, ...] = ()
    alerted: bool = False
    version: tuple[int, int] | None = None

    @property
    def by_hand(self) -> bool:
        """Whether it is of no schedule."""
        return self.revision.startswith(BY_HAND)

    @property
    def series(self) -> str:
        """Runs of one series follow each other: the same report about the same hub for the same recipient."""
        return "|".join((self.report, self.wave, f"{self.level}:{self.hub}", self.recipient))

    @property
    def id(self) -> str:
        """What it is claimed by: no two runs of one id are ever created."""
        scope = f"{self.level}:{self.hub}"
        return "|".join((self.report, self.service_date.isoformat(), self.wave, scope, self.recipient, self.revision))

    def message_id(self, domain: str) -> str:
        """``Message-ID`` of its mail: always the same, so that a second copy can be told by it."""
        return f"<{hashlib.sha256(self.id.encode()).hexdigest()[:40]}@{domain}>"
