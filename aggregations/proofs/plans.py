"""The plan of a hub as terms: what each camp and wave below it gives."""

from __future__ import annotations

from collections.abc import Iterator

from aggregations.day import plan_tally
from aggregations.proofs.invoices import Asked
from aggregations.proofs.model import Sentence, Term
from aggregations.question import ALL_WAVES
from aggregations.tally import Tally
from hubstat.domain import time as tm
from hubstat.domain.hierarchy import UNMAPPED
from hubstat.domain.metric import Plan


def plan_terms(asked: Asked, measure: Plan, hours: frozenset[str]) -> list[Term]:
    """Due × plan share of every camp and wave that has one. hours: labels that the figure has, of a plan by hour."""
    if asked.node.level == "friend":
        return []
    found: list[Term] = []
    for camp, wave, due, planned in _planned(asked):
        head = Sentence(f"캠프 {camp or UNMAPPED}, {wave}, 대상 {due}", f"camp {camp or UNMAPPED}, {wave}, due {due}")
        if measure.part == "due":
            found.append(Term(due, head, camp))
        elif measure.part == "now":
            amount = planned.sums["plan"]
            found.append(Term(amount, head + _share(amount / due, asked.wording.clock(asked.day.moment.as_of)), camp))
        else:
            for hour, amount in sorted(planned.plan.items()):
                label = tm.hour_label(hour, asked.zone)
                if label in hours:
                    share = _share(amount / due, asked.wording.clock((hour + 1) * tm.HOUR))
                    found.append(Term(amount, head + share, camp, key=label))
    return found


def _share(share: float, clock: str) -> Sentence:
    return Sentence(f"× {clock}까지의 비율 {share:.2%}", f"× share {share:.2%} by {clock}")


def _planned(asked: Asked) -> Iterator[tuple[str | None, str, int, Tally]]:
    """Camp, wave, due and plan of every part that is due and has a share."""
    day, direction = asked.day, asked.question.direction
    midnight = tm.day_start(day.service_date, asked.zone)
    counted = day.counted("camp", direction, frozenset({"invoices"}))
    for (camp, wave), tally in sorted(counted.items(), key=lambda item: [part or "" for part in item[0]]):
        due = tally.counts["due", ""]
        shares = day.baselines.plan.get((camp or UNMAPPED, direction, str(wave)))
        if wave is None or wave == ALL_WAVES or shares is None or not due:
            continue
        if asked.of_wave(wave) and asked.has(camp, None):
            yield camp, wave, due, plan_tally(due, shares, midnight, day.moment.as_of)
