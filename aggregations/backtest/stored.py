"""The back-test of dates that are stored: each read once, in batches of Friends, and what was found kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from datetime import date, timedelta
from functools import partial
from itertools import islice
from typing import Final

from aggregations import compiler
from aggregations.backtest.cases import Case, ClosedDate
from aggregations.backtest.score import Errors, HourError, Risk, Score
from aggregations.day import Day, View
from aggregations.facts.closing import RollUp
from aggregations.productivity import FriendDayReader
from aggregations.question import Moment
from aggregations.reader import Reader
from hubstat.domain import time as tm
from hubstat.domain.document import restore_events, restore_invoice
from hubstat.domain.metrics import DEFINITION_VERSION
from hubstat.domain.projection import Projection, project
from hubstat.elastic import backtests
from hubstat.elastic.backtests import Document
from hubstat.elastic.store import Store
from hubstat.errors import QueryError

# So many Friends' invoices are held at once: some 200,000 small objects.
_FRIENDS: Final = 500
# Called with a service date, how many of its Friends are looked at, and of how many.
Progress = Callable[[date, int, int], None]


def dates_with_work(reader: Reader, days: int) -> list[date]:
    """The last closed dates on which a Friend held something, ascending; at most so many."""
    closed = reversed(RollUp(reader).known())
    with reader.view() as view:
        return sorted(islice((day for day in closed if _friends(view, day)), days))


def backtest(reader: Reader, dates: Sequence[date], progress: Progress) -> list[HourError]:
    """Errors of the projection over closed dates, by hour of day and of all. Raises ``QueryError`` for an open one."""
    last = RollUp(reader).last_closed()
    for service_date in dates:
        if last is None or service_date > last:
            raise QueryError(
                f"{service_date} has not closed, or ingest has not got beyond its closing: choose another one"
            )
    score = Score(reader.zone)
    for service_date in dates:
        closing = tm.closing(service_date, reader.zone)
        with reader.view() as view:
            day = reader.day(view, service_date, Moment(closing, closing))
            friends = _friends(view, service_date)
            progress(service_date, 0, len(friends))
            for start in range(0, len(friends), _FRIENDS):
                batch = friends[start : start + _FRIENDS]
                score.add(service_date.isoformat(), _cases(reader, view, day, batch), partial(_project, day))
                progress(service_date, start + len(batch), len(friends))
    return score.results()


def _friends(view: View, service_date: date) -> list[str]:
    """Friends whom the invoices of a date name, in order."""
    query: compiler.Query = {"term": {"due_dates": service_date.isoformat()}}
    return sorted(friend for friend, _, _ in view.invoices.groups(query, "friends"))


def _cases(reader: Reader, view: View, day: Day, batch: Sequence[str]) -> Iterator[Case]:
    closed = ClosedDate(day.service_date, reader.zone, day.area_of, frozenset(batch).__contains__)
    reading: FriendDayReader = day.friend_days(view)
    for friend, documents in reading.documents(batch).items():
        closed.add_friend(friend, restore_events(friend, documents))
    dates = [(day.service_date + timedelta(days=offset)).isoformat() for offset in (-1, 0, 1)]
    around: list[compiler.Query] = [
        {"term": {"due_dates": day.service_date.isoformat()}},
        {"terms": {"activity_dates": dates}},
    ]
    query = compiler.all_of(
        [{"terms": {"friends": list(batch)}}, {"bool": {"should": around, "minimum_should_match": 1}}]
    )
    for key, document in view.invoices.documents(query, ["events"]):
        closed.add_invoice(key, restore_invoice(key, document))
    yield from closed.cases()


def _project(day: Day, case: Case) -> Projection:
    return project(
        case.pending,
        case.day,
        as_of=case.as_of,
        baselines=day.baselines,
        area_of=day.area_of,
        deadline_of=day.context.deadline,
    )


def keep(store: Store, found: Sequence[HourError], dates: Sequence[date], computed_at: int) -> None:
    """Keep a back-test of the definitions in force. computed_at: ms."""
    common = {
        "definition_version": DEFINITION_VERSION,
        "dates": [each.isoformat() for each in dates],
        "computed_at": computed_at,
    }
    backtests.keep(store.client, store.namespace, [{**common, **asdict(each)} for each in found])


def error_of(store: Store) -> dict[int, HourError]:
    """The error of the projection by hour of day (0 to 23), from the last back-test; empty where there is none.

    It is that of the definitions in force: a back-test of others is not shown.
    """
    documents = backtests.recorded(store.client, store.namespace, DEFINITION_VERSION)
    return {each["hour"]: _restored(each) for each in documents if each["hour"] is not None}


def _restored(document: Document) -> HourError:
    return HourError(
        document["hour"],
        Errors(**document["friends"]),
        Errors(**document["camps"]),
        document["left_out"],
        document["no_pace"],
        Risk(**document["at_risk"]),
    )
