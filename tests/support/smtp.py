"""A real SMTP server in this process that keeps what it takes, and misbehaves as it is told."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any, Final, Literal

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

Conduct = Literal[
    "take", "4xx", "5xx", "4xx-data", "5xx-data", "hang", "drop-middle", "drop-after-dot", "hang-after-dot", "421"
]

_ANSWERS: Final = {"4xx": "451 come back later", "5xx": "550 no such person", "421": "421 going down"}


class MailServerUnderTest:
    """conduct: what it does with the n-th try (from 1) for a recipient. mails: what it took, by recipient."""

    def __init__(self, conduct: Callable[[str, int], Conduct] = lambda recipient, attempt: "take") -> None:
        self.conduct = conduct
        self.tries: Counter[str] = Counter()
        self.taken: list[tuple[str, bytes]] = []
        self.connections = 0
        self.port = 0
        self.now: dict[str, Conduct] = {}

    def mails(self, recipient: str) -> list[EmailMessage]:
        """What it took for one of them, parsed."""
        found = [message_from_bytes(data, policy=default) for to, data in self.taken if to == recipient]
        return [each for each in found if isinstance(each, EmailMessage)]

    @property
    def counts(self) -> Counter[str]:
        """How many mails each recipient got."""
        return Counter(recipient for recipient, _ in self.taken)

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        self.tries[address] += 1
        conduct = self.now[address] = self.conduct(address, self.tries[address])
        envelope.rcpt_tos.append(address)
        if conduct == "hang":
            await asyncio.sleep(60)
        return {"4xx": "451 come back later", "5xx": "550 no such person", "421": "421 going down"}.get(
            conduct, "250 OK"
        )

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        (recipient,) = envelope.rcpt_tos
        conduct = self.now[recipient]
        if conduct == "4xx-data":
            return "452 no room now"
        if conduct == "5xx-data":
            return "554 not wanted"
        data = envelope.original_content
        assert data is not None
        self.taken.append((recipient, data))
        if conduct == "drop-after-dot":
            assert server.transport is not None
            server.transport.abort()
        if conduct == "hang-after-dot":
            await asyncio.sleep(60)
        return f"250 taken as {len(self.taken)}"


class _Protocol(SMTP):
    """Drops the connection while it is reading a mail, where it is told to."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self.event_handler.connections += 1

    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802
        assert self.envelope is not None
        conducts = [self.event_handler.now.get(recipient) for recipient in self.envelope.rcpt_tos]
        if conducts != ["drop-middle"]:
            await super().smtp_DATA(arg)
            return
        await self.push("354 go on")
        await self._reader.read(1)
        assert self.transport is not None
        self.transport.abort()


@contextmanager
def serving(
    server: MailServerUnderTest, *, tls: ssl.SSLContext | None = None, login: tuple[str, str] | None = None
) -> Iterator[MailServerUnderTest]:
    """Serve on a free port of loopback until the block ends. tls: STARTTLS is required. login: so is this one."""

    def authenticate(_: Any, __: Any, ___: Any, mechanism: str, data: Any) -> AuthResult:
        given = (data.login.decode(), data.password.decode()) if isinstance(data, LoginPassword) else None
        return AuthResult(success=given == login, handled=False)

    class Loopback(Controller):
        def factory(self) -> SMTP:
            return _Protocol(
                self.handler,
                hostname="mail.test",
                tls_context=tls,
                require_starttls=tls is not None,
                auth_required=login is not None,
                authenticator=authenticate if login is not None else None,
                data_size_limit=20_000_000,
            )

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        server.port = probe.getsockname()[1]
    controller = Loopback(server, hostname="127.0.0.1", port=server.port)
    controller.start()
    server.connections = 0  # it tries itself when it starts
    try:
        yield server
    finally:
        controller.stop()
