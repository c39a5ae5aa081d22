"""The retry policy: what passes is tried again until it does, what does not is said with the setting to fix."""

from __future__ import annotations

import pytest
from elastic_transport import ApiResponseMeta, ConnectionTimeout, HttpHeaders, NodeConfig, TlsError
from elastic_transport import ConnectionError as ElasticConnectionError
from elasticsearch import ApiError

from hubstat import waits
from hubstat.elastic import retry
from hubstat.errors import EngineError

URL = "http://search:9200"


def answer(status: int) -> ApiError:
    node = NodeConfig("http", "search", 9200)
    return ApiError("said no", ApiResponseMeta(status, "1.1", HttpHeaders(), 0.1, node), {})


PASSING = [answer(429), answer(503), ElasticConnectionError("refused"), ConnectionTimeout("late"), retry.NotNow("busy")]


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retry, "_FIRST_SECONDS", 0.0)


async def test_writers_try_again_until_it_passes(caplog: pytest.LogCaptureFixture) -> None:
    left = list(PASSING)

    async def work() -> str:
        if left:
            raise left.pop()
        return "written"

    before = waits.RETRIES["writing"]
    assert await retry.for_ever(work, URL, "writing") == "written"
    assert waits.RETRIES["writing"] - before == len(PASSING)
    assert waits.seconds_since_retry() < 5.0
    assert all(URL in record.message for record in caplog.records)
    assert len(caplog.records) == len(PASSING)


@pytest.mark.parametrize(
    ("error", "setting"),
    [(answer(401), "HUBSTAT_ELASTICSEARCH__API_KEY"), (TlsError("unknown"), "HUBSTAT_ELASTICSEARCH__CA_CERTS")],
)
async def test_what_does_not_pass_names_host_and_setting(error: Exception, setting: str) -> None:
    async def work() -> None:
        raise error

    with pytest.raises(EngineError) as raised:
        await retry.for_ever(work, URL, "writing")
    assert URL in str(raised.value)
    assert setting.rsplit("__", 1)[1] in str(raised.value)


@pytest.mark.parametrize(
    ("error", "setting"),
    [
        (ElasticConnectionError("refused"), "HUBSTAT_ELASTICSEARCH__URL"),
        (ConnectionTimeout("late"), "HUBSTAT_ELASTICSEARCH__REQUEST_TIMEOUT_SECONDS"),
    ],
)
def test_readers_give_up_after_a_while(error: Exception, setting: str) -> None:
    def work() -> None:
        raise error

    with pytest.raises(EngineError, match=setting):
        retry.briefly(work, URL, seconds=0.05)
