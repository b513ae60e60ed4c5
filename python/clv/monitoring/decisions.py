"""What people decided about alerts: `registry/alert_decisions.csv`, append-only.

Its texts are escaped for spreadsheets, as those of all CSV files for people.
"""

from __future__ import annotations

import datetime as dt
import getpass
import re
from pathlib import Path

from filelock import FileLock, Timeout

from clv.core.given import given_text
from clv.core.render import csv_cell, csv_value
from clv.core.wording import csv_text
from clv.errors import ClvError
from clv.monitoring.alerts import ALERT, alert_files
from clv.project.files import sha256, write_verified
from clv.project.home import Home
from clv.project.stored import APPEND_ONLY, Kind, read_csv, stands

COLUMNS = ("decided_at", "batch", "decided_by", "decision", "alert_sha256")
PATIENCE_SECONDS = 10
DECISIONS = Kind("the record of decisions", APPEND_ONLY)


def decisions(home: Home) -> list[dict[str, str]]:
    """Return every decision, oldest first.

    Raises
    ------
    ClvError
        When the file cannot be read, or does not have its columns.
    """
    path = _path(home)
    if not stands(path, DECISIONS):
        return []
    rows = read_csv(path, COLUMNS, DECISIONS)
    return [{name: csv_value(cell) for name, cell in row.items()} for row in rows]


def open_alerts(home: Home) -> list[Path]:
    """Return the alerts that nobody has decided about as they read now, oldest batch first.

    A decision belongs to what the alert said: an alert that says something else is open again.
    """
    decided = {(row["batch"], row["alert_sha256"]) for row in decisions(home)}
    return [
        path for path in alert_files(home) if (batch_of(path), sha256(path, ALERT)) not in decided
    ]


def decide(home: Home, batch: str, decision: str, by: str | None = None) -> dict[str, str]:
    """Record who decided what about the alert of a batch, and return the row.

    Parameters
    ----------
    batch : str
        As in the alert's name (19980623_pred3m), or that name.
    by : str, optional
        Who decided. Default: the user of the operating system.

    Raises
    ------
    ClvError
        When there is no such alert, nothing was decided, or nobody decided it.
    """
    named = batch_of(Path(batch.strip()))
    alerts = {batch_of(path): path for path in alert_files(home)}
    if named not in alerts:
        known = ", ".join(alerts) or "none"
        raise ClvError(
            f"there is no alert of batch {batch}. Batches with an alert: {known}. "
            "Write one as it stands there."
        )
    words = given_text(decision, "the decision", 'Say what was decided: --decision "wait a month".')
    who = given_text(
        _user() if by is None else by, "--by",
        "Say who decided, or leave it out to be named yourself.",
    )  # fmt: skip
    lock = FileLock(home.root / ".clv.decisions.lock")
    try:
        with lock.acquire(timeout=PATIENCE_SECONDS):
            row = dict(
                zip(
                    COLUMNS,
                    (
                        dt.datetime.now(dt.timezone.utc).isoformat(timespec="seconds"),
                        named,
                        who,
                        words,
                        sha256(alerts[named], ALERT),
                    ),
                    strict=True,
                )
            )
            _write(home, [*decisions(home), row])
    except Timeout as error:
        raise ClvError("another `clv ack` is at work. Run this again.") from error
    return row


def batch_of(path: Path) -> str:
    """Return 19980623_pred3m for an alert's path, its name, or the batch itself."""
    return re.sub(r"^drift_alert_|\.md$", "", path.name)


def _write(home: Home, rows: list[dict[str, str]]) -> None:
    escaped = [{name: csv_cell(value) for name, value in row.items()} for row in rows]
    written = csv_text(COLUMNS, escaped)
    write_verified(_path(home), written, lambda file: read_csv(file, COLUMNS, DECISIONS))


def _path(home: Home) -> Path:
    return home.registry / "alert_decisions.csv"


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError) as error:  # a container whose user has no name
        raise ClvError("this user has no name here. Say who decided: --by NAME.") from error
