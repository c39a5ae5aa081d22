"""The query of a predicate matches exactly the invoices that the predicate holds for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from drawn import REASONS, contexts, rows
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregations.compiler import Query, all_of, compile_predicate, in_camps
from aggregations.tally import contributions
from hubstat.domain.invoice import STATES
from hubstat.domain.measures import (
    AtLeast,
    Context,
    CustomerReason,
    Is,
    Known,
    Not,
    Predicate,
    PromisePassed,
    WaveClosed,
    either,
    every,
    holds,
)
from hubstat.domain.metrics import METRICS
from hubstat.domain.row import NEVER_IN_BASE, Row


def matches(query: Query, document: dict[str, Any]) -> bool:
    """What Elasticsearch does with the part of its query language that the compiler uses."""
    ((kind, body),) = query.items()
    if kind == "bool":
        assert set(body) <= {"filter", "should", "must_not", "minimum_should_match"}
        should = [matches(part, document) for part in body.get("should", ())]
        return (
            all(matches(part, document) for part in body.get("filter", ()))
            and not any(matches(part, document) for part in body.get("must_not", ()))
            and sum(should) >= body.get("minimum_should_match", 0)
        )
    if kind == "exists":
        return bool(_values(document, body["field"]))
    ((field, wanted),) = body.items()
    values = _values(document, field)
    if kind == "term":
        return wanted in values
    if kind == "terms":
        return any(value in wanted for value in values)
    assert kind == "range"
    compare = {"gte": lambda a, b: a >= b, "lt": lambda a, b: a < b, "lte": lambda a, b: a <= b}
    return any(all(compare[op](value, limit) for op, limit in wanted.items()) for value in values)


def _values(document: dict[str, Any], field: str) -> list[Any]:
    """Doc values of a field: null and an empty list are none."""
    found = document[field]
    return list(found) if isinstance(found, tuple) else [] if found is None else [found]


def document(row: Row) -> dict[str, Any]:
    """The fields of a stored invoice that queries look at: those of its row, its wave under the name it has there."""
    return {name: getattr(row, name) for name in Row.__slots__} | {"due_wave": row.wave}


leaves = st.one_of(
    st.builds(Is, st.sampled_from(["due", "policy"]), st.booleans()),
    st.builds(Is, st.just("state"), st.sampled_from(STATES["DELIVERY"])),
    st.builds(Is, st.just("settled"), st.integers(NEVER_IN_BASE, 3)),
    st.builds(Is, st.just("valid_reasons"), st.sampled_from(REASONS)),
    st.builds(Known, st.sampled_from(["settled", "attempt", "reason", "camp", "valid_reasons"])),
    st.builds(AtLeast, st.just("settled"), st.integers(NEVER_IN_BASE, 3)),
    st.just(PromisePassed()),
    st.just(CustomerReason()),
    st.just(WaveClosed()),
)
predicates: st.SearchStrategy[Predicate] = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda parts: every(*parts)),
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: either(*parts)),
        inner.map(Not),
    ),
    max_leaves=8,
)


@settings(max_examples=500, deadline=None)
@given(predicate=predicates, row=rows(), context=contexts)
def test_the_query_of_a_predicate_matches_what_it_holds_for(predicate: Predicate, row: Row, context: Context) -> None:
    assert matches(compile_predicate(predicate, context), document(row)) == holds(predicate, row, context)


@settings(deadline=None)
@given(row=rows(), context=contexts)
def test_the_query_of_every_registered_metric_matches_what_it_counts(row: Row, context: Context) -> None:
    counted = {name for name, _ in contributions(row, context)}
    for metric in METRICS:
        if metric.counted is not None and row.direction in metric.directions:
            assert matches(compile_predicate(metric.counted, context), document(row)) == (metric.id in counted)


@given(row=rows(), camps=st.lists(st.sampled_from([None, "C1", "C2"]), min_size=1, unique=True))
def test_camps_are_chosen_with_and_without_none(row: Row, camps: Sequence[str | None]) -> None:
    assert matches(in_camps(camps), document(row)) == (row.camp in camps)


def test_what_is_left_out_is_left_out() -> None:
    chosen = all_of([{"term": {"direction": "RETURN"}}], without=[{"exists": {"field": "camp"}}])
    assert matches(chosen, {"direction": "RETURN", "camp": None})
    assert not matches(chosen, {"direction": "RETURN", "camp": "C1"})
    assert not matches(chosen, {"direction": "DELIVERY", "camp": None})


@given(row=rows())
def test_a_row_comes_back_from_its_cell(row: Row) -> None:
    assert Row.of_cell(row.cell()) == row
