"""The course of an open window: how much of its money is expected by now, and how steady a log is.

`clv_nowcast` weighs the prediction of a batch against its spend so far. What it needs of the champion
and of the log's own past is here.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from clv.core.arrays import Vector, column
from clv.prediction.season import SeasonClock

# A log that is short is taken to be as unsteady as logs are: over 58 windows of six of them the rate
# of the rest of a window was off that of its start by 0.25 in the log. That counts as much as two
# windows of the log's own past.
USUAL_NOISE, USUAL_WINDOWS = 0.25, 2.0
# The log's own past is looked at every so many days.
STEP = 7


def expected_share(share: Vector, rows: pd.DataFrame) -> float | None:
    """Return the share of a batch's predicted money that falls within the horizon.

    Parameters
    ----------
    share : array of shape (rows,)
        The share of each row's expected purchases that does, see `share_by_then`.
    rows : DataFrame
        A row per distinct (frequency, recency, T), with the sum of predicted_clv (predicted_spend).
    """
    money = column(rows, "predicted_spend")
    total = float(money.sum())
    return float(np.sum(share * money)) / total if total > 0 else None


def level_noise(
    daily: pd.DataFrame, clock: SeasonClock, as_of: pd.Timestamp, elapsed: int, remaining: int
) -> float:
    """Return how far a stretch of the log is from the one before it, as a standard deviation.

    Of each stretch of `elapsed` days of the log up to `as_of` and the `remaining` days after it, the
    log of the ratio of spend per seasonal day is taken; their standard deviation, and the usual
    one, are averaged as variances, weighed by how many windows fit into the log.

    Parameters
    ----------
    daily : DataFrame of shape (days, 2)
        order_date and net_amount of the days of the log with an order.
    elapsed, remaining : int
        Days of the window that have passed, and that have not; both at least 1.
    """
    dates = pd.to_datetime(daily["order_date"])
    known = daily[dates <= as_of]
    logs, windows = np.zeros(0), 0.0
    if len(known):
        days = pd.date_range(dates.min(), as_of)
        spend = known.set_index(dates[known.index])["net_amount"].astype(float)
        busy = clock.weights[days.month.to_numpy() - 1]
        sums = [
            np.concatenate([[0.0], np.cumsum(x)]) for x in (spend.reindex(days, fill_value=0), busy)
        ]
        windows = len(days) / (elapsed + remaining)
        middle = np.arange(len(days) - remaining, elapsed - 1, -STEP)
        rates = [
            (sums[0][end] - sums[0][start]) / (sums[1][end] - sums[1][start])
            for start, end in ((middle - elapsed, middle), (middle, middle + remaining))
        ]
        sold = (rates[0] > 0) & (rates[1] > 0)
        logs = np.log(rates[1][sold] / rates[0][sold])
    if len(logs) < 2:
        return USUAL_NOISE
    own = windows * float(np.var(logs))
    return float(np.sqrt((own + USUAL_WINDOWS * USUAL_NOISE**2) / (windows + USUAL_WINDOWS)))
