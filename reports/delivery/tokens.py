"""Signed links to unsubscribe: they say which subscription and report, and that this installation made them."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import secrets
from contextlib import suppress
from pathlib import Path
from typing import Final

from itsdangerous import BadSignature, Signer

from hubstat.errors import SettingsError
from hubstat.settings import Settings

_SALT: Final = "unsubscribe"


class Tokens:
    """Makes and reads them. They do not expire: a mail may be years old when its reader has had enough."""

    def __init__(self, secret: str) -> None:
        self._signer = Signer(secret, salt=_SALT, digest_method=hashlib.sha256)

    def make(self, subscription_id: str, report: str) -> str:
        """A token for one report of one subscription; letters that need no escaping in an address."""
        said = base64.urlsafe_b64encode(json.dumps([subscription_id, report]).encode()).rstrip(b"=")
        return self._signer.sign(said).decode()

    def read(self, token: str) -> tuple[str, str] | None:
        """Subscription and report of a token; None where it was not made here."""
        try:
            said = self._signer.unsign(token)
            subscription_id, report = json.loads(base64.urlsafe_b64decode(said + b"=" * (-len(said) % 4)))
        except (BadSignature, ValueError):
            return None
        return str(subscription_id), str(report)


def secret_of(settings: Settings) -> str:
    """The secret of the settings, else one that this machine makes once and keeps to itself.

    Raises ``SettingsError`` where mails leave this machine: their links must hold everywhere and after every restart.
    """
    if settings.reports.secret is not None:
        return settings.reports.secret.get_secret_value()
    if settings.smtp.host is not None:
        raise SettingsError("mails to a real server need HUBSTAT_REPORTS__SECRET: a long random text, kept secret")
    path = settings.namespace_dir / "reports.secret"
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        _write_once(path, secrets.token_urlsafe(32))
    return path.read_text()


def _write_once(path: Path, text: str) -> None:
    """Whole or not at all; of two processes at once, the first one's stays."""
    aside = path.with_name(f"{path.name}.{os.getpid()}")
    with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)
    with suppress(FileExistsError):
        os.link(aside, path)
    aside.unlink()
