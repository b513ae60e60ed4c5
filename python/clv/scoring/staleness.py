"""Which CSV files no longer hold what the tables hold: by content, never by the age of a file.

`.clv.outputs.json` of the home remembers, for each file, a digest of the rows that it was made from and
the SHA-256 that it had then. A file is stale when its rows have another digest now, or when it is
not the file that was written. Nothing is lost with the index: without it every file is stale.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import duckdb

from clv.core.window import Batch
from clv.project.files import sha256, write_text
from clv.project.home import Home
from clv.project.stored import MADE_AGAIN, Kind, StoredFileError, read_json

INDEX = Kind("the index of outputs", MADE_AGAIN)


@dataclass(frozen=True)
class Written:
    """A file as it was written; size and time spare reading it again while neither has changed."""

    rows: str
    sha256: str
    size: int
    mtime_ns: int

    @classmethod
    def of(cls, path: Path, rows: str) -> Written:
        """Describe the file at `path`, made from rows of that digest."""
        stat = path.stat()
        return cls(rows, sha256(path), stat.st_size, stat.st_mtime_ns)

    def holds(self, path: Path, rows: str) -> bool:
        """Say whether `path` is still this file, and still made from what the rows are now."""
        if self.rows != rows or not path.is_file():
            return False
        stat = path.stat()
        if (stat.st_size, stat.st_mtime_ns) == (self.size, self.mtime_ns):
            return True
        return stat.st_size == self.size and sha256(path) == self.sha256


def row_digests(
    connection: duckdb.DuckDBPyConnection, table: str, columns: str
) -> dict[Batch, str]:
    """Return a digest of each batch's rows, whatever their order; none where there is no table.

    Another version of DuckDB may hash otherwise: then every file is written once more.
    """
    query = f"""
        select cutoff, pred_months, count(*), sum(cast(hash(shown) as hugeint))
        from (select {columns} from {table}) as shown
        group by cutoff, pred_months
        order by cutoff, pred_months
    """
    try:
        found = connection.execute(query).fetchall()
    except duckdb.CatalogException:
        return {}
    return {
        Batch(cutoff, int(months)): f"{columns}: {rows} rows, {digest:x}"
        for cutoff, months, rows, digest in found
    }


def read_index(home: Home) -> dict[str, Written]:
    """Return what is remembered of each file, by its name; nothing where that cannot be read."""
    try:
        return read_json(_index(home), dict[str, Written], INDEX)
    except StoredFileError:
        return {}


def write_index(home: Home, written: dict[str, Written]) -> None:
    """Remember the files, where anything is other than what is remembered already."""
    if written != read_index(home):
        entries = {name: asdict(written[name]) for name in sorted(written)}
        write_text(_index(home), json.dumps(entries, indent=1) + "\n")


def _index(home: Home) -> Path:
    return home.root / ".clv.outputs.json"
