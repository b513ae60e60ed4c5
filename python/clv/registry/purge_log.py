"""The log of every deletion: registry/purge_log.csv."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from clv.project.files import write_text
from clv.project.home import Home


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
    """Return the entries, oldest first."""
    path = purge_log(home)
    if not path.exists():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        return [
            Entry(**{name: row[name] or "" for name in Entry._fields})
            for row in csv.DictReader(file)
        ]


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
    write_text(purge_log(home), text.getvalue())
