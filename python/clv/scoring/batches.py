"""Which batches the ledgers hold."""

from __future__ import annotations

import datetime as dt

import duckdb

from clv.core.window import Batch
from clv.core.wording import counted
from clv.project.database import fetch, reading
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


# A remark is made where the tier of more than this share of a batch goes by the customer's id.
REMARKABLE_TIES = 0.01
_TIES = """
    with ties as (
        select cutoff, pred_months, count(*) as tied, count(distinct value_tier) as tiers
        from clv_ranked_predictions
        group by cutoff, pred_months, predicted_clv
    )
    select cutoff, pred_months, sum(tied) as customers, sum(tied) filter (tiers > 1) as split
    from ties
    group by all
    order by all
"""


def ties_across_tiers(home: Home, scored: list[Batch]) -> list[str]:
    """Return a line for each of these batches where many with equal predictions are of several tiers."""
    lines = []
    for cutoff, months, customers, split in fetch(home.database, _TIES).itertuples(index=False):
        batch = Batch(cutoff.date(), int(months))
        if batch in scored and split > REMARKABLE_TIES * customers:
            lines.append(
                f"batch {batch.stem}: {counted(int(split), 'customer', 'customers')} of {int(customers):,} "
                "have the same predicted_clv as customers of another tier; which of them is in which "
                "tier goes by customer_id and says nothing (tied_customers counts them)"
            )
    return lines
