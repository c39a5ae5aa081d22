"""The mail server of an installation that has none: it keeps every mail in a folder, to be read at the board.

It is a real SMTP server on loopback, so what is tested and shown here goes the way of a real mail.
"""

from __future__ import annotations

import json
import os
import re
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Final

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from hubstat.settings import Settings, SmtpSettings
from reports.delivery.smtp import MailServer, PutOff

_HOST: Final = "127.0.0.1"
_NAME: Final = re.compile(r"\d{13,20}-\d+-\d+\.eml")
_LARGEST: Final = 50_000_000
# The oldest are thrown away: a demo that runs for weeks must not fill a disk.
_KEPT: Final = 5_000


def folder_of(settings: Settings) -> Path:
    """Where the mails of a namespace are."""
    return settings.namespace_dir / "mails"


class Folder:
    """Mails as files, named by the time they came."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._count = 0

    def keep(self, data: bytes) -> str:
        """Keep one mail; its name. Written aside and renamed, so nobody reads half of it."""
        self.path.mkdir(parents=True, exist_ok=True)
        self._count += 1
        name = f"{time.time_ns() // 1_000_000}-{os.getpid()}-{self._count}.eml"
        aside = self.path / f".{name}"
        aside.write_bytes(data)
        aside.rename(self.path / name)
        if self._count % 100 == 1:
            for old in self.names()[_KEPT:]:
                (self.path / old).unlink(missing_ok=True)
        return name

    def names(self) -> list[str]:
        """Names of all mails, the latest first."""
        if not self.path.is_dir():
            return []
        found = [path.name for path in self.path.iterdir() if _NAME.fullmatch(path.name)]
        return sorted(found, key=lambda name: tuple(map(int, name.removesuffix(".eml").split("-"))), reverse=True)

    def mail(self, name: str) -> EmailMessage | None:
        """One mail; None where there is none of this name."""
        path = self.path / name
        if not _NAME.fullmatch(name) or not path.is_file():
            return None
        found = message_from_bytes(path.read_bytes(), policy=policy.default)
        return found if isinstance(found, EmailMessage) else None


@dataclass
class _Keeper:
    """Takes every mail. No slots: aiosmtpd looks at all its members, which the first Pythons 3.11 cannot with them."""

    folder: Folder

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Keep it, then say so."""
        data = envelope.original_content or b""
        recipients = ", ".join(envelope.rcpt_tos)
        name = self.folder.keep(b"X-Envelope-To: " + recipients.encode() + b"\r\n" + data)
        return f"250 kept as {name}"


class _Loopback(Controller):
    def factory(self) -> SMTP:
        return SMTP(self.handler, hostname="localhost", data_size_limit=_LARGEST, ident="hubstat mail catcher")


@contextmanager
def serving(settings: Settings) -> Iterator[MailServer]:
    """For a service: the server of the settings, else a catcher that others of this machine find and use."""
    if settings.smtp.host is not None:
        yield MailServer.of(settings.smtp)
        return
    with _catching(settings) as server:
        address = _address(settings)
        address.parent.mkdir(parents=True, exist_ok=True)
        mine = json.dumps({"port": server.port})
        address.write_text(mine)
        try:
            yield server
        finally:
            if address.exists() and address.read_text() == mine:
                address.unlink()


@contextmanager
def borrowed(settings: Settings) -> Iterator[MailServer]:
    """For a single command: the server of the settings, else the catcher that runs, else one of its own meanwhile."""
    if settings.smtp.host is not None:
        yield MailServer.of(settings.smtp)
    elif (port := _running(settings)) is not None:
        yield _plain(port)
    else:
        with _catching(settings) as server:
            yield server


def found(settings: Settings) -> MailServer:
    """The server of the settings, else the catcher that runs. Raises ``PutOff`` where none does."""
    if settings.smtp.host is not None:
        return MailServer.of(settings.smtp)
    port = _running(settings)
    if port is None:
        raise PutOff("no mail server is set and no scheduler runs, which would keep the mails", unreachable=True)
    return _plain(port)


@contextmanager
def _catching(settings: Settings) -> Iterator[MailServer]:
    with socket.socket() as probe:
        probe.bind((_HOST, 0))
        port = int(probe.getsockname()[1])
    controller = _Loopback(_Keeper(Folder(folder_of(settings))), hostname=_HOST, port=port)
    controller.start()
    try:
        yield _plain(port)
    finally:
        controller.stop()


def _address(settings: Settings) -> Path:
    return settings.namespace_dir / "mails.json"


def _running(settings: Settings) -> int | None:
    """Port of a catcher that answers already."""
    try:
        port = int(json.loads(_address(settings).read_text())["port"])
        with socket.create_connection((_HOST, port), timeout=1) as connection:
            connection.settimeout(2)
            return port if b"hubstat mail catcher" in connection.recv(200) else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _plain(port: int) -> MailServer:
    return MailServer.of(SmtpSettings(host=_HOST, port=port, security="none"))
