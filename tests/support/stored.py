"""A network held in memory, written to Elasticsearch as ingest would keep it, without Kafka."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from elasticsearch import Elasticsearch, helpers
from memory import ZONE, MemoryNetwork

from hubstat.domain.contract import Event
from hubstat.domain.document import FriendLog, friend_document, friend_event_dates, invoice_document, part_of
from hubstat.domain.log import EventLog
from hubstat.elastic.names import Names
from ingest.derive import friend_activities
from ingest.friends import document_id


def store(client: Elasticsearch, namespace: str, network: MemoryNetwork) -> None:
    """Put the network in the place of whatever the namespace holds, visible at once."""
    names = Names(namespace)
    client.options(ignore_status=404).delete_by_query(
        index=[names.all_invoices, names.friends("*"), names.friend_corrections],
        query={"match_all": {}},
        refresh=True,
        conflicts="proceed",
    )
    helpers.bulk(client, [*_invoices(names, network), *_friends(names, network)], refresh=True)


def _invoices(names: Names, network: MemoryNetwork) -> Iterator[dict[str, Any]]:
    for key, log in network.invoices.items():
        document = invoice_document(key, log, ZONE)
        home = document["due_dates"] or document["activity_dates"] or ["2026-11-20"]
        yield {"_index": names.invoices(home[0]), "_id": key, "_source": document}


def _friends(names: Names, network: MemoryNetwork) -> Iterator[dict[str, Any]]:
    kept: dict[tuple[str, str, int | None], FriendLog] = {}
    for key, log in network.invoices.items():
        for activity in friend_activities(key, log, _events(key, log), ZONE):
            for date in activity.dates:
                place = (activity.friend_id, date, part_of(activity.time))
                kept.setdefault(place, FriendLog()).add_activity(activity)
    for friend_id, log in network.friends.items():
        for event in _events(friend_id, log):
            for date in friend_event_dates(event, ZONE) or [""]:
                copy = event.copy
                own = Event(event.key, event.event_id, type(copy)(copy.time, copy.received, copy.sent))
                kept.setdefault((friend_id, date, None), FriendLog()).events.add(own)
    for (friend_id, date, part), friend_log in kept.items():
        index = names.friends(date) if date else names.friend_corrections
        document = friend_document(friend_id, date, part, friend_log) | {"written_at": 0}
        yield {"_index": index, "_id": document_id(friend_id, part), "_source": document}


def _events(key: str, log: EventLog) -> list[Event]:
    return [Event(key, event_id, copy) for event_id, copy in log]
