"""Who asks. Every call of the reader takes a viewer; what a viewer may not see is an error, never an empty answer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final

from hubstat.domain.hierarchy import HubTree
from hubstat.errors import AccessError

_ABOVE: Final = ("camp", "area", "region", "nationwide")


@dataclass(frozen=True, slots=True)
class Grant:
    """A right over one hub and everything below it, from ``valid_from`` (inclusive) to ``valid_to`` (exclusive)."""

    level: str
    hub: str
    valid_from: date = date.min
    valid_to: date = date.max


@dataclass(frozen=True, slots=True)
class Viewer:
    """Somebody with rights. Without a grant that covers a scope there is no access to it."""

    name: str
    grants: tuple[Grant, ...]

    @classmethod
    def everything(cls, country: str, name: str = "local") -> Viewer:
        """A viewer of a whole country, for the person at this machine."""
        return cls(name, (Grant("nationwide", country),))

    def require(self, tree: HubTree, day: date, level: str, hub: str) -> None:
        """Raise ``AccessError`` unless a grant covers the hub on that date. ``level``: one of ``LEVELS``."""
        covering = {(level, hub)}
        node = tree.hub(level, hub)
        for above in _ABOVE[_ABOVE.index(level) + 1 :]:
            if node.parent is None:
                break
            node = tree.hub(above, node.parent)
            covering.add((above, node.id))
        if not any((g.level, g.hub) in covering and g.valid_from <= day < g.valid_to for g in self.grants):
            raise AccessError(f"{self.name} has no right to {level} {hub}: ask an administrator for a grant on it")
