"""What people type or set wrongly ends in one line that says so, and shows no secret."""

from __future__ import annotations

import pytest

from hubstat import cli
from hubstat.commands.query import day_of, moment_of
from hubstat.errors import QueryError, SettingsError
from hubstat.settings import Settings


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("HUBSTAT_ELASTICSEARCH__PASWORD", "topsecret", "HUBSTAT_ELASTICSEARCH__PASWORD: Extra inputs"),
        ("HUBSTAT_ELASTICSEARCH__URL", "https://me:topsecret@search:9200", "HUBSTAT_ELASTICSEARCH__URL: "),
        ("HUBSTAT_KAFKA", '{"sasl_password": "topsecret"', '"kafka"'),
        ("HUBSTAT_KAFKA", '["topsecret"]', "HUBSTAT_KAFKA: "),
        ("HUBSTAT_NAMESPACE", "a-b", "HUBSTAT_NAMESPACE: "),
    ],
)
def test_a_wrong_setting_is_named_without_what_it_was_set_to(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, said: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as raised:
        cli.settings()
    assert said in str(raised.value)
    assert "topsecret" not in str(raised.value)


@pytest.mark.parametrize("text", ["9999-12-31", "0001-01-01", "2026-02-30", "20-11-2026", "today"])
def test_a_service_date_that_is_none(text: str) -> None:
    with pytest.raises(QueryError, match="--date"):
        day_of(text)


@pytest.mark.parametrize(
    "text", ["9999-12-31T23:59:59-14:00", "0001-01-01T00:00+14:00", "2300-01-01", "noon", "2026-11-20T25:00"]
)
def test_a_moment_that_is_none(text: str) -> None:
    with pytest.raises(QueryError, match="--as-of"):
        moment_of(Settings(), "--as-of", text)
