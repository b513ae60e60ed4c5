"""Rows of `clv_drift`: what a matured batch was judged to be, and the figures behind it."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import duckdb

from clv.core.window import Batch

REPORTED = "select * from clv_drift where severity is not null order by cutoff, pred_months"
ENDED = "select * from clv_drift where episode = 'ended' order by cutoff, pred_months"


@dataclass(frozen=True)
class Change:
    """How far a measure has moved since the baseline, with its interval; None where undefined."""

    value: float | None
    low: float | None
    high: float | None

    def written(self, style: str) -> tuple[str, str]:
        """Return the change and its interval as text."""
        shown = "-" if self.value is None else format(self.value, style)
        if self.value is None or self.low is None or self.high is None:
            return shown, "unknown"
        return shown, f"{self.low:{style}} to {self.high:{style}}"


# Fields that are three columns of the table: the field's column, and that with _low and _high.
CHANGES = {
    "rmse_change": "rmse_change",
    "r2_change": "r2_change",
    "level": "level_change",
    "naive_level": "naive_level_change",
    "paired_level": "paired_level_change",
    "gini": "gini_change",
    "paired_gini": "paired_gini_change",
}


@dataclass(frozen=True)
class DriftRow:
    """One row of `clv_drift`; None where a figure is undefined."""

    cutoff: dt.date
    pred_months: int
    window_end: dt.date
    model_id: str
    status: str
    severity: str | None
    verdict: str
    verdict_reason: str | None
    crossed: str | None
    total_is_good: bool | None
    order_is_good: bool | None
    error_is_good: bool | None
    episode: str | None
    episode_opened: dt.date | None
    alerts_in_a_row: int
    recommendation: str | None
    customers: int
    buyers: int | None
    expected_buyers: float | None
    predicted_total: float
    actual_total: float
    naive_total: float | None
    rmse: float
    r2: float | None
    mae: float
    bias: float
    normalized_gini: float | None
    rmse_to_spread: float | None
    baseline_total_off: float | None
    naive_total_off: float | None
    naive_total_off_a_year_ago: float | None
    baseline_rmse: float | None
    baseline_r2: float | None
    naive_rmse: float | None
    naive_r2: float | None
    naive_normalized_gini: float | None
    naive_rmse_change: float | None
    drift_threshold_rmse: float
    drift_threshold_r2: float
    drift_threshold_level: float
    drift_threshold_order: float
    rmse_change: Change
    r2_change: Change
    level: Change
    naive_level: Change
    paired_level: Change
    gini: Change
    paired_gini: Change

    @classmethod
    def of(cls, columns: Mapping[str, Any]) -> DriftRow:
        """Return the row that has these columns; others are left out."""
        values: dict[str, Any] = {}
        for field in fields(cls):
            column = CHANGES.get(field.name)
            if column is None:
                values[field.name] = _plain(columns[field.name])
            else:
                ends = (columns[f"{column}{end}"] for end in ("", "_low", "_high"))
                values[field.name] = Change(*map(_plain, ends))
        return cls(**values)

    @property
    def batch(self) -> Batch:
        """The batch that was judged."""
        return Batch(self.cutoff, self.pred_months)

    @property
    def is_alert(self) -> bool:
        """Whether the batch asks for a decision; a watched one asks for nothing."""
        return self.severity == "alert"

    @property
    def total_off_share(self) -> float | None:
        """Predicted less actual total as a share of the actual; None where nothing was spent."""
        if self.actual_total <= 0:
            return None
        return (self.predicted_total - self.actual_total) / self.actual_total


def drift_rows(connection: duckdb.DuckDBPyConnection, query: str) -> list[DriftRow]:
    """Return the rows of a query over `clv_drift` that selects all its columns."""
    found = connection.execute(query)
    names = [column[0] for column in found.description or []]
    return [DriftRow.of(dict(zip(names, row, strict=True))) for row in found.fetchall()]


def _plain(value: Any) -> Any:
    """Return exact numbers as floats, and what is no number as None."""
    if isinstance(value, (int, str, dt.date)) or value is None:
        return value
    number = float(value)
    return number if math.isfinite(number) else None
