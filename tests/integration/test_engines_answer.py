"""The session's engines are the real ones, of the versions promised."""

from __future__ import annotations

import json
import urllib.request

import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from hubstat.engines import EngineAddresses
from hubstat.settings import Settings

pytestmark = pytest.mark.engines


def _call(url: str, method: str = "GET", body: str | None = None) -> dict[str, object]:
    request = urllib.request.Request(
        url,
        method=method,
        data=None if body is None else body.encode(),
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=30) as response:
        answer: dict[str, object] = json.load(response)
    return answer


def test_elasticsearch_indexes_searches_and_runs_scripts(engines: EngineAddresses, namespace: str) -> None:
    base = engines.elasticsearch_url
    version = _call(base)["version"]
    assert isinstance(version, dict)
    assert version["number"] == "8.19.8"
    index = f"{base}/{namespace}-invoices-2026-11-20"
    _call(index, "PUT", '{"mappings": {"dynamic": "strict", "properties": {"n": {"type": "integer"}}}}')
    _call(f"{index}/_doc/1?refresh=true", "PUT", '{"n": 1}')
    _call(f"{index}/_update/1?refresh=true", "POST", '{"script": {"source": "ctx._source.n += 41"}}')
    found = _call(f"{index}/_search", "POST", '{"query": {"term": {"n": 42}}}')["hits"]
    assert isinstance(found, dict)
    assert [hit["_id"] for hit in found["hits"]] == ["1"]
    _call(index, "DELETE")


async def test_kafka_takes_topics_and_makes_none_by_itself(engines: EngineAddresses, settings: Settings) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.kafka.bootstrap_servers)
    await admin.start()
    try:
        name = f"{settings.namespace}-invoice-events"
        await admin.create_topics([NewTopic(name, 3, 1, topic_configs={"message.timestamp.type": "LogAppendTime"})])
        await admin.describe_topics([f"{settings.namespace}-absent"])
        names = [topic for topic in await admin.list_topics() if topic.startswith(settings.namespace)]
        assert names == [name]
        await admin.delete_topics([name])
    finally:
        await admin.close()
