"""What a card says, as text with a stable layout."""

from __future__ import annotations

import hashlib
import json
from typing import Any


def content_sha256(card: dict[str, Any]) -> str:
    """Return the SHA-256 of what a card says, apart from this hash itself."""
    content = {key: value for key, value in card.items() if key != "content_sha256"}
    return hashlib.sha256(as_json(content).encode()).hexdigest()


def latest_metrics(card: dict[str, Any]) -> dict[str, Any]:
    """Return the champion's figures for tools that watch one file."""
    keys = ("model_id", "trained_at", "training_cutoff", "history_months", "pred_months")
    return {**{key: card[key] for key in keys}, "baseline": card["baseline"]}


def as_json(value: dict[str, Any]) -> str:
    """Write JSON with a stable layout; NaN is refused rather than written."""
    return json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
