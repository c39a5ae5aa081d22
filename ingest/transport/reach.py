"""How far one partition has been read and written, as one look of the consumer's thread."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

CLOCK_SLACK_MS: Final = 1_000
"""What the worker's clock may be ahead of the broker's."""


class Polls:
    """When each partition was asked for surely: an answer is stamped when it is looked at, not when it was asked for.

    A worker that was paused stamps an old answer with the present. But Kafka was asked for an answer only after the one
    before had come, so the stamp of the look before, where it was another one, is of a time before the question.
    """

    def __init__(self) -> None:
        self._epoch = -1
        self._stamps: dict[tuple[str, int], tuple[int | None, int | None]] = {}

    def note(self, epoch: int, partition: tuple[str, int], stamp: int | None) -> int | None:
        """Take the stamp (ms) of the last answer, if any; a time before it was asked for, None where not known."""
        if epoch != self._epoch:
            self._epoch, self._stamps = epoch, {}
        before, last = self._stamps.get(partition, (None, None))
        if stamp != last:
            before, last = last, stamp
            self._stamps[partition] = before, last
        return before


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

    end: of the last answer of Kafka; polled_at: a time before that was asked for (the worker's clock, ms); None where
    there is none yet.
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
