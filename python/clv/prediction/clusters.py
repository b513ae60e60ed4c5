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
from threadpoolctl import threadpool_limits

from clv.core.arrays import ClippedScaler, Matrix, column, draw_rows
from clv.core.wording import counted
from clv.errors import ClvError

BEHAVIOUR = ("frequency", "days_since_last", "T", "average_order_value", "regularity")
SAMPLE = 100_000
SILHOUETTE_SAMPLE = 5_000
Progress = Callable[[Iterable[int]], Iterable[int]]


@dataclass(frozen=True)
class Clusters:
    """Standardization, centres of shape (clusters, features), and how well k clusters part."""

    scaler: ClippedScaler
    centres: Matrix
    silhouette: dict[int, float | None]
    shares: list[float]

    def assign(self, features: pd.DataFrame) -> NDArray[np.int64]:
        """Return the cluster_id (1 to k) of each customer, shape (n,)."""
        points = self.scaler.transform(behaviour(features))
        closeness = points @ self.centres.T - (self.centres**2).sum(axis=1) / 2
        nearest: NDArray[np.int64] = closeness.argmax(axis=1) + 1
        return nearest

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain lists of numbers."""
        return {
            "behaviour": list(BEHAVIOUR),
            **self.scaler.to_dict(),
            "centres": self.centres.tolist(),
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
        silhouette = {int(k): v for k, v in stored["silhouette"].items()}
        centres = np.array(stored["centres"])
        return cls(ClippedScaler.from_dict(stored), centres, silhouette, stored["shares"])


def behaviour(features: pd.DataFrame) -> Matrix:
    """Return the log-scaled behaviour features, shape (n, len(BEHAVIOUR)).

    Regularity is the spread of the gaps between purchase days relative to their mean; customers with
    fewer than two gaps count as buying at random times (1).
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


@dataclass(frozen=True)
class ClusterOptions:
    """How many clusters are tried, and the share of customers that each should hold at least."""

    fewest: int
    most: int
    smallest_share: float


def fit_clusters(
    features: pd.DataFrame, options: ClusterOptions, seed: int, progress: Progress = iter
) -> Clusters:
    """Fit KMeans for k from the fewest to the most clusters, and keep the k with the best silhouette.

    A k whose smallest cluster holds less than the smallest share of the customers is passed over,
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
    with threadpool_limits(1):  # the last digits of sums depend on the number of threads
        return _fit_clusters(features, options, seed, progress)


def _fit_clusters(
    features: pd.DataFrame, options: ClusterOptions, seed: int, progress: Progress
) -> Clusters:
    fewest = options.fewest
    raw = behaviour(features)
    if len(raw) > SAMPLE:
        raw = raw[draw_rows(len(raw), SAMPLE, np.random.default_rng(seed))]
    scaler = ClippedScaler.fit(raw, (0.005, 0.995), smallest=0.0)
    points = scaler.transform(raw)
    distinct = len(np.unique(points, axis=0))
    if distinct <= fewest:
        raise ClvError(
            f"only {counted(distinct, 'customer differs', 'customers differ')} in behaviour, "
            f"too few for clusters.min_clusters = {fewest}. Train on a longer history, or lower "
            "it in config/model_config.yaml."
        )
    silhouettes: dict[int, float | None] = {}
    fits: dict[int, KMeans] = {}
    for k in progress(range(fewest, min(options.most, distinct - 1) + 1)):
        fit = KMeans(k, n_init=10, random_state=seed).fit(points)
        small = np.bincount(fit.labels_, minlength=k).min() / len(points) < options.smallest_share
        fits[k] = fit
        size = min(SILHOUETTE_SAMPLE, len(points))
        score = silhouette_score(points, fit.labels_, sample_size=size, random_state=seed)
        silhouettes[k] = None if small else float(score)
    usable = {k: value for k, value in silhouettes.items() if value is not None}
    best = fits[max(usable, key=lambda k: usable[k]) if usable else fewest]
    order = np.lexsort((best.cluster_centers_[:, 1], -best.cluster_centers_[:, 0]))
    counts = np.bincount(best.labels_, minlength=len(order))[order]
    shares = (counts / counts.sum()).tolist()
    return Clusters(scaler, best.cluster_centers_[order], silhouettes, shares)
