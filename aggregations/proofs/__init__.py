"""Proofs: what stands behind a figure, down to its invoices with their events and to the terms of its sums."""
