"""Whether an engine answers, in its own protocol, without its client library."""

from __future__ import annotations

import http.client
import json
import socket
import struct
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from urllib.parse import urlsplit

from hubstat.engines.server import EngineName

_REQUEST_SECONDS = 5.0
_POLL_SECONDS = 0.1
_API_VERSIONS_KEY = 18
# No proxy of the environment: the address is this machine's.
_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def elasticsearch_answers(url: str) -> bool:
    """Whether the cluster is at least yellow: it then takes writes. One that asks for a password answers too."""
    try:
        with _opener.open(
            f"{url}/_cluster/health?wait_for_status=yellow&timeout=2s", timeout=_REQUEST_SECONDS
        ) as response:
            return json.load(response)["timed_out"] is False
    except urllib.error.HTTPError as error:
        with error:
            return error.code == 401
    except (OSError, ValueError, KeyError, http.client.HTTPException):
        return False


def kafka_answers(bootstrap: str) -> bool:
    """Whether the first broker of ``bootstrap`` answers ApiVersions, the request that clients begin with."""
    client = b"hubstat"
    request = struct.pack(">hhih", _API_VERSIONS_KEY, 0, 1, len(client)) + client
    try:
        with socket.create_connection(_host_port(bootstrap), timeout=_REQUEST_SECONDS) as connection:
            connection.sendall(struct.pack(">i", len(request)) + request)
            head = connection.recv(10, socket.MSG_WAITALL)
    except OSError:
        return False
    if len(head) < 10:
        return False
    _, correlation, error = struct.unpack(">iih", head)
    return bool(correlation == 1 and error == 0)


def port_answers(name: EngineName, address: str) -> bool:
    """Whether anything listens there: all that can be said of a foreign cluster without its password."""
    try:
        parts = urlsplit(address)
        default = 443 if parts.scheme == "https" else 9200
        target = (parts.hostname or "", parts.port or default) if name == "elasticsearch" else _host_port(address)
        with socket.create_connection(target, timeout=_REQUEST_SECONDS):
            return True
    except (OSError, ValueError):
        return False


def answers(name: EngineName, address: str) -> bool:
    """Whether an engine of this machine answers."""
    return elasticsearch_answers(address) if name == "elasticsearch" else kafka_answers(address)


def wait_for(check: Callable[[], bool], alive: Callable[[], bool], timeout_seconds: float) -> bool:
    """Poll ``check`` until it holds; False when the time is up or ``alive`` no longer holds."""
    deadline = time.monotonic() + timeout_seconds
    while not check():
        if not alive() or time.monotonic() > deadline:
            return False
        time.sleep(_POLL_SECONDS)
    return True


def _host_port(bootstrap: str) -> tuple[str, int]:
    host, _, port = bootstrap.split(",")[0].strip().rpartition(":")
    return host.rsplit("://", 1)[-1].strip("[]"), int(port)
