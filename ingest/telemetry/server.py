"""``GET /metrics`` and ``GET /health`` of a worker, from a thread of their own: asking never holds up ingest."""

from __future__ import annotations

import json
import logging
import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socketserver import TCPServer
from typing import Any, Final

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder

from hubstat.errors import SettingsError
from hubstat.settings import IngestSettings
from ingest.telemetry.standing import Health

log = logging.getLogger(__name__)

_WILDCARDS: Final = {"0.0.0.0": "127.0.0.1", "::": "::1"}
_ANSWER_SECONDS: Final = 10.0
_POLL_SECONDS: Final = 0.1


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True

    def __init__(
        self, host: str, port: int, registry: CollectorRegistry, health: Callable[[], Health], worker: str
    ) -> None:
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.registry = registry
        self.health = health
        self.worker = worker
        super().__init__((host, port), _Handler)

    def server_bind(self) -> None:
        """Bind without a look-up of the host's name, which can take long."""
        TCPServer.server_bind(self)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Whoever asked has gone, or a metric failed: no business of ingest."""
        log.debug("a request for metrics or health failed", exc_info=True)


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    timeout = _ANSWER_SECONDS

    def do_GET(self) -> None:
        """Answer one request."""
        path = self.path.partition("?")[0]
        if path == "/metrics":
            encode, kind = choose_encoder(self.headers.get("Accept", ""))
            self._answer(HTTPStatus.OK, kind, encode(self.server.registry))
        elif path == "/health":
            health = self.server.health()
            status = HTTPStatus.OK if health.healthy else HTTPStatus.SERVICE_UNAVAILABLE
            body = json.dumps({"worker": self.server.worker, **asdict(health)})
            self._answer(status, "application/json", body.encode())
        else:
            self._answer(HTTPStatus.NOT_FOUND, "text/plain; charset=utf-8", b"there are /metrics and /health\n")

    def _answer(self, status: HTTPStatus, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing of each request."""


@contextmanager
def serving(
    settings: IngestSettings, file: Path, registry: CollectorRegistry, health: Callable[[], Health]
) -> Iterator[str]:
    """Serve for the time of the block; gives the address as others reach it.

    file: where the address is kept meanwhile, as this machine reaches it.

    Raises SettingsError where the address cannot be listened on.
    """
    host, port = settings.metrics_host, settings.metrics_port or 0
    try:
        server = _Server(host, port, registry, health, settings.worker_id)
    except OSError as error:
        raise SettingsError(
            f"metrics cannot be served at {host}:{port or '(any port)'}: {error.strerror or error}; choose another "
            "HUBSTAT_INGEST__METRICS_PORT for each worker of a machine, or unset it; see HUBSTAT_INGEST__METRICS_HOST"
        ) from error
    bound: int = server.server_address[1]
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps({"pid": os.getpid(), "address": _url(_WILDCARDS.get(host, host), bound)}))
    threading.Thread(target=server.serve_forever, args=(_POLL_SECONDS,), name="metrics", daemon=True).start()
    try:
        yield _url(socket.gethostname() if host in _WILDCARDS else host, bound)
    finally:
        server.shutdown()
        server.server_close()
        file.unlink(missing_ok=True)


def _url(host: str, port: int) -> str:
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
