"""The compiled core (``hubstat/core``), where it was built: the plain cases of what ``hubstat.domain`` defines."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from hubstat.domain import time as tm
from hubstat.domain.invoice import FOLD_VERSION
from hubstat.errors import SettingsError

if TYPE_CHECKING:
    from hubstat.hubstat_core import Core

_OFFSET_SINCE: Final = 631_152_000_000
"""1990: from then on each country's zone has one offset, which the core is given."""


@lru_cache
def compiled_core(zone: ZoneInfo) -> Core | None:
    """The compiled core for a zone; None where it was not built. Raises SettingsError for one of another version."""
    try:
        from hubstat.hubstat_core import Core
    except ImportError:
        return None
    if Core.FOLD_VERSION != FOLD_VERSION:
        raise SettingsError(
            f"the compiled core folds as of version {Core.FOLD_VERSION}, this program as of {FOLD_VERSION}: "
            "build it again with `make setup`, or remove it"
        )
    return Core(-tm.day_start(tm.local_date(_OFFSET_SINCE, zone), zone) % tm.DAY)
