"""HTTP between a worker and Elasticsearch, which answers some requests wrongly, late or not at all."""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal
from urllib.parse import urlsplit

Act = Literal["pass", "busy", "busy items", "hang", "cut", "drop", "break", "forbid", "bad request"]
Plan = Callable[[str, int], Act]


def passing(path: str, number: int) -> Act:
    """The plan of a proxy that does nothing."""
    return "pass"


class Proxy:
    """HTTP to Elasticsearch. ``plan(path, number)`` says what becomes of a request; ``number`` counts all requests.

    pass; busy: 429 for the whole request; busy items: of a bulk, two items of three pass, the others get 429 or 503;
    hang: done, but never answered; cut: done, and half the answer comes; drop: neither done nor answered;
    forbid: 403; bad request: 400. ``delay``: seconds that every request takes longer. ``most_bytes``: above, a bulk
    trips the circuit breaker.
    """

    def __init__(self, target: str, plan: Plan = passing, delay: float = 0.0) -> None:
        parts = urlsplit(target)
        self.target = (parts.hostname or "", parts.port or 9200)
        self.plan = plan
        self.delay = delay
        self.most_bytes: int | None = None
        self.requests = 0
        self.bulks = 0
        self.acts: Counter[Act] = Counter()
        self.bulk_bytes: list[int] = []
        self.closing = threading.Event()
        self._lock = threading.Lock()
        self._server = _Server(("127.0.0.1", 0), _handler(self))
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    def __enter__(self) -> Proxy:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def url(self) -> str:
        """Address for the worker."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def decide(self, path: str, size: int) -> Act:
        """What becomes of the next request."""
        with self._lock:
            self.requests += 1
            if path.startswith("/_bulk"):
                self.bulks += 1
                self.bulk_bytes.append(size)
            broken = self.most_bytes is not None and size > self.most_bytes and path.startswith("/_bulk")
            act: Act = "break" if broken else self.plan(path, self.requests)
            self.acts[act] += 1
            return act


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A worker that was killed leaves its connections half done."""


_REFUSALS: dict[Act, tuple[int, str, str]] = {
    "busy": (429, "es_rejected_execution_exception", "rejected execution of coordinating operation"),
    "break": (429, "circuit_breaking_exception", "[inflight_requests] Data too large, data for [<http_request>]"),
    "forbid": (403, "security_exception", "action is unauthorized for this user"),
    "bad request": (400, "illegal_argument_exception", "the proxy does not like it"),
}
_ITEM_REFUSALS = (
    (429, "es_rejected_execution_exception", "rejected execution of primary operation"),
    (503, "unavailable_shards_exception", "primary shard is not active"),
)


def _handler(proxy: Proxy) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def log_message(self, format: str, *args: Any) -> None:
            """The test says what matters."""

        def _serve(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            act = proxy.decide(self.path, len(body))
            if proxy.delay:
                time.sleep(proxy.delay)
            if act == "drop":
                self.close_connection = True
            elif act in _REFUSALS:
                status, kind, reason = _REFUSALS[act]
                self._answer(status, _json({"error": _error(kind, reason), "status": status}))
            elif act == "busy items":
                self._some_items(body)
            else:
                self._pass(body, act)

        def _pass(self, body: bytes, act: Act) -> None:
            try:
                status, answer = self._forward(body)
            except (OSError, http.client.HTTPException):
                self.close_connection = True
                return
            if act == "hang":
                proxy.closing.wait(20)
                self.close_connection = True
            elif act == "cut":
                self._answer(status, answer, whole=False)
            else:
                self._answer(status, answer)

        def _forward(self, body: bytes) -> tuple[int, bytes]:
            connection = http.client.HTTPConnection(*proxy.target, timeout=120)
            try:
                headers = {name: self.headers[name] for name in ("Content-Type", "Accept") if name in self.headers}
                connection.request(self.command, self.path, body or None, headers)
                response = connection.getresponse()
                return response.status, response.read()
            finally:
                connection.close()

        def _some_items(self, body: bytes) -> None:
            lines = body.split(b"\n")[:-1]
            pairs = [lines[place : place + 2] for place in range(0, len(lines), 2)]
            passed = [pair for place, pair in enumerate(pairs) if place % 3]
            items: Iterator[Any] = iter(())
            if passed:
                status, answer = self._forward(b"".join(line + b"\n" for pair in passed for line in pair))
                if status != 200:
                    self._answer(status, answer)
                    return
                items = iter(json.loads(answer)["items"])
            answered = [next(items) if place % 3 else _refused_item(pair[0], place) for place, pair in enumerate(pairs)]
            self._answer(200, _json({"took": 1, "errors": True, "items": answered}))

        def _answer(self, status: int, body: bytes, whole: bool = True) -> None:
            self.send_response_only(status)
            self.send_header("X-elastic-product", "Elasticsearch")
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body if whole else body[: len(body) // 2])
            self.close_connection = not whole

    for method in ("GET", "HEAD", "POST", "PUT", "DELETE"):
        setattr(Handler, f"do_{method}", Handler._serve)
    return Handler


def _json(value: Any) -> bytes:
    return json.dumps(value).encode()


def _error(kind: str, reason: str) -> dict[str, Any]:
    return {"type": kind, "reason": reason}


def _refused_item(action: bytes, place: int) -> dict[str, Any]:
    ((name, target),) = json.loads(action).items()
    status, kind, reason = _ITEM_REFUSALS[place % 2]
    return {name: {**target, "status": status, "error": _error(kind, reason)}}
