"""The Elasticsearch client: one factory, so that addresses, credentials and limits are read in one place."""

from __future__ import annotations

from typing import Any

from elastic_transport import OrjsonSerializer
from elasticsearch import Elasticsearch

from hubstat.settings import ElasticsearchSettings


def connect(settings: ElasticsearchSettings, url: str, connections: int = 10) -> Elasticsearch:
    """A client of the Elasticsearch at ``url``; it connects on first use and never retries by itself (``retry`` does).

    Thread-safe. No compression: on a local network it costs more than it saves.
    """
    access: dict[str, Any] = {}
    if settings.api_key is not None:
        access["api_key"] = settings.api_key.get_secret_value()
    elif settings.username is not None and settings.password is not None:
        access["basic_auth"] = (settings.username, settings.password.get_secret_value())
    if settings.ca_certs is not None:
        access["ca_certs"] = str(settings.ca_certs)
    return Elasticsearch(
        url,
        request_timeout=settings.request_timeout_seconds,
        max_retries=0,
        retry_on_timeout=False,
        connections_per_node=connections,
        http_compress=False,
        serializers={"application/json": OrjsonSerializer()},
        **access,
    )
