"""One small day of a small network, with a figure of every metric reckoned by hand. Pure data.

The pages of docs/ show it, the tests hold every interpreter to it. ``story`` says what happened, ``records`` makes
contract records of it, ``invoices`` and ``friends`` say what the figures must be and why.
"""

from hubstat.examples.friends import FRIEND_EXAMPLES
from hubstat.examples.invoices import INVOICE_EXAMPLES
from hubstat.examples.parts import SERVICE_DATE, Example
from hubstat.examples.records import MASTER, event_records, files, friend_records, invoice_records

EXAMPLES: tuple[Example, ...] = (*INVOICE_EXAMPLES, *FRIEND_EXAMPLES)

__all__ = [
    "EXAMPLES",
    "MASTER",
    "SERVICE_DATE",
    "Example",
    "event_records",
    "files",
    "friend_records",
    "invoice_records",
]
