"""What the dbt Python models call: the champion's predictions and clusters of this run's batches."""

from __future__ import annotations

import pandas as pd
import pyarrow as pa

from clv.champion import Champion
from clv.clustering import Clusters
from clv.home import Home
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
        ("predicted_clv_lower", pa.float64()),
        ("predicted_clv_upper", pa.float64()),
        ("predicted_purchases", pa.float64()),
        ("probability_purchase", pa.float64()),
        ("probability_alive", pa.float64()),
        ("expected_next_purchase", pa.date32()),
        ("batch_total_lower", pa.float64()),
        ("batch_total_upper", pa.float64()),
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
        With the schema SCORES, in the same order. Money is finite and not negative. The interval
        of a batch's total stands in each of its rows.
    """
    parts = []
    for model_id, rows in _by_model(features):
        stored = Registry(Home.current().registry).load_model(model_id)["champion"]
        champion = Champion.from_dict(stored)
        predictions = champion.predict(rows)
        for _, batch in rows.groupby(["cutoff", "pred_months"], sort=True):
            total = champion.bounds.total(predictions.loc[batch.index, "predicted_clv"].to_numpy())
            predictions.loc[batch.index, ["batch_total_lower", "batch_total_upper"]] = total
        parts.append(_table(rows, predictions, SCORES))
    return pa.concat_tables(parts) if parts else SCORES.empty_table()


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
    for place, field in enumerate(features.schema):
        if pa.types.is_decimal(field.type):  # one Python object a cell otherwise
            values = features.column(place).cast(pa.float64())
            features = features.set_column(place, field.name, values)
    frame = features.to_pandas()
    return [(str(model_id), rows) for model_id, rows in frame.groupby("model_id", sort=True)]


def _table(rows: pd.DataFrame, results: pd.DataFrame, schema: pa.Schema) -> pa.Table:
    frame = pd.concat([rows[[name for name, _ in KEY]], results], axis=1)
    if "expected_next_purchase" in frame:
        dates = pa.Array.from_pandas(frame["expected_next_purchase"]).cast(pa.date32())
        frame = frame.drop(columns="expected_next_purchase")
        place = schema.get_field_index("expected_next_purchase")
        rest = pa.Table.from_pandas(frame, schema=schema.remove(place), preserve_index=False)
        return rest.add_column(place, schema.field(place), dates)
    return pa.Table.from_pandas(frame, schema=schema, preserve_index=False)
