"""The log of every deletion: registry/purge_log.csv."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from clv.project.files import write_verified
from clv.project.home import Home
from clv.project.stored import APPEND_ONLY, Kind, read_csv, stands

PURGE_LOG = Kind("the log of deletions", APPEND_ONLY, largest=100_000_000)


class Entry(NamedTuple):
    """One deletion; the SHA-256 is that of the file that went."""

    purged_at: str
    kind: str
    item: str
    action: str
    sha256: str
    why: str


def purge_log(home: Home) -> Path:
    """Return where the log is."""
    return home.registry / "purge_log.csv"


def read(home: Home) -> list[Entry]:
    """Return the entries, oldest first.

    Raises
    ------
    ClvError
        When the file is not the log that was written.
    """
    path = purge_log(home)
    if not stands(path, PURGE_LOG):
        return []
    return _entries(path)


def append(home: Home, entries: Sequence[Entry]) -> None:
    """Add entries atomically, before the deletions: a deletion without an entry cannot be.

    A purge that was killed is run again and finds the same items; those are not entered twice.
    """
    before = read(home)
    known = {(entry.kind, entry.item, entry.sha256, entry.why) for entry in before}
    fresh = [e for e in entries if (e.kind, e.item, e.sha256, e.why) not in known]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(Entry._fields)
    writer.writerows([*before, *fresh])
    write_verified(purge_log(home), text.getvalue(), _entries)


def _entries(path: Path) -> list[Entry]:
    return [Entry(**row) for row in read_csv(path, Entry._fields, PURGE_LOG)]
