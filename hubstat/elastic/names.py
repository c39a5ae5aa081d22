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
    def everything(self) -> str:
        """Pattern of every index of the namespace."""
        return f"{self.namespace}-*"
