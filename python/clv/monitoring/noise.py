"""What the dbt model `int_clv__batch_noise` calls: each matured batch against its baseline."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from clv.core.arrays import column
from clv.prediction.baseline import baseline_customers
from clv.prediction.resampling import MEASURES, Customers, changes, estimate
from clv.project.home import Home
from clv.registry.gate import open_champion
from clv.registry.store import Registry

NOISE = pa.schema(
    [
        ("cutoff", pa.date32()),
        ("pred_months", pa.int32()),
        ("model_id", pa.string()),
        ("buyers", pa.int64()),
        ("baseline_customers", pa.int64()),
        ("baseline_buyers", pa.int64()),
        ("baseline_bias", pa.float64()),
        *((f"{measure}_{what}", pa.float64()) for measure in MEASURES for what in ("change", "error")),
    ]
)  # fmt: skip
BASELINE_SEED = 1


def batch_noise(customers: pa.Table) -> pa.Table:
    """Compare every batch of `int_clv__batches_to_judge` with the baseline of the model that made it.

    Parameters
    ----------
    customers : pyarrow.Table of shape (customers of all batches, …)
        With predicted_clv, naive_clv and actual_clv. The order of rows does not matter.

    Returns
    -------
    pyarrow.Table
        With the schema NOISE, a row per batch. A model of an older version keeps no baseline
        customers: its rows are empty but for the buyers.

    Raises
    ------
    ClvError
        When a model file is missing or not the promoted one, or a value is missing.
    """
    frame = customers.to_pandas()
    registry = Registry(Home.current().registry)
    rows = []
    for model_id, of_model in frame.groupby("model_id", sort=True):
        baseline = baseline_customers(open_champion(registry, str(model_id)).baseline)
        estimated = estimate(baseline, baseline.caps(), BASELINE_SEED) if baseline else None
        for key, batch in of_model.groupby(["cutoff", "pred_months"], sort=True):
            cutoff, pred_months = pd.Timestamp(key[0]).date(), int(key[1])
            judged = judged_customers(batch)
            row: dict[str, Any] = {
                "cutoff": cutoff,
                "pred_months": pred_months,
                "model_id": str(model_id),
                "buyers": judged.buyers,
            }
            if baseline and estimated:
                seen = estimate(judged, baseline.caps(), batch_seed(cutoff, pred_months))
                row |= {
                    "baseline_customers": len(baseline.actual),
                    "baseline_buyers": baseline.buyers,
                    "baseline_bias": baseline.bias,
                    **{k: v if np.isfinite(v) else None for k, v in changes(estimated, seen).items()},
                }  # fmt: skip
            rows.append(row)
    return pa.Table.from_pylist(rows, schema=NOISE)


def judged_customers(batch: pd.DataFrame) -> Customers:
    """Return one batch in the order of customer_id, which is that of the resampling."""
    ordered = batch.sort_values("customer_id")
    return Customers(*(column(ordered, f"{n}_clv") for n in ("predicted", "naive", "actual")))


def batch_seed(cutoff: dt.date, pred_months: int) -> int:
    """Return the seed of a batch's resampling: its key, so that it never changes."""
    return cutoff.toordinal() * 1_000 + pred_months
