"""What the mails contain: figures read once for a run, and written as mails in Korean and English."""

from reports.content.content import ReportContent

__all__ = ["ReportContent"]
