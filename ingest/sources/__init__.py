"""Sources of events besides a live producer: files in the contract's form or of a public data set."""
