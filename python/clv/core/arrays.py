"""Arrays of customers: one row a customer, in the order of the frame that they come from."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]


def column(features: pd.DataFrame, name: str) -> Vector:
    """Return a feature as an array of floats of shape (n,)."""
    return features[name].to_numpy(dtype=float, na_value=np.nan)


def line(points: NDArray[np.float64], slope: Vector) -> Vector:
    """Return points times slope, shape (n,), each row by itself.

    A matrix product's last digits depend on how many rows it is given, and a customer's prediction
    must not depend on who is scored beside them.
    """
    product: Vector = np.einsum("ij,j->i", np.ascontiguousarray(points), slope)
    return product
