"""The compiled core (``ingest/core``): the plain cases of decoding, merging and folding invoice events."""

from collections.abc import Sequence
from typing import ClassVar, final

@final
class PlainEvent:
    """One decoded record, ready to be merged."""

    @property
    def key(self) -> str: ...
    @property
    def home(self) -> str: ...
    @property
    def unknown(self) -> int: ...

@final
class Core:
    """``offset_ms``: of the network's zone from UTC."""

    FOLD_VERSION: ClassVar[int]

    def __new__(cls, offset_ms: int) -> Core: ...
    def decode(self, raw: bytes, received: int) -> PlainEvent | None:
        """One record of ``invoice-events``, received at ``received`` (ms); None where Python decides."""

    def fold(
        self, key: str, stored: bytes | None, events: Sequence[PlainEvent]
    ) -> tuple[bool, bytes, bytes, list[tuple[bytes, bytes]], list[str], int] | None:
        """Changed, document, stored events, activities, dates, since; None where Python decides."""
