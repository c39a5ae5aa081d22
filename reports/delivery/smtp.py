"""Hands mails to a mail server, and says exactly how far each one got.

A mail is handed over in one step that cannot be undone or repeated safely: the final dot of its data. Everything that
goes wrong before it may be tried again; what goes wrong after it, before the server has answered, leaves open whether
the mail is taken.
"""

from __future__ import annotations

import re
import select
import smtplib
import ssl
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, Protocol

from hubstat.errors import SettingsError
from hubstat.settings import SmtpSettings

_PORTS: Final = {"starttls": 587, "tls": 465, "none": 25}
_LINE_BREAK: Final = re.compile(rb"\r\n|\n|\r")
_LEADING_DOT: Final = re.compile(rb"(?m)^\.")
_MOST_SAID: Final = 500


class PutOff(Exception):
    """Not handed over; it may be tried again.

    unreachable: no mail can be handed over at the moment. dropped: the connection was lost over this one.
    """

    def __init__(self, why: str, *, unreachable: bool = False, dropped: bool = False) -> None:
        super().__init__(why)
        self.unreachable = unreachable
        self.dropped = dropped


class Refused(Exception):
    """Not taken, and never will be as it is (5xx)."""


class Lost(Exception):
    """All of it was handed over and no answer came: nobody knows whether it is taken."""


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where mails go. security, timeout and the rest: of the settings."""

    host: str
    port: int
    smtp: SmtpSettings

    @classmethod
    def of(cls, smtp: SmtpSettings) -> MailServer:
        """The server of the settings, which must name one. Raises ``SettingsError`` where a login cannot be safe."""
        assert smtp.host is not None
        if (smtp.username is None) != (smtp.password is None):
            raise SettingsError("a login needs HUBSTAT_SMTP__USERNAME and HUBSTAT_SMTP__PASSWORD")
        if smtp.username is not None and smtp.security == "none":
            raise SettingsError("a password is not sent in the clear: set HUBSTAT_SMTP__SECURITY to starttls or tls")
        return cls(smtp.host, smtp.port or _PORTS[smtp.security], smtp)

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


class Carrier(Protocol):
    """Hands mails over."""

    def hand_over(self, sender: str, recipient: str, message: bytes) -> str:
        """Hand one mail over; what the server answered. Blocks. May be called from several threads.

        Raises ``PutOff``, ``Refused``, ``Lost``.
        """

    def close(self) -> None:
        """Let go of every connection."""


class SmtpCarrier:
    """Hands mails over by SMTP; each thread keeps a connection of its own. find: the server, for each connection."""

    def __init__(self, find: Callable[[], MailServer]) -> None:
        self._find = find
        self._local = threading.local()
        self._lock = threading.Lock()
        self._open: set[smtplib.SMTP] = set()

    def hand_over(self, sender: str, recipient: str, message: bytes) -> str:
        """See ``Carrier``."""
        smtp, used = self._connection()
        try:
            return self._deliver(smtp, sender, recipient, message)
        except _Idle as error:
            # A server ends connections that were idle; nothing of this mail has gone over it.
            if not used:
                raise PutOff(f"{self._server} ended the connection: {error}", unreachable=True) from error
        smtp, _ = self._connection()
        try:
            return self._deliver(smtp, sender, recipient, message)
        except _Idle as error:
            raise PutOff(f"{self._server} ended the connection: {error}", unreachable=True) from error

    def close(self) -> None:
        """Let go of every connection; to be called when no thread hands over any more."""
        with self._lock:
            for smtp in self._open:
                with suppress(smtplib.SMTPException, OSError):
                    smtp.quit()
                smtp.close()
            self._open.clear()
        self._local = threading.local()

    @property
    def _server(self) -> MailServer:
        """What this thread's connection leads to."""
        server: MailServer = self._local.server
        return server

    def _connection(self) -> tuple[smtplib.SMTP, bool]:
        """This thread's connection, and whether it has been used before."""
        smtp: smtplib.SMTP | None = getattr(self._local, "smtp", None)
        if smtp is not None and self._local.sent >= self._server.smtp.messages_per_connection:
            with suppress(smtplib.SMTPException, OSError):
                smtp.quit()
            self._forget(smtp)
            smtp = None
        if smtp is not None:
            return smtp, True
        smtp = self._connect()
        with self._lock:
            self._open.add(smtp)
        self._local.smtp, self._local.sent = smtp, 0
        return smtp, False

    def _forget(self, smtp: smtplib.SMTP) -> None:
        smtp.close()
        with self._lock:
            self._open.discard(smtp)
        self._local.smtp = None

    def _connect(self) -> smtplib.SMTP:
        server = self._local.server = self._find()
        chosen = server.smtp
        smtp: smtplib.SMTP | None = None
        try:
            context = ssl.create_default_context(cafile=chosen.ca_certs) if chosen.security != "none" else None
            if chosen.security == "tls":
                smtp = smtplib.SMTP_SSL(server.host, server.port, timeout=chosen.timeout_seconds, context=context)
            else:
                smtp = smtplib.SMTP(server.host, server.port, timeout=chosen.timeout_seconds)
            if chosen.security == "starttls":
                smtp.starttls(context=context)
            smtp.ehlo_or_helo_if_needed()
            if chosen.username is not None and chosen.password is not None:
                smtp.login(chosen.username, chosen.password.get_secret_value())
        except smtplib.SMTPAuthenticationError as error:
            _drop(smtp)
            raise PutOff(
                f"{server} refuses the login ({_said(error.smtp_code, error.smtp_error)}): "
                "set HUBSTAT_SMTP__USERNAME and __PASSWORD",
                unreachable=True,
            ) from None
        except ssl.SSLError as error:
            _drop(smtp)
            raise PutOff(
                f"no trusted TLS connection to {server} ({error}): set HUBSTAT_SMTP__CA_CERTS or __SECURITY",
                unreachable=True,
            ) from error
        except (smtplib.SMTPException, OSError) as error:
            _drop(smtp)

            said = f"no connection to {server} ({error}): see HUBSTAT_SMTP__HOST and __PORT"
            raise PutOff(said, unreachable=True) from error
        return smtp

    def _deliver(self, smtp: smtplib.SMTP, sender: str, recipient: str, message: bytes) -> str:
        try:
            self._envelope(smtp, sender, recipient, len(message))
            code, said = smtp.docmd("DATA")
            if code != 354:
                raise self._verdict(smtp, code, said, "DATA")
            smtp.send(_wire(message))
        except (Refused, PutOff, _Idle):
            raise
        except (smtplib.SMTPException, OSError) as error:
            self._forget(smtp)
            why = f"{self._server} dropped the connection before all of the mail was sent: {error}"
            raise PutOff(why, dropped=True) from error
        try:
            self._final_dot(smtp)
            code, said = smtp.getreply()
        except (smtplib.SMTPException, OSError) as error:
            self._forget(smtp)
            raise Lost(f"{self._server} did not answer after the whole mail was sent: {error}") from error
        self._local.sent += 1
        if 200 <= code <= 299:
            return _said(code, said)
        if not 400 <= code <= 599:
            self._forget(smtp)
            raise Lost(
                f"{self._server} said nothing that can be read after the whole mail was sent: {_said(code, said)}"
            )
        raise self._verdict(smtp, code, said, "the mail")

    def _final_dot(self, smtp: smtplib.SMTP) -> None:
        """Send it; where the connection is known to be gone before, the mail cannot have been taken."""
        assert smtp.sock is not None
        try:
            # A server says nothing before the dot, unless it ends the connection.
            if select.select([smtp.sock], [], [], 0)[0]:
                raise ConnectionResetError("it spoke before the end of the mail")
            smtp.sock.sendall(b".\r\n")
        except ConnectionError as error:
            self._forget(smtp)
            why = f"{self._server} dropped the connection before all of the mail was sent: {error}"
            raise PutOff(why, dropped=True) from error

    def _envelope(self, smtp: smtplib.SMTP, sender: str, recipient: str, size: int) -> None:
        limit = smtp.esmtp_features.get("size", "")
        if limit.isdigit() and 0 < int(limit) < size:
            raise Refused(f"{self._server} takes mails of at most {int(limit):,} bytes, this one has {size:,}")
        options = [f"size={size}"] if "size" in smtp.esmtp_features else []
        try:
            code, said = smtp.mail(sender, options)
        except (smtplib.SMTPServerDisconnected, ConnectionError) as error:
            self._forget(smtp)
            raise _Idle(str(error)) from error
        if not 200 <= code <= 299:
            raise self._verdict(smtp, code, said, f"the sender {sender}")
        code, said = smtp.rcpt(recipient)
        if not 200 <= code <= 299:
            raise self._verdict(smtp, code, said, f"the recipient {recipient}")

    def _verdict(self, smtp: smtplib.SMTP, code: int, said: bytes, what: str) -> PutOff | Refused:
        """What an answer means; leaves the connection ready for the next mail."""
        if code == 421 or code < 0:
            self._forget(smtp)
        else:
            try:
                smtp.rset()
            except (smtplib.SMTPException, OSError):
                self._forget(smtp)
        answer = f"{self._server} refuses {what}: {_said(code, said)}"
        if 500 <= code <= 599:
            return Refused(answer)
        return PutOff(answer)


class _Idle(Exception):
    """The connection turned out to be closed before anything of a mail was sent over it."""


def _drop(smtp: smtplib.SMTP | None) -> None:
    if smtp is not None:
        smtp.close()


def _said(code: int, said: bytes | str) -> str:
    text = said if isinstance(said, str) else said.decode(errors="replace")
    return f"{code} {text}".replace("\n", " ").strip()[:_MOST_SAID]


def _wire(message: bytes) -> bytes:
    """A message as it goes over the wire, up to its final dot: whole lines, none of which looks like that dot."""
    lines = _LEADING_DOT.sub(b"..", _LINE_BREAK.sub(b"\n", message)).replace(b"\n", b"\r\n")
    return lines if lines.endswith(b"\r\n") else lines + b"\r\n"
