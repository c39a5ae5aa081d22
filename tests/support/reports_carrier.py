"""A carrier without a mail server."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass
class FakeCarrier:
    """Takes every mail, or does what ``conduct`` of its recipient does. taken: (recipient, message)."""

    conduct: Callable[[str], None] = lambda recipient: None
    taken: list[tuple[str, bytes]] = field(default_factory=list)
    tries: int = 0

    def hand_over(self, sender: str, recipient: str, message: bytes) -> str:
        self.tries += 1
        self.conduct(recipient)
        self.taken.append((recipient, message))
        return "250 taken"

    def close(self) -> None:
        """Nothing is open."""

    @property
    def counts(self) -> Counter[str]:
        return Counter(recipient for recipient, _ in self.taken)
