"""Elasticsearch without a client: prebuilt bodies over plain connections, as the ceiling of what a writer can reach."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from http.client import HTTPConnection
from typing import Any, Final
from urllib.parse import urlsplit

import orjson

from hubstat.errors import EngineError

BULK: Final = 2_000
SENDERS: Final = 2
_FILTER: Final = "errors,items.*.status,items.*._seq_no,items.*._primary_term,items.*.error"


@dataclass(frozen=True, slots=True)
class Stored:
    """A document as stored, with the guards of its next write."""

    index: str
    id: str
    body: bytes
    seq_no: int
    primary_term: int

    def action(self) -> bytes:
        """Action line of a guarded write."""
        guards = {"if_seq_no": self.seq_no, "if_primary_term": self.primary_term}
        return orjson.dumps({"index": {"_index": self.index, "_id": self.id, **guards}})


class Connection:
    """One kept-alive connection; not for several threads."""

    def __init__(self, url: str) -> None:
        address = urlsplit(url)
        self._http = HTTPConnection(address.hostname or "", address.port, timeout=60)

    def close(self) -> None:
        """Close it."""
        self._http.close()

    def send(self, method: str, path: str, body: bytes | None = None) -> bytes:
        """One request; raises EngineError for any answer but 200 and 201."""
        self._http.request(method, path, body, {"Content-Type": "application/json"})
        answer = self._http.getresponse()
        text = answer.read()
        if answer.status not in (200, 201):
            raise EngineError(f"Elasticsearch answers {method} {path[:80]} with {answer.status}: {text[:300]!r}")
        return text

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """One request with a JSON body; the parsed answer."""
        return orjson.loads(self.send(method, path, None if body is None else orjson.dumps(body)))


def counted(connection: Connection, patterns: dict[str, str]) -> dict[str, int]:
    """How many documents were written to the indices of each pattern so far, by its name."""
    found = {}
    for name, pattern in patterns.items():
        path = f"/{pattern}/_stats/indexing?filter_path=_all.primaries.indexing.index_total&expand_wildcards=open"
        answer = connection.ask("GET", path)
        found[name] = int(answer["_all"]["primaries"]["indexing"]["index_total"]) if answer.get("_all") else 0
    return found


def documents(connection: Connection, pattern: str, ids: Sequence[str]) -> list[Stored]:
    """The documents of these ids in the indices of a pattern, in the order of the ids; missing ones are left out."""
    connection.send("POST", f"/{pattern}/_refresh")
    found: dict[str, Stored] = {}
    for part in _parts(ids, BULK):
        asked = {"query": {"ids": {"values": part}}, "size": BULK, "seq_no_primary_term": True}
        for hit in connection.ask("POST", f"/{pattern}/_search", asked)["hits"]["hits"]:
            body = orjson.dumps(hit["_source"])
            found[hit["_id"]] = Stored(hit["_index"], hit["_id"], body, hit["_seq_no"], hit["_primary_term"])
    return [found[each] for each in ids if each in found]


def reindex(url: str, stored: Sequence[Stored], writes: int) -> tuple[float, int]:
    """Write documents again, whole and guarded, as often as it takes for so many writes; seconds and writes.

    Bodies are built before and answers parsed after the clock runs.
    """
    seconds, done, present = 0.0, 0, list(stored)
    while done < writes:
        parts = list(_parts(present[: writes - done], BULK))
        bodies = [b"".join(b"%b\n%b\n" % (each.action(), each.body) for each in part) for part in parts]
        took, answers = _in_parallel(url, bodies, _write)
        seconds += took
        done += sum(map(len, parts))
        moved = [after for part, answer in zip(parts, answers, strict=True) for after in _moved(part, answer)]
        present = [*present[len(moved) :], *moved]
    return seconds, done


def read_and_reindex(url: str, stored: Sequence[Stored]) -> float:
    """Look documents up by ``_mget``, then write them again under the guards that it gives; seconds."""
    parts = list(_parts(stored, BULK))
    asked = [
        (part, orjson.dumps({"docs": [{"_index": each.index, "_id": each.id} for each in part]})) for part in parts
    ]
    return _in_parallel(url, asked, _read_and_write)[0]


def fill(url: str, bodies: Iterable[bytes]) -> None:
    """Send prebuilt bulk bodies as fast as it goes. Raises EngineError where an item is refused."""
    with ThreadPoolExecutor(SENDERS) as pool:
        connections = [Connection(url) for _ in range(SENDERS)]
        under_way: list[Any] = []
        for place, body in enumerate(bodies):
            if len(under_way) >= SENDERS:
                _checked(under_way.pop(0).result())
            under_way.append(pool.submit(_write, connections[place % SENDERS], body))
        for each in under_way:
            _checked(each.result())
        for connection in connections:
            connection.close()


def _in_parallel(url: str, work: Sequence[Any], do: Callable[[Connection, Any], bytes]) -> tuple[float, list[bytes]]:
    """Do pieces of work over ``SENDERS`` connections, each thread every second one; seconds and answers in order."""
    answers: list[bytes] = [b""] * len(work)

    def run(sender: int) -> None:
        connection = Connection(url)
        for place in range(sender, len(work), SENDERS):
            answers[place] = do(connection, work[place])
        connection.close()

    with ThreadPoolExecutor(SENDERS) as pool:
        began = time.monotonic()
        list(pool.map(run, range(SENDERS)))
        return time.monotonic() - began, answers


def _write(connection: Connection, body: bytes) -> bytes:
    return connection.send("POST", f"/_bulk?filter_path={_FILTER}", body)


def _read_and_write(connection: Connection, asked: tuple[Sequence[Stored], bytes]) -> bytes:
    part, body = asked
    answer = orjson.loads(connection.send("POST", "/_mget?_source_includes=events", body))
    lines = []
    for each, found in zip(part, answer["docs"], strict=True):
        current = replace(each, seq_no=found["_seq_no"], primary_term=found["_primary_term"])
        lines.append(b"%b\n%b\n" % (current.action(), each.body))
    return _checked(_write(connection, b"".join(lines)))


def _checked(answer: bytes) -> bytes:
    if orjson.loads(answer)["errors"]:
        raise EngineError(f"Elasticsearch refuses documents of a benchmark: {answer[:300]!r}")
    return answer


def _moved(part: Sequence[Stored], answer: bytes) -> Iterator[Stored]:
    for each, item in zip(part, orjson.loads(_checked(answer))["items"], strict=True):
        yield replace(each, seq_no=item["index"]["_seq_no"], primary_term=item["index"]["_primary_term"])


def _parts(items: Sequence[Any], size: int) -> Iterator[Sequence[Any]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]
