"""The area of a Gini coefficient, for customers that count once or, in a resample, several times."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from clv.core.arrays import Vector


def mean_over_ties(actual: Vector, predicted: Vector) -> Vector:
    """Return what customers spent, where those with the same prediction share the mean, shape (n,).

    A prediction that is the same for several customers says nothing of their order. With the mean, no
    measure of order depends on how such ties are broken.
    """
    _, group = np.unique(predicted, return_inverse=True)
    counts = np.bincount(group)
    if len(counts) == len(actual):
        return actual
    return np.asarray(np.bincount(group, weights=actual) / counts)[group]


def in_order(by: Vector, actual: Vector) -> tuple[NDArray[np.int64], Vector]:
    """Return places from the highest `by` on, and spend in that order, ties at their mean.

    Parameters
    ----------
    by, actual : arrays of shape (n,)
        What customers are ordered by, and what they spent. The same array twice gives the perfect
        order, in which ties are equal already.

    Returns
    -------
    tuple of arrays of shape (n,)
        Places, those of ties in the order that they came in, and money.
    """
    order = np.argsort(-by, kind="stable")
    shared = actual if by is actual else mean_over_ties(actual, by)
    return order, shared[order]


def normalized_gini(predicted: Vector, actual: Vector) -> float:
    """Return the Gini of spend ordered by prediction over that of spend ordered by itself.

    1 is the perfect order, 0 a random one; NaN where spend has no order, as all of it is equal.
    """
    perfect = gini_area(actual, np.argsort(-actual, kind="stable"))
    shared = mean_over_ties(actual, predicted)
    ours = gini_area(shared, np.argsort(-predicted, kind="stable"))
    return ours / perfect if perfect > 0 else float("nan")


def gini_area(actual: Vector, order: NDArray[np.int64]) -> float:
    """Return the area between cumulative spend in `order` and the diagonal, in money times customers.

    Parameters
    ----------
    actual, order : arrays of shape (n,)
        What the customers spent, and their places from the first to the last.
    """
    n = len(actual)
    weights = np.arange(n, 0, -1, dtype=float)
    return float(np.dot(actual[order], weights) - actual.sum() * (n + 1) / 2)


def resampled_gini_area(money: Vector, weights: Vector) -> Vector:
    """Return the same area where a customer stands `weights` times, shape (replicates,) or one number.

    A customer after `before` others counts in w (size - before) - w (w - 1) / 2 partial sums.

    Parameters
    ----------
    money : array of shape (n,)
        What the customers spent, already in order.
    weights : array of shape (n,) or (n, replicates)
        How often each of them stands there, in the same order.
    """
    through = np.cumsum(weights, axis=0)
    size = through[-1].copy()
    # size - before - (w - 1) / 2 = size - through + (w + 1) / 2
    np.subtract(size + 0.5, through, out=through)
    through += weights / 2
    through *= weights
    return np.asarray(money @ through - (money @ weights) * (size + 1) / 2)
