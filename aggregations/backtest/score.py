"""The error of the projection by hour of day, from the cases of closed dates. Pure.

- *Error* of a Friend at T: projected finish − finish, so it is positive where the projection was too late. Friends
  without a pace (``no_pace``) or without a finish (``left_out``) have none.
- Error of a camp at T: latest projected finish − latest finish, over those Friends of the camp that have an error.
- *Bias*: median of the errors; *median* and *p90*: of their absolute values. All by nearest rank, in minutes.
- *At risk* at T is compared with late in the end, over the invoices with a promise not before T of Friends with a pace.
  *Precision*: of those at risk the share that was late; *recall*: of those that were late the share that was at risk.

The hour is the local hour of day of T (0 to 23); T on the evening before a service date counts under the same hour as
T on its evening.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Final
from zoneinfo import ZoneInfo

from aggregations.backtest.cases import Case
from hubstat.domain import time as tm
from hubstat.domain.baselines import nearest_rank
from hubstat.domain.document import invoice_key
from hubstat.domain.projection import Projection

HOURS: Final = range(24)
# What a case would have been projected as at its T.
Model = Callable[[Case], Projection]


@dataclass(frozen=True, slots=True)
class Errors:
    """Errors in minutes; None without any."""

    n: int
    bias: float | None
    median: float | None
    p90: float | None

    @classmethod
    def of(cls, errors: Sequence[int]) -> Errors:
        """From errors in ms."""
        if not errors:
            return cls(0, None, None, None)
        absolute = sorted(map(abs, errors))
        found = nearest_rank(sorted(errors), 0.5), nearest_rank(absolute, 0.5), nearest_rank(absolute, 0.9)
        return cls(len(errors), *(value / tm.MINUTE for value in found))


@dataclass(frozen=True, slots=True)
class Risk:
    """Invoices at all the T: looked at, late in the end, said to be at risk, and both."""

    n: int = 0
    late: int = 0
    said: int = 0
    right: int = 0

    @property
    def precision(self) -> float | None:
        """Of those at risk the share that was late."""
        return self.right / self.said if self.said else None

    @property
    def recall(self) -> float | None:
        """Of those that were late the share that was at risk."""
        return self.right / self.late if self.late else None


@dataclass(frozen=True, slots=True)
class HourError:
    """What the back-test found for one hour of day. hour: None = all of them."""

    hour: int | None
    friends: Errors
    camps: Errors
    left_out: int
    no_pace: int
    at_risk: Risk

    @property
    def looked_at(self) -> int:
        """Friends with stops left, over all its T."""
        return self.friends.n + self.left_out + self.no_pace

    def to_json(self) -> dict[str, Any]:
        """Everything of it but the hour, with the shares of ``at_risk``."""
        found = asdict(self)
        del found["hour"]
        found["at_risk"] |= {"precision": self.at_risk.precision, "recall": self.at_risk.recall}
        return found


@dataclass(slots=True)
class _Hour:
    friends: list[int] = field(default_factory=list)
    camps: list[int] = field(default_factory=list)
    left_out: int = 0
    no_pace: int = 0
    risk: list[int] = field(default_factory=lambda: [0, 0, 0, 0])


class Score:
    """Adds up cases of any dates."""

    def __init__(self, zone: ZoneInfo) -> None:
        self._zone = zone
        self._hours = [_Hour() for _ in HOURS]
        # (service date, T, camp) -> latest projected finish and latest finish, ms
        self._camps: dict[tuple[str, int, str | None], tuple[int, int]] = {}

    def add(self, service_date: str, cases: Iterable[Case], model: Model) -> None:
        """Take cases of a date, each as the model would have projected it."""
        for case in cases:
            self._add(service_date, case, model(case))

    def _add(self, service_date: str, case: Case, projection: Projection) -> None:
        hour = self._hours[hour_of_day(case.as_of, self._zone)]
        if projection.finish is None:
            hour.no_pace += 1
            return
        _compare(hour.risk, case, projection)
        if case.finished is None:
            hour.left_out += 1
            return
        hour.friends.append(projection.finish - case.finished)
        place = (service_date, case.as_of, projection.camp)
        projected, finished = self._camps.get(place, (projection.finish, case.finished))
        self._camps[place] = (max(projected, projection.finish), max(finished, case.finished))

    def results(self) -> list[HourError]:
        """Every hour of day, also those at which nobody had a stop left, then all of them together."""
        for hour in self._hours:
            hour.camps.clear()
        for (_, as_of, _), (projected, finished) in self._camps.items():
            self._hours[hour_of_day(as_of, self._zone)].camps.append(projected - finished)
        found = [_result(number, [hour]) for number, hour in zip(HOURS, self._hours, strict=True)]
        return [*found, _result(None, self._hours)]


def hour_of_day(instant: int, zone: ZoneInfo) -> int:
    """Local hour of day, 0 to 23."""
    return (instant - tm.day_start(tm.local_date(instant, zone), zone)) // tm.HOUR


def _compare(risk: list[int], case: Case, projection: Projection) -> None:
    said = {invoice_key(each.direction, each.invoice_no) for each in projection.at_risk()}
    for each in case.pending:
        if each.promise >= case.as_of:
            key = invoice_key(each.direction, each.invoice_no)
            late, foretold = key in case.late, key in said
            for place, counts in enumerate((True, late, foretold, late and foretold)):
                risk[place] += counts


def _result(number: int | None, hours: Sequence[_Hour]) -> HourError:
    return HourError(
        hour=number,
        friends=Errors.of([error for hour in hours for error in hour.friends]),
        camps=Errors.of([error for hour in hours for error in hour.camps]),
        left_out=sum(hour.left_out for hour in hours),
        no_pace=sum(hour.no_pace for hour in hours),
        at_risk=Risk(*(sum(counts) for counts in zip(*(hour.risk for hour in hours), strict=True))),
    )
