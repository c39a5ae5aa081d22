"""What the carrier says of each mail, against a real SMTP server that refuses, hangs and drops."""

from __future__ import annotations

import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from mailing import BOARD, DAY, SENDER, FakeContent, FakePart, carrier_to
from smtp import Conduct, MailServerUnderTest, serving

from hubstat.errors import SettingsError
from reports.delivery.message import Letter, message_of
from reports.delivery.smtp import Lost, PutOff, Refused
from reports.model import Order

ONE = "one@hubstat.example"
MESSAGE = b"Subject: x\r\n\r\n.a line with a dot\r\n..two\nbare\r\n"


def server_that(*conducts: Conduct) -> MailServerUnderTest:
    """Does these in turn, the last one for ever."""
    return MailServerUnderTest(lambda _, attempt: conducts[min(attempt, len(conducts)) - 1])


def test_a_mail_arrives_as_it_was_made_and_connections_are_used_again() -> None:
    with serving(server_that("take")) as server:
        carrier = carrier_to(server.port, messages_per_connection=2)
        said = [carrier.hand_over("me@hubstat.example", ONE, MESSAGE) for _ in range(3)]
        carrier.close()
    assert said == ["250 taken as 1", "250 taken as 2", "250 taken as 3"]
    assert server.taken[0][1] == b"Subject: x\r\n\r\n.a line with a dot\r\n..two\r\nbare\r\n"
    assert server.connections == 2


@pytest.mark.parametrize("conduct", ["4xx", "4xx-data", "421"])
def test_a_server_that_asks_to_come_later_has_not_taken_it(conduct: Conduct) -> None:
    with serving(server_that(conduct, "take")) as server:
        carrier = carrier_to(server.port)
        with pytest.raises(PutOff, match=r"451 come back later|452 no room now|421 going down") as told:
            carrier.hand_over("me@hubstat.example", ONE, MESSAGE)
        assert not told.value.unreachable
        assert server.taken == []
        assert carrier.hand_over("me@hubstat.example", ONE, MESSAGE).startswith("250")
        carrier.close()


@pytest.mark.parametrize("conduct", ["5xx", "5xx-data"])
def test_a_server_that_will_never_take_it(conduct: Conduct) -> None:
    with serving(server_that(conduct, "take")) as server:
        carrier = carrier_to(server.port)
        with pytest.raises(Refused, match=r"550 no such person|554 not wanted"):
            carrier.hand_over("me@hubstat.example", ONE, MESSAGE)
        assert carrier.hand_over("me@hubstat.example", ONE, MESSAGE).startswith("250")
        carrier.close()
    assert server.connections == 1


@pytest.mark.parametrize("conduct", ["drop-middle", "hang"])
def test_a_connection_lost_before_the_final_dot_leaves_it_untaken(conduct: Conduct) -> None:
    with serving(server_that(conduct, "take")) as server:
        carrier = carrier_to(server.port, timeout_seconds=0.5)
        with pytest.raises(PutOff, match="before all of the mail was sent") as told:
            carrier.hand_over("me@hubstat.example", ONE, MESSAGE * 250_000)
        assert told.value.dropped
        assert server.taken == []
        assert carrier.hand_over("me@hubstat.example", ONE, MESSAGE).startswith("250")
        carrier.close()


@pytest.mark.parametrize("conduct", ["drop-after-dot", "hang-after-dot"])
def test_a_connection_lost_after_the_final_dot_leaves_it_open(conduct: Conduct) -> None:
    with serving(server_that(conduct, "take")) as server:
        carrier = carrier_to(server.port, timeout_seconds=0.5)
        with pytest.raises(Lost, match="after the whole mail was sent"):
            carrier.hand_over("me@hubstat.example", ONE, MESSAGE)
        assert len(server.taken) == 1
        carrier.close()


@contextmanager
def saying(**answers: str) -> Iterator[int]:
    """The port of a server that answers these lines to MAIL, RCPT and to the final DOT."""
    listening = socket.create_server(("127.0.0.1", 0))

    def talk() -> None:
        connection, _ = listening.accept()
        with connection, connection.makefile("rwb", buffering=0) as file:
            file.write(b"220 mail.test\r\n")
            data = False
            for line in file:
                verb = line[:4].upper().strip().decode()
                if data and line != b".\r\n":
                    continue
                said = answers.get("DOT" if data else verb, "354 go on" if verb == "DATA" else "250 fine")
                data = verb == "DATA" and not data
                file.write(f"{said}\r\n".encode())

    thread = threading.Thread(target=talk)
    thread.start()
    try:
        yield listening.getsockname()[1]
    finally:
        listening.close()
        thread.join(5)


@pytest.mark.parametrize("answer", ["250 taken", "200 taken", "251 taken", "252 taken"])
def test_any_answer_of_success_is_one(answer: str) -> None:
    with saying(MAIL=answer, RCPT=answer, DOT=answer) as port:
        carrier = carrier_to(port)
        assert carrier.hand_over("me@hubstat.example", ONE, MESSAGE) == answer
        carrier.close()


@pytest.mark.parametrize("answer", ["what was that", "354 go on", "999 fine", "100 wait"])
def test_an_answer_to_the_whole_mail_that_says_nothing_leaves_it_open(answer: str) -> None:
    with saying(DOT=answer) as port:
        carrier = carrier_to(port)
        with pytest.raises(Lost, match="nothing that can be read"):
            carrier.hand_over("me@hubstat.example", ONE, MESSAGE)
        carrier.close()


def test_a_connection_that_the_server_ended_in_between_is_made_again() -> None:
    server = server_that("take")
    with serving(server):
        carrier = carrier_to(server.port)
        carrier.hand_over("me@hubstat.example", ONE, MESSAGE)
        smtp = carrier._local.smtp
        smtp.sock.shutdown(2)
        carrier.hand_over("me@hubstat.example", ONE, MESSAGE)
        carrier.close()
    assert len(server.taken) == 2


def test_a_server_that_is_not_there() -> None:
    with serving(server_that("take")) as server:
        pass
    with pytest.raises(PutOff, match="HUBSTAT_SMTP__HOST") as told:
        carrier_to(server.port).hand_over("me@hubstat.example", ONE, MESSAGE)
    assert told.value.unreachable


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, ssl.SSLContext]:
    key, cert = tmp_path / "key.pem", tmp_path / "cert.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1"]
    more = ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(cert)]
    subprocess.run([*command, *more], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    return cert, context


def test_starttls_and_login(certificate: tuple[Path, ssl.SSLContext]) -> None:
    cert, context = certificate
    secure = {"security": "starttls", "ca_certs": cert, "username": "hubstat", "timeout_seconds": 5.0}
    with serving(server_that("take"), tls=context, login=("hubstat", "right")) as server:
        carrier = carrier_to(server.port, password="right", **secure)
        assert carrier.hand_over("me@hubstat.example", ONE, MESSAGE).startswith("250")
        carrier.close()
        with pytest.raises(PutOff, match="refuses the login") as told:
            carrier_to(server.port, password="wrong-one", **secure).hand_over("me@hubstat.example", ONE, MESSAGE)
        assert "wrong-one" not in str(told.value)
        with pytest.raises(PutOff, match="no trusted TLS"):
            carrier_to(server.port, security="starttls").hand_over("me@hubstat.example", ONE, MESSAGE)


def test_starttls_is_never_left_out() -> None:
    with serving(server_that("take")) as server, pytest.raises(PutOff, match="STARTTLS"):
        carrier_to(server.port, security="starttls").hand_over("me@hubstat.example", ONE, MESSAGE)
    assert server.taken == []


def test_a_password_is_never_sent_in_the_clear() -> None:
    with pytest.raises(SettingsError, match="not sent in the clear"):
        carrier_to(25, username="a", password="b")
    with pytest.raises(SettingsError, match="HUBSTAT_SMTP__PASSWORD"):
        carrier_to(25, security="tls", username="a")


def test_a_mail_read_back_has_all_its_parts() -> None:
    order = Order("daily-final", DAY, None, "camp", "C001", 0, 0)
    url = f"{BOARD}/unsubscribe?token=abc"
    mail = FakeContent().mail(
        FakePart(order, None), "ko", names=False, board_url=BOARD, unsubscribe_url=url, late=False
    )
    letter = Letter(SENDER, ONE, "<id@hubstat.example>", 1_795_000_000_000, url)
    with serving(server_that("take")) as server:
        carrier = carrier_to(server.port)
        carrier.hand_over("reports@hubstat.example", ONE, message_of(mail, letter))
        carrier.close()
    (found,) = server.mails(ONE)
    assert found.get_content_type() == "multipart/mixed"
    alternative, attachment = found.iter_parts()
    assert alternative.get_content_type() == "multipart/alternative"
    text, related = alternative.iter_parts()
    html, image = related.iter_parts()
    assert text.get_content().replace("\r\n", "\n") == mail.text
    assert html.get_content().strip() == mail.html
    assert f"cid:{image['Content-ID'].strip('<>')}" in mail.html
    assert image.get_content() == mail.images[0].png
    assert attachment.get_filename() == "figures.csv"
    assert attachment.get_content_type() == "text/csv"
    assert attachment.get_payload(decode=True) == mail.files[0].data
    assert found["Message-ID"] == "<id@hubstat.example>"
    assert found["List-Unsubscribe"] == f"<{url}>"
    assert found["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert found["Auto-Submitted"] == "auto-generated"
    assert found["From"].addresses[0].addr_spec == "reports@hubstat.example"
