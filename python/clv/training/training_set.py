"""The model `int_clv__training_set`: how large it may become, and its rows as a frame."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from clv.core.window import Window
from clv.project.database import fetch, fetch_row
from clv.project.events import say

# Rows of all training windows together; above it a sample of the customers is used.
LARGEST_TRAINING_SET = 1_000_000


def sampled_share(database: Path, windows: Sequence[Window]) -> float:
    """Return the share of the customers to train on: 1, or less where the log is large.

    The same customers are taken in every window; `clv_is_sampled` draws them by the hash of their id.
    """
    histories = ", ".join(
        f"({number}, date '{window.history_start}', date '{window.cutoff}')"
        for number, window in enumerate(windows)
    )
    query = f"""
        with windows (number, history_start, cutoff) as (values {histories})
        select count(*)
        from (
            select distinct windows.number, days.customer_id
            from windows
            inner join int_clv__customer_days as days
                on days.order_date between windows.history_start and windows.cutoff
            where days.is_purchase_day
        )
    """
    (rows,) = fetch_row(database, query)
    if rows <= LARGEST_TRAINING_SET:
        return 1.0
    share = max(1, int(LARGEST_TRAINING_SET / rows * 10_000)) / 10_000
    say(f"{rows:,} rows of training windows: a sample of {share:.1%} of the customers is used")
    return share


def read_training_set(database: Path) -> pd.DataFrame:
    """Return the training set, sorted by customer_id within a window; money as floats."""
    columns = fetch(database, "describe int_clv__training_set")
    wanted = ", ".join(
        f'cast("{name}" as double) as "{name}"' if kind.startswith("DECIMAL") else f'"{name}"'
        for name, kind in zip(columns["column_name"], columns["column_type"], strict=True)
    )
    query = (
        f"select {wanted} from int_clv__training_set "
        "order by cutoff, history_months, pred_months, customer_id"
    )
    return fetch(database, query)
