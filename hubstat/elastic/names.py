"""Names of everything an installation keeps in Elasticsearch; all begin with its namespace and a hyphen."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Names:
    """Index names of one namespace."""

    namespace: str

    def invoices(self, date: str) -> str:
        """Index of the invoices first seen for a date ``YYYY-MM-DD``."""
        return f"{self.namespace}-invoices-{date}"

    @property
    def all_invoices(self) -> str:
        """Pattern of every invoice index."""
        return f"{self.namespace}-invoices-*"

    def friends(self, date: str) -> str:
        """Index of the Friend documents of a local date ``YYYY-MM-DD``."""
        return f"{self.namespace}-friends-{date}"

    @property
    def friend_corrections(self) -> str:
        """Index of the corrections of friend events, one document a Friend."""
        return f"{self.namespace}-friend-corrections"

    @property
    def dead_letters(self) -> str:
        """Index of refused records."""
        return f"{self.namespace}-dead-letters"

    @property
    def hubs(self) -> str:
        """Index of the master data."""
        return f"{self.namespace}-hubs"

    @property
    def ingest_status(self) -> str:
        """Index of the ingest workers' reports, one document a worker."""
        return f"{self.namespace}-ingest-status"

    @property
    def rollup_marks(self) -> str:
        """Index of the service dates that must be rolled up again, one document a date."""
        return f"{self.namespace}-rollup-marks"

    @property
    def rollup_dates(self) -> str:
        """Index of the service dates that were rolled up, one document a date: how, and its share in baselines."""
        return f"{self.namespace}-rollup-dates"

    @property
    def facts_camp_hour(self) -> str:
        """Index of the facts of closed days by camp and hour."""
        return f"{self.namespace}-facts-camp-hour"

    @property
    def facts_camp_day(self) -> str:
        """Index of the facts of closed days by camp."""
        return f"{self.namespace}-facts-camp-day"

    @property
    def facts_friend_day(self) -> str:
        """Index of the facts of closed days by Friend."""
        return f"{self.namespace}-facts-friend-day"

    @property
    def restatements(self) -> str:
        """Index of the figures of closed days that are no longer what they were at closing."""
        return f"{self.namespace}-restatements"

    @property
    def baselines(self) -> str:
        """Index of the baselines, one document a service date and version."""
        return f"{self.namespace}-baselines"

    @property
    def audits(self) -> str:
        """Index of the audits that were recorded."""
        return f"{self.namespace}-audits"

    @property
    def backtests(self) -> str:
        """Index of the last back-test of the projection, one document an hour of day."""
        return f"{self.namespace}-backtests"

    @property
    def subscriptions(self) -> str:
        """Index of who gets which report."""
        return f"{self.namespace}-subscriptions"

    @property
    def report_runs(self) -> str:
        """Index of every mail's state, one document a report, service date, wave, hub, recipient and revision."""
        return f"{self.namespace}-report-runs"

    @property
    def report_schedule(self) -> str:
        """Index of how far the schedule of each report is worked off, and of the schedulers that run."""
        return f"{self.namespace}-report-schedule"

    @property
    def fixed(self) -> tuple[str, ...]:
        """Every index whose name is no date's: they exist from the beginning."""
        return (
            self.friend_corrections,
            self.dead_letters,
            self.hubs,
            self.ingest_status,
            self.rollup_marks,
            self.rollup_dates,
            self.facts_camp_hour,
            self.facts_camp_day,
            self.facts_friend_day,
            self.restatements,
            self.baselines,
            self.audits,
            self.backtests,
            self.subscriptions,
            self.report_runs,
            self.report_schedule,
        )

    @property
    def everything(self) -> str:
        """Pattern of every index of the namespace."""
        return f"{self.namespace}-*"
