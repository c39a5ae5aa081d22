"""The one retry policy towards Elasticsearch: what passes by itself is tried again, with growing, random pauses."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from elastic_transport import ConnectionError as ElasticConnectionError
from elastic_transport import ConnectionTimeout, TlsError
from elasticsearch import ApiError
from tenacity import (
    AsyncRetrying,
    RetryCallState,
    Retrying,
    retry_if_exception,
    stop_after_delay,
    wait_random_exponential,
)

from hubstat.errors import EngineError
from hubstat.waits import note

log = logging.getLogger(__name__)

_Result = TypeVar("_Result")
_FIRST_SECONDS = 0.2
_MOST_SECONDS = 10.0


class NotNow(Exception):
    """Elasticsearch answered, but refused some of the work for now (busy, no shard, no disk); try that again."""


def passes(error: BaseException) -> bool:
    """Whether the same request may succeed later without anybody changing it."""
    if isinstance(error, TlsError):
        return False
    if isinstance(error, NotNow | ElasticConnectionError | ConnectionTimeout):
        return True
    return isinstance(error, ApiError) and passes_status(error.meta.status)


def passes_status(status: int) -> bool:
    """Whether Elasticsearch may take the same later that it refuses with this status now."""
    return status == 429 or status >= 500


def explain(error: BaseException, url: str) -> str:
    """One line: which host, what it said, and the setting to fix."""
    if isinstance(error, ApiError):
        what = f"refuses with status {error.meta.status}: {str(error)[:300]}"
        if error.meta.status in (401, 403):
            return f"Elasticsearch at {url} {what}; set HUBSTAT_ELASTICSEARCH__USERNAME and __PASSWORD, or __API_KEY"
        return f"Elasticsearch at {url} {what}{_of_disk(str(error))}"
    if isinstance(error, TlsError):
        return f"Elasticsearch at {url}: no trusted TLS connection ({error}); set HUBSTAT_ELASTICSEARCH__CA_CERTS"
    if isinstance(error, NotNow):
        return f"Elasticsearch at {url} cannot take it now: {error}{_of_disk(str(error))}"
    if isinstance(error, ConnectionTimeout):
        return f"Elasticsearch at {url} did not answer in time; see HUBSTAT_ELASTICSEARCH__REQUEST_TIMEOUT_SECONDS"
    return f"Elasticsearch at {url} does not answer ({error}); start it, or set HUBSTAT_ELASTICSEARCH__URL"


def _of_disk(text: str) -> str:
    full = "flood-stage" in text or "No space left on device" in text
    return "; its disk is full: free some there, then this goes on by itself" if full else ""


async def for_ever(work: Callable[[], Awaitable[_Result]], url: str, what: str) -> _Result:
    """Do ``work`` until it succeeds or fails for good. For writers, who must not lose what they hold.

    Raises ``EngineError`` for an answer that does not pass (``passes``); cancelling the task ends the wait.
    """

    def say(state: RetryCallState) -> None:
        note(what)
        error = state.outcome.exception() if state.outcome else None
        pause = state.next_action.sleep if state.next_action else 0.0
        if error is not None:
            log.warning("%s waits %.1f s (try %d): %s", what, pause, state.attempt_number, explain(error, url))

    retrying = AsyncRetrying(
        retry=retry_if_exception(passes),
        wait=wait_random_exponential(multiplier=_FIRST_SECONDS, max=_MOST_SECONDS),
        before_sleep=say,
        sleep=asyncio.sleep,
        reraise=True,
    )
    try:
        return await retrying(work)
    except (ApiError, TlsError) as error:
        raise EngineError(explain(error, url)) from error


def briefly(work: Callable[[], _Result], url: str, seconds: float = 15.0) -> _Result:
    """Do ``work`` for somebody who waits: tried again for ``seconds``, then ``EngineError`` says what to do.

    ``ApiError`` of a status that does not pass is raised as it is, but for 401 and 403.
    """
    retrying = Retrying(
        retry=retry_if_exception(passes),
        wait=wait_random_exponential(multiplier=_FIRST_SECONDS, max=2.0),
        stop=stop_after_delay(seconds),
        reraise=True,
    )
    with explained(url):
        return retrying(work)


@contextmanager
def explained(url: str) -> Iterator[None]:
    """Turn an Elasticsearch that does not answer or refuses access into an ``EngineError`` that says what to do.

    ``ApiError`` of another status that does not pass is raised as it is.
    """
    try:
        yield
    except (ApiError, ElasticConnectionError, ConnectionTimeout, NotNow) as error:
        if isinstance(error, ApiError) and not passes(error) and error.meta.status not in (401, 403):
            raise
        raise EngineError(explain(error, url)) from error
