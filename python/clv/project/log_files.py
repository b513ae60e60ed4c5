"""Which files a location names: a file, a glob, or a folder and all that lies in it."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import duckdb

from clv.errors import ClvError
from clv.project.transaction_log import FILES, form_of

NAMED = "the transaction log"
ENDINGS = ".csv, .tsv, .txt, .parquet, .jsonl, .ndjson, .json or .xlsx"
# What an address of this kind is read with; the extension of DuckDB comes with it or by `install`.
EXTENSIONS = {"s3": "httpfs", "s3a": "httpfs", "s3n": "httpfs", "gs": "httpfs", "gcs": "httpfs",
              "r2": "httpfs", "http": "httpfs", "https": "httpfs", "hf": "httpfs", "az": "azure",
              "azure": "azure", "abfss": "azure"}  # fmt: skip


@dataclass(frozen=True)
class LogFiles:
    """The files of a log.

    Parameters
    ----------
    form : str
        What they are: `csv`, `parquet`, `json` or `xlsx`.
    paths : tuple of str
        Their paths, sorted.
    """

    form: str
    paths: tuple[str, ...]

    @property
    def bytes(self) -> int:
        """The size of all of them."""
        return sum(Path(path).stat().st_size for path in self.paths)


def found(location: str, named: str = NAMED) -> LogFiles:
    """Return the files of a location on this machine.

    Parameters
    ----------
    location : str
        A file, a glob or a folder.
    named : str
        What named it, for messages.

    Raises
    ------
    ClvError
        Where there are none, or files of several kinds.
    """
    paths = _in_folder(location) if Path(location).is_dir() else _matching(location)
    if not paths:
        raise ClvError(
            f"no file matches {named} '{location}'. Give its path, its folder or a glob (files that end "
            f"in {ENDINGS}): `clv` takes a relative path from where it is called, `dbt` from the "
            "project's folder."
        )
    odd = next((path for path in paths if not Path(path).is_file()), None)
    if odd is not None:
        raise ClvError(
            f"{named} '{location}' names {odd}, which is no regular file but a pipe, a device or the like. "
            "Write its content to a file and name that."
        )
    closed = next((path for path in paths if not os.access(path, os.R_OK)), None)
    if closed is not None:
        raise ClvError(
            f"{named} '{location}' names {closed}, which this user may not read. Give them the right to, or "
            "name a copy that they may read."
        )
    kinds = Counter(form_of(path) for path in paths)
    if len(kinds) > 1:
        listed = ", ".join(f"{count} {form}" for form, count in sorted(kinds.items()))
        raise ClvError(
            f"{named} '{location}' names files of several kinds ({listed}). Narrow it down to one, "
            "for example with a glob such as folder/*.csv."
        )
    return LogFiles(next(iter(kinds)), tuple(sorted(paths)))


def extension_of(location: str) -> str:
    """Return the extension of DuckDB that reads an address.

    Raises
    ------
    ClvError
        Where there is none for addresses of its kind.
    """
    scheme = location.split("://", 1)[0].lower()
    if scheme not in EXTENSIONS:
        raise ClvError(
            f"addresses of the kind {scheme}:// are not read. Those of {', '.join(EXTENSIONS)} are, "
            "and paths of this machine."
        )
    return EXTENSIONS[scheme]


def check_reachable(location: str, named: str = NAMED) -> None:
    """End with one message where the extension that reads an address is not installed."""
    extension = extension_of(location)
    try:
        with duckdb.connect() as connection:
            connection.execute("set autoinstall_known_extensions = false")
            connection.execute(f"load {extension}")
    except duckdb.Error as error:
        raise ClvError(
            f"{named} is at an address, which DuckDB reads by its extension {extension}, and that is not "
            f'installed here. Install it once, with network: python -c "import duckdb; '
            f"duckdb.sql('install {extension}')\", or copy the files to this machine."
        ) from error


def _in_folder(location: str) -> list[str]:
    """Return the files below a folder that can be a log's; hidden ones and those of tools are not."""
    folder = Path(location)
    several = (
        path
        for path in folder.rglob("*")
        if not any(part.startswith((".", "_")) for part in path.relative_to(folder).parts)
    )
    return [str(p) for p in several if p.is_file() and form_of(str(p)) in FILES]


def _matching(location: str) -> list[str]:
    try:
        with duckdb.connect() as connection:
            rows = connection.execute("select file from glob(?)", [location]).fetchall()
    except duckdb.Error:
        return []
    several = (str(row[0]) for row in rows)
    return [path for path in several if form_of(path) in FILES and not _is_hidden(path, location)]


def _is_hidden(path: str, location: str) -> bool:
    """Whether a path has a hidden part that the glob does not name, as shells leave such out."""
    named = {part for part in Path(location).parts if part.startswith(".")}
    hidden = {part for part in Path(path).parts if part.startswith(".") and part != ".."}
    return bool(hidden) and not named
