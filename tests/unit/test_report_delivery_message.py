"""What a mail's head says arrives as it was meant."""

from __future__ import annotations

from dataclasses import replace
from email import message_from_bytes
from email.policy import default

import pytest
from mailing import BOARD, DAY, SENDER, FakeContent, FakePart

from reports.delivery.message import Letter, message_of
from reports.delivery.tokens import Tokens
from reports.model import Mail, Order


@pytest.fixture(scope="module")
def mail() -> Mail:
    part = FakePart(Order("daily-final", DAY, None, "nationwide", "KR", 0, 0), None)
    return FakeContent().mail(part, "ko", names=False, board_url=BOARD, unsubscribe_url=None, late=False)


@pytest.mark.parametrize("length", range(10, 140, 3))
def test_a_subject_of_any_length_keeps_every_space(mail: Mail, length: int) -> None:
    subject = ("경기남부 일일 리포트 · 2026. 11. 22.(일) 잠정 · 정상, 지연율 1.2% " * 3)[:length].strip()
    letter = Letter(SENDER, "a@b.example", "<a@b>", 0, None)
    data = message_of(replace(mail, subject=subject), letter)
    assert message_from_bytes(data, policy=default)["Subject"] == subject
    head = data.split(b"\r\n\r\n")[0]
    assert all(len(line) <= 78 for line in head.split(b"\r\n"))


def test_mail_programs_find_the_link_to_unsubscribe_as_it_is(mail: Mail) -> None:
    token = Tokens("a secret").make("somebody.with.a.long.name@mail.hubstat.example|camp:C001", "daily-provisional")
    url = f"https://board.hubstat.example/unsubscribe?token={token}"
    data = message_of(
        replace(mail, subject="경기남부 일일 리포트 " * 5), Letter(SENDER, "a@b.example", "<a@b>", 0, url)
    )
    assert len(url) > 150
    assert f"\r\nList-Unsubscribe: <{url}>\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n".encode() in data
    head, _, body = data.partition(b"\r\n\r\n")
    others = [line for line in head.split(b"\r\n") if not line.startswith(b"List-Unsubscribe:")]
    assert max(map(len, others + body.split(b"\r\n"))) <= 78


@pytest.mark.parametrize(
    "subject", ["Plain words", "a\r\nBcc: x@y.example", "한글\r\nBcc: x@y.example", "many words " * 30]
)
def test_a_subject_adds_no_header(mail: Mail, subject: str) -> None:
    letter = Letter(SENDER, "a@b.example", "<a@b>", 0, None)
    found = message_from_bytes(message_of(replace(mail, subject=subject), letter), policy=default)
    assert found["Bcc"] is None
    assert found["Subject"] == " ".join(subject.split())
    assert found["To"] == "a@b.example"
