"""Tells the owner of mails that did not arrive, each once."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, make_msgid
from typing import Final
from zoneinfo import ZoneInfo

from hubstat.domain import time as tm
from hubstat.domain.mailing import Run
from reports.delivery.book import Book
from reports.delivery.message import address_of, domain_of
from reports.delivery.smtp import Carrier, Lost, PutOff, Refused

log = logging.getLogger(__name__)
_NAMED: Final = 50
# So long (ms) after a mail that did not get through the owner is told again.
_AGAIN: Final = 5 * tm.MINUTE


@dataclass(slots=True)
class Alert:
    """owner: address that is told; None: the log alone is. sender: ``name <address>``."""

    book: Book
    carrier: Carrier
    sender: str
    owner: str | None
    zone: ZoneInfo
    clock: Callable[[], int]
    _logged: set[str] = field(default_factory=set)
    _not_before: int = 0

    def tell(self) -> None:
        """Write to the log and the owner what failed or is of unknown fate since the last time.

        Taken for told before the mail goes out, so that of several processes one tells it; taken back where the mail
        surely did not.
        """
        if self.clock() < self._not_before:
            return
        told = self.book.move_many([replace(run, alerted=True) for run in self.book.troubled()])
        if not told:
            return
        for run in told:
            if run.id not in self._logged:
                log.error("mail %s: %s", run.state, _line(run))
        self._logged.clear()
        if self.owner is None:
            return
        try:
            self.carrier.hand_over(address_of(self.sender), self.owner, self._message(told))
        except Lost as error:
            log.error("%s may not have been told of %d mails: %s", self.owner, len(told), error)
        except (PutOff, Refused) as error:
            log.error("%s could not be told of %d mails, and will be again: %s", self.owner, len(told), error)
            self._logged |= {run.id for run in told}
            self._not_before = self.clock() + _AGAIN
            self.book.move_many([replace(run, alerted=False) for run in told])

    def _message(self, runs: list[Run]) -> bytes:
        failed = sum(run.state == "failed" for run in runs)
        message = EmailMessage(policy=SMTP)
        message["From"], message["To"] = self.sender, self.owner
        message["Subject"] = f"hubstat: {failed} mails failed, {len(runs) - failed} unknown"
        message["Date"] = format_datetime(datetime.fromtimestamp(self.clock() / 1000, self.zone))
        message["Message-ID"] = make_msgid(domain=domain_of(address_of(self.sender)))
        message["Auto-Submitted"] = "auto-generated"
        lines = [f"- {run.state}: {_line(run)}" for run in runs[:_NAMED]]
        if len(runs) > _NAMED:
            lines.append(f"- and {len(runs) - _NAMED:,} more")
        help_line = (
            "All of them: hubstat report runs --state failed (or unknown). Send one again: hubstat report resend RUN"
        )
        message.set_content("\n".join([*lines, "", help_line, ""]))
        return message.as_bytes()


def _line(run: Run) -> str:
    return f"{run.id}: {run.error or 'no reason given'}"
