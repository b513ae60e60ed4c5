"""What the dbt model `int_clv__scores` calls: the champion's predictions and clusters."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from threadpoolctl import threadpool_limits

from clv.core.window import Batch
from clv.errors import ClvError
from clv.prediction.attributes import distinct_values, texts_of
from clv.prediction.candidates import attributes_of
from clv.prediction.champion import Champion
from clv.prediction.clusters import Clusters
from clv.project.home import Home
from clv.registry.gate import open_champion
from clv.registry.store import Registry
from clv.scoring import held

KEY = ["cutoff", "pred_months", "customer_id", "model_id"]
SCORES = pa.schema(
    [
        ("cutoff", pa.date32()),
        ("pred_months", pa.int32()),
        ("customer_id", pa.string()),
        ("model_id", pa.string()),
        ("predicted_clv", pa.float64()),
        ("predicted_clv_lower", pa.float64()),
        ("predicted_clv_upper", pa.float64()),
        ("predicted_purchases", pa.float64()),
        ("probability_purchase", pa.float64()),
        ("probability_alive", pa.float64()),
        ("expected_next_purchase", pa.date32()),
        ("batch_total_lower", pa.float64()),
        ("batch_total_upper", pa.float64()),
        ("cluster_id", pa.int32()),
        ("held_because", pa.string()),
    ]
)


def score(features: pa.Table) -> pa.Table:
    """Predict every row of `int_clv__scoring_features`, and assign its cluster, by the model that it names.

    Parameters
    ----------
    features : pyarrow.Table of shape (customers of all batches, features)

    Returns
    -------
    pyarrow.Table
        With the schema SCORES, in the same order. Money is finite and not negative. The interval
        of a batch's total stands in each of its rows, and so does what spoke against publishing a
        batch that a person accepted.

    Raises
    ------
    ClvError
        When nothing in the past explains a batch, and nobody accepted it.
    """
    with threadpool_limits(1, user_api="blas"):  # the same last digits for any number of threads
        return _score(features)


def _score(features: pa.Table) -> pa.Table:
    registry = Registry(Home.current().registry)
    parts, held_batches = [], []
    for model_id, rows in _by_model(features):
        model = open_champion(registry, model_id)
        champion = Champion.from_dict(model.champion)
        _check_attributes(champion, model_id, rows)
        scores = champion.predict(rows)
        scores["held_because"] = None
        for key, batch in rows.groupby(["cutoff", "pred_months"], sort=True):
            # sorted, so that the sum's last digits do not depend on the order of reading
            total = champion.intervals.total(np.sort(scores.loc[batch.index, "predicted_clv"]))
            scores.loc[batch.index, ["batch_total_lower", "batch_total_upper"]] = total
            of_batch = scores.loc[batch.index]
            if why := held.doubt(champion, batch, of_batch):
                scores.loc[batch.index, "held_because"] = why
                if not held.is_accepted(batch, of_batch):
                    held_batches.append((_batch(*key), why))
        scores["cluster_id"] = Clusters.from_dict(model.clusters).assign(rows)
        frame = pd.concat([rows[KEY], scores], axis=1)
        parts.append(pa.Table.from_pandas(frame, schema=SCORES, preserve_index=False))
    held.refuse(held_batches)
    return pa.concat_tables(parts) if parts else SCORES.empty_table()


def _check_attributes(champion: Champion, model_id: str, rows: pd.DataFrame) -> None:
    """Refuse to score without an attribute that the champion has learnt from, as if nobody had any."""
    wanted = attributes_of(champion.candidate)
    texts = texts_of(rows)
    known = distinct_values(texts) if wanted and texts is not None else {}
    lacking = [name for name in wanted if name not in known]
    if lacking:
        raise ClvError(
            f"the champion {model_id} has learnt from the customer attribute '{lacking[0]}', which no "
            f"customer has at {pd.Timestamp(rows['cutoff'].max()).date()}. Map a table that has "
            "it (the key attributes in section log of the config), with days before that cutoff; or "
            "train without: `clv train`."
        )


def _batch(cutoff: Any, months: Any) -> Batch:
    return Batch(pd.Timestamp(cutoff).date(), int(months))


def _by_model(features: pa.Table) -> list[tuple[str, pd.DataFrame]]:
    for place, field in enumerate(features.schema):
        if pa.types.is_decimal(field.type):  # one Python object a cell otherwise
            values = features.column(place).cast(pa.float64())
            features = features.set_column(place, field.name, values)
    frame = features.to_pandas()
    return [(str(model_id), rows) for model_id, rows in frame.groupby("model_id", sort=True)]
