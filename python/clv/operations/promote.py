"""`clv promote`: challenger and champion side by side, and the row that makes one of them champion."""

from __future__ import annotations

import datetime as dt
from dataclasses import fields
from typing import Any

import pandas as pd

from clv.core.arrays import by_window, column
from clv.core.dates import latest_cutoff, now
from clv.core.window import Window
from clv.errors import ClvError
from clv.operations.comparison import LEARNT, NOW, TRAINING, Comparison, Side
from clv.prediction.accuracy import Accuracy, measure
from clv.prediction.champion import Champion
from clv.prediction.encoder import without_labels
from clv.prediction.naive import RULES
from clv.project.database import fetch, log_days
from clv.project.dbt import DbtProject
from clv.registry import gate
from clv.registry.card import ModelCard
from clv.registry.model_id import ModelId
from clv.registry.store import Registry


def compare(dbt: DbtProject, challenger_id: str) -> Comparison:
    """Judge challenger and champion on the newest window that has matured for both.

    Both models are taken as they stand in their files, whose SHA-256 are checked. One dbt
    invocation builds the features of both history windows.

    Raises
    ------
    ClvError
        When the challenger was promoted already, its file or card is not whole, or the log is
        too short for such a window.
    """
    registry, challenger = Registry(dbt.home.registry), ModelId(challenger_id)
    rows = gate.champions(registry)
    promoted = next((row for row in rows if row.model_id == challenger), None)
    if promoted is not None:
        current = promoted == rows[-1]
        where = "is the champion" if current else f"was champion (row {promoted.manifest_row})"
        raise ClvError(
            f"{challenger_id} {where} already, and a model is promoted once. To return to an "
            "earlier champion, train again at its cutoff and windows and promote the result."
        )
    compared = [challenger, *(row.model_id for row in rows[-1:])]
    cards = [gate.checked_card(registry, model_id) for model_id in compared]
    models = [gate.open_model(registry, model_id) for model_id in compared]
    dbt.refresh_log()
    first, last = log_days(dbt.home.database)
    cutoff = _newest(cards, last)
    if cutoff < first:
        raise ClvError(
            f"the log ({first} to {last}) is too short to compare the models. Promote with --force, "
            "which leaves the comparison out, or wait for more data."
        )
    windows = sorted({Window(cutoff, c.history_months, c.pred_months) for c in cards})
    dbt.build_training_set(windows)
    frames = _same_customers(
        fetch(dbt.home.database, "select * from int_clv__training_set order by customer_id")
    )
    if not frames or not len(next(iter(frames.values()))):
        raise ClvError(f"nobody bought in every history window up to {cutoff}: nothing to compare.")
    sides = [
        _side(card, Champion.from_dict(model.champion), frames)
        for card, model in zip(cards, models, strict=True)
    ]
    customers = len(next(iter(frames.values())))
    return Comparison(cutoff, customers, sides[0], sides[1] if len(sides) > 1 else None)


def _newest(cards: list[ModelCard], last: dt.date) -> dt.date:
    """Return the newest cutoff whose windows have matured and that the challenger can be judged at.

    A model learns from all labels that its training knew. One whose training reaches beyond the
    newest such cutoff was judged out-of-sample at its own training cutoff alone.
    """
    newest = latest_cutoff(last, max(card.pred_months for card in cards))
    own = cards[0].training_cutoff
    learnt = cards[0].labels_end > newest
    return min(own, newest) if learnt else newest


def promote(
    dbt: DbtProject, challenger_id: str, reason: str, expected_champion: str | None
) -> None:
    """Write the manifest row of a challenger; the caller holds the lock and has compared.

    Raises
    ------
    ClvError
        When the champion is no longer the one that the challenger was compared with.
    """
    registry = Registry(dbt.home.registry)
    rows = gate.champions(registry)
    current = rows[-1].model_id if rows else None
    if current != expected_champion:
        raise ClvError(
            f"{current} became champion in the meantime; nothing was promoted. Run `clv promote` "
            "again, to compare with it."
        )
    registry.append(gate.checked_card(registry, challenger_id), now(), reason)


def _same_customers(training_set: pd.DataFrame) -> dict[Window, pd.DataFrame]:
    """Split by window and keep the customers that stand in every part."""
    parts = by_window(training_set)
    shared = (
        set.intersection(*(set(rows["customer_id"]) for rows in parts.values())) if parts else set()
    )
    return {
        window: rows[rows["customer_id"].isin(shared)].reset_index(drop=True)
        for window, rows in parts.items()
    }


def _side(card: ModelCard, model: Champion, frames: dict[Window, pd.DataFrame]) -> Side:
    (cutoff,) = {window.cutoff for window in frames}
    window = Window(cutoff, card.history_months, card.pred_months)
    rows = frames[window]
    actual = column(rows, "actual_clv")
    figures = NOW
    if card.labels_end > cutoff:
        figures = TRAINING if card.training_cutoff == cutoff else LEARNT
    if figures == TRAINING:
        recorded = {f.name: getattr(card.baseline, f.name) for f in fields(Accuracy)}
        numbers: dict[str, Any] = {k: float("nan") if v is None else v for k, v in recorded.items()}
        accuracy = Accuracy(**numbers)
    else:
        predicted = column(model.predict(without_labels(rows)), "predicted_clv")
        accuracy = measure(predicted, actual)
    naive = min(
        measure(model.encoder.encode(without_labels(frame)).expectations[kind], actual).rmse
        for other, frame in frames.items()
        if other.pred_months == window.pred_months
        for kind in RULES
    )
    return Side(
        model_id=card.model_id,
        kind=model.kind,
        window=window,
        accuracy=accuracy,
        skill=1 - accuracy.rmse / naive if naive > 0 else float("nan"),
        figures=figures,
    )
