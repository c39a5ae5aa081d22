"""Writes the generated pages of ``docs/`` from settings, metric registry, example day and measurements; or checks them.

Run as ``python -m hubstat.docs [--check]`` in a checkout. With ``--check`` nothing is written and the exit code is 1 if
a page is not as it would be written.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Final

from hubstat.documentation.example import example_page
from hubstat.documentation.metrics import metrics_page
from hubstat.documentation.performance import performance_page
from hubstat.documentation.settings import settings_page
from hubstat.documentation.sizing import sizing_page
from hubstat.examples import files

_FOLDER: Final = Path(__file__).parents[1] / "docs"
_RESULTS: Final = "performance.json"
_DAY: Final = "full-day.json"


def pages(folder: Path) -> dict[str, str]:
    """The generated pages and files by their path in ``folder``, which may hold measurements."""
    results, day = folder / _RESULTS, folder / _DAY
    return {
        "settings.md": settings_page(),
        "metrics.md": metrics_page(),
        "example/README.md": example_page(),
        **{f"example/{name}": text for name, text in files().items()},
        **({"performance.md": performance_page(json.loads(results.read_bytes()))} if results.is_file() else {}),
        **({"sizing.md": sizing_page(json.loads(day.read_bytes()))} if day.is_file() else {}),
    }


def outdated(folder: Path) -> list[Path]:
    """The pages in ``folder`` that are missing or not as they would be written."""
    return [
        folder / name
        for name, text in pages(folder).items()
        if not (folder / name).is_file() or (folder / name).read_text(encoding="utf-8") != text
    ]


def main(arguments: list[str] | None = None, folder: Path = _FOLDER) -> int:
    """Write the pages, or with ``--check`` compare them. Returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m hubstat.docs", description="Writes the generated pages of docs/.")
    parser.add_argument("--check", action="store_true", help="write nothing; exit with 1 if a page is out of date")
    check: bool = parser.parse_args(arguments).check
    found = outdated(folder)
    if check:
        for path in found:
            sys.stderr.write(f"error: {path} is not as its source says: run `make docs`\n")
        return 1 if found else 0
    for path in found:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(pages(folder)[path.relative_to(folder).as_posix()], encoding="utf-8")
        sys.stdout.write(f"wrote {path}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
