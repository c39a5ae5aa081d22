"""Index templates as files, one a kind of index; ``hubstat.elastic.indices`` installs them."""
