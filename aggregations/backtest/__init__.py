"""The back-test of the projection: what it said at every full hour of closed days against what happened then."""

from aggregations.backtest.stored import backtest, dates_with_work, error_of, keep

__all__ = ["backtest", "dates_with_work", "error_of", "keep"]
