"""A hash per batch of the ledgers: registry/batch_hashes.csv, append-only.

dbt writes the ledgers and `clv` writes files, so the hash of a batch is written by the next command of
`clv` after the batch was scored, labelled or purged; each entry holds the hash of the one before it.
A batch that differs from its newest entry, and does not say that it was written since, was changed by
something other than dbt.
"""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Collection, Iterable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import duckdb

from clv.core.dates import now
from clv.core.window import Batch
from clv.project.database import has_table, reading
from clv.project.files import write_text
from clv.project.home import Home
from clv.project.stored import APPEND_ONLY, Kind, StoredFileError, read_csv, stands
from clv.registry.manifest import Finding

# Ledger to what a batch in it went through, and the column that says when.
LEDGERS = {
    "clv_predictions": ("scored", "scored_at"),
    "clv_predictions_actual": ("labelled", "labelled_at"),
}
PURGED = "purged"
HASHES = Kind("the hashes of the batches", APPEND_ONLY, 100_000_000)
FROM_BACKUP = (
    "restore clv.duckdb from a backup, or make the batch again with `clv run --cutoff` or "
    "`clv monitor --relabel`; if the database was begun anew on purpose, move "
    "registry/batch_hashes.csv away"
)


class Entry(NamedTuple):
    """What was known of one batch of one ledger; every value as text."""

    recorded_at: str
    what: str
    ledger: str
    cutoff: str
    pred_months: str
    rows: str
    digest: str
    written_at: str
    columns: str
    previous_sha256: str

    @property
    def sha256(self) -> str:
        """The SHA-256 of the values, in their order."""
        return hashlib.sha256("\x1f".join(self).encode()).hexdigest()

    @property
    def key(self) -> tuple[str, str, str]:
        """Which batch of which ledger it is about."""
        return self.ledger, self.cutoff, self.pred_months

    @property
    def name(self) -> str:
        """How a message calls the batch."""
        return f"the batch of {self.cutoff} for {self.pred_months} months in {self.ledger}"


def path_of(home: Home) -> Path:
    """Return where the hashes are."""
    return home.registry / "batch_hashes.csv"


def read(home: Home) -> list[Entry]:
    """Return the entries, oldest first.

    Raises
    ------
    StoredFileError
        When the file cannot be read, or an entry was changed, moved or deleted before the last.
    """
    path = path_of(home)
    if not stands(path, HASHES):
        return []
    entries = [Entry(**row) for row in read_csv(path, Entry._fields, HASHES)]
    first = [entries[0].previous_sha256 == ""] if entries else []
    links = [later.previous_sha256 == before.sha256 for before, later in pairwise(entries)]
    if not all([*first, *links]):
        raise StoredFileError(
            path, HASHES, "was edited: an entry does not follow the one before it"
        )
    return entries


def record(
    home: Home, fresh: Collection[Batch] = (), purged: Iterable[tuple[str, int]] = ()
) -> int:
    """Append the hashes of batches that have none or were written since; return how many.

    The caller holds the home's lock.

    Parameters
    ----------
    fresh : batches that this command has scored, whatever their rows say about when.
    purged : (cutoff, pred_months) of batches that this command has deleted from the predictions.
    """
    entries = read(home)
    before = len(entries)
    known = {entry.key: entry for entry in entries}
    made = {(str(batch.cutoff), str(batch.pred_months)) for batch in fresh}
    for cutoff, months in purged:
        old = known.get(("clv_predictions", cutoff, str(months)))
        if old is not None and old.what != PURGED:
            gone = old._replace(what=PURGED, rows="0", digest="", written_at="")
            _append(entries, gone)
    for entry in _in_database(home, {}):
        old = known.get(entry.key)
        same = old is not None and (old.digest, old.columns) == (entry.digest, entry.columns)
        later = old is None or old.what == PURGED or entry.written_at > old.written_at
        if not same and (later or entry.key[1:] in made):
            _append(entries, entry)
    if len(entries) > before:
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(Entry._fields)
        writer.writerows(entries)
        write_text(path_of(home), text.getvalue())
    return len(entries) - before


def compare(home: Home) -> Iterator[Finding | str]:
    """Compare the ledgers with the newest entries: findings, and notes on what is not recorded yet."""
    known = {entry.key: entry for entry in read(home)}
    seen = set()
    for entry in _in_database(home, known):
        seen.add(entry.key)
        old = known.get(entry.key)
        if old is None or old.what == PURGED:
            yield f"{entry.name} has no hash yet; the next `clv run` or `clv monitor` writes it"
        elif entry.digest != old.digest and entry.written_at > old.written_at:
            yield (
                f"{entry.name} was {entry.what} again at {entry.written_at}, by dbt alone; the next "
                "`clv run` or `clv monitor` writes its hash"
            )
        elif entry.digest != old.digest:
            yield Finding(
                f"{entry.name} was rewritten: its {entry.rows} rows are not the {old.rows} that were "
                f"{old.what} by {old.recorded_at}",
                FROM_BACKUP,
            )
    for key, old in known.items():
        if key not in seen and old.what != PURGED:
            yield Finding(f"{old.name} is missing: {old.rows} rows were deleted", FROM_BACKUP)


def _append(entries: list[Entry], entry: Entry) -> None:
    previous = entries[-1].sha256 if entries else ""
    at = now().isoformat()
    entries.append(entry._replace(recorded_at=at, previous_sha256=previous))


def _in_database(home: Home, known: dict[tuple[str, str, str], Entry]) -> Iterator[Entry]:
    """Return what each batch is now, over the columns of its entry where it has one."""
    if not home.database.exists():
        return
    with reading(home.database) as connection:
        for ledger, (what, clock) in LEDGERS.items():
            if not has_table(connection, ledger):
                continue
            there = _columns(connection, ledger)
            all_of_them = ",".join(sorted(set(there) - {"scored_at", "labelled_at"}))
            written = f"max({clock})" if clock in there else "null"
            recorded = {e.columns for key, e in known.items() if key[0] == ledger}
            by_columns = {
                columns: {row[:2]: row for row in _digests(connection, ledger, columns, written)}
                for columns in {all_of_them, *recorded}
                if set(columns.split(",")) <= set(there)
            }
            for key, row in by_columns[all_of_them].items():
                entry = known.get((ledger, *key))
                columns = entry.columns if entry and entry.columns in by_columns else all_of_them
                _, _, rows, digest, at = by_columns[columns].get(key, row)
                yield Entry("", what, ledger, *key, rows, digest, at, columns, "")


def _digests(
    connection: duckdb.DuckDBPyConnection, ledger: str, columns: str, written: str
) -> list[tuple[str, str, str, str, str]]:
    """Return (cutoff, pred_months, rows, digest, written_at) of each batch, free of row order."""
    values = ", ".join(f'"{name}"' for name in columns.split(","))
    query = f"""
        select
            cast(cutoff as varchar),
            cast(pred_months as varchar),
            cast(count(*) as varchar),
            cast(sum(cast(md5_number_lower(cast(row({values}) as varchar)) as hugeint)) as varchar),
            coalesce(cast({written} as varchar), '')
        from {ledger}
        group by cutoff, pred_months
        order by cutoff, pred_months
    """
    return connection.execute(query).fetchall()


def _columns(connection: duckdb.DuckDBPyConnection, table: str) -> list[str]:
    query = """
        select column_name
        from information_schema.columns
        where table_schema = 'main' and table_name = ?
    """
    return [name for (name,) in connection.execute(query, [table]).fetchall()]
