"""`clv card`: a model's card for people, as Markdown."""

from __future__ import annotations

from typing import Any

import pandas as pd

from clv.core.wording import in_months, markdown_table
from clv.registry.card import ModelCard
from clv.registry.store import Registry

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
    sections = [
        f"# Model card: {card.model_id}",
        _standing(registry, card),
        _prediction(card),
        _data(card),
        _quality(card),
        _limits(card),
        _reproduction(card),
    ]
    return "\n\n".join(sections)


def _standing(registry: Registry, card: ModelCard) -> str:
    rows = registry.rows()
    row = registry.row_of(card.model_id)
    if row is None:
        return "**Challenger**: trained, never promoted."
    since = f"row {row.manifest_row} of the manifest, promoted at {row.promoted_at.isoformat()}: {row.reason}"
    return f"**{'Champion' if row == rows[-1] else 'Former champion'}** ({since})."


def _prediction(card: ModelCard) -> str:
    model = card.champion
    numbers = [
        [f"{part}: {name}", value]
        for part, values in _parts(model)
        for name, value in values.items()
        if isinstance(value, (int, float)) and not isinstance(value, bool)
    ]
    parameters = ""
    if numbers:
        table = pd.DataFrame(numbers, columns=["parameter", "value"])
        parameters = f"\n\n{markdown_table(table)}"
    return f"""## What it predicts

What each customer will spend, refunds netted, in the {in_months(card.pred_months)} after a cutoff,
for every customer with a purchase day in the {in_months(card.history_months)} up to the cutoff. It
is of kind `{model["kind"]}`.{parameters}"""


def _data(card: ModelCard) -> str:
    data = card.data
    log = card.settings.transactions or "the CDNOW log, the default"
    return f"""## On what data

- Log: {log}; {data.customers:,} customers and {data.customer_days:,} customer days from
  {data.first_day} to {data.last_day}, net amount {data.net_amount}. Fingerprint
  `{data.fingerprint}` (days up to {data.through}).
- Trained at cutoff {card.training_cutoff} on {card.customers:,} customers, labels through
  {card.labels_end}."""


def _quality(card: ModelCard) -> str:
    entries = [(entry.kind, entry.accuracy) for entry in card.candidates if entry.accuracy]
    table = pd.DataFrame(
        [
            {
                "candidate": kind,
                **{title: getattr(accuracy, name) for name, title in MEASURES.items()},
            }
            for kind, accuracy in entries
        ]
    )
    baseline = card.baseline
    naive = [(kind, accuracy) for kind, accuracy in entries if kind.startswith("naive")]
    against = "No naive rule could be judged."
    if naive:
        kind, best = min(naive, key=lambda entry: entry[1].rmse)
        share = 1 - baseline.rmse / best.rmse if best.rmse else 0.0
        against = (
            f"The best naive rule, `{kind}`, has RMSE {best.rmse:,.4g}; the "
            f"model's is {abs(share):.1%} {'lower' if share >= 0 else 'higher'}."
        )
    r2 = baseline.r2
    left_out = "".join(
        f"\n- left out: `{entry.kind}`: {entry.left_out_because}"
        for entry in card.candidates
        if entry.left_out_because
    )
    return f"""## How good it is

Baseline, {baseline.method}: RMSE {baseline.rmse:,.4g}, R² {"undefined" if r2 is None else f"{r2:.4g}"},
{baseline.explanation}.

{against}

{markdown_table(table)}
{left_out}""".rstrip()


def _limits(card: ModelCard) -> str:
    baseline = card.baseline
    total, gini = baseline.bias, baseline.normalized_gini
    order = "undefined" if gini is None else f"{gini:.3f}"
    notes = "".join(f"\n- At training: {note}." for note in card.contest.notes)
    return f"""## Its limits

- Customers without a purchase day in the {in_months(card.history_months)} before a cutoff have no
  prediction; neither have people who never bought.
- It was judged on one window. Spend is heavy-tailed: a few large customers decide the RMSE, and it
  moves from window to window without any change of the model. `clv_drift` tells how it has done since.
- Single customers are predicted poorly by nature (mean absolute error {baseline.mae:,.4g}); ranks
  and totals are steadier (normalized Gini {order}, mean error
  {total:+,.4g} per customer).
- A season, price or assortment that its history did not hold is not in its predictions.
- Who became champion was decided on the window named above, so the baseline of the best of several
  candidates is a little too good.{notes}"""


def _reproduction(card: ModelCard) -> str:
    versions = ", ".join(f"{name} {version}" for name, version in card.environment.items())
    dirty = (
        "\n\nThe code had changes that were not committed, so the commit alone does not hold "
        "everything it was trained with."
        if card.code_dirty
        else ""
    )
    return f"""## How to reproduce it

    clv reproduce {card.model_id}

trains again from commit `{card.code_commit}` and compares. Trained at {card.trained_at.isoformat()} with
{versions}; seed {card.seed}. Model file SHA-256 `{card.model_sha256}`.{dirty}"""


def _parts(model: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """Return the named groups of numbers in a stored model, one level of nesting flattened."""
    parts = []
    for part, values in model.items():
        if isinstance(values, dict):
            flat = {k: v for k, v in values.items() if not isinstance(v, dict)}
            for inner in (v for v in values.values() if isinstance(v, dict)):
                flat |= inner
            parts.append((part, flat))
    return parts
