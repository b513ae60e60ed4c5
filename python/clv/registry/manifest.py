"""The chain of the champion manifest: each row holds the hash of the row before it.

A chain alone does not show that its last rows were cut off. So a second file, the head, holds the
number and the hash of the last row; it is written right after the manifest. Before both, the
promotion writes its row into the journal. A manifest that is one row ahead of its head by just this
row is a promotion that was killed, and the next command completes it; every other difference is
named, and is never sealed with a new head.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path

from clv.errors import ClvError
from clv.project.files import sha256, write_text
from clv.project.journal import Entry

COLUMNS = (
    "manifest_row", "model_id", "kind", "promoted_at", "trained_at", "training_cutoff",
    "labels_end", "history_months", "pred_months", "baseline_rmse", "baseline_r2",
    "baseline_method", "baseline_pred_months", "code_commit", "code_dirty", "data_fingerprint",
    "model_sha256", "card_sha256", "reason", "previous_row_sha256",
)  # fmt: skip
RESTORE = (
    "restore registry/champion_manifest.csv and champion_manifest.head.json from the newest backup "
    "in which `clv verify` finds nothing; promotions since then are repeated with `clv promote`"
)
Row = dict[str, str]


@dataclass(frozen=True)
class Finding:
    """Something in the registry that does not fit, and what to do about it."""

    what: str
    next_step: str

    def __str__(self) -> str:
        return f"{self.what}. Next: {self.next_step}."


@dataclass(frozen=True)
class Head:
    """Number and hash of the last row, and of the last row that was moved to an archive."""

    last_row: int
    last_row_sha256: str
    archived_row: int = 0
    archived_row_sha256: str = ""

    def write(self, path: Path) -> None:
        """Write the head file atomically."""
        write_text(path, json.dumps(asdict(self), indent=2) + "\n")

    @classmethod
    def read(cls, path: Path) -> Head | None:
        """Return the head, or None where there is no file.

        Raises
        ------
        ClvError
            When the file is no head.
        """
        if not path.exists():
            return None
        try:
            stored = json.loads(path.read_text("utf-8"))
            return cls(**{**stored, "last_row": int(stored["last_row"])})
        except (ValueError, TypeError, KeyError) as error:
            raise ClvError(f"{path} is not a head of the manifest. Next: {RESTORE}.") from error


def row_sha256(row: Row) -> str:
    """Return the SHA-256 of a manifest row's values, in column order."""
    return hashlib.sha256("\x1f".join(row[name] for name in COLUMNS).encode()).hexdigest()


def write_rows(path: Path, rows: Iterable[Row]) -> None:
    """Write rows of a manifest with their header, atomically."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    write_text(path, text.getvalue())


def number(row: Row) -> int:
    """Return the number of a row; 0 when it has none."""
    return int(row["manifest_row"]) if row["manifest_row"].isdigit() else 0


def intended_row(entry: Entry, path: Path) -> Row:
    """Return the row that the entry of a promotion holds.

    Raises
    ------
    ClvError
        When it is not a row of the manifest.
    """
    row = entry.intent.get("row")
    if (
        not isinstance(row, dict)
        or tuple(row) != COLUMNS
        or not all(isinstance(value, str) for value in row.values())
    ):
        raise ClvError(
            f"{path} does not hold a row of the manifest: it was changed. Restore it from a backup, "
            "or delete it, and let `clv verify` say whether the registry is whole."
        )
    return row


def unfinished(rows: list[Row], head: Head | None, intended: Row | None) -> bool:
    """Say whether the manifest is one row ahead of its head, by the row that the journal intends."""
    if intended is None or not rows or rows[-1] != intended:
        return False
    return follows(rows[:-1], head, intended) and not list(_links(rows))


def follows(rows: list[Row], head: Head | None, row: Row) -> bool:
    """Say whether `row` is the one that comes next after `rows` and their head."""
    if head is None:
        return not rows and number(row) == 1 and row["previous_row_sha256"] == ""
    if not rows or row_sha256(rows[-1]) != head.last_row_sha256:
        return False
    expected = (head.last_row + 1, head.last_row_sha256)
    return (number(row), row["previous_row_sha256"]) == expected


def findings(rows: list[Row], head: Head | None, intended: Row | None = None) -> list[Finding]:
    """Check the chain from its first row to its head.

    Parameters
    ----------
    intended : mapping, optional
        The row of a promotion that the journal holds: the one row that may be ahead of the head.

    Returns
    -------
    list of Finding
        Empty when every row is the one that was written, and none is missing.
    """
    what = [*_beginning(rows, head), *_links(rows)]
    if not unfinished(rows, head, intended):
        what += _end(rows, head)
    return [Finding(text, RESTORE) for text in what]


def without_files(row: Row, card: Path, model: Path) -> list[Finding]:
    """Name the files of a row that are not those whose SHA-256 it holds.

    Card and model file are written before the intent, so a killed promotion has left both whole.
    """
    return [
        Finding(
            f"{_name(row)} is a promotion that was cut off, and {path} is not the file that it "
            "names: the file was changed since",
            RESTORE,
        )
        for path, expected in ((card, row["card_sha256"]), (model, row["model_sha256"]))
        if not path.is_file() or sha256(path) != expected
    ]


def _beginning(rows: list[Row], head: Head | None) -> Iterator[str]:
    if not rows:
        return
    first, archived = number(rows[0]), head.archived_row if head else 0
    before = head.archived_row_sha256 if head else ""
    if first > archived + 1:
        yield f"the manifest begins at row {first}: {_span(archived + 1, first - 1)} deleted"
    elif first == archived + 1 and rows[0]["previous_row_sha256"] != before:
        yield f"{_name(rows[0])} was edited: it does not hold the hash of what stood before it"
    for row in rows:
        if 0 < number(row) == archived and row_sha256(row) != before:
            yield f"{_name(row)} was edited: its SHA-256 is not the one that the head holds"


def _links(rows: list[Row]) -> Iterator[str]:
    seen: set[str] = set()
    for row in rows:
        if row["model_id"] in seen:
            yield f"{_name(row)} is a second row of this model"
        seen.add(row["model_id"])
    for before, row in pairwise(rows):
        if number(row) > number(before) + 1:
            yield f"{_span(number(before) + 1, number(row) - 1)} deleted from the manifest"
        elif number(row) != number(before) + 1:
            yield f"{_name(row)} stands after row {number(before)}: rows were moved or renumbered"
        elif row["previous_row_sha256"] != row_sha256(before):
            yield (
                f"{_name(before)} was edited: its SHA-256 is not the one that row {number(row)} "
                "holds of it (or that one field of the later row was edited)"
            )


def _end(rows: list[Row], head: Head | None) -> Iterator[str]:
    last = number(rows[-1]) if rows else 0
    if head is None:
        if rows:
            yield "champion_manifest.head.json, which holds the hash of the manifest's last row, is missing"
        return
    if last < head.last_row:
        yield f"the end of the manifest is missing: {_span(last + 1, head.last_row)} deleted"
    elif last > head.last_row:
        yield f"{_span(head.last_row + 1, last)} appended by something other than `clv`"
    elif row_sha256(rows[-1]) != head.last_row_sha256:
        yield f"{_name(rows[-1])}, the last, was edited: its SHA-256 is not the one that the head holds"


def _span(first: int, last: int) -> str:
    return f"row {first} was" if first == last else f"rows {first} to {last} were"


def _name(row: Row) -> str:
    return f"row {row['manifest_row']} ({row['model_id']})"
