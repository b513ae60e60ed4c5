"""Arrays of customers: one row a customer, in the order of the frame that they come from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from clv.core.window import Window

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]


def column(features: pd.DataFrame, name: str) -> Vector:
    """Return a feature as an array of floats of shape (n,)."""
    return features[name].to_numpy(dtype=float, na_value=np.nan)


def by_window(rows: pd.DataFrame) -> dict[Window, pd.DataFrame]:
    """Split rows with cutoff, history_months and pred_months by their window."""
    groups = rows.groupby(["cutoff", "history_months", "pred_months"], sort=False)
    keys: list[tuple[Any, Any, Any]] = list(groups.groups)  # type: ignore[arg-type]
    return {
        Window(pd.Timestamp(key[0]).date(), int(key[1]), int(key[2])): groups.get_group(key)
        for key in keys
    }


def row_products(points: Matrix, slope: Vector) -> Vector:
    """Return points times slope, shape (n,), each row by itself.

    A matrix product's last digits depend on how many rows it is given, and a customer's prediction
    must not depend on who is scored beside them.
    """
    product: Vector = np.einsum("ij,j->i", np.ascontiguousarray(points), slope)
    return product


def draw_rows(rows: int, most: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Return the places of `most` of so many rows, drawn without replacement, in their order."""
    return np.sort(rng.choice(rows, most, replace=False))


@dataclass(frozen=True)
class ClippedScaler:
    """Columns cut to the range of most customers, and standardized; arrays of shape (columns,)."""

    low: Vector
    high: Vector
    mean: Vector
    scale: Vector

    @classmethod
    def fit(
        cls,
        points: Matrix,
        quantiles: tuple[float, float],
        weight: Vector | None = None,
        smallest: float = 1e-9,
    ) -> ClippedScaler:
        """Learn range, mean and standard deviation of the columns of points.

        Parameters
        ----------
        points : array of shape (n, columns)
        quantiles : (low, high)
            Where the columns are cut.
        weight : array of shape (n,), optional
            How much each row counts in the mean.
        smallest : float
            A column whose standard deviation is not above this one is not scaled.
        """
        low, high = np.quantile(points, quantiles, axis=0)
        clipped = np.clip(points, low, high)
        mean = clipped.mean(axis=0) if weight is None else np.average(clipped, 0, weight)
        deviation = clipped.std(axis=0)
        return cls(low, high, mean, np.where(deviation > smallest, deviation, 1.0))

    def transform(self, points: Matrix) -> Matrix:
        """Return the points clipped and standardized, shape (n, columns)."""
        scaled: Matrix = (np.clip(points, self.low, self.high) - self.mean) / self.scale
        return scaled

    def to_dict(self) -> dict[str, list[float]]:
        """Return the scaler as plain numbers."""
        return {name: getattr(self, name).tolist() for name in ("low", "high", "mean", "scale")}

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> ClippedScaler:
        """Rebuild a scaler from what `to_dict` gave; other keys are left alone."""
        return cls(*(np.array(stored[name]) for name in ("low", "high", "mean", "scale")))
