"""The owners of hubs as recipients: who is to be subscribed, and what a subscription keeps when it is written again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date

from hubstat.domain.mailing import Subscription
from hubstat.domain.masterdata import MasterData, Owner
from hubstat.errors import QueryError
from reports.delivery.orders import lang_of
from reports.delivery.recipients import address
from reports.model import REPORTS


def owners_of(
    master: MasterData, today: date, most: Mapping[str, int] | None = None, reports: tuple[str, ...] = REPORTS
) -> tuple[list[Subscription], list[str]]:
    """A subscription for each owner of a hub whose role has not ended; owners without a usable address, to be named.

    most: at most so many of a level; None: all.
    """
    found: list[Subscription] = []
    skipped: list[str] = []
    left = dict(most or {})
    for owner in master.owners:
        if _ended(owner, today) or (most is not None and left.get(owner.level, 0) <= 0):
            continue
        try:
            found.append(_subscription(owner, reports))
        except QueryError:
            skipped.append(f"{owner.name} ({owner.level}:{owner.hub_id})")
            continue
        if most is not None:
            left[owner.level] -= 1
    return found, skipped


def renewed(
    master: MasterData, today: date, known: Iterable[Subscription], reports: tuple[str, ...] = REPORTS
) -> tuple[list[Subscription], list[str]]:
    """As ``owners_of``, to be written over the subscriptions that are known.

    Those keep their reports and stay ended where they were: what somebody unsubscribed from does not come back. A role
    that has ended since ends its subscription too.
    """
    old = {each.id: each for each in known}
    made, skipped = owners_of(master, today, reports=reports)
    found = {each.id: each for each in made}
    for owner in master.owners:
        if _ended(owner, today) and owner.valid_to is not None:
            before = old.get(f"{owner.email.strip().lower()}|{owner.level}:{owner.hub_id}")
            # One that begins later is of another role of the same person.
            if before is not None and before.id not in found and before.valid_from < owner.valid_to < before.valid_to:
                found[before.id] = replace(before, valid_to=owner.valid_to)
    kept = [
        replace(each, reports=old[each.id].reports, active=old[each.id].active) if each.id in old else each
        for each in found.values()
    ]
    return kept, skipped


def _ended(owner: Owner, today: date) -> bool:
    return owner.valid_to is not None and owner.valid_to <= today


def _subscription(owner: Owner, reports: tuple[str, ...]) -> Subscription:
    until = owner.valid_to or date.max
    place = (owner.level, owner.hub_id, reports, True, owner.valid_from, until)
    return Subscription(address(owner.email), owner.name, lang_of(owner.language), *place)
