"""What the dbt Python models call: the champion's predictions and clusters of this run's batches."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa

from clv.candidates import Candidate, NaiveSpendRate, candidate_from_dict
from clv.clustering import Clusters
from clv.home import Home
from clv.messages import say
from clv.registry import Registry

KEY = [
    ("cutoff", pa.date32()),
    ("pred_months", pa.int32()),
    ("customer_id", pa.string()),
    ("model_id", pa.string()),
]
SCORES = pa.schema(
    [
        *KEY,
        ("predicted_clv", pa.float64()),
        ("predicted_purchases", pa.float64()),
        ("probability_alive", pa.float64()),
    ]
)
ASSIGNMENTS = pa.schema([*KEY, ("cluster_id", pa.int32())])


def score(features: pa.Table) -> pa.Table:
    """Predict every row of `scoring_features` with the model that the row names.

    Parameters
    ----------
    features : pyarrow.Table of shape (customers of all batches, features)

    Returns
    -------
    pyarrow.Table
        With the schema SCORES, in the same order. Predictions are finite and not negative: where
        a BTYD formula overflows (very frequent buyers), the customer's own rate takes its place,
        and the number of such customers is reported.
    """
    parts = []
    for model_id, rows in _by_model(features):
        candidate = candidate_from_dict(
            Registry(Home.current().registry).load_model(model_id)["champion"]
        )
        predictions = predict_finite(candidate, rows)
        parts.append(_table(rows, predictions, SCORES))
    return pa.concat_tables(parts) if parts else SCORES.empty_table()


def predict_finite(candidate: Candidate, rows: pd.DataFrame) -> pd.DataFrame:
    """Return `candidate.predict(rows)`, finite and within bounds; see `score`."""
    predictions = candidate.predict(rows)
    overflowed = ~np.isfinite(predictions["predicted_clv"].to_numpy())
    if overflowed.any():
        say(f"{overflowed.sum()} customers: {candidate.kind} overflowed, own spend rate taken")
        own_rate = NaiveSpendRate().predict(rows[overflowed])
        predictions.loc[overflowed] = own_rate.to_numpy()
    # Rounding inside the formulas can end a hair outside of what the numbers mean.
    for name in ("predicted_clv", "predicted_purchases"):
        predictions[name] = predictions[name].clip(lower=0)
    predictions["probability_alive"] = predictions["probability_alive"].clip(0, 1)
    return predictions


def assign_clusters(features: pa.Table) -> pa.Table:
    """Assign every row of `scoring_features` to a behaviour cluster of the model that it names.

    Returns
    -------
    pyarrow.Table
        With the schema ASSIGNMENTS, in the same order.
    """
    parts = []
    for model_id, rows in _by_model(features):
        clusters = Clusters.from_dict(
            Registry(Home.current().registry).load_model(model_id)["clusters"]
        )
        assigned = pd.DataFrame({"cluster_id": clusters.assign(rows)}, index=rows.index)
        parts.append(_table(rows, assigned, ASSIGNMENTS))
    return pa.concat_tables(parts) if parts else ASSIGNMENTS.empty_table()


def _by_model(features: pa.Table) -> list[tuple[str, pd.DataFrame]]:
    frame = features.to_pandas()
    return [(str(model_id), rows) for model_id, rows in frame.groupby("model_id", sort=True)]


def _table(rows: pd.DataFrame, results: pd.DataFrame, schema: pa.Schema) -> pa.Table:
    frame = pd.concat([rows[[name for name, _ in KEY]], results], axis=1)
    return pa.Table.from_pandas(frame, schema=schema, preserve_index=False)
