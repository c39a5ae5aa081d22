"""Who gets which report, and how it is handed over exactly once; what a mail says is made by ``reports.content``."""
