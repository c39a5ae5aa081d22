"""Everything that speaks with Elasticsearch."""

import sys

# Where pyarrow is installed, the client takes it, and numpy, into memory for a serializer that is not used here: 38 MB
# of every process and a tenth of a second of every command.
_hidden = "pyarrow" not in sys.modules
if _hidden:
    sys.modules["pyarrow"] = None  # type: ignore[assignment]

import elasticsearch  # noqa: E402, F401

if _hidden:
    del sys.modules["pyarrow"]
