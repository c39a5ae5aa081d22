"""Writing many documents at once for somebody who waits; ingest has a writer of its own."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from elasticsearch import Elasticsearch, helpers

from hubstat.errors import EngineError

_TRIES: Final = 8
_FIRST_PAUSE: Final = 0.5
_LONGEST_PAUSE: Final = 10.0


def write_many(client: Elasticsearch, actions: Iterable[dict[str, Any]]) -> None:
    """Carry out bulk actions; those that are put off (429) are tried again. What is to be deleted may be gone already.

    Raises ``EngineError`` where one is refused.
    """
    for done, item in helpers.streaming_bulk(
        client,
        actions,
        raise_on_error=False,
        max_retries=_TRIES,
        initial_backoff=_FIRST_PAUSE,
        max_backoff=_LONGEST_PAUSE,
    ):
        ((kind, outcome),) = item.items()
        if not done and not (kind == "delete" and outcome.get("status") == 404):
            why = outcome.get("error") or outcome.get("status")
            raise EngineError(f"Elasticsearch refuses {outcome.get('_index')}/{outcome.get('_id')}: {why}")
