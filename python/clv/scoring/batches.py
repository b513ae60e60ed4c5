"""Which batches the ledgers hold."""

from __future__ import annotations

import datetime as dt

import duckdb

from clv.core.window import Batch
from clv.project.database import reading
from clv.project.home import Home


def batches(home: Home, table: str) -> list[Batch]:
    """Return the batches that a table holds, oldest first; none before the first run."""
    if not home.database.exists():
        return []
    with reading(home.database) as connection:
        try:
            query = f"select distinct cutoff, pred_months from {table} order by all"
            rows = connection.execute(query).fetchall()
        except duckdb.CatalogException:
            return []
    return [Batch(cutoff, int(months)) for cutoff, months in rows]


def batch_times(home: Home, table: str, clock: str) -> dict[Batch, dt.datetime]:
    """Return when each batch of a ledger was last written to (UTC)."""
    if not home.database.exists():
        return {}
    with reading(home.database) as connection:
        try:
            query = (
                f"select cutoff, pred_months, max({clock}) from {table} group by all order by all"
            )
            rows = connection.execute(query).fetchall()
        except duckdb.CatalogException:
            return {}
    return {
        Batch(cutoff, int(months)): at.replace(tzinfo=dt.timezone.utc)
        for cutoff, months, at in rows
    }
