"""`clv card`: a model's card for people, as Markdown."""

from __future__ import annotations

import calendar
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from clv.core.secrets import redact
from clv.core.templates import render_markdown
from clv.registry.card import AttributesBrought, Candidate
from clv.registry.store import Registry

TEMPLATE = Path(__file__).with_name("templates") / "card.md.j2"
NORMAL_90 = 1.645
MEASURES = {
    "rmse": "RMSE",
    "r2": "R²",
    "mae": "MAE",
    "bias": "bias",
    "normalized_gini": "normalized Gini",
    "top_decile_share": "top-decile share",
}


def card_text(registry: Registry, model_id: str) -> str:
    """Render the card: what it predicts, on what data, how good, its limits, how to reproduce it.

    Raises
    ------
    ClvError
        When there is no such card.
    """
    card = registry.card(model_id)
    rows = registry.rows()
    log = card.settings.transactions
    naive = _best_naive(card.candidates)
    return render_markdown(
        TEMPLATE,
        card=card,
        row=registry.row_of(card.model_id),
        newest=rows[-1] if rows else None,
        parameters=_parameters(card.champion),
        log=redact(log) if log else "the CDNOW log, which homes without one read then",
        naive=naive,
        lower=_lower(card.baseline.rmse, naive),
        accuracy=_accuracy(card.candidates),
        season=season_of(card.champion),
        brought=_brought(card.contest.attributes),
        left_out=[candidate for candidate in card.candidates if candidate.left_out_because],
    )


def season_of(champion: dict[str, Any]) -> pd.DataFrame | None:
    """Return how busy the twelve months are to a champion, as a table; None where it knows no season.

    Parameters
    ----------
    champion : dict
        The champion as its card has it.
    """
    reader = champion.get("reader")
    season = reader.get("season") if isinstance(reader, dict) else None
    if not season or not any(season["effects"]):
        return None
    effects, errors = np.array(season["effects"]), np.array(season["errors"])
    busy = np.exp(effects)
    low, high = np.exp(effects - NORMAL_90 * errors), np.exp(effects + NORMAL_90 * errors)
    return pd.DataFrame(
        {
            "month": list(calendar.month_name)[1:],
            "against the mean month": [f"{share - 1:+.0%}" for share in busy],
            "90 % interval": [
                f"{a - 1:+.0%} to {b - 1:+.0%}" for a, b in zip(low, high, strict=True)
            ],
            "": ["█" * max(1, round(10 * share)) for share in busy],
        }
    )


def _parameters(model: dict[str, Any]) -> pd.DataFrame | None:
    numbers = [
        [f"{part}: {name}", value]
        for part, values in _parts(model)
        for name, value in values.items()
        if isinstance(value, (int, float)) and not isinstance(value, bool)
    ]
    return pd.DataFrame(numbers, columns=["parameter", "value"]) if numbers else None


def _accuracy(candidates: list[Candidate]) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "candidate": candidate.kind,
                **{title: getattr(candidate.accuracy, name) for name, title in MEASURES.items()},
            }
            for candidate in candidates
            if candidate.accuracy
        ]
    )


def _brought(found: AttributesBrought | None) -> pd.DataFrame | None:
    """Return the newest judged window without and with attributes, a row per measure."""
    if found is None:
        return None
    sides = {"without": found.without, "with attributes": found.attributed}
    return pd.DataFrame(
        [
            {"measure": title, **{side: getattr(figures, name) for side, figures in sides.items()}}
            for name, title in MEASURES.items()
        ]
    )


def _best_naive(candidates: list[Candidate]) -> Candidate | None:
    judged = [
        (candidate.accuracy.rmse, candidate)
        for candidate in candidates
        if candidate.accuracy and candidate.kind.startswith("naive")
    ]
    return min(judged, key=lambda entry: entry[0], default=(0.0, None))[1]


def _lower(rmse: float, rule: Candidate | None) -> float:
    """Return by which share the model's RMSE is below that of a rule."""
    accuracy = rule.accuracy if rule else None
    return 1 - rmse / accuracy.rmse if accuracy and accuracy.rmse else 0.0


def _parts(model: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """Return the named groups of numbers in a stored model, one level of nesting flattened."""
    parts = []
    for part, values in model.items():
        if isinstance(values, dict):
            flat = {k: v for k, v in values.items() if not isinstance(v, dict)}
            for inner in (v for k, v in values.items() if isinstance(v, dict) and k != "season"):
                flat |= inner
            parts.append((part, flat))
    return parts
