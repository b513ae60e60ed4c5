"""The chain of the champion manifest: each row holds the hash of the row before it.

A chain alone does not show that its last rows were cut off. So a second file, the head, holds the
number and the hash of the last row; it is written right after the manifest. Before both, the
promotion writes its row into the journal. A manifest that is one row ahead of its head by just this
row is a promotion that was killed, and the next command completes it; every other difference is
named, and is never sealed with a new head.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path

from clv.errors import ClvError
from clv.project.files import write_text
from clv.project.journal import Entry
from clv.project.stored import Kind, read_json, sha256_of, stands
from clv.registry.manifest_row import ManifestRow

RESTORE = (
    "restore registry/champion_manifest.csv and champion_manifest.head.json from the newest backup "
    "in which `clv verify` finds nothing; promotions since then are repeated with `clv promote`"
)
HEAD = Kind("the head of the manifest", f"Next: {RESTORE}.")
MODEL = Kind("the model file", "Restore it from a backup, or run `clv train`.", 2**30)
CARD = Kind("the card")
MISFIT = "the registry is not what was written"
ALL_OF_IT = "`clv verify` names everything that does not fit"


@dataclass(frozen=True)
class Finding:
    """Something in the registry that does not fit, and what to do about it."""

    what: str
    next_step: str

    def __str__(self) -> str:
        return f"{self.what}. Next: {self.next_step}."

    def refusal(self) -> ClvError:
        """Return the one message of a command that does not go on because of this."""
        return ClvError(f"nothing was done, because {MISFIT}: {self} {ALL_OF_IT}.")


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
        return read_json(path, cls, HEAD) if stands(path, HEAD) else None


def intended_row(entry: Entry, path: Path) -> ManifestRow:
    """Return the row that the entry of a promotion holds.

    Raises
    ------
    ClvError
        When it is not a row of the manifest.
    """
    row = entry.intent.get("row")
    try:
        if not isinstance(row, dict) or not all(isinstance(value, str) for value in row.values()):
            raise ClvError("no row stands in it")
        return ManifestRow.of_cells(row)
    except (ClvError, KeyError) as error:
        raise ClvError(
            f"{path} does not hold a row of the manifest: it was changed. Restore it from a backup, "
            "or delete it, and let `clv verify` say whether the registry is whole."
        ) from error


def unfinished(rows: list[ManifestRow], head: Head | None, intended: ManifestRow | None) -> bool:
    """Say whether the manifest is one row ahead of its head, by the row that the journal intends."""
    if intended is None or not rows or rows[-1] != intended:
        return False
    return follows(rows[:-1], head, intended) and not list(_links(rows))


def follows(rows: list[ManifestRow], head: Head | None, row: ManifestRow) -> bool:
    """Say whether `row` is the one that comes next after `rows` and their head."""
    if head is None:
        return not rows and row.manifest_row == 1 and row.previous_row_sha256 == ""
    if not rows or rows[-1].sha256 != head.last_row_sha256:
        return False
    expected = (head.last_row + 1, head.last_row_sha256)
    return (row.manifest_row, row.previous_row_sha256) == expected


def findings(
    rows: list[ManifestRow], head: Head | None, intended: ManifestRow | None = None
) -> list[Finding]:
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


def without_files(row: ManifestRow, card: Path, model: Path) -> list[Finding]:
    """Name the files of a row that are not those whose SHA-256 it holds.

    Card and model file are written before the intent, so a killed promotion has left both whole.
    """
    return [
        Finding(
            f"{row.name} is a promotion that was cut off, and {path} is not the file that it "
            "names: the file was changed since",
            RESTORE,
        )
        for path, kind, expected in (
            (card, CARD, row.card_sha256),
            (model, MODEL, row.model_sha256),
        )
        if not stands(path, kind) or sha256_of(path, kind) != expected
    ]


def _beginning(rows: list[ManifestRow], head: Head | None) -> Iterator[str]:
    if not rows:
        return
    first, archived = rows[0].manifest_row, head.archived_row if head else 0
    before = head.archived_row_sha256 if head else ""
    if first > archived + 1:
        yield f"the manifest begins at row {first}: {_span(archived + 1, first - 1)} deleted"
    elif first == archived + 1 and rows[0].previous_row_sha256 != before:
        yield f"{rows[0].name} was edited: it does not hold the hash of what stood before it"
    for row in rows:
        if 0 < row.manifest_row == archived and row.sha256 != before:
            yield f"{row.name} was edited: its SHA-256 is not the one that the head holds"


def _links(rows: list[ManifestRow]) -> Iterator[str]:
    seen: set[str] = set()
    for row in rows:
        if row.model_id in seen:
            yield f"{row.name} is a second row of this model"
        seen.add(row.model_id)
    for before, row in pairwise(rows):
        if row.manifest_row > before.manifest_row + 1:
            yield f"{_span(before.manifest_row + 1, row.manifest_row - 1)} deleted from the manifest"
        elif row.manifest_row != before.manifest_row + 1:
            yield f"{row.name} stands after row {before.manifest_row}: rows were moved or renumbered"
        elif row.previous_row_sha256 != before.sha256:
            yield (
                f"{before.name} was edited: its SHA-256 is not the one that row {row.manifest_row} "
                "holds of it (or that one field of the later row was edited)"
            )


def _end(rows: list[ManifestRow], head: Head | None) -> Iterator[str]:
    last = rows[-1].manifest_row if rows else 0
    if head is None:
        if rows:
            yield "champion_manifest.head.json, which holds the hash of the manifest's last row, is missing"
        return
    if last < head.last_row:
        yield f"the end of the manifest is missing: {_span(last + 1, head.last_row)} deleted"
    elif last > head.last_row:
        yield f"{_span(head.last_row + 1, last)} appended by something other than `clv`"
    elif rows[-1].sha256 != head.last_row_sha256:
        yield f"{rows[-1].name}, the last, was edited: its SHA-256 is not the one that the head holds"


def _span(first: int, last: int) -> str:
    return f"row {first} was" if first == last else f"rows {first} to {last} were"
