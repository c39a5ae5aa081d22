"""From questions to Elasticsearch requests. Pure: dictionaries in, dictionaries out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from hubstat.domain.backlog import AGE_LIMITS, AGES, STALLED_AFTER
from hubstat.domain.measures import (
    AtLeast,
    Context,
    CustomerReason,
    Either,
    Every,
    Is,
    Known,
    Not,
    Predicate,
    PromisePassed,
    WaveClosed,
)

Query = dict[str, Any]

# Friend documents of a Friend's own events: the others are of activities in a part of a date.
OF_EVENTS: Final[Query] = {"bool": {"must_not": [{"exists": {"field": "part"}}]}}


def compile_predicate(predicate: Predicate, context: Context) -> Query:
    """The query that matches exactly the documents the predicate holds for (fields are named as in a row)."""
    match predicate:
        case Is(field, value):
            return {"term": {field: value}}
        case Known(field):
            return {"exists": {"field": field}}
        case AtLeast(field, value):
            return {"range": {field: {"gte": value}}}
        case PromisePassed():
            return {"range": {"promise": {"lt": context.as_of}}}
        case CustomerReason():
            return {"terms": {"valid_reasons": sorted(context.customer_reasons)}}
        case WaveClosed():
            return _wave_closed(context)
        case Every(parts):
            return {"bool": {"filter": [compile_predicate(part, context) for part in parts]}}
        case Either(parts):
            return {"bool": {"should": [compile_predicate(p, context) for p in parts], "minimum_should_match": 1}}
        case Not(part):
            return {"bool": {"must_not": [compile_predicate(part, context)]}}


def _wave_closed(context: Context) -> Query:
    closed = sorted(wave for wave, deadline in context.deadlines.items() if context.wave_closed(deadline))
    if not context.wave_closed(context.day_end):
        return {"terms": {"due_wave": closed}}
    # A wave that the master data do not know closes by the end of the day.
    return {"bool": {"must_not": [{"terms": {"due_wave": sorted(set(context.deadlines) - set(closed))}}]}}


def settled(as_of: int, known_at: int) -> list[Query]:
    """Documents whose derived fields are their state at (T, K): no event of theirs is later."""
    return [{"range": {"max_event_time": {"lte": as_of}}}, {"range": {"max_received_at": {"lte": known_at}}}]


def unsettled(as_of: int, known_at: int) -> Query:
    """The others: their events have to be folded at (T, K)."""
    return {
        "bool": {
            "should": [{"range": {"max_event_time": {"gt": as_of}}}, {"range": {"max_received_at": {"gt": known_at}}}],
            "minimum_should_match": 1,
        }
    }


def all_of(filters: Sequence[Query], without: Sequence[Query] = ()) -> Query:
    """Conjunction of filters, without what matches any of the others."""
    found: Query = {"bool": {"filter": list(filters)}}
    if without:
        found["bool"]["must_not"] = list(without)
    return found


def counted_on(service_date: str) -> list[Query]:
    """Invoices that count under a service date now."""
    return [{"term": {"due_date": service_date}}, {"exists": {"field": "cell"}}]


def existing(as_of: int, known_at: int) -> list[Query]:
    """Documents of which some event had happened by T and some was known by K."""
    return [{"range": {"first_event_time": {"lte": as_of}}}, {"range": {"first_received_at": {"lte": known_at}}}]


def ages(as_of: int) -> dict[str, Query]:
    """Aggregations of waiting invoices: by age at T, lower ends inclusive, and the stalled ones."""
    starts = [as_of - limit + 1 for limit in AGE_LIMITS]
    ranges: list[Query] = [
        {"key": age, "to": start, **({"from": starts[number + 1]} if number + 1 < len(starts) else {})}
        for number, (age, start) in enumerate(zip(AGES, starts, strict=True))
    ]
    return {
        "ages": {"range": {"field": "waits_since", "ranges": ranges}},
        "stalled": {"filter": {"range": {"last_event_at": {"lte": as_of - STALLED_AFTER}}}},
    }


def in_camps(camps: Sequence[str | None]) -> Query:
    """Invoices attributed to one of these camps now; None = to no camp."""
    named = [camp for camp in camps if camp is not None]
    choices: list[Query] = [{"terms": {"camp": named}}] if named else []
    if None in camps:
        choices.append({"bool": {"must_not": [{"exists": {"field": "camp"}}]}})
    return choices[0] if len(choices) == 1 else {"bool": {"should": choices, "minimum_should_match": 1}}


def naming_camps(camps: Sequence[str | None]) -> Query:
    """Invoices that may have been attributed to one of these camps at some (T, K): an event of theirs names it."""
    return {"match_all": {}} if None in camps else {"terms": {"camps": list(camps)}}
