"""The unprivileged user the engines run as when hubstat runs as root (Elasticsearch refuses to run as root)."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path

from hubstat.errors import EngineError

_DEFAULT_USER = "nobody"


@dataclass(frozen=True, slots=True)
class Account:
    """Who the engines run as. ``uid`` and ``gid`` are None where they run as the present user."""

    uid: int | None = None
    gid: int | None = None
    name: str = ""

    def own(self, path: Path) -> None:
        """Create the folder ``path`` and give it, not what is in it, to this account; nobody else may read it."""
        path.mkdir(parents=True, exist_ok=True)
        path.chmod(0o700)
        if self.uid is not None and self.gid is not None:
            os.chown(path, self.uid, self.gid)

    def own_all(self, path: Path) -> None:
        """Give ``path`` and everything below it to this account."""
        self.own(path)
        if self.uid is None or self.gid is None:
            return
        for parent, folders, files in os.walk(path):
            for name in folders + files:
                os.chown(Path(parent) / name, self.uid, self.gid, follow_symlinks=False)

    def obstacle(self, path: Path) -> Path | None:
        """The first folder from the root down to ``path`` that this account may not enter; None where there is none."""
        if self.uid is None:
            return None
        folders = [*reversed(path.absolute().parents), path.absolute()]
        return next((folder for folder in folders if folder.exists() and not self._may_pass(folder.stat())), None)

    def _may_pass(self, status: os.stat_result) -> bool:
        if status.st_uid == self.uid:
            return bool(status.st_mode & stat.S_IXUSR)
        if status.st_gid == self.gid:
            return bool(status.st_mode & stat.S_IXGRP)
        return bool(status.st_mode & stat.S_IXOTH)

    def make_way(self, path: Path, setting: str) -> None:
        """Create the folder ``path`` so that this account can reach it; folders that were there keep their mode.

        Raises EngineError where the account may not enter one of them, naming the ``setting`` to change.
        """
        obstacle = self.obstacle(path)
        if obstacle is not None:
            raise EngineError(
                f"as root the engines run as user {self.name!r}, who may not enter {obstacle}: "
                f"set {setting} to a folder that every user may reach (now {path})"
            )
        missing = [folder for folder in (path, *path.absolute().parents) if not folder.exists()]
        path.mkdir(parents=True, exist_ok=True)
        if self.uid is not None:
            for folder in missing:
                folder.chmod(0o755)


def pick_account(user: str | None) -> Account:
    """The account for the engines: the present user, or for root ``user`` (default ``nobody``).

    Raises EngineError where there is no such user or it is root itself.
    """
    if os.geteuid() != 0:
        return Account()
    import pwd  # absent on Windows, where no embedded engine runs

    name = user or _DEFAULT_USER
    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        raise EngineError(f"there is no user {name!r} to run the engines as: set HUBSTAT_ENGINES__USER") from None
    if entry.pw_uid == 0:
        raise EngineError(f"user {name!r} is root, as whom Elasticsearch refuses to run: set HUBSTAT_ENGINES__USER")
    return Account(entry.pw_uid, entry.pw_gid, name)
