"""Index templates and master data on a real Elasticsearch."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from elasticsearch import BadRequestError, Elasticsearch

from hubstat.domain.masterdata import COLUMNS
from hubstat.elastic import hubs, indices
from hubstat.elastic.client import connect
from hubstat.elastic.names import Names
from hubstat.elastic.writer import Conflict, Refused, Version, Write, Writer
from hubstat.errors import MasterDataError, SettingsError
from hubstat.settings import Settings

pytestmark = pytest.mark.engines

HUBS = f"""{",".join(COLUMNS["hubs.csv"])}
C1,캠프,Camp,A1,구역,Area,R1,권역,Region,KR,2026-01-01,
"""


@pytest.fixture
def client(settings: Settings) -> Iterator[Elasticsearch]:
    client = connect(settings.elasticsearch, settings.elasticsearch.url or "http://none")
    yield client
    names = Names(settings.namespace)
    client.indices.delete(
        index=list(client.indices.get(index=names.everything).body) or "none", ignore_unavailable=True
    )
    client.indices.delete_index_template(name=names.everything)
    client.close()


def test_a_fresh_namespace_is_as_shipped_and_nothing_is_overwritten_silently(
    client: Elasticsearch, settings: Settings
) -> None:
    assert {d.installed for d in indices.differences(client, settings)} == {None}
    indices.ensure(client, settings)
    assert indices.differences(client, settings) == []
    indices.ensure(client, settings)
    client.indices.create(index=Names(settings.namespace).invoices("2026-11-20"))
    slower = settings.model_copy(
        update={"elasticsearch": settings.elasticsearch.model_copy(update={"refresh_seconds": 7.0})}
    )
    with pytest.raises(SettingsError, match="hubstat indices diff"):
        indices.ensure(client, slower)
    assert indices.differences(client, settings) == []
    indices.apply(client, slower)
    assert indices.differences(client, slower) == []


def test_a_field_that_no_template_knows_is_refused(client: Elasticsearch, settings: Settings) -> None:
    indices.ensure(client, settings)
    with pytest.raises(BadRequestError, match="strict"):
        client.index(index=Names(settings.namespace).invoices("2026-11-20"), document={"colour": "red"})


def test_master_data_is_loaded_whole_or_not_at_all(client: Elasticsearch, settings: Settings) -> None:
    indices.ensure(client, settings)
    assert hubs.load(client, settings.namespace, "KR").version == 0
    assert hubs.install(client, settings.namespace, {"hubs.csv": HUBS}, "KR").version == 1
    assert hubs.install(client, settings.namespace, {"hubs.csv": HUBS}, "KR").version == 1
    with pytest.raises(MasterDataError, match=r"hubs.csv:3:valid_from"):
        hubs.install(client, settings.namespace, {"hubs.csv": HUBS + HUBS.splitlines()[1] + "\n"}, "KR")
    loaded = hubs.load(client, settings.namespace, "KR")
    assert (loaded.version, len(loaded.hierarchy.rows)) == (1, 1)
    assert hubs.installed_version(client, settings.namespace) == 1


async def test_the_writer_guards_finds_and_refuses(client: Elasticsearch, settings: Settings) -> None:
    indices.ensure(client, settings)
    names = Names(settings.namespace)
    one, other = names.invoices("2026-11-19"), names.invoices("2026-11-20")
    writer = Writer(settings.elasticsearch, settings.elasticsearch.url or "http://none")
    try:
        created, refused = await writer.bulk(
            [
                Write(one, "DELIVERY:1", b'{"camp":"C1","events":{"log":[]}}', None),
                Write(one, "DELIVERY:2", b'{"colour":"red"}', None),
            ]
        )
        assert isinstance(created, Version)
        assert isinstance(refused, Refused)
        assert "strict" in refused.why
        again = Write(one, "DELIVERY:1", b'{"camp":"C2","events":{"log":[]}}', None)
        assert await writer.bulk([again]) == [Conflict()]
        again.version = created
        (updated,) = await writer.bulk([again])
        assert isinstance(updated, Version)
        assert await writer.bulk([again]) == [Conflict()]
        got = await writer.get([(one, "DELIVERY:1"), (other, "DELIVERY:1"), (one, "DELIVERY:9")])
        assert [(found.id, found.version) for found in got] == [("DELIVERY:1", updated)]
        await writer.refresh(names.all_invoices)
        found = await writer.find(names.all_invoices, ["DELIVERY:1", "DELIVERY:9"])
        assert [(each.id, each.version, each.source) for each in found] == [
            ("DELIVERY:1", updated, {"camp": "C2", "events": {"log": []}})
        ]
        assert await writer.find(f"{settings.namespace}-nothing-*", ["DELIVERY:1"]) == []
    finally:
        writer.close()
