"""The seam between the system's screen and what looks at the installation."""

from __future__ import annotations

from typing import Protocol

from aggregations.system import Health


class Watch(Protocol):
    """Tells how the installation is. May block and may raise ``HubstatError``; called from worker threads."""

    def look(self) -> Health:
        """The installation as of a moment ago, shared by all who ask."""
