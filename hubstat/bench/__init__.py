"""Benchmarks: this program side by side with its peers, on engines of their own, in one run."""
