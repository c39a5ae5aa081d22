"""Subscriptions, report runs and the state of the report schedules, as documents.

A run is claimed by creating its document: of two that try, one is refused. Every later step of it replaces the version
that was read, so whoever was overtaken is told instead of sending a second time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import fields, replace
from datetime import date
from functools import partial
from typing import Any, Final, TypeVar

from elasticsearch import ConflictError, Elasticsearch, NotFoundError

from hubstat.domain.mailing import TROUBLED, UNFINISHED, Run, State, Subscription
from hubstat.elastic.many import write_many
from hubstat.elastic.names import Names
from hubstat.elastic.retry import briefly
from hubstat.errors import EngineError

_MOST: Final = 10_000
# Series looked up at once.
_TOGETHER: Final = 1_000
_RUN_FIELDS: Final = tuple(each.name for each in fields(Run) if each.name != "version")
_SUBSCRIPTION_FIELDS: Final = tuple(each.name for each in fields(Subscription))
_Result = TypeVar("_Result")


class ReportStore:
    """The book of delivery in Elasticsearch. url: of the client, for messages. domain: of the Message-IDs."""

    def __init__(self, client: Elasticsearch, namespace: str, url: str, domain: str) -> None:
        self._client = client
        self._names = Names(namespace)
        self._url = url
        self._domain = domain

    def _briefly(self, work: Callable[[], _Result]) -> _Result:
        return briefly(work, self._url)

    def subscriptions(self) -> list[Subscription]:
        """All of them, by recipient and hub."""
        index = self._names.subscriptions
        self._refresh(index)
        hits = self._all(index, {"match_all": {}}, ["recipient", "hub", "level"])
        return sorted((_subscription(hit["_source"]) for hit in hits), key=lambda each: each.id)

    def subscription(self, subscription_id: str) -> Subscription | None:
        """One of them."""
        found = self._get(self._names.subscriptions, subscription_id)
        return None if found is None else _subscription(found["_source"])

    def subscribe(self, subscriptions: Iterable[Subscription]) -> None:
        """Write them, each in place of the one of the same id."""
        index = self._names.subscriptions
        actions = [{"_index": index, "_id": each.id, "_source": _of_subscription(each)} for each in subscriptions]
        self._briefly(lambda: write_many(self._client, actions))
        self._refresh(index)

    def claim(self, runs: Sequence[Run]) -> list[Run]:
        """Create runs; those of them that did not exist, with their versions."""
        return self._bulk([({"create": {"_id": run.id}}, run) for run in runs], self._was_mine)

    def _was_mine(self, run: Run) -> Run | None:
        """After a refusal: the answer to an earlier try of the same request may have been lost on the way."""
        found = self.run(run.id)
        mine = found is not None and found.owner == run.owner and found.claimed_at == run.claimed_at
        return found if mine and found is not None and found.state == run.state else None

    def move(self, run: Run) -> Run | None:
        """Write a run in place of the version that it was read as; None where that has changed since."""
        assert run.version is not None, run.id
        seq_no, primary_term = run.version
        try:
            done = self._briefly(
                lambda: self._client.index(
                    index=self._names.report_runs,
                    id=run.id,
                    document=self._of_run(run),
                    if_seq_no=seq_no,
                    if_primary_term=primary_term,
                )
            )
        except ConflictError:
            return self._as_written(run)
        return replace(run, version=(done["_seq_no"], done["_primary_term"]))

    def _as_written(self, run: Run) -> Run | None:
        """The run where the conflict was with this very write, whose answer was lost on the way."""
        found = self.run(run.id)
        return found if found is not None and replace(found, version=run.version) == run else None

    def move_many(self, runs: Sequence[Run]) -> list[Run]:
        """As ``move``; those that could be written."""
        actions = []
        for run in runs:
            assert run.version is not None, run.id
            guard = {"_id": run.id, "if_seq_no": run.version[0], "if_primary_term": run.version[1]}
            actions.append(({"index": guard}, run))
        return self._bulk(actions, self._as_written)

    def _bulk(self, actions: Sequence[tuple[dict[str, Any], Run]], refused: Callable[[Run], Run | None]) -> list[Run]:
        done: list[Run] = []
        for start in range(0, len(actions), _TOGETHER):
            some = actions[start : start + _TOGETHER]
            operations = [line for action, run in some for line in (action, self._of_run(run))]
            answer = self._briefly(partial(self._client.bulk, operations=operations, index=self._names.report_runs))
            for (_, run), item in zip(some, answer["items"], strict=True):
                ((_, outcome),) = item.items()
                if outcome["status"] in (200, 201):
                    done.append(replace(run, version=(outcome["_seq_no"], outcome["_primary_term"])))
                elif outcome["status"] != 409:
                    raise EngineError(f"Elasticsearch refuses {outcome['_index']}/{run.id}: {outcome.get('error')}")
                elif (written := refused(run)) is not None:
                    done.append(written)
        return done

    def run(self, run_id: str) -> Run | None:
        """One run as it is now."""
        found = self._get(self._names.report_runs, run_id)
        return None if found is None else _run(found)

    def runs(self, limit: int, state: State | None = None, recipient: str | None = None) -> list[Run]:
        """Runs, the latest due first."""
        wanted = {"state": state, "recipient": recipient}
        query = {"bool": {"filter": [{"term": {name: value}} for name, value in wanted.items() if value is not None]}}
        self._refresh(self._names.report_runs)
        found = self._briefly(
            lambda: self._client.search(
                index=self._names.report_runs,
                query=query,
                size=min(limit, _MOST),
                sort=[{"slot_at": "desc"}, {"recipient": "asc"}, {"hub": "asc"}],
                seq_no_primary_term=True,
            )
        )
        return [_run(hit) for hit in found["hits"]["hits"]]

    def unfinished(self) -> list[Run]:
        """Every run that something is still to be done for, the oldest due first."""
        return self._runs_where({"terms": {"state": list(UNFINISHED)}})

    def troubled(self) -> list[Run]:
        """Runs that failed or whose fate is unknown, and of which nobody was told yet."""
        states = {"terms": {"state": list(TROUBLED)}}
        return self._runs_where({"bool": {"filter": [states, {"term": {"alerted": False}}]}})

    def _runs_where(self, query: Mapping[str, Any]) -> list[Run]:
        index = self._names.report_runs
        self._refresh(index)
        return [_run(hit) for hit in self._all(index, query, ["slot_at", "series", "revision", "service_date"])]

    def last_sent(self, runs: Sequence[Run]) -> dict[str, Run]:
        """By series: the latest run that was sent of those due before the given ones."""
        index = self._names.report_runs
        self._refresh(index)
        found: dict[str, Run] = {}
        for start in range(0, len(runs), _TOGETHER):
            some = runs[start : start + _TOGETHER]
            before = min(run.slot_at for run in some)
            conditions = [
                {"term": {"state": "sent"}},
                {"range": {"slot_at": {"lt": before}}},
                {"terms": {"series": [run.series for run in some]}},
            ]
            answer = self._briefly(
                partial(
                    self._client.search,
                    index=index,
                    query={"bool": {"filter": conditions}},
                    collapse={"field": "series"},
                    sort=[{"slot_at": "desc"}],
                    size=_TOGETHER,
                    seq_no_primary_term=True,
                )
            )
            found |= {run.series: run for run in map(_run, answer["hits"]["hits"])}
        return found

    def reached(self) -> dict[str, int]:
        """By report: up to which time (ms) its schedule is worked off."""
        index = self._names.report_schedule
        self._refresh(index)
        found = self._all(index, {"term": {"kind": "report"}}, ["name"])
        return {hit["_source"]["name"]: hit["_source"]["at"] for hit in found}

    def reach(self, report: str, until: int) -> None:
        """Note that."""
        self._note("report", report, until)

    def beat(self, owner: str, now: int) -> None:
        """Note that a process that sends is alive."""
        self._note("scheduler", owner, now)

    def leave(self, owner: str) -> None:
        """Note that it has ended."""
        index = self._names.report_schedule
        try:
            self._briefly(lambda: self._client.delete(index=index, id=f"scheduler|{owner}"))
        except NotFoundError:
            return

    def alive(self, since: int, until: int) -> set[str]:
        """Processes that have said so last between then and then (ms)."""
        index = self._names.report_schedule
        self._refresh(index)
        conditions = [{"term": {"kind": "scheduler"}}, {"range": {"at": {"gte": since, "lte": until}}}]
        return {hit["_source"]["name"] for hit in self._all(index, {"bool": {"filter": conditions}}, ["name"])}

    def _note(self, kind: str, name: str, at: int) -> None:
        document = {"kind": kind, "name": name, "at": at}
        index = self._names.report_schedule
        self._briefly(lambda: self._client.index(index=index, id=f"{kind}|{name}", document=document))

    def _get(self, index: str, document_id: str) -> Any:
        try:
            return self._briefly(lambda: self._client.get(index=index, id=document_id))
        except NotFoundError:
            return None

    def _refresh(self, index: str) -> None:
        self._briefly(lambda: self._client.indices.refresh(index=index))

    def _all(self, index: str, query: Mapping[str, Any], order: Sequence[str]) -> Iterator[Any]:
        """Every hit, page by page; ``order`` tells any two documents apart."""
        after: Any = None
        while True:
            page = self._briefly(
                partial(
                    self._client.search,
                    index=index,
                    query=query,
                    size=_MOST,
                    sort=list(order),
                    search_after=after,
                    seq_no_primary_term=True,
                )
            )["hits"]["hits"]
            yield from page
            if len(page) < _MOST:
                return
            after = page[-1]["sort"]

    def _of_run(self, run: Run) -> dict[str, Any]:
        document = {name: getattr(run, name) for name in _RUN_FIELDS}
        return document | {
            "service_date": run.service_date.isoformat(),
            "series": run.series,
            "message_id": run.message_id(self._domain),
            "incomplete": list(run.incomplete),
        }


def _run(hit: Mapping[str, Any]) -> Run:
    source = hit["_source"]
    known = {name: source[name] for name in _RUN_FIELDS}
    known["service_date"] = date.fromisoformat(known["service_date"])
    known["incomplete"] = tuple(known["incomplete"])
    return Run(**known, version=(hit["_seq_no"], hit["_primary_term"]))


def _of_subscription(each: Subscription) -> dict[str, Any]:
    document = {name: getattr(each, name) for name in _SUBSCRIPTION_FIELDS}
    days = {name: document[name].isoformat() for name in ("valid_from", "valid_to")}
    return document | days | {"reports": list(each.reports)}


def _subscription(source: Mapping[str, Any]) -> Subscription:
    known = {name: source[name] for name in _SUBSCRIPTION_FIELDS}
    days = {name: date.fromisoformat(known[name]) for name in ("valid_from", "valid_to")}
    return Subscription(**(known | days | {"reports": tuple(known["reports"])}))
