"""What a metric is: its texts, and the measure that says how its figure is formed from additive parts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from hubstat.domain.backlog import Waits
from hubstat.domain.codes import DIRECTIONS, Direction
from hubstat.domain.invoice import Stage
from hubstat.domain.measures import Predicate, Split


@dataclass(frozen=True, slots=True)
class Count:
    """Number of invoices a predicate holds for."""

    where: Predicate


@dataclass(frozen=True, slots=True)
class SplitCount:
    """Numbers of invoices a predicate holds for, by a key; with ``keys`` every one of them is present, also at 0."""

    where: Predicate
    split: Split
    keys: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Shares:
    """Each part of a split figure over the counted figure that is their sum; empty where that is 0."""

    parts: str
    total: str


@dataclass(frozen=True, slots=True)
class Ratio:
    """One counted figure over another; null over an empty denominator (C12)."""

    numerator: str
    denominator: str


@dataclass(frozen=True, slots=True)
class CompletionHours:
    """Completed due invoices by local hour of completion."""


@dataclass(frozen=True, slots=True)
class LastCompletion:
    """Latest completion over Due; does not add, its roll-up is the maximum."""


@dataclass(frozen=True, slots=True)
class CompletionPercentile:
    """Percentile of the completions over Due, nearest rank over whole minutes; their counts by minute add."""

    share: float


@dataclass(frozen=True, slots=True)
class AfterDeadline:
    """Completed due invoices whose completion is after the deadline of their wave."""


@dataclass(frozen=True, slots=True)
class StageMinutes:
    """Median and p90 of a stage's whole minutes, nearest rank, with its n; the counts by minute add."""

    stage: Stage


@dataclass(frozen=True, slots=True)
class AgeSplit:
    """Invoices that wait at T, whatever their service date, by age; rolled up by the hierarchy of T's local date."""

    waits: Waits


@dataclass(frozen=True, slots=True)
class StalledCount:
    """Open ones of them on which nothing has happened for a day."""


@dataclass(frozen=True, slots=True)
class AtRisk:
    """Open invoices whose promise is still ahead and whose stop is projected to be finished after it."""


@dataclass(frozen=True, slots=True)
class LoadCount:
    """Invoices that a Friend held at the first departure: all of them, or those not loaded by then."""

    part: Literal["assigned", "gap"]


@dataclass(frozen=True, slots=True)
class Plan:
    """Due × the plan share of its camp and wave: by hour, at T, or the due of the parts that have a share."""

    part: Literal["hours", "now", "due"]


@dataclass(frozen=True, slots=True)
class FriendSum:
    """Sum over Friends of one part; ``scale`` turns it into the unit (60000: ms to minutes)."""

    part: str
    scale: int = 1


@dataclass(frozen=True, slots=True)
class FriendSplit:
    """Sums over Friend-days by kind of excluded time, in minutes."""


@dataclass(frozen=True, slots=True)
class FriendHours:
    """Sums over Friend-days by local hour: ``worked`` invoices, ``stops``, ``net`` minutes, or one of them per hour."""

    part: Literal["worked", "stops", "net", "rate", "stop_rate"]


@dataclass(frozen=True, slots=True)
class FriendRate:
    """Invoices or stops per net on-road hour over the whole service date; null under 10 net minutes."""

    part: Literal["worked", "stops"]


@dataclass(frozen=True, slots=True)
class FriendRatio:
    """One sum over Friends over another; null over 0."""

    numerator: str
    denominator: str


@dataclass(frozen=True, slots=True)
class FriendLatest:
    """The greatest of one part over Friends, null where none has it: a time, or minutes with ``scale``."""

    part: str
    scale: int = 0


Measure: TypeAlias = (
    Count
    | SplitCount
    | Shares
    | Ratio
    | CompletionHours
    | LastCompletion
    | CompletionPercentile
    | AfterDeadline
    | StageMinutes
    | AgeSplit
    | StalledCount
    | AtRisk
    | LoadCount
    | Plan
    | FriendSum
    | FriendSplit
    | FriendHours
    | FriendRate
    | FriendRatio
    | FriendLatest
)
Unit = Literal["invoices", "ratio", "minutes", "per_hour", "time", "friends", "stops", "batches", "routes"]
# What has to be read for a figure, beside the invoices that count under the service date.
Need = Literal["invoices", "minutes", "backlog", "load", "plan", "friends", "projection"]


@dataclass(frozen=True, slots=True)
class Metric:
    """One figure.

    better: which way is good (None = neither). additive: its parts add over hubs. needs: what is read for it.
    shown_from: of a Friend, the least n (under the key ``shown_n``) that a screen shows the figure at; data carry it
    always (C12).
    """

    id: str
    label_ko: str
    label_en: str
    sentence_ko: str
    sentence_en: str
    unit: Unit
    better: Literal["up", "down"] | None
    measure: Measure
    directions: tuple[Direction, ...] = DIRECTIONS
    additive: bool = True
    shown_n: str | None = None
    shown_from: int = 0

    @property
    def counted(self) -> Predicate | None:
        """The predicate of the invoices behind it; None where it counts no invoices by a predicate."""
        return self.measure.where if isinstance(self.measure, Count | SplitCount) else None

    @property
    def needs(self) -> Need:
        """What has to be read for it."""
        match self.measure:
            case CompletionPercentile() | AfterDeadline() | StageMinutes():
                return "minutes"
            case AgeSplit() | StalledCount():
                return "backlog"
            case LoadCount():
                return "load"
            case Plan():
                return "plan"
            case AtRisk():
                return "projection"
            case FriendSum(part) | FriendLatest(part):
                return "projection" if part in PROJECTED else "friends"
            case FriendSplit() | FriendHours() | FriendRate() | FriendRatio():
                return "friends"
            case _:
                return "invoices"

    @property
    def of_backlog(self) -> bool:
        """Whether it counts what waits at T, whatever its service date."""
        return isinstance(self.measure, AgeSplit | StalledCount)

    @property
    def of_friends(self) -> bool:
        """Whether it is a figure of Friends' work (never filtered by direction or wave)."""
        return isinstance(self.measure, FriendSum | FriendSplit | FriendHours | FriendRate | FriendRatio | FriendLatest)


# Parts of Friends that come from the projection of what they still have to do.
PROJECTED = frozenset(
    {
        "projected_finish",
        "open_stops",
        "no_pace_stops",
        "unassigned_stops",
        "shortfall",
        "can_help",
        "spare_stops",
    }
)
