"""Facts: the figures of closed days, computed whole per service date and kept; and what follows from them."""
