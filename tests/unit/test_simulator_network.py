"""The made-up network and its master data."""

from __future__ import annotations

import csv
import io
from datetime import date

import pytest

from hubstat.domain.masterdata import parse
from hubstat.simulator import build_network
from hubstat.simulator.network import shares


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


@pytest.mark.parametrize(("invoices", "camps"), [(1_000, 4), (20_000, 19), (200_000, 76), (1_000_000, 200)])
def test_scale(invoices: int, camps: int) -> None:
    spec = build_network(invoices, 1, "KR")
    assert len(spec.camps) == camps
    assert sum(camp.invoices for camp in spec.camps) == invoices
    assert len({camp.region.hub_id for camp in spec.camps}) >= 2
    assert len({camp.area.hub_id for camp in spec.camps}) >= 3


def test_a_million_invoices_need_about_ten_thousand_friends() -> None:
    assert 9_000 < build_network(1_000_000, 1, "KR").friends < 12_000


@pytest.mark.parametrize("country", ["KR", "TW"])
def test_master_data_is_accepted(country: str) -> None:
    spec = build_network(5_000, 7, country)
    data = parse(spec.master_data(), country)
    assert data is not None


def test_master_data_describes_every_hub_and_friend() -> None:
    spec = build_network(20_000, 1, "KR")
    texts = spec.master_data()
    camps = rows(texts["hubs.csv"])
    assert [camp["camp_id"] for camp in camps] == [camp.camp_id for camp in spec.camps]
    assert len({camp["camp_name_ko"] for camp in camps}) == len(camps)
    friends = rows(texts["friends.csv"])
    assert len({friend["friend_id"] for friend in friends}) == len(friends) == spec.friends
    assert {friend["home_camp_id"] for friend in friends} == {camp["camp_id"] for camp in camps}
    assert len({friend["name"] for friend in friends}) > 0.7 * len(friends)
    owners = rows(texts["hub_owners.csv"])
    levels = {camp[f"{level}_id"] for camp in camps for level in ("camp", "area", "region")}
    assert {owner["hub_id"] for owner in owners} == levels | {"KR"}
    assert all(owner["email"].endswith("@example.com") for owner in owners)
    assert all(date.fromisoformat(camp["valid_from"]) < date(2021, 1, 1) for camp in camps)


def test_same_arguments_same_network() -> None:
    assert build_network(3_000, 1, "KR") == build_network(3_000, 1, "KR")
    assert build_network(3_000, 1, "KR") != build_network(3_000, 2, "KR")


def test_unknown_country_is_refused() -> None:
    with pytest.raises(KeyError):
        build_network(1_000, 1, "XX")


def test_shares_sum_up() -> None:
    assert shares(10, [1, 1, 1]) == [4, 3, 3]
    assert sum(shares(9_999, [0.38, 0.5, 0.12])) == 9_999
