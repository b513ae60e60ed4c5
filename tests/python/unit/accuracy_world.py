"""A small world whose truth is known, for the tests of candidates and contest."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd

from clv.core.window import Window
from clv.training.plan import Plan

DATA_FROM = dt.date(2022, 1, 1)


def purchases(customers: int, days: int, seed: int) -> pd.DataFrame:
    """Purchase days of customers who come, buy at their own rate, and leave."""
    rng = np.random.default_rng(seed)
    rows = []
    for number in range(customers):
        start = int(rng.uniform(0, days * 0.8))
        end = min(days, start + rng.exponential(250))
        rate, value = rng.gamma(1.2, 1 / 30), np.exp(rng.normal(3, 0.6))
        when = float(start)
        while when <= end:
            rows.append((f"c{number:05d}", int(when), round(value * np.exp(rng.normal(0, 0.4)), 2)))
            when += 1 + rng.exponential(1 / rate)
    return pd.DataFrame(rows, columns=["customer_id", "day", "amount"])


def features_and_labels(log: pd.DataFrame, window: Window) -> pd.DataFrame:
    """The columns of `int_clv__training_set` for one window, from a log without refunds."""
    last = (window.cutoff - DATA_FROM).days
    first = last - window.history_days
    end = (window.window_end - DATA_FROM).days
    ever = log.groupby("customer_id")["day"].min()
    rows = []
    for customer, group in log[(log.day > first) & (log.day <= last)].groupby("customer_id"):
        days, amounts = group["day"].to_numpy(), group["amount"].to_numpy()
        gaps, n = np.diff(days), len(days)
        row = {
            "customer_id": customer,
            "frequency": n - 1,
            "recency": days[-1] - days[0],
            "T": last - days[0],
            "monetary_value": amounts[1:].mean() if n > 1 else 0.0,
            "orders": n,
            "revenue": amounts.sum(),
            "refunds": 0.0,
            "average_order_value": amounts.mean(),
            "largest_order_value": amounts.max(),
            "last_order_value": amounts[-1],
            "first_order_value": amounts[0],
            "spread_order_value": amounts.std(ddof=1) if n > 1 else np.nan,
            "days_since_last": last - days[-1],
            "mean_gap": gaps.mean() if n > 1 else np.nan,
            "spread_gap": gaps.std(ddof=1) if n > 2 else np.nan,
            "days_since_first_ever": last - ever[customer],
        }
        for length in (30, 90, 180, 365):
            recent = days > last - length
            row[f"revenue_{length}d"] = amounts[recent].sum()
            row[f"orders_{length}d"] = int(recent.sum())
        rows.append(row)
    frame = pd.DataFrame(rows)
    later = log[(log.day > last) & (log.day <= end)].groupby("customer_id")["amount"]
    frame["actual_clv"] = frame["customer_id"].map(later.sum()).fillna(0.0)
    frame["actual_purchases"] = frame["customer_id"].map(later.count()).fillna(0).astype(int)
    frame.insert(0, "cutoff", pd.Timestamp(window.cutoff))
    frame["window_end"] = pd.Timestamp(window.window_end)
    frame["history_months"], frame["pred_months"] = window.history_months, window.pred_months
    frame["pred_days"] = window.days
    return frame


def training_set(log: pd.DataFrame, plan: Plan) -> pd.DataFrame:
    """All windows of a plan, as the model `int_clv__training_set` has them."""
    return pd.concat(
        [features_and_labels(log, window) for window in plan.windows], ignore_index=True
    )
