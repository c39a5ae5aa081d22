"""The audit's own plain implementation of every figure, written from the definitions alone.

It shares no code with the rest of the project, so that agreement of the two means something. Start at
``figures`` (one (T, K)) or ``figures_many`` (several, decoding once); ``Records`` keeps what was decoded, and gives the
baselines of any service date too.
"""

from hubstat.oracle.baselines import Baselines
from hubstat.oracle.clock import Zone
from hubstat.oracle.compute import Figures, Records, figures, figures_many
from hubstat.oracle.masters import Network, load_hubs
from hubstat.oracle.records import FriendEvent, InvoiceEvent, Reject, decode_friend_record, decode_invoice_record

__all__ = [
    "Baselines",
    "Figures",
    "FriendEvent",
    "InvoiceEvent",
    "Network",
    "Records",
    "Reject",
    "Zone",
    "decode_friend_record",
    "decode_invoice_record",
    "figures",
    "figures_many",
    "load_hubs",
]
