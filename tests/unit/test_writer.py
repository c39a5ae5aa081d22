"""Bulk requests: their size follows what Elasticsearch can take, and every document gets its outcome, in order."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from elastic_transport import ApiResponseMeta, HttpHeaders, NodeConfig
from elastic_transport import ConnectionError as ElasticConnectionError
from elasticsearch import ApiError

from hubstat.elastic import retry
from hubstat.elastic.writer import MAX_BODY_BYTES, Conflict, Refused, Version, Write, Writer
from hubstat.settings import ElasticsearchSettings


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retry, "_FIRST_SECONDS", 0.0)


def error(status: int) -> ApiError:
    meta = ApiResponseMeta(status, "1.1", HttpHeaders(), 0.1, NodeConfig("http", "search", 9200))
    return ApiError("too much", meta, {})


class Scripted(Writer):
    """Answers bulks; takes at most ``most`` bytes at once, and says ``status`` to more. ``items``: by id, in order."""

    def __init__(self, most: int = MAX_BODY_BYTES, status: int = 429) -> None:
        super().__init__(ElasticsearchSettings(), "http://search:9200", threads=1)
        self.most, self.status = most, status
        self.items: dict[str, list[dict[str, Any]]] = {}
        self.sizes: list[int] = []
        self.cut = 0
        self.actions: list[dict[str, Any]] = []
        self.flushes: list[tuple[str, int]] = []

    async def _request(self, method: str, target: str, body: bytes | None = None) -> Any:
        if "/_flush" in target:
            self.flushes.append((target.partition("/_flush")[0], len(self.actions)))
            return {"_shards": {"failed": int(len(self.flushes) == 1)}}
        assert body is not None
        self.sizes.append(len(body))
        if len(body) > self.most:
            raise error(self.status)
        if self.cut:
            self.cut -= 1
            if not self.cut:
                raise ElasticConnectionError("cut")
        actions = [orjson.loads(line) for line in body.splitlines()[::2]]
        self.actions += actions
        return {"items": [self._item(action) for action in actions]}

    def _item(self, action: dict[str, Any]) -> dict[str, Any]:
        ((kind, meta),) = action.items()
        scripted = self.items.get(meta["_id"])
        return {kind: scripted.pop(0) if scripted else {"status": 200, "_seq_no": int(meta["_id"]), "_primary_term": 1}}


def writes(count: int, size: int = 10_000) -> list[Write]:
    return [Write("i", str(number), b"x" * size, None) for number in range(count)]


@pytest.mark.parametrize("status", [429, 413])
async def test_too_much_at_once_is_sent_in_smaller_parts(status: int) -> None:
    writer = Scripted(most=150_000, status=status)
    outcomes = await writer.bulk(writes(100))
    assert outcomes == [Version("i", number, 1) for number in range(100)]
    assert max(writer.sizes) > 1_000_000
    assert len([action["create"]["_id"] for action in writer.actions]) == 100


async def test_after_success_requests_grow_again() -> None:
    writer = Scripted(most=150_000)
    await writer.bulk(writes(100))
    writer.most = MAX_BODY_BYTES * 2
    for _ in range(60):
        await writer.bulk(writes(100))
    assert writer.sizes[-1] > 1_000_000


async def test_a_document_too_large_alone_is_refused_and_the_others_written() -> None:
    writer = Scripted(most=150_000, status=413)
    mixed = [*writes(3), Write("i", "9", b"x" * 200_000, None)]
    outcomes = await writer.bulk(mixed)
    assert outcomes[:3] == [Version("i", number, 1) for number in range(3)]
    assert isinstance(outcomes[3], Refused)


async def test_a_limit_smaller_than_any_bulk_of_ours_is_found() -> None:
    writer = Scripted(most=250, status=413)
    outcomes = await writer.bulk(writes(10, 100))
    assert outcomes == [Version("i", number, 1) for number in range(10)]


async def test_items_are_sent_again_alone() -> None:
    """An item refused for now is sent again; those that were written are not."""
    busy = {"status": 429, "error": {"type": "es_rejected_execution_exception", "reason": "queue"}}
    done = {"status": 201, "_seq_no": 7, "_primary_term": 1}
    writer = Scripted()
    writer.items = {
        "1": [busy, busy, done],
        "2": [{"status": 409, "error": {"type": "version_conflict_engine_exception", "reason": "known"}}],
        "3": [{"status": 400, "error": {"type": "document_parsing_exception", "reason": "bad"}}],
    }
    outcomes = await writer.bulk(writes(4, 10))
    assert outcomes[:3] == [Version("i", 0, 1), Version("i", 7, 1), Conflict()]
    assert isinstance(outcomes[3], Refused)
    assert [action["create"]["_id"] for action in writer.actions] == ["0", "1", "2", "3", "1", "1"]


async def test_a_refused_item_is_not_forgotten_when_a_later_request_breaks_off() -> None:
    busy = {"status": 503, "error": {"type": "unavailable_shards_exception", "reason": "no shard"}}
    writer = Scripted(most=150_000)
    writer.items = {"1": [busy, {"status": 201, "_seq_no": 1, "_primary_term": 1}]}
    writer.cut = 2
    assert await writer.bulk(writes(40)) == [Version("i", number, 1) for number in range(40)]


def test_actions_are_json_whatever_the_id() -> None:
    odd = 'DELIVERY:"\\\n송장'
    assert orjson.loads(Write("i", odd, b"", None).action()) == {"create": {"_index": "i", "_id": odd}}
    assert orjson.loads(Write("i", odd, b"", Version("i", 5, 2)).action()) == {
        "index": {"_index": "i", "_id": odd, "if_seq_no": 5, "if_primary_term": 2}
    }
    assert orjson.loads(Write("i", odd, b"", None, blind=True).action()) == {"index": {"_index": "i", "_id": odd}}


CONFLICT = {"status": 409, "error": {"type": "version_conflict_engine_exception", "reason": "known"}}


async def test_a_conflict_after_a_failure_counts_only_once_the_index_is_secure() -> None:
    """What a failed write shows may be lost again: the same write is sent once more when that is settled."""
    failed = {"status": 500, "error": {"type": "i_o_exception", "reason": "No space left on device"}}
    writer = Scripted()
    writer.items = {
        "0": [failed, CONFLICT, {"status": 201, "_seq_no": 9, "_primary_term": 2}],
        "1": [failed, CONFLICT, CONFLICT],
        "2": [CONFLICT],
    }
    assert await writer.bulk(writes(3, 10)) == [Version("i", 9, 2), Conflict(), Conflict()]
    assert [action["create"]["_id"] for action in writer.actions] == ["0", "1", "2", "0", "1", "0", "1"]
    assert writer.flushes == [("/i", 5), ("/i", 5)], "the flush that failed is tried again, before the writes"


async def test_a_conflict_without_a_failure_is_one() -> None:
    writer = Scripted()
    writer.items = {"0": [CONFLICT]}
    assert await writer.bulk(writes(1, 10)) == [Conflict()]
    assert writer.flushes == []


async def test_a_conflict_after_a_lost_answer_is_doubted() -> None:
    writer = Scripted()
    writer.cut = 1
    writer.items = {"0": [CONFLICT, CONFLICT]}
    assert await writer.bulk(writes(1, 10)) == [Conflict()]
    assert len(writer.flushes) == 2
