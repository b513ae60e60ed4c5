"""Cards and models to put into a registry, whole but small."""

from __future__ import annotations

import datetime as dt
from typing import Any

from clv.registry.card import ModelCard
from clv.registry.model_file import ModelFile
from clv.registry.model_id import ModelId
from clv.registry.store import Registry

UTC = dt.timezone.utc
FIGURES = {
    "customers": 100, "rmse": 40.0, "r2": 0.35, "mae": 14.0, "bias": -2.0,
    "normalized_gini": 0.64, "top_decile_share": 0.5, "spearman": 0.6,
}  # fmt: skip
BASELINE = {
    **FIGURES, "method": "out-of-time", "window": "1997-09-30 + 3 months", "pred_months": 3,
    "customers_sampled": 1.0, "explanation": "judged later",
}  # fmt: skip


def moment(n: int = 0) -> dt.datetime:
    return dt.datetime(2020, 1, 1, tzinfo=UTC) + dt.timedelta(seconds=n)


def named(n: int = 0, at: dt.datetime | None = None) -> ModelId:
    """Return the id of the n-th model."""
    return ModelId.of_training(dt.date(1997, 9, 30), 9, 3, at or moment(n))


def candidate(kind: str, **changes: Any) -> dict[str, Any]:
    return {
        "kind": kind, "level": "naive", "accuracy": FIGURES, "windows": {},
        "decile_calibration": [], "left_out_because": None, **changes,
    }  # fmt: skip


def card_of(model_id: str, **changes: Any) -> dict[str, Any]:
    """Return what the card of a model says, as `clv train` would write it."""
    return {
        "model_id": model_id,
        "trained_at": ModelId(model_id).trained_at.isoformat(),
        "code_commit": "a" * 40,
        "code_dirty": False,
        "training_cutoff": "1997-09-30",
        "labels_end": "1997-12-30",
        "history_months": 9,
        "pred_months": 3,
        "seed": 1,
        "settings": {
            "transactions": "orders.csv", "vars": {}, "min_clusters": 3, "max_clusters": 8,
            "smallest_share": 0.02,
        },
        "customers": 100,
        "champion": {"kind": "naive_spend_rate"},
        "baseline": BASELINE,
        "contest": {
            "windows": [], "deployed_on": [], "duels": [], "why": "it errs least", "notes": [],
            "bounds_on_newest_window": {},
        },
        "candidates": [candidate("naive_spend_rate")],
        "clusters": {},
        "data": {
            "fingerprint": "1-2-3", "through": "1997-12-30", "customer_days": 500, "customers": 100,
            "first_day": "1997-01-01", "last_day": "1997-12-30", "net_amount": "12.50",
        },
        "environment": {"python": "3.11.7"},
        **changes,
    }  # fmt: skip


def model_of(model_id: str, **champion: Any) -> ModelFile:
    return ModelFile(ModelId(model_id), {"kind": "naive_spend_rate", **champion}, {})


def add_model(
    registry: Registry, n: int = 0, promote: bool = True, at: dt.datetime | None = None, **card: Any
) -> ModelCard:
    """Write the n-th model with its card, and promote it unless told not to."""
    model_id = named(n, at)
    saved = registry.save(model_of(model_id, numbers=list(range(n))), card_of(model_id, **card))
    if promote:
        registry.append(saved, at or moment(n), 'because, it is "better"\nthan before')
    return saved
