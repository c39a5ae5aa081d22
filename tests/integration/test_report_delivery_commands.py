"""``hubstat report`` and ``hubstat scheduler`` on a running installation, with real content and the local catcher."""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest
from installation import Installation, running

from hubstat.settings import Settings
from reports.delivery.catcher import Folder, folder_of

pytestmark = pytest.mark.engines

DAY = "2026-11-18"


@pytest.fixture
def up(settings: Settings) -> Iterator[Installation]:
    with running(settings, "--no-rollup") as installation:
        installation.run("simulate", "--invoices", "400", "--date", DAY, "--wait")
        yield installation


def refused(up: Installation, *arguments: str) -> str:
    done = up.run("report", *arguments, check=False)
    assert done.returncode, done.stdout
    assert "Traceback" not in done.stderr
    return done.stderr


def test_a_report_by_hand_and_a_scheduler_that_has_nothing_to_do_twice(up: Installation) -> None:
    folder = Folder(folder_of(up.settings))
    assert "no subscriber" in refused(up, "run", "daily-final", "--date", DAY, "--to", "kr@example.com")
    assert folder.names() == []
    said = up.run("report", "subscribe", "--owners").stdout
    assert "subscriptions written" in said
    assert "has no right to nationwide KR" in refused(
        up, "run", "daily-final", "--date", DAY, "--to", "c001@example.com"
    )
    done = up.run("report", "run", "daily-final", "--date", DAY, "--to", "C001@example.com", "--level", "camp",
                  "--hub", "C001")  # fmt: skip
    assert done.stdout.startswith("sent: daily-final of 2026-11-18, camp C001, to c001@example.com")
    (name,) = folder.names()
    mail = folder.mail(name)
    assert mail is not None
    assert mail["To"] == "c001@example.com"
    _equals_the_query(up, mail)
    runs = json.loads(up.run("report", "runs", "--format", "json", check=False).stdout)
    assert [run["state"] for run in runs] == ["sent"]
    assert "can be sent again" in refused(up, "resend", next(run["run"] for run in runs if run["state"] == "sent"))
    assert "Subject:" in up.run("report", "run", "hourly-digest", "--date", DAY, "--dry-run", "--lang", "en").stdout
    assert len(folder.names()) == 1
    assert "name it" in refused(up, "preview", "wave-close", "--date", DAY)
    assert "no report" in refused(up, "run", "weekly", "--date", DAY, "--dry-run")
    assert up.run("report", "unsubscribe", "c001@example.com").stdout == "1 subscriptions ended\n"
    schedule = up.run("report", "schedule").stdout.splitlines()
    assert [line.split()[0] for line in schedule] == ["daily-provisional", "daily-final", "hourly-digest", "wave-close"]
    _scheduler_starts_and_ends(up)


def _equals_the_query(up: Installation, mail: object) -> None:
    """The file of the mail holds the figures of ``hubstat query`` at its (T, K)."""
    (file,) = mail.iter_attachments()  # type: ignore[attr-defined]
    data = file.get_payload(decode=True)
    assert data.startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(io.StringIO(data.decode("utf-8-sig"))))
    head = next(row for row in rows if any("(due)" in cell for cell in row))
    values = next(row for row in rows[rows.index(head) + 1 :] if "C001" in row and "DELIVERY" in " ".join(row).upper())
    shown = {cell.rpartition("(")[2].rstrip(")"): value for cell, value in zip(head, values, strict=True)}
    asked = ["query", "--level", "camp", "--hub", "C001", "--date", DAY, "--format", "json"]
    (row,) = json.loads(up.run(*asked).stdout)["rows"]
    for figure in ("due", "completed", "open", "m1_late"):
        assert shown[figure] == str(row["figures"][figure])


def _scheduler_starts_and_ends(up: Installation) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "hubstat", "scheduler"], env=up.environment() | {"PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    mark = up.settings.namespace_dir / "scheduler.looked"
    deadline = time.monotonic() + 60
    while not mark.exists() and time.monotonic() < deadline:
        assert process.poll() is None, process.stdout.read() if process.stdout else ""
        time.sleep(0.1)
    check = [sys.executable, "-m", "hubstat.healthcheck", "scheduler"]
    assert subprocess.run(check, env=up.environment(), check=False, capture_output=True).returncode == 0
    os.kill(process.pid, signal.SIGTERM)
    said, _ = process.communicate(timeout=30)
    assert process.returncode == 0, said
    assert "Traceback" not in said
