"""What cannot be shown is said in the viewer's language; the log has it in English under the reference that is said."""

from __future__ import annotations

import re
from typing import Any

import pytest
from dashboard_fake import FakeBoard
from dashboard_tree import words
from fake_desk import FakeDesk

from dashboard import desk_actions
from dashboard.app import Updates
from dashboard.causes import Refused, told
from dashboard.live import Screens
from hubstat.errors import AccessError, EngineError, HubstatError, NotKnownError, QueryError, RecipientError
from hubstat.figures.formats import LANGS
from hubstat.figures.texts import text
from hubstat.settings import DashboardSettings

CAUSES = [
    EngineError("Elasticsearch at http://127.0.0.1:9 does not answer; start it"),
    QueryError("m3 is 3 but 2 was found for it: please report this"),
    AccessError("kim has no right to camp C101: ask an administrator for a grant on it"),
    NotKnownError("there is no DELIVERY invoice X-1: no event of it has arrived", "X-1"),
    Refused("error.one_of", field="level", known="camp, area", value="planet"),
]
SENTENCE = re.compile(r"(?:[A-Za-z]+ ){3,}")


@pytest.mark.parametrize("error", CAUSES, ids=lambda error: type(error).__name__)
def test_a_cause_is_told_in_both_languages(error: HubstatError) -> None:
    korean, english = (told(error, lang) for lang in LANGS)
    assert re.search("[가-힣]{2}", korean)
    assert not SENTENCE.search(korean), "no English sentence on a Korean page"
    assert re.search("[a-z]{3}", english)
    assert not re.search("[가-힣]", english)


def test_what_no_catalogue_says_is_in_the_log_once_under_the_reference_told(
    caplog: pytest.LogCaptureFixture,
) -> None:
    error = EngineError("Elasticsearch at http://127.0.0.1:99 does not answer; start it")
    references = {reference for lang in LANGS for reference in re.findall(r"e-[0-9a-f]{6}", told(error, lang))}
    assert len(references) == 1
    assert "http" not in told(error, "en")
    lines = [record.getMessage() for record in caplog.records]
    assert lines == [f"{references.pop()}: {error}"]


def test_the_english_of_a_refusal_is_the_catalogues() -> None:
    refused = Refused("error.hub_missing", level="camp")
    assert str(refused) == refused.say("en") == "hub: level camp needs one"


@pytest.mark.parametrize(
    ("search", "says"),
    [
        ("level=planet", "가운데 하나여야 합니다"),
        ("level=camp&hub=NOPE", "이 업무일에 없는 곳입니다: camp NOPE"),
        ("level=invoice&hub=missing", "받은 자료에 없습니다: missing"),
        ("wave=NOON", "wave: all, DAWN, DAY 가운데"),
        ("screen=reports&order=daily-final", "report|level:hub"),
        ("screen=dictionary&metric=nothing", "nothing"),
        ("as_of=noon", "2026-11-20T15:04:30처럼"),
    ],
)
@pytest.mark.parametrize("lang", LANGS)
def test_no_page_of_a_wrong_address_speaks_another_language(search: str, says: str, lang: str) -> None:
    updates = Updates(Screens(FakeBoard(), None, FakeDesk()), DashboardSettings())
    answer, props = updates.answer(f"?{search}&lang={lang}", "light", None)
    shown = words(props["screen"]["children"])
    assert not answer["ok"]
    assert answer["lang"] == lang
    if lang == "ko":
        assert says in shown
        assert not SENTENCE.search(shown)
    else:
        assert not re.search("[가-힣]", shown)


class Refusing(FakeDesk):
    """Refuses whatever it is asked."""

    error: HubstatError = QueryError("there is no run r1: see `hubstat report runs`")

    def resend(self, run_id: str) -> Any:
        raise self.error

    def send_now(self, order: Any, recipient: str, lang: Any) -> Any:
        raise self.error


def test_what_the_desk_refuses_is_said_in_the_pages_language() -> None:
    desk = Refusing()
    screens = Screens(FakeBoard(), None, desk)
    search = "?screen=reports&order=daily-final|camp:C101&lang="
    for lang in LANGS:
        said = desk_actions._resend(screens, desk, "r1", search + lang, "ko")
        assert "hubstat report runs" not in said
        assert bool(re.search("[가-힣]", said)) == (lang == "ko")
    desk.error = RecipientError("a@b.example is no subscriber")
    for lang, says in (("ko", "a@b.example(으)로는 보낼 수 없습니다"), ("en", "a@b.example cannot be sent to")):
        assert desk_actions._send(screens, desk, "a@b.example", search + lang, "ko").startswith(says)
    desk.error = AccessError("a@b.example has no right to nationwide KR")
    assert desk_actions._send(screens, desk, "a@b.example", search + "en", "ko") == text("error.no_right", "en")
    assert "order:" in desk_actions._send(screens, desk, "a@b.example", "?screen=reports&order=x&lang=ko", "ko")
