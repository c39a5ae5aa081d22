"""Master data in Elasticsearch: one document holds the texts of all files, so a load is seen whole or not at all."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, Final

from elasticsearch import ConflictError, Elasticsearch, NotFoundError

from hubstat.domain.masterdata import MasterData, parse
from hubstat.elastic.names import Names
from hubstat.errors import MasterDataError

_ID: Final = "current"


def install(client: Elasticsearch, namespace: str, texts: Mapping[str, str], country: str) -> MasterData:
    """Check the texts (by file name) together with what stays installed, and install them, all or nothing.

    Files that are not given stay as they are. Texts equal to what is installed change nothing, the version neither.
    Raises ``MasterDataError`` for a wrong row, or when somebody else loaded at the same moment.
    """
    index = Names(namespace).hubs
    present = _stored(client, namespace)
    before: dict[str, str] = present["_source"]["texts"] if present else {}
    merged = {**before, **texts}
    version = (present["_source"]["version"] if present else 0) + (merged != before)
    data = parse(merged, country, version)
    if merged == before:
        return data
    document = {"version": version, "loaded_at": time.time_ns() // 1_000_000, "texts": merged}
    try:
        if present is None:
            client.create(index=index, id=_ID, document=document, refresh=True)
        else:
            guards = {"if_seq_no": present["_seq_no"], "if_primary_term": present["_primary_term"]}
            client.index(index=index, id=_ID, document=document, refresh=True, **guards)
    except ConflictError as error:
        raise MasterDataError("somebody else loaded master data just now; nothing was loaded, try again") from error
    return data


def load(client: Elasticsearch, namespace: str, country: str) -> MasterData:
    """The installed master data; version 0 with what is shipped where nothing was loaded yet."""
    present = _stored(client, namespace)
    if present is None:
        return parse({}, country)
    return parse(present["_source"]["texts"], country, present["_source"]["version"])


def texts(client: Elasticsearch, namespace: str) -> dict[str, str]:
    """The installed files (name → CSV text); empty where nothing was loaded."""
    present = _stored(client, namespace)
    return dict(present["_source"]["texts"]) if present else {}


def installed_version(client: Elasticsearch, namespace: str) -> int:
    """Version of the installed master data (0: none), cheap enough to ask every few seconds."""
    try:
        answer = client.get(index=Names(namespace).hubs, id=_ID, source_includes=["version"])
    except NotFoundError:
        return 0
    version: int = answer["_source"]["version"]
    return version


def _stored(client: Elasticsearch, namespace: str) -> dict[str, Any] | None:
    try:
        return dict(client.get(index=Names(namespace).hubs, id=_ID).body)
    except NotFoundError:
        return None
