"""Where the transaction log is, and what it is: files, or a table of the home's database.

The macros ask here too (`clv_log_form`, by the plugin), so that SQL and Python never disagree.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from clv.core.given import given_path
from clv.core.secrets import redact

VARIABLE = "CLV_TRANSACTIONS"
CSV, PARQUET, JSON, EXCEL, FOLDER = "csv", "parquet", "json", "xlsx", "folder"
TABLE, UNKNOWN = "table", "unknown"
FILES = (CSV, PARQUET, JSON, EXCEL)
_FORMS = {".csv": CSV, ".tsv": CSV, ".txt": CSV, ".parquet": PARQUET, ".pq": PARQUET, ".jsonl": JSON,
          ".ndjson": JSON, ".json": JSON, ".xlsx": EXCEL, ".xlsm": EXCEL}  # fmt: skip
_COMPRESSED = (".gz", ".zst")
_TABLE_NAME = re.compile(r"\w+(\.\w+){1,2}")


def form_of(location: str) -> str:
    """Return what a location names: `csv`, `parquet`, `json` or `xlsx`, a `folder`, a `table`, or `unknown`.

    The end of the name says it, in any case, also behind `.gz` or `.zst`, and before the parameters
    of an address; `schema.table` and `database.schema.table` are tables. What is a folder on this
    machine, or ends with a slash or a star, is looked into when it is read.

    Examples
    --------
    >>> form_of("exports/orders-*.CSV.gz"), form_of("shop.orders"), form_of("orders")
    ('csv', 'table', 'unknown')
    """
    name = location.strip().lower()
    if "://" in name:
        name = re.split(r"[?#]", name, maxsplit=1)[0]
    for ending in _COMPRESSED:
        name = name.removesuffix(ending)
    if "://" not in name and _is_folder(location.strip()):
        return FOLDER
    for ending, form in _FORMS.items():
        if name.endswith(ending):
            return form
    return TABLE if _TABLE_NAME.fullmatch(name) else UNKNOWN


def _is_folder(location: str) -> bool:
    try:
        return bool(location) and (location.endswith(("/", "/*", "/**")) or Path(location).is_dir())
    except (OSError, ValueError):
        return False


@dataclass(frozen=True)
class TransactionLog:
    """The log that a command reads.

    Parameters
    ----------
    location : str
        A path, a glob or an address of files, or `schema.table`; empty where none is named.
    """

    location: str

    @classmethod
    def named(
        cls, log_var: object = None, environment: Mapping[str, str] | None = None
    ) -> TransactionLog:
        """Return the log that CLV_TRANSACTIONS names, or else the var `transactions`."""
        variables = os.environ if environment is None else environment
        return cls(variables.get(VARIABLE, "").strip() or str(log_var or "").strip())

    @property
    def form(self) -> str:
        """What it is, as `form_of` says."""
        return form_of(self.location)

    @property
    def is_file(self) -> bool:
        """Whether it is files, here or at an address."""
        return self.form in (*FILES, FOLDER)

    @property
    def is_table(self) -> bool:
        """Whether it is a table of the home's database."""
        return self.form == TABLE

    @property
    def shown(self) -> str:
        """The location as it may be printed and recorded: without secrets."""
        return redact(self.location)

    @property
    def described(self) -> str:
        """The log in a sentence."""
        return f"the transaction log '{self.shown}'" if self.location else "the transaction log"

    def absolute(self) -> TransactionLog:
        """Return the log by a location that means the same from every folder."""
        if not self.is_file or "://" in self.location:
            return self
        return self.placed_in(Path.cwd())

    def placed_in(self, folder: Path) -> TransactionLog:
        """Return the log with a relative path or glob taken from a folder."""
        if not self.is_file or "://" in self.location:
            return self
        path = given_path(self.location)
        if ".." not in path.parts:
            return TransactionLog(str(folder.absolute() / path))
        return TransactionLog(os.path.normpath(folder.resolve() / path))

    def below(self, folders: Iterable[Path]) -> TransactionLog | None:
        """Return the log in the first folder that a relative path or glob finds files in."""
        for folder in folders:
            if next(folder.glob(self.location), None) is not None:
                return self.placed_in(folder)
        return None

    @property
    def is_placed(self) -> bool:
        """Whether the location means the same from every folder: a path from the root, an address."""
        return "://" in self.location or given_path(self.location).is_absolute()
