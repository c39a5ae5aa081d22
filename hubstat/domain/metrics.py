"""The metric registry: every figure, defined once. Tiles, tables, mails, exports, the audit and the docs read it."""

from __future__ import annotations

from typing import Final

from hubstat.domain.codes import Direction
from hubstat.domain.metric import Metric
from hubstat.domain.metrics_friends import FRIEND_METRICS
from hubstat.domain.metrics_invoices import INVOICE_METRICS

# Grows with every change of a definition; facts and baselines of another version are made anew.
DEFINITION_VERSION: Final = 2

METRICS: Final[tuple[Metric, ...]] = (*INVOICE_METRICS, *FRIEND_METRICS)


def metrics_for(direction: Direction) -> dict[str, Metric]:
    """Metrics of one direction by id, in the order of the registry."""
    return {metric.id: metric for metric in METRICS if direction in metric.directions}
