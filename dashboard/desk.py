"""The seam between the screen of the mailed reports and what sends them; neither imports the other."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any, Protocol


class Subscription(Protocol):
    """Who gets which reports about which hub."""

    @property
    def recipient(self) -> str:
        """E-mail address."""

    @property
    def name(self) -> str:
        """Name of the person."""

    @property
    def lang(self) -> str:
        """``ko`` or ``en``."""

    @property
    def level(self) -> str:
        """Level of the hub."""

    @property
    def hub(self) -> str:
        """Id of the hub."""

    @property
    def reports(self) -> Sequence[str]:
        """Names of the reports."""

    @property
    def active(self) -> bool:
        """Whether mails go out."""


class Run(Protocol):
    """One report for one recipient and what became of it. Times in ms."""

    @property
    def id(self) -> str:
        """Names it."""

    @property
    def report(self) -> str:
        """Name of the report."""

    @property
    def service_date(self) -> date:
        """The date it is of."""

    @property
    def level(self) -> str:
        """Level of the hub."""

    @property
    def hub(self) -> str:
        """Id of the hub."""

    @property
    def recipient(self) -> str:
        """E-mail address."""

    @property
    def state(self) -> str:
        """How far it is; ``sent`` and ``failed`` among them."""

    @property
    def slot_at(self) -> int:
        """When it was due."""

    @property
    def ended_at(self) -> int | None:
        """When it was sent or given up."""

    @property
    def attempts(self) -> int:
        """How often it was tried."""

    @property
    def error(self) -> str | None:
        """Why it failed."""


class Desk(Protocol):
    """What can be done with reports. Every call may block and may raise ``HubstatError``."""

    def subscriptions(self) -> Sequence[Subscription]:
        """Every subscription, also those that hold no more."""

    def runs(self, limit: int) -> Sequence[Run]:
        """The latest runs, the latest due first."""

    def resend(self, run_id: str) -> Run:
        """Send a run again that did not arrive; the run as it is then."""

    def order(self, report: str, service_date: date, level: str, hub: str | None, *, wave: str | None) -> Any:
        """What is to be reported, at the moment that fits the date."""

    def preview_html(self, order: Any, lang: Any) -> str:
        """The mail of an order as it would be sent, with its pictures inside."""

    def send_now(self, order: Any, recipient: str, lang: Any) -> Run:
        """Send one report to one person at once; the run as it is then."""
