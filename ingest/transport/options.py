"""What the transport takes from the application that uses it."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from faust.types import TP

    from ingest.transport.ledger import Ledger


@dataclass(frozen=True)
class ChunkedOptions:
    """Attribute ``chunked`` of a Faust app whose broker URL begins with ``chunked://``."""

    chunk_records: int
    """Most records in a chunk."""
    buffer_bytes: int
    """Memory that read but unwritten records may take before reading pauses."""
    ledger: Ledger[TP]
    joined: threading.Event = field(default_factory=threading.Event)
    """Set once an assignment, be it empty, was received."""
