"""Master data: every row checked, effective dates, the hierarchy of a date, waves."""

from __future__ import annotations

from datetime import date

import pytest

from hubstat.domain import time as tm
from hubstat.domain.hierarchy import Path
from hubstat.domain.masterdata import COLUMNS, parse
from hubstat.errors import MasterDataError

ZONE = tm.zone("KR")
HEADER = ",".join(COLUMNS["hubs.csv"])


def hubs(*rows: str) -> str:
    return "\n".join([HEADER, *rows]) + "\n"


def camp(camp_id: str, area: str = "A1", region: str = "R1", since: str = "2026-01-01", until: str = "") -> str:
    return f"{camp_id},캠프 {camp_id},Camp {camp_id},{area},구역,Area,{region},권역,Region,KR,{since},{until}"


def test_a_border_move_does_not_rewrite_the_days_before_it() -> None:
    moved = hubs(camp("C1", "A1", "R1", until="2026-11-21"), camp("C1", "A2", "R2", since="2026-11-21"))
    hierarchy = parse({"hubs.csv": moved}, "KR").hierarchy
    assert hierarchy.on(date(2026, 11, 20)).path("C1") == Path("C1", "A1", "R1", "KR")
    assert hierarchy.on(date(2026, 11, 21)).path("C1") == Path("C1", "A2", "R2", "KR")
    assert [hub.id for hub in hierarchy.on(date(2026, 11, 21)).hubs("area")] == ["A2"]


def test_what_no_row_knows_is_unmapped() -> None:
    tree = parse({"hubs.csv": hubs(camp("C1", until="2026-11-18"))}, "KR").hierarchy.on(date(2026, 11, 18))
    assert tree.path("C1") == Path("C1", "unmapped", "unmapped", "KR")
    assert tree.path(None) == Path("unmapped", "unmapped", "unmapped", "KR")
    assert tree.hubs("camp") == []
    assert tree.hub("camp", "C1").parent == "unmapped"


def test_nodes_children_and_camps_of_a_tree() -> None:
    tree = parse({"hubs.csv": hubs(camp("C1"), camp("C2", "A2"), camp("C3", "A3", "R2"))}, "KR").hierarchy.on(
        date(2026, 11, 20)
    )
    assert [hub.id for hub in tree.children("nationwide", "KR")] == ["R1", "R2"]
    assert [hub.id for hub in tree.children("region", "R1")] == ["A1", "A2"]
    assert tree.camps("region", "R1") == ["C1", "C2"]
    assert tree.camps("nationwide", "KR") == ["C1", "C2", "C3"]
    assert [(hub.level, hub.parent) for hub in tree.find("A3")] == [("area", "R2")]


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        ({"hubs.csv": hubs(camp("C1"), camp("C1"))}, "hubs.csv:3:valid_from: camp C1 overlaps line 2"),
        (
            {"hubs.csv": hubs(camp("C1"), camp("C2", "A1", "R2"))},
            "hubs.csv:3:region_id: area_id A1 is in R2 here but in R1",
        ),
        ({"hubs.csv": hubs(camp("C1", since="2026-02-30"))}, "hubs.csv:2:valid_from: '2026-02-30' is no date"),
        ({"hubs.csv": hubs(camp("C1", until="2025-01-01"))}, "hubs.csv:2:valid_to: 2025-01-01 is not after"),
        ({"hubs.csv": hubs(camp("unmapped"))}, "hubs.csv:2:camp_id: 'unmapped' is a name of hubstat's own"),
        ({"hubs.csv": hubs(camp("C1").replace("KR", "XX"))}, "hubs.csv:2:country: must be one of KR, TW, got 'XX'"),
        ({"hubs.csv": hubs(",".join(["C1"] * 3))}, "hubs.csv:2:valid_to: the row has 3 cells, the header 12"),
        ({"hubs.csv": "camp_id\nC1\n"}, "hubs.csv:1:camp_name_ko: the column is missing"),
        ({"hubs.csv": ""}, "hubs.csv:1:camp_id: the file is empty"),
        ({"hubs.csv": f'{HEADER}\n"C1\n'}, "hubs.csv:2:camp_id: is no CSV"),
        ({"huts.csv": "x"}, "huts.csv: is no master data file"),
        ({"reasons.csv": "reason,group,label_ko,label_en,customer\nx,customer,x,x,yes\n"}, "reasons.csv:2:customer"),
        ({"reasons.csv": "reason,group,label_ko,label_en,customer\nx,other,x,x,true\n"}, "reasons.csv:2:group"),
        (
            {"waves.csv": "country,wave,deadline,next_day,shift_start,shift_end\nKR,DAY,25:00,false,09:00,18:00\n"},
            "waves.csv:2:deadline: '25:00' is no time of day",
        ),
        (
            {"waves.csv": "country,wave,deadline,next_day,shift_start,shift_end\nKR,DAY,20:00:30,false,09:00,18:00\n"},
            "waves.csv:2:deadline: '20:00:30' lies inside a minute",
        ),
        (
            {"friends.csv": "friend_id,name,home_camp_id,carrier,valid_from,valid_to\nF1,x,C9,,2026-01-01,\n"},
            "friends.csv:2:home_camp_id: 'C9' is no camp of hubs.csv",
        ),
        (
            {"hub_owners.csv": "hub_id,level,name,email,language,valid_from,valid_to\nR9,region,x,x,fr,2026-01-01,\n"},
            "hub_owners.csv:2:language",
        ),
    ],
)
def test_a_wrong_row_is_named_by_file_line_and_column(texts: dict[str, str], said: str) -> None:
    with pytest.raises(MasterDataError) as error:
        parse(texts, "KR")
    assert said in str(error.value)
    assert "\n" not in str(error.value)


def test_every_wrong_row_is_reported_at_once() -> None:
    with pytest.raises(MasterDataError, match="3 problems") as error:
        parse({"hubs.csv": hubs(camp("", since="x"), camp("C1", until="y"))}, "KR")
    assert "hubs.csv:2:camp_id" in str(error.value)
    assert "hubs.csv:3:valid_to" in str(error.value)


def test_a_night_shift_belongs_to_the_service_date_of_its_deadline() -> None:
    waves = parse({}, "KR").waves
    dawn = waves["KR", "DAWN"]
    start, end = dawn.shift_at(date(2026, 11, 21), ZONE)
    assert tm.iso_local(start, ZONE) == "2026-11-20T21:30:00.000+09:00"
    assert tm.iso_local(end, ZONE) == "2026-11-21T07:30:00.000+09:00"
    assert tm.iso_local(dawn.deadline_at(date(2026, 11, 21), ZONE), ZONE) == "2026-11-21T07:00:00.000+09:00"
    assert waves["KR", "DAY"].deadline_at(date(2026, 11, 21), ZONE) == tm.day_end(date(2026, 11, 21), ZONE)


def test_shipped_reasons_and_a_friend_by_date() -> None:
    rows = (
        "friend_id,name,home_camp_id,carrier,valid_from,valid_to",
        "F1,둘,C1,,2026-06-01,",
        "F1,하나,C1,,2026-01-01,2026-06-01",
    )
    friends = "\n".join(rows)
    data = parse({"hubs.csv": hubs(camp("C1")), "friends.csv": friends}, "KR")
    assert data.reasons["고객부재"].customer
    assert [data.friend("F1", date(2026, month, 1)).name for month in (3, 6)] == ["하나", "둘"]  # type: ignore[union-attr]
    assert data.friend("F2", date(2026, 1, 1)) is None
