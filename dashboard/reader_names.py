"""Names of hubs, Friends and reasons from the master data, for screens."""

from __future__ import annotations

from datetime import date
from typing import Final

from hubstat.domain.hierarchy import HubTree
from hubstat.domain.masterdata import MasterData
from hubstat.domain.measures import UNKNOWN_GROUP
from hubstat.figures.formats import Lang


class MasterNames:
    """Implements ``dashboard.board.Names``."""

    def __init__(self, master: MasterData, day: date) -> None:
        self._master: Final = master
        self._day: Final = day
        self._tree: Final[HubTree] = master.hierarchy.on(day)

    def camp(self, camp: str, lang: Lang) -> str:
        """Name of a camp, its id where none is known."""
        hub = self._tree.hub("camp", camp)
        return hub.name_en if lang == "en" else hub.name_ko

    def friend(self, friend: str) -> str:
        """Name of a Friend, the id where none is known."""
        known = self._master.friend(friend, self._day)
        return friend if known is None else known.name or friend

    def reason(self, reason: str, lang: Lang) -> str | None:
        """Label of a reason, None for one that the master data do not have."""
        known = self._master.reasons.get(reason)
        return None if known is None else (known.label_en if lang == "en" else known.label_ko) or reason

    def group(self, reason: str) -> str:
        """Group of a reason, as ``m5_groups`` counts it."""
        known = self._master.reasons.get(reason)
        return UNKNOWN_GROUP if known is None else known.group
