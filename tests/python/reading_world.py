"""Small logs to read: what is written, how it is told, and what comes of it, without dbt."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb

from clv.project.log_options import log_options
from clv.project.log_reader import OpenLog, open_log

HEADER = "customer_id,ordered_at,amount\n"
COLUMNS = {"customer_id": "customer_id", "ordered_at": "ordered_at", "amount": "amount"}


def written(folder: Path, name: str, content: str | bytes) -> Path:
    """Write a file and return its path."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def opened(
    location: Path | str, columns: Mapping[str, str] | None = None, **variables: Any
) -> OpenLog:
    """Return a log as staging opens it."""
    return open_log(str(location), {**COLUMNS, **(columns or {})}, log_options(variables))


def rows(log: OpenLog, listed: str = "customer_id, cast(ordered_at as date), amount") -> list[str]:
    """Return its rows, each as `customer day amount`; what is null is a -."""
    with duckdb.connect() as connection:
        connection.register("log_rows", log.rows())
        found = connection.execute(f"select {listed} from log_rows").fetchall()
    return [" ".join("-" if value is None else _short(value) for value in row) for row in found]


def _short(value: object) -> str:
    text = str(value)
    return text.rstrip("0").rstrip(".") if "." in text and text.count(".") == 1 else text
