"""Invoices that leave, move or have no place: what the oracle counts where."""

from __future__ import annotations

from typing import Any

import orjson

from hubstat.oracle import Figures, figures
from hubstat.oracle.clock import parse_timestamp

DAY = "2026-11-20"
MASTER = {
    "hubs.csv": "camp_id,area_id,region_id,country,valid_from,valid_to\n"
    "C1,A,R,KR,2026-01-01,\nC2,A,R,KR,2026-01-01,\nT1,TA,TR,TW,2026-01-01,\n"
}

Record = tuple[bytes, int]


def stamp(time: str) -> str:
    """``[DD ]HH:MM`` in November 2026, by default the 20th."""
    day, _, clock = time.rpartition(" ")
    return f"2026-11-{day or '20'}T{clock}:00+09:00"


def event(code: str, time: str, number: str = "1", **fields: Any) -> Record:
    value = {"v": 1, "invoice_no": number, "direction": "DELIVERY", "code": code, "event_time": stamp(time)}
    return orjson.dumps(value | fields), parse_timestamp(stamp(time))


def registered(number: str = "1", **fields: Any) -> Record:
    promise = {"service_date": DAY, "wave": "DAY", "promised_at": stamp("20:00")}
    return event("REGISTERED", "19 09:00", number, **(promise | fields))


def ask(records: list[Record], as_of: str, **kwargs: Any) -> Figures:
    instant = parse_timestamp(stamp(as_of))
    return figures(records, [], master=MASTER, service_date=DAY, as_of_ms=instant, known_at_ms=instant, **kwargs)


def due(records: list[Record], as_of: str, **kwargs: Any) -> dict[str, int]:
    """The nodes with something due."""
    nodes = ask(records, as_of, **kwargs)["DELIVERY"]["all"]
    return {node: found["due"] for node, found in nodes.items() if found["due"]}


def test_a_superseded_invoice_leaves_from_the_replacing_event_on_even_when_completed() -> None:
    records = [
        registered(),
        event("DELIVERED", "10:00", camp_id="C1", friend_id="F1"),
        event("REGISTERED", "12:00", "2", service_date=DAY, wave="DAY", promised_at=stamp("20:00"), replaces="1"),
    ]
    before, after = (ask(records, time)["DELIVERY"]["all"] for time in ("11:00", "13:00"))
    assert (before["nationwide:KR"]["due"], before["nationwide:KR"]["completed"]) == (1, 1)
    assert (after["nationwide:KR"]["due"], after["nationwide:KR"]["completed"]) == (1, 0)
    assert after["friend:C1/F1"]["worked_by_hour"] == {"2026-11-20T10": 1}  # the work was done


def test_an_invoice_that_replaces_itself_stays() -> None:
    assert due([registered("1", replaces="1")], "12:00") == due([registered("1")], "12:00")


def test_a_published_supersession_changes_nothing_beside_its_source() -> None:
    records = [
        registered(),
        registered("2", event_id="S", replaces="1"),
        event("SUPERSEDED", "10:00", superseded_by="2"),
        event("CORRECTED", "11:00", "2", event_id="X", corrects="S"),
    ]
    assert due(records[:3], "10:30") == due([registered("2")], "10:30")
    assert due(records, "12:00") == due([registered()], "12:00")


def test_a_parent_is_the_sum_of_its_children_with_the_unmapped_ones() -> None:
    records = [
        registered("1", camp_id="C1"),
        registered("2", camp_id="NEW"),
        registered("3"),
        registered("4", camp_id="C2"),
        event("ASSIGNED", "09:00", "4", camp_id="C2", friend_id="F1"),
    ]
    assert due(records, "12:00") == {
        "nationwide:KR": 4,
        "region:R": 2,
        "region:unmapped": 2,
        "area:A": 2,
        "area:unmapped": 2,
        "camp:C1": 1,
        "camp:C2": 1,
        "camp:NEW": 1,
        "camp:unmapped": 1,
        "friend:C1/unassigned": 1,
        "friend:C2/F1": 1,
        "friend:NEW/unassigned": 1,
        "friend:unmapped/unassigned": 1,
    }


def test_another_country_s_camps_count_there() -> None:
    records = [registered(camp_id="T1")]
    assert due(records, "12:00") == {}
    assert due(records, "12:00", country="TW")["nationwide:TW"] == 1


def test_empty_hubs_are_rows_in_every_wave_and_direction() -> None:
    found = ask([registered()], "12:00")
    for direction in ("DELIVERY", "RETURN"):
        for wave in ("all", "DAY"):
            assert {"nationwide:KR", "region:R", "area:A", "camp:C1", "camp:C2"} <= found[direction][wave].keys()
            assert "camp:T1" not in found[direction][wave]


def test_the_backlog_holds_open_arrived_invoices_of_any_service_date() -> None:
    records = [
        registered("1", service_date="2026-11-17"),
        event("ARRIVED_CAMP", "18 12:00", "1", camp_id="C1"),
        registered("2"),
        event("LOADED", "20 00:01", "2", camp_id="C1", friend_id="F1"),
        registered("3", camp_id="C1"),
    ]
    camp = ask(records, "20 12:00")["DELIVERY"]["all"]["camp:C1"]
    assert camp["m6"] == {"<12": 1, "12-24": 0, "24-48": 0, "48-72": 1, ">=72": 0}
    assert camp["m6_stalled"] == 1  # invoice 1: nothing since its registration of the 19th, 27 hours ago
