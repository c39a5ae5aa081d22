"""The compiled core (``hubstat/core``): the plain cases of decoding, merging and folding events, and of Friend-days."""

from collections.abc import Callable, Sequence
from typing import ClassVar, final

from hubstat.domain.friendday import Status

@final
class PlainEvent:
    """One decoded record, ready to be merged."""

    @property
    def key(self) -> str: ...
    @property
    def home(self) -> str: ...
    @property
    def unknown(self) -> int: ...

@final
class Core:
    """``offset_ms``: of the network's zone from UTC."""

    FOLD_VERSION: ClassVar[int]

    def __new__(cls, offset_ms: int) -> Core: ...
    def decode(self, raw: bytes, received: int) -> PlainEvent | None:
        """One record of ``invoice-events``, received at ``received`` (ms); None where Python decides."""

    def fold(
        self, key: str, stored: bytes | None, events: Sequence[PlainEvent]
    ) -> tuple[bool, bytes, bytes, list[tuple[bytes, bytes]], list[str], int] | None:
        """Changed, document, stored events, activities, dates, since; None where Python decides."""

    def friend_runs(
        self, rows: Sequence[str], schedule: FriendSchedule, allowance: Callable[[str | None, str | None], int]
    ) -> FriendRuns | None:
        """The runs of a Friend on a service date, from the rows of each of its documents (``activity_text``); None
        where Python decides. ``allowance``: of a gap, by camp of the Friend-day and wave, ms."""

@final
class FriendSchedule:
    """What a Friend's own events say of one service date; times in ms, all in the order of the events.

    shifts: start, end, service date, wave. routes: time, rank, event id, whether the route starts, camp. intervals: of
    each of ``RECORDED_KINDS`` time, whether it begins, and until when where that is stated.
    """

    def __new__(
        cls,
        service_date: str,
        window: tuple[int, int],
        shifts: Sequence[tuple[int, int, str, str]],
        routes: Sequence[tuple[int, int, str, bool, str | None]],
        intervals: Sequence[Sequence[tuple[int, bool, int | None]]],
        breaks: Sequence[tuple[int, int]],
    ) -> FriendSchedule: ...

@final
class FriendRuns:
    """What the runs of a service date add up to: see ``hubstat.domain.friendday.Worked``."""

    runs: int
    camp: str | None
    out_since: int | None
    begin: int
    last_activity: int
    recorded: list[list[tuple[int, int]]]
    worked: dict[int, int]
    net: dict[int, int]
    stops_by_hour: dict[int, int]
    on_road: int
    excluded: list[int]
    net_on_road: int
    idle: int
    stops: int
    batch_scans: int
    status: Status
    efforts: list[tuple[str | None, int, int]]
    allowance: int
    first_departure: int | None
    waves: list[str | None]
    recent_stops: int
    recent_net: int
    departures: list[tuple[str, int | None]]
