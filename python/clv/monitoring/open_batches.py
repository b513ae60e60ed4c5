"""What is said of batches before their window has matured: their nowcasts."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import duckdb
import pandas as pd

from clv.core.wording import readable
from clv.project.database import has_table, reading
from clv.project.home import Home

UNKNOWN = {
    "nothing_predicted": "nothing is predicted",
    "few_buyers": "too few buyers are expected",
    "too_early": "too little of the window has passed",
    "no_course": "no course of the window is known",
}
# The newest nowcast of each batch that is still open, and the day on which it became implausible.
NEWEST = """
    select
        nowcast.* exclude (last_day, implausible_since),
        case when is_implausible then implausible_since end as implausible_since
    from (
        select
            *,
            max(as_of) over (partition by cutoff, pred_months) as last_day,
            min(case when is_implausible then as_of end) over (
                partition by cutoff, pred_months, model_id
            ) as implausible_since
        from clv_nowcast
    ) as nowcast
    cross join int_clv__log_days as log_days
    where as_of = last_day and window_end > log_days.data_through
    order by cutoff, pred_months
"""


def newest_nowcasts(connection: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    """Return the newest row of `clv_nowcast` of each open batch, with implausible_since; maybe none."""
    if not has_table(connection, "clv_nowcast"):
        return pd.DataFrame()
    return connection.execute(NEWEST).df()


def with_nowcasts(waiting: pd.DataFrame, nowcasts: pd.DataFrame) -> pd.DataFrame:
    """Return batches (cutoff, pred_months) with two columns more: predicted_total and nowcast."""
    if nowcasts.empty:
        return waiting
    key = ["cutoff", "pred_months"]
    said = nowcasts[[*key, "predicted_total"]].assign(
        nowcast=[nowcast_text(row) for row in nowcasts.to_dict("records")]
    )
    return waiting.merge(said, on=key, how="left")


def implausible_lines(home: Home) -> list[str]:
    """Return a line for each open batch that has become implausible on the last day of the log."""
    with reading(home.database) as connection:
        rows = newest_nowcasts(connection)
    return [
        f"warning: {implausible_line(row)}"
        for row in rows.to_dict("records")
        if row["implausible_since"] == row["as_of"]
    ]


def implausible_line(row: Mapping[Hashable, Any]) -> str:
    """Return what makes the prediction of a batch one that can hardly come true."""
    return (
        f"batch {readable(row['cutoff'])} is implausible: by {readable(row['as_of'])} its customers "
        f"spent {readable(row['spent'])} where {readable(row['expected_so_far'])} was expected; at the "
        f"end of the window it will be about {nowcast_text(row)}, and "
        f"{readable(row['predicted_total'])} is predicted"
    )


def nowcast_text(row: Mapping[Hashable, Any]) -> str:
    """Return the nowcast of a batch with its 80 % interval, or why there is none."""
    if isinstance(row["unknown_reason"], str):
        return f"unknown: {UNKNOWN[row['unknown_reason']]}"
    ends = f"{readable(row['nowcast_lower'])} to {readable(row['nowcast_upper'])}"
    return f"{readable(row['nowcast_total'])} ({ends})"
