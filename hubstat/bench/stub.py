"""A server that answers a writer as Elasticsearch does, and does nothing: ``python -m hubstat.bench.stub``.

It prints its port. Documents are never found, and every write succeeds; what was written is only counted. So what is
measured against it is the worker, Kafka, and as little else as possible.
"""

from __future__ import annotations

import asyncio
import re
import sys
from functools import lru_cache
from typing import Final

_LENGTH: Final = re.compile(rb"content-length: (\d+)", re.IGNORECASE)
_HEAD: Final = (
    b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"
    b"X-Elastic-Product: Elasticsearch\r\ncontent-length: %d\r\n\r\n"
)
_MISSING: Final = b'{"_index":"","_id":"","found":false}'
_WRITTEN: Final = b'{"index":{"_seq_no":1,"_primary_term":1,"status":200}}'
_NOTHING: Final = b'{"took":0,"timed_out":false,"_shards":{"total":1,"successful":1,"failed":0},"hits":{"hits":[]}}'


@lru_cache(maxsize=4096)
def _items(count: int) -> bytes:
    return b'{"errors":false,"items":[%b]}' % b",".join([_WRITTEN] * count)


class Stub(asyncio.Protocol):
    """One connection. ``written``: documents of all connections, by kind of index."""

    written: Final = {"invoices": 0, "friends": 0}

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._size = 0
        self._due = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the connection."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Collect a request whole (a client sends the next one only after the answer), then answer it."""
        self._parts.append(data)
        self._size += len(data)
        if not self._due:
            head = b"".join(self._parts)
            end = head.find(b"\r\n\r\n")
            if end < 0:
                return
            length = _LENGTH.search(head, 0, end)
            self._due = end + 4 + (int(length.group(1)) if length else 0)
        if self._size >= self._due:
            request = b"".join(self._parts)
            self._parts, self._size, self._due = [], 0, 0
            answer = self._answer(request)
            self._transport.write(_HEAD % len(answer) + answer)

    def _answer(self, request: bytes) -> bytes:
        target = request[: request.index(b"\r\n")]
        body = request.index(b"\r\n\r\n") + 4
        if b"/_bulk" in target:
            count = request.count(b"\n", body) // 2
            first = request[body : request.index(b"\n", body)]
            for kind in self.written:
                if b"-%b-" % kind.encode() in first:  # a worker's bulk is of one kind
                    self.written[kind] += count
            return _items(count)
        if b"/_mget" in target:
            return b'{"docs":[%b]}' % b",".join([_MISSING] * request.count(b'"_id":', body))
        if b"/_stats" in target:
            kind = "friends" if b"-friends-" in target else "invoices"
            return b'{"_all":{"primaries":{"indexing":{"index_total":%d}}}}' % self.written[kind]
        return _NOTHING


async def main() -> None:
    """Listen on a free port of loopback until the process is ended."""
    server = await asyncio.get_running_loop().create_server(Stub, "127.0.0.1", 0)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
