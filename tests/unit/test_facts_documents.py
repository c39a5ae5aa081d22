"""Facts as documents: they come back as they were, once where final and current agree, and never twice."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import orjson
from closed_days import DAY, TREE, contents
from hypothesis import given
from hypothesis import strategies as st

from aggregations.facts.documents import (
    CAMP_DAY,
    CAMP_HOUR,
    FRIEND_DAY,
    documents_of,
    friend_day_document,
    friend_day_of,
    identity,
    kept,
    restored,
)
from aggregations.tally import Tallies, Tally

waves = st.sampled_from(["DAY", "DAWN", "all"])
tallies = st.builds(
    Tally,
    counts=st.dictionaries(st.sampled_from([("due", ""), ("m3", "done")]), st.integers(1, 9)).map(Counter),
    hours=st.dictionaries(st.integers(494_000, 494_003), st.integers(1, 9)).map(Counter),
    latest=st.dictionaries(st.just("completed"), st.integers(1, 9)),
    plan=st.dictionaries(st.integers(0, 3), st.floats(0, 1e6)),
)


@st.composite
def counted(draw: st.DrawFn) -> Tallies:
    """Tallies by camp and wave as counting gives them: the wave ``all`` holds the others, and a wave of that name."""
    found: Tallies = {}
    for camp in draw(st.sets(st.sampled_from([None, "C1"]))):
        for wave in draw(st.sets(waves, min_size=1)):
            tally = draw(tallies)
            for each in {wave, "all"}:
                found.setdefault((camp, each), Tally()).add(tally)
    return found


def close(one: Tallies, other: Tallies) -> bool:
    def rounded(found: Tallies) -> Tallies:
        return {key: replace(each, plan={h: round(v, 3) for h, v in each.plan.items()}) for key, each in found.items()}

    return rounded(one) == rounded(other)


@given(counted())
def test_tallies_come_back_with_the_wave_all(found: Tallies) -> None:
    assert close(restored(kept(found)), found)


@given(counted())
def test_a_tally_comes_back_from_its_document(found: Tallies) -> None:
    for tally in found.values():
        assert Tally.of_document(orjson.loads(orjson.dumps(tally.to_document()))) == tally


def test_the_sum_of_waves_is_not_kept_beside_them() -> None:
    tally = Tally(counts=Counter({("due", ""): 2}))
    both = Tally(counts=Counter({("due", ""): 4}))
    found: Tallies = {("C1", "DAY"): tally, ("C1", "DAWN"): tally, ("C1", "all"): both}
    assert kept(found).keys() == {("C1", "DAY"), ("C1", "DAWN")}
    assert kept({**found, ("C1", "all"): tally}).keys() == found.keys()


def test_a_friend_day_comes_back_from_its_document() -> None:
    assert friend_day_of(orjson.loads(orjson.dumps(friend_day_document(DAY)))) == DAY


def test_one_document_serves_final_and_current_where_they_are_equal() -> None:
    due = Tally(counts=Counter({("due", ""): 2}), hours=Counter({494_000: 2}))
    late = Tally(counts=Counter({("due", ""): 3}), hours=Counter({494_000: 3}))
    same = documents_of("2026-11-20", TREE, contents({("C1", "DAY"): due}), contents({("C1", "DAY"): due}))
    assert [each["known"] for each in same[CAMP_DAY].values()] == [["final", "current"]] * 2
    apart = documents_of("2026-11-20", TREE, contents({("C1", "DAY"): due}), contents({("C1", "DAY"): late}))
    assert sorted(each["known"][0] + str(each["due"]) for each in apart[CAMP_DAY].values()) == [
        "current3",
        "current3",
        "final2",
        "final2",
    ]
    assert {each["completed"] for each in apart[CAMP_HOUR].values()} == {2, 3}
    assert same[CAMP_DAY].keys() < apart[CAMP_DAY].keys()
    only = documents_of("2026-11-20", TREE, contents(), contents({("C1", "DAY"): late}))
    assert only[CAMP_DAY].keys() == apart[CAMP_DAY].keys() - same[CAMP_DAY].keys()


def test_documents_say_where_a_camp_rolls_up() -> None:
    found = documents_of("2026-11-20", TREE, contents({("C1", "DAY"): Tally(), (None, "DAY"): Tally()}), contents())
    places = {(each.get("camp"), each["area"], each["region"], each["country"]) for each in found[CAMP_DAY].values()}
    assert places == {("C1", "A", "R", "KR"), (None, "unmapped", "unmapped", "KR")}


def test_gaps_are_kept_once_and_make_no_difference_between_final_and_current() -> None:
    final, current = contents(None, DAY), contents(None, DAY)
    final.gaps = {"F1": {"DAY": {3: 2, 1: 1}, None: {4: 1}}}
    (work,) = documents_of("2026-11-20", TREE, final, current)[FRIEND_DAY].values()
    assert (work["known"], work["gaps"]) == (["final", "current"], [["DAY", [[1, 1], [3, 2]]], [None, [[4, 1]]]])
    other = documents_of("2026-11-20", TREE, final, contents(None, replace(DAY, idle=0)))[FRIEND_DAY].values()
    assert sorted(("gaps" in each, each["known"]) for each in other) == [(False, ["current"]), (True, ["final"])]


def test_an_id_too_long_is_hashed_and_no_two_are_alike() -> None:
    assert len(identity("2026-11-20", "친" * 300)) <= 512
    assert identity("a", "b,c") != identity("a,b", "c")
    assert identity("a", None) != identity("a", "null")
