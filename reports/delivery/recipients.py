"""Who a mail may go to, and what each of them may see: everything goes through one ``Viewer``."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from typing import Final

from aggregations.viewer import Grant, Viewer
from hubstat.domain.hierarchy import HubTree
from hubstat.domain.mailing import Run, Subscription
from hubstat.errors import AccessError, RecipientError
from reports.delivery.book import Book
from reports.delivery.message import domain_of
from reports.model import Order

_ADDRESS: Final = re.compile(r"(?=.{1,64}@)[a-z0-9_%+'-]+(\.[a-z0-9_%+'-]+)*@[a-z0-9-]+(\.[a-z0-9-]+)*")


def address(text: str) -> str:
    """An e-mail address in the one form it is kept in. Raises ``RecipientError`` where it is none."""
    found = text.strip().lower()
    if not _ADDRESS.fullmatch(found) or len(found) > 254:
        raise RecipientError(f"{text!r} is no e-mail address such as name@example.com")
    return found


def viewer_of(recipient: str, subscriptions: Iterable[Subscription]) -> Viewer:
    """A recipient with the rights of their subscriptions; those that were ended give none."""
    own = [each for each in subscriptions if each.recipient == recipient and each.active]
    return Viewer(recipient, tuple(Grant(each.level, each.hub, each.valid_from, each.valid_to) for each in own))


@dataclass(frozen=True, slots=True)
class Recipients:
    """The people that are known. tree_of: the hierarchy on a date."""

    book: Book
    tree_of: Callable[[date], HubTree]
    country: str
    allowed_domains: tuple[str, ...] = ()

    def known(self, recipient: str, order: Order) -> tuple[Viewer, Subscription | None]:
        """Somebody that a single mail may go to, and their subscription to the hub, else to another, if there is one.

        Raises ``RecipientError`` where the address is neither a subscriber's nor of an allowed domain.
        """
        wanted = address(recipient)
        own = [each for each in self.book.subscriptions() if each.recipient == wanted and each.active]
        if own:
            about = [each for each in own if (each.level, each.hub) == (order.level, order.hub)]
            return viewer_of(wanted, own), (about or own)[0]
        if domain_of(wanted) in self.allowed_domains:
            return Viewer(wanted, Viewer.everything(self.country).grants), None
        raise RecipientError(
            f"{wanted} is no subscriber: subscribe it with `hubstat report subscribe`, or allow its domain with "
            "HUBSTAT_REPORTS__ALLOWED_DOMAINS"
        )

    def about(self, run: Run, today: date, subscriptions: Iterable[Subscription]) -> Subscription | None:
        """The subscription of a run's recipient to just this hub, where it holds today."""
        found = (each for each in subscriptions if each.recipient == run.recipient and each.active)
        return next(
            (
                each
                for each in found
                if (each.level, each.hub) == (run.level, run.hub) and each.valid_from <= today < each.valid_to
            ),
            None,
        )

    def require(self, viewer: Viewer, order: Order) -> None:
        """Raise ``AccessError`` unless the viewer may see the hub of the order on its service date."""
        viewer.require(self.tree_of(order.service_date), order.service_date, order.level, order.hub)

    def still(self, run: Run, order: Order, today: date, subscriptions: Iterable[Subscription]) -> Viewer:
        """The viewer of a run that is about to be built. Raises ``AccessError`` where the mail is not theirs any more.

        today: a role that has ended since the service date gives no mails of it.
        """
        own = [each for each in subscriptions if each.recipient == run.recipient and each.active]
        if not own and run.by_hand and domain_of(run.recipient) in self.allowed_domains:
            viewer = Viewer(run.recipient, Viewer.everything(self.country).grants)
        else:
            viewer = viewer_of(run.recipient, [each for each in own if each.valid_from <= today < each.valid_to])
            about = next((each for each in own if (each.level, each.hub) == (run.level, run.hub)), None)
            if not run.by_hand and (about is None or run.report not in about.reports):
                what = f"{run.report} of {run.level} {run.hub}"
                raise AccessError(f"{run.recipient} has no subscription to {what} any more")
        self.require(viewer, order)
        return viewer
