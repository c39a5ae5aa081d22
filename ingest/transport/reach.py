"""How far one partition has been read and written, as one look of the consumer's thread."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

CLOCK_SLACK_MS: Final = 1_000
"""What the worker's clock may be ahead of the broker's, and an answer of Kafka may take to be noted."""


@dataclass(frozen=True, slots=True)
class Frontier:
    """What the ledger knows of a partition. Times: the broker's, ms.

    oldest_unwritten_at: of the first record read but not acknowledged; read_to_at: of the last record read in this
    assignment; None where there is none.
    """

    committed: int
    oldest_unwritten_at: int | None
    read_to_at: int | None


@dataclass(frozen=True, slots=True)
class Reach:
    """A held partition. Offsets: committed, ``position`` (the next to read) and ``end``, the broker's high watermark.

    end, polled_at: of the last answer of Kafka and when it came (the worker's clock, ms); None before the first one.
    """

    frontier: Frontier
    position: int | None
    end: int | None
    polled_at: int | None

    @property
    def unread(self) -> int | None:
        """Records in Kafka that were not read yet; None where that is not known."""
        return None if self.end is None or self.position is None else max(0, self.end - self.position)

    @property
    def uncommitted(self) -> int | None:
        """Records in Kafka that are not committed yet; None where that is not known."""
        return None if self.end is None else max(0, self.end - self.frontier.committed)

    @property
    def complete_to(self) -> int | None:
        """A time (ms) before which every record that the broker received in this partition is written; None: unknown.

        A broker's times grow with the offsets, so what was not read yet came after the last record that was. What
        holds once holds for ever: of several such times the greatest counts.
        """
        if self.frontier.oldest_unwritten_at is not None:
            return self.frontier.oldest_unwritten_at
        if self.unread == 0 and self.polled_at is not None:
            return self.polled_at - CLOCK_SLACK_MS
        return self.frontier.read_to_at
