"""How big a mail may be: HTML that no mail program cuts off, and the board's export instead of too big a file."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import replace
from email import message_from_bytes
from email.policy import default
from html import unescape
from typing import Any
from urllib.parse import urlsplit

import asgi
import pytest
from dashboard_fake import DAY as BOARD_DAY
from dashboard_fake import NOW, FakeBoard
from fake_desk import FakeDesk
from fake_watch import FakeWatch
from report_days import CLOSED, DAY, simulated

from aggregations.facts.noted import Noted
from aggregations.viewer import Viewer
from dashboard.app import create_app
from hubstat.domain import time as tm
from hubstat.figures.formats import LANGS, Lang
from hubstat.figures.texts import text
from hubstat.settings import DashboardSettings, ReportSettings
from reports.content import ReportContent
from reports.content.part import Both, Hub, HubPart
from reports.content.writing import write
from reports.delivery.message import Letter, message_of
from reports.model import Mail, Order

BOARD = "https://board.example"
LINK = f"{BOARD}/unsubscribe?token=recipients-own-token"
DEFAULT = int(ReportSettings().attachment_mb * 1_000_000)
FINAL = Order("daily-final", DAY, None, "nationwide", "KR", CLOSED, CLOSED)
# Every letter of the first takes three bytes, of the second five or six once it is escaped.
LONG = ("경기남부광역배송캠프제십이호" * 40, '<O\'Neil & "Sons">' * 40)


@pytest.fixture(scope="module")
def final() -> HubPart:
    content = ReportContent(simulated(700), lambda *_: (), most_attached=DEFAULT)
    return content.part(Viewer.everything("KR"), FINAL, None)


def mail_of(part: HubPart, lang: Lang = "ko", most_attached: int = DEFAULT) -> Mail:
    return write(
        part, lang, names=True, board_url=f"{BOARD}/", unsubscribe_url=LINK, late=True, most_attached=most_attached
    )


def many(hub: Hub, n: int, name: str) -> tuple[Hub, ...]:
    """Hubs with just such figures, in every column something."""
    figures = {**hub.now.delivery, "due": 1_234_567, "m1_late": 123_456, "m1_rate": 0.1, "m1_late_open": 12_345}
    now = replace(hub.now, delivery=figures)
    made = replace(hub, name_ko=name, name_en=name, owner=f"{name}, {name}", now=now, week=now, last=now)
    return tuple(replace(made, hub=f"X{number:04}") for number in range(n))


def crowded(part: HubPart, name: str) -> HubPart:
    """Everything that a mail lists at once, far more of it than any network has, with names of this length."""
    delivery = {
        **part.here.now.delivery,
        "completions_by_hour": {f"{1980 + n // 12}-{n % 12 + 1:02}-20T{n % 24:02}": n for n in range(1_200)},
        "m5": {f"R{n}": 900 - n for n in range(300)},
        "m5_shares": {f"R{n}": 0.001 for n in range(300)},
    }
    restated = tuple(Noted(DAY, "m1_late", "camp", f"X{n:04}", "DELIVERY", 61, 58, 3, CLOSED) for n in range(300))
    camps = many(part.camps[0], 300, name)
    return replace(
        part,
        here=replace(part.here, name_ko=name, name_en=name, now=replace(part.here.now, delivery=delivery)),
        children=many(part.children[0], 300, name),
        friends=many(part.children[0], 300, name),
        camps=camps,
        silent=camps,
        data_to=None,
        restated=restated,
        restated_names={(each.level, each.hub): (name, name) for each in restated},
        reasons={f"R{n}": (name, name) for n in range(300)},
    )


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("name", LONG)
@pytest.mark.parametrize("most_attached", [DEFAULT, 0])
def test_no_mail_is_so_long_that_it_is_cut_off(final: HubPart, name: str, lang: Lang, most_attached: int) -> None:
    part = crowded(final, name)
    mail = mail_of(part, lang, most_attached)
    token = "t" * 300
    assert len(mail.html.replace(LINK, f"{BOARD}/unsubscribe?token={token}").encode()) < 100_000
    assert len(mail.subject) < 300
    # What is left out is counted, in both parts alike.
    counted = re.compile(r"그 밖의 (\d+)|(\d+) more")
    assert counted.findall(mail.text) == counted.findall(unescape(mail.html))
    rest = [int(korean or english) for korean, english in counted.findall(mail.text)]
    (lists,) = {number for number in rest if number != 300 - 12}
    assert lists in (260, 280, 290, 295)
    assert rest.count(lists) == 3  # camps that are silent, hubs below, Friends
    assert len(mail.incomplete) == 301


@pytest.mark.parametrize("lang", LANGS)
def test_a_network_of_two_hundred_camps_is_told_with_forty_rows(final: HubPart, lang: Lang) -> None:
    name = "서울특별시 강남구 테헤란로 배송 캠프 제12호"
    camps = many(final.camps[0], 200, name)
    camps = tuple(replace(camp, owner="홍길동") for camp in camps)
    mail = mail_of(replace(final, children=camps, camps=camps), lang)
    assert len(mail.html.encode()) < 100_000
    for said in (mail.html, mail.text):
        assert said.count(name) >= 80
        assert ("그 밖의 160곳" if lang == "ko" else "160 more") in said


def test_silent_camps_stand_in_one_line_and_each_is_recorded(final: HubPart) -> None:
    silent = tuple(replace(final.camps[0], hub=f"X{n}", name_ko=f"캠프{n}") for n in range(50))
    mail = mail_of(replace(final, silent=silent))
    (line,) = [line for line in mail.text.splitlines() if line.startswith("- 소식이 없는 캠프")]
    assert line == f"- 소식이 없는 캠프 50곳: {', '.join(f'캠프{n}' for n in range(40))}, 그 밖의 10곳"
    assert line.removeprefix("- ") in mail.html
    assert mail.incomplete == tuple(f"소식이 없는 캠프: 캠프{n}" for n in range(50))
    assert all(f"소식이 없는 캠프: 캠프{n}" in mail.files[0].data.decode() for n in range(50))


def test_a_clock_that_is_wrong_by_years_makes_no_table_of_years(final: HubPart) -> None:
    hours = {f"{year}-11-20T09": 1 for year in range(1900, 2026)}
    figures = {"completions_by_hour": hours, "plan_by_hour": {}, "invoices_per_hour": {}}
    here = replace(final.here, now=Both({**final.here.now.delivery, **figures}, {}))
    assert mail_of(replace(final, here=here)).text.count("- 11. 20. 9시: 완료 1,") == 48


def test_a_file_of_just_the_limit_is_attached(final: HubPart) -> None:
    size = len(mail_of(final, "en").files[0].data)
    at, over = mail_of(final, "en", size), mail_of(final, "en", size - 1)
    assert len(at.files[0].data) == size
    assert f"Attached: {at.files[0].name}" in at.text
    assert over.files == ()


@pytest.mark.parametrize(
    ("lang", "said"),
    [
        ("ko", "한도 1 kB를 넘습니다. 같은 T·K의 표를 화면에서 내려받으세요."),
        ("en", "is over the limit of 1 kB. Download the board's tables of the same T and K."),
    ],
)
def test_a_file_over_the_limit_is_not_attached_and_both_parts_say_so(final: HubPart, lang: Lang, said: str) -> None:
    mail = mail_of(final, lang, 1_000)
    name = "hubstat_2026-11-20_daily-final_nationwide_KR.csv"
    assert mail.files == ()
    for shown in (mail.text, unescape(mail.html)):
        assert said in shown
        assert name in shown
        assert "attachment" not in shown
        assert shown.count("첨부") == (lang == "ko")
    assert links(mail.text) == links(unescape(mail.html))
    data = message_of(mail, Letter("hubstat <h@hubstat.example>", "a@b.example", "<a@b>", 0, LINK))
    found = message_from_bytes(data, policy=default)
    assert list(found.iter_attachments()) == []  # type: ignore[attr-defined]
    assert found.get_body(("plain",)).get_content().replace("\r\n", "\n") == mail.text  # type: ignore[attr-defined]


def links(shown: str) -> list[str]:
    """Addresses of exports."""
    return re.findall(rf"{BOARD}/export[^\s\"<]+", shown)


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize(("level", "hub"), [("nationwide", "KR"), ("region", "R1"), ("area", "A11"), ("camp", "C101")])
def test_the_links_open_the_boards_files_of_the_same_moment(final: HubPart, level: Any, hub: str, lang: Lang) -> None:
    known_at = NOW - 30 * tm.MINUTE
    order = Order("hourly-digest", BOARD_DAY, None, level, hub, NOW - tm.HOUR, known_at)
    here = replace(final.here, level=level, hub=hub)
    addresses = links(mail_of(replace(final, order=order, here=here), lang, 0).text)
    assert len(addresses) == 2
    server = create_app(FakeBoard(), DashboardSettings(), FakeWatch(), FakeDesk()).server
    for address, direction in zip(addresses, ("DELIVERY", "RETURN"), strict=True):
        parts = urlsplit(address)
        answer = asgi.get(server, f"{parts.path}?{parts.query}")
        assert answer.status == 200, answer.text
        lines = list(csv.reader(io.StringIO(answer.body.decode("utf-8-sig"))))
        head = {line[0]: line[1] for line in lines[1 : lines.index([])]}
        assert head[text("export.as_of", lang)] == "2026-11-20T14:04:30.000+09:00"
        assert head[text("export.known_at", lang)] == "2026-11-20T14:34:30.000+09:00"
        assert head[text("direction.label", lang)] == direction
        assert f"({level}:{hub})" in head[text("export.scope", lang)]
        assert len(lines) > lines.index([]) + 2
