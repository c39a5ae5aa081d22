"""Errors that a user can cause. Each says what is wrong, where, and what to do; the command line prints it as one line.

HubstatError
├── SettingsError      a setting is missing or contradicts another
├── EngineError        an engine cannot be fetched, verified, started or reached
├── MasterDataError    a master data row is wrong; nothing of the load was applied
├── SourceError        a file to replay cannot be read
├── QueryError         a figure was asked for that does not exist or cannot be given exactly
│   ├── NotKnownError  nothing was ever received about what was asked for
│   └── RecipientError a mail may not go to this address
└── AccessError        the viewer has no right to this scope
"""

from __future__ import annotations


class HubstatError(Exception):
    """Base of every error a user can cause; ``str()`` is the whole message, one line."""

    exit_code = 1


class SettingsError(HubstatError):
    """A setting is missing or contradicts another."""

    exit_code = 2


class EngineError(HubstatError):
    """An engine cannot be fetched, verified, started or reached."""

    exit_code = 3


class MasterDataError(HubstatError):
    """A master data row is wrong; nothing of the load was applied."""


class SourceError(HubstatError):
    """A file to replay cannot be read."""


class QueryError(HubstatError):
    """A figure was asked for that does not exist or cannot be given exactly."""

    exit_code = 2


class NotKnownError(QueryError):
    """Nothing was ever received about what was asked for. what: its name."""

    def __init__(self, message: str, what: str) -> None:
        super().__init__(message)
        self.what = what


class RecipientError(QueryError):
    """An address is none, or neither a subscriber's nor of an allowed domain."""


class AccessError(HubstatError):
    """The viewer has no right to this scope."""
