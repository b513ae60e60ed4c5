"""Behaviour clusters: KMeans on how customers buy, fitted once with the champion.

The clusters see habits (how often, how regularly, how recently, how much at a time), never the
prediction. Features are logarithms, clipped and standardized, because KMeans on raw skewed
features puts nearly everybody into one cluster. The centres are fixed at training time, so that a
cluster means the same in every batch until the next champion.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.cluster import KMeans
from sklearn.metrics import silhouette_score

from clv.core.arrays import column
from clv.core.wording import counted
from clv.errors import ClvError

Matrix = NDArray[np.float64]

BEHAVIOUR = ("frequency", "days_since_last", "T", "average_order_value", "regularity")
SAMPLE = 100_000
SILHOUETTE_SAMPLE = 5_000
Progress = Callable[[Iterable[int]], Iterable[int]]


@dataclass(frozen=True)
class Clusters:
    """Standardization and centres, shape (features,) and (clusters, features)."""

    low: Matrix
    high: Matrix
    mean: Matrix
    scale: Matrix
    centres: Matrix
    silhouette: dict[int, float | None]
    shares: list[float]

    def assign(self, features: pd.DataFrame) -> NDArray[np.int64]:
        """Return the cluster_id (1 to k) of each customer, shape (n,)."""
        points = (np.clip(behaviour(features), self.low, self.high) - self.mean) / self.scale
        closeness = points @ self.centres.T - (self.centres**2).sum(axis=1) / 2
        nearest: NDArray[np.int64] = closeness.argmax(axis=1) + 1
        return nearest

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain lists of numbers."""
        return {
            "behaviour": list(BEHAVIOUR),
            **{k: getattr(self, k).tolist() for k in ("low", "high", "mean", "scale", "centres")},
            "silhouette": {str(k): v for k, v in self.silhouette.items()},
            "shares": self.shares,
        }

    @classmethod
    def from_dict(cls, stored: dict[str, Any]) -> Clusters:
        """Rebuild clusters from what `to_dict` gave."""
        if tuple(stored["behaviour"]) != BEHAVIOUR:
            raise ClvError(
                "the champion's clusters were fitted on other behaviour features than this "
                "version computes. Check out its commit, or run `clv train`."
            )
        arrays = {k: np.array(stored[k]) for k in ("low", "high", "mean", "scale", "centres")}
        silhouette = {int(k): v for k, v in stored["silhouette"].items()}
        return cls(**arrays, silhouette=silhouette, shares=stored["shares"])


def behaviour(features: pd.DataFrame) -> Matrix:
    """Return the log-scaled behaviour features, shape (n, len(BEHAVIOUR)).

    Regularity is the spread of the gaps between purchase days relative to their mean: 0 for one gap
    alone; customers without a gap count as buying at random times (1).
    """
    gap, spread = column(features, "mean_gap"), column(features, "spread_gap")
    with np.errstate(divide="ignore", invalid="ignore"):
        regularity = spread / gap
    return np.column_stack(
        [
            np.log1p(column(features, "frequency")),
            np.log1p(column(features, "days_since_last")),
            np.log1p(column(features, "T")),
            np.log1p(np.maximum(column(features, "average_order_value"), 0)),
            np.where(np.isfinite(regularity), regularity, 1.0),
        ]
    )


def fit_clusters(
    features: pd.DataFrame,
    fewest: int,
    most: int,
    smallest_share: float,
    seed: int,
    progress: Progress = iter,
) -> Clusters:
    """Fit KMeans for k from `fewest` to `most` and keep the k with the best silhouette.

    A k whose smallest cluster holds less than `smallest_share` of the customers is passed over,
    unless every k has such a cluster: then the fewest clusters are taken. Clusters are numbered by
    falling frequency of their centre, then by rising days_since_last.

    Parameters
    ----------
    progress : callable, optional
        Wraps the iteration over k, to show a person how far it is.

    Raises
    ------
    ClvError
        When fewer customers than clusters differ in behaviour.
    """
    raw = behaviour(features)
    rng = np.random.default_rng(seed)
    if len(raw) > SAMPLE:
        raw = raw[np.sort(rng.choice(len(raw), SAMPLE, replace=False))]
    low, high = np.quantile(raw, [0.005, 0.995], axis=0)
    clipped = np.clip(raw, low, high)
    mean = clipped.mean(axis=0)
    scale = np.where(clipped.std(axis=0) > 0, clipped.std(axis=0), 1.0)
    points = (clipped - mean) / scale
    distinct = len(np.unique(points, axis=0))
    if distinct <= fewest:
        raise ClvError(
            f"only {counted(distinct, 'customer differs', 'customers differ')} in behaviour, "
            f"too few for clusters.min_clusters = {fewest}. Train on a longer history, or lower "
            "it in config/model_config.yaml."
        )
    silhouettes: dict[int, float | None] = {}
    fits: dict[int, KMeans] = {}
    for k in progress(range(fewest, min(most, distinct - 1) + 1)):
        fit = KMeans(k, n_init=10, random_state=seed).fit(points)
        small = np.bincount(fit.labels_, minlength=k).min() / len(points) < smallest_share
        fits[k] = fit
        size = min(SILHOUETTE_SAMPLE, len(points))
        score = silhouette_score(points, fit.labels_, sample_size=size, random_state=seed)
        silhouettes[k] = None if small else float(score)
    usable = {k: value for k, value in silhouettes.items() if value is not None}
    best = fits[max(usable, key=lambda k: usable[k]) if usable else fewest]
    order = np.lexsort((best.cluster_centers_[:, 1], -best.cluster_centers_[:, 0]))
    counts = np.bincount(best.labels_, minlength=len(order))[order]
    return Clusters(
        low, high, mean, scale, best.cluster_centers_[order], silhouettes, (counts / counts.sum()).tolist()
    )  # fmt: skip
