"""What is unlike the log's own past in its latest days: said before anything is scored from it."""

from __future__ import annotations

import datetime as dt

import duckdb
import pandas as pd

from clv.core.wording import counted
from clv.project.database import LogDays, reading
from clv.project.home import Home

# Days up to data_through that a run looks at.
LATEST_DAYS = 7
SHOWN = 3
WORDS = {
    "no_orders": "no order on {day}",
    "few_customers": "{customers} on {day}",
    "many_customers": "{customers} on {day}",
    "few_customers_in_a_week": "{customers} in the week up to {day}",
    "many_customers_in_a_week": "{customers} in the week up to {day}",
}


def anomalies(connection: duckdb.DuckDBPyConnection, first: dt.date, last: dt.date) -> pd.DataFrame:
    """Return the rows of `clv_input_anomalies` from one day to another."""
    query = """
        select * from clv_input_anomalies
        where order_date between ? and ?
        order by order_date, kind
    """
    return connection.execute(query, [first, last]).df()


def latest_anomalies(home: Home, days: LogDays) -> str | None:
    """Return a line about the latest days of the log; None where they are like its past."""
    first = days.last - dt.timedelta(LATEST_DAYS - 1)
    with reading(home.database) as connection:
        found = anomalies(connection, first, days.last)
    if found.empty:
        return None
    return (
        f"warning: the latest days of the log are unlike its past: {in_words(found)}. Is the log "
        "whole, with every store and channel in it?"
    )


def in_words(found: pd.DataFrame) -> str:
    """Return up to three anomalies as text, and how many more there are; nothing of none."""
    said = []
    for row in found.head(SHOWN).to_dict("records"):
        what = WORDS[row["kind"]].format(
            day=row["order_date"].date(),
            customers=counted(int(row["customers"]), "customer", "customers"),
        )
        said.append(f"{what} (usual: {int(row['usual_low']):,} to {int(row['usual_high']):,})")
    more = [f"and {len(found) - SHOWN} more"] if len(found) > SHOWN else []
    return ", ".join(said + more)
