"""What the dbt model `stg_clv__champion_manifest` calls: the manifest, once the gate let it through."""

from __future__ import annotations

import datetime as dt

import pyarrow as pa

from clv.project.home import Home
from clv.registry import gate
from clv.registry.store import Registry

MANIFEST = pa.schema(
    [
        ("manifest_row", pa.int32()),
        ("model_id", pa.string()),
        ("kind", pa.string()),
        ("training_cutoff", pa.date32()),
        ("labels_end", pa.date32()),
        ("history_months", pa.int32()),
        ("pred_months", pa.int32()),
        ("baseline_rmse", pa.float64()),
        ("baseline_r2", pa.float64()),
        ("baseline_method", pa.string()),
        ("baseline_pred_months", pa.int32()),
        ("model_sha256", pa.string()),
        ("trained_at", pa.timestamp("us")),
        ("promoted_at", pa.timestamp("us")),
        ("reason", pa.string()),
        ("code_commit", pa.string()),
        ("is_champion", pa.bool_()),
    ]
)


def champion_manifest() -> pa.Table:
    """Return a row per promotion, with the schema MANIFEST.

    Raises
    ------
    ClvError
        When there is no champion, or manifest, head, the champion's card or its model file are not
        those that were written. So a plain `dbt build` goes through the same gate as `clv run`.
    """
    registry = Registry(Home.current().registry)
    champion = gate.champion(registry)
    rows = [
        {
            **{name: getattr(row, name, None) for name in MANIFEST.names},
            "trained_at": _in_utc(row.trained_at),
            "promoted_at": _in_utc(row.promoted_at),
            "is_champion": row == champion,
        }
        for row in registry.rows()
    ]
    return pa.Table.from_pylist(rows, schema=MANIFEST)


def _in_utc(moment: dt.datetime) -> dt.datetime:
    return moment.astimezone(dt.timezone.utc).replace(tzinfo=None)
