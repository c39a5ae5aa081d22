"""Why something cannot be shown, in the language of whoever looks: what, where, what to do. Logs stay English."""

from __future__ import annotations

import hashlib
import logging
import threading
import time
from collections import OrderedDict
from typing import Any, Final

from hubstat.errors import AccessError, EngineError, HubstatError, NotKnownError, QueryError
from hubstat.figures.formats import Lang
from hubstat.figures.texts import text

log = logging.getLogger(__name__)

# A cause that stays is logged no more often than this, however many look.
_LOGGED_SECONDS: Final = 60.0
_KEPT: Final = 256


class Refused(QueryError):
    """Something that an address or a choice asks for does not exist. key, values: of the catalogue."""

    def __init__(self, key: str, **values: Any) -> None:
        super().__init__(text(key, "en", **values))
        self.key: Final = key
        self.values: Final = values

    def say(self, lang: Lang) -> str:
        """The whole message."""
        return text(self.key, lang, **self.values)


def told(error: HubstatError, lang: Lang) -> str:
    """The cause as a viewer is told it; what is in no catalogue is in the log, under the reference that is told."""
    if isinstance(error, Refused):
        return error.say(lang)
    if isinstance(error, AccessError):
        return text("error.no_right", lang)
    if isinstance(error, NotKnownError):
        return text("error.not_known", lang, what=error.what)
    reference = _noted(error)
    return text("error.engine" if isinstance(error, EngineError) else "error.query", lang, ref=reference)


_logged: Final[OrderedDict[str, float]] = OrderedDict()
_lock: Final = threading.Lock()


def _noted(error: HubstatError) -> str:
    """Reference of a cause, the same one while it stays the same."""
    reference = f"e-{hashlib.blake2b(str(error).encode(), digest_size=3).hexdigest()}"
    now = time.monotonic()
    with _lock:
        before = _logged.get(reference)
        due = before is None or now - before >= _LOGGED_SECONDS
        if due:
            _logged[reference] = now
            _logged.move_to_end(reference)
            while len(_logged) > _KEPT:
                _logged.popitem(last=False)
    if due:
        log.warning("%s: %s", reference, error)
    return reference
