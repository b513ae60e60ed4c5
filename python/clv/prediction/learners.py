"""Learning candidates: the ratio of spend to a plain expectation of it.

A customer's spend in the window is modelled as an expectation, MBG/NBD's with Gamma-Gamma (a weighted
mean of the naive rules and the BTYD models where that did not converge), times a ratio that is learnt,
with the expectation as the weight (as in a Poisson model with exposure). So a large customer cannot
rule the fit, and one that is larger than any seen before is still predicted large, which no tree on
money itself can do.

Sources: Extra-Trees, Geurts, Ernst & Wehenkel (2006), Extremely randomized trees; ridge, Hoerl &
Kennard (1970); Poisson loss with exposure as in McCullagh & Nelder (1989), section 6.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.ensemble import ExtraTreesRegressor, HistGradientBoostingRegressor
from threadpoolctl import threadpool_limits

from clv.core.arrays import ClippedScaler, Matrix, Vector, draw_rows, row_products
from clv.prediction.attributes import AttributeCoder
from clv.prediction.encoder import ANCHOR, BTYD, Encoded
from clv.prediction.trees import THREADS, Boosting, Forest

LINEAR = "ridge_regression"
TREES = "extra_trees"
BOOSTING = "poisson_boosting"
WEIGHTED = "weighted_expectations"
LEARNERS = (WEIGHTED, LINEAR, TREES, BOOSTING)
# The same learners with customer attributes among what they see, by the kind without.
WITH_ATTRIBUTES = {kind: f"{kind}_with_attributes" for kind in (LINEAR, TREES, BOOSTING)}
_WITHOUT = {attributed: kind for kind, attributed in WITH_ATTRIBUTES.items()}

# Ridge: this share of the customers, plus this many, as a prior that the ratio does not vary.
SHRINKAGE_SHARE, SHRINKAGE_ROWS = 0.01, 50.0
TREE_COUNT = 120
BOOSTING_ROUNDS = 60
LARGEST_FIT = 40_000


@dataclass(frozen=True)
class Targets:
    """What customers spent, and how much each of them counts; arrays of shape (n,)."""

    actual: Vector
    weight: Vector


@dataclass(frozen=True)
class RidgeRatio:
    """A ridge regression of the ratio on clipped and standardized features.

    Attributes
    ----------
    slope : array of shape (features,)
    level : float
        The mean ratio.
    largest : float
        What a predicted ratio is cut at.
    """

    scaler: ClippedScaler
    slope: Vector
    level: float
    largest: float

    @classmethod
    def fit(cls, features: Matrix, ratio: Vector, weight: Vector) -> RidgeRatio:
        """Fit a weighted ridge regression; a fitted ratio above the 99.9th percentile is cut."""
        scaler = ClippedScaler.fit(features, (0.001, 0.999), weight)
        points = scaler.transform(features)
        weight = weight * len(weight) / weight.sum()
        level = float(np.average(ratio, weights=weight))
        # Where a few large customers hold the weight, as many rows count for less.
        effective = len(weight) ** 2 / float(np.sum(weight**2))
        shrinkage = len(ratio) * (SHRINKAGE_SHARE + SHRINKAGE_ROWS / effective)
        gram = points.T @ (points * weight[:, None]) + shrinkage * np.eye(points.shape[1])
        slope = np.asarray(
            np.linalg.solve(gram, points.T @ (weight * (ratio - level))), dtype=float
        )
        largest = float(np.quantile(level + points @ slope, 0.999))
        return cls(scaler, slope, level, max(largest, level, 0.0))

    def ratio(self, features: Matrix) -> Vector:
        """Return the ratio, shape (n,), not negative."""
        points = self.scaler.transform(features)
        return np.clip(self.level + row_products(points, self.slope), 0.0, self.largest)

    def to_dict(self) -> dict[str, Any]:
        """Return the regression as plain numbers."""
        return {
            **self.scaler.to_dict(),
            "slope": self.slope.tolist(),
            "level": self.level,
            "largest": self.largest,
        }

    @classmethod
    def from_dict(cls, stored: dict[str, Any]) -> RidgeRatio:
        """Rebuild a regression from what `to_dict` gave."""
        slope = np.array(stored["slope"])
        return cls(ClippedScaler.from_dict(stored), slope, stored["level"], stored["largest"])


@dataclass(frozen=True)
class Learner:
    """A fitted regressor of the ratio; without a model the ratio is 1.

    With a `coder` it sees customer attributes too.
    """

    kind: str
    base: dict[str, float]
    model: RidgeRatio | Forest | Boosting | None
    coder: AttributeCoder | None = None

    def expect(self, encoded: Encoded) -> Vector:
        """Return the predicted spend, shape (n,), not negative."""
        if self.model is None:
            return expectation(self.base, encoded) - encoded.floor
        points = _points(encoded, self.coder)
        if isinstance(self.model, RidgeRatio):
            ratio = self.model.ratio(points)
        else:
            ratio = self.model.predict(np.ascontiguousarray(points, dtype=np.float32))
        return np.asarray(np.maximum(ratio, 0) * expectation(self.base, encoded))

    def to_dict(self) -> dict[str, Any]:
        """Return the learner for the model file."""
        model = self.model.to_dict() if self.model is not None else None
        coder = {"attributes": self.coder.to_dict()} if self.coder is not None else {}
        return {"kind": self.kind, "base": self.base, "model": model, **coder}

    @classmethod
    def from_dict(cls, stored: dict[str, Any]) -> Learner:
        """Rebuild a learner from what `to_dict` gave.

        Raises
        ------
        ClvError
            When another version of scikit-learn made its trees, or they are not whole.
        """
        kind, model = stored["kind"], stored["model"]
        made: RidgeRatio | Forest | Boosting | None = None
        if model is not None:
            learner = _WITHOUT.get(kind, kind)
            made = {LINEAR: RidgeRatio, TREES: Forest, BOOSTING: Boosting}[learner].from_dict(model)  # type: ignore[attr-defined]
        coder = AttributeCoder.from_dict(stored["attributes"]) if kind in _WITHOUT else None
        return cls(kind, stored["base"], made, coder)


def _points(encoded: Encoded, coder: AttributeCoder | None) -> Matrix:
    """Return what a learner sees, shape (n, features), with a column for each attribute of the coder."""
    if coder is None:
        return encoded.features
    return np.column_stack(
        [encoded.features, coder.columns(encoded.attributes, len(encoded.floor))]
    )


def expectation(base: dict[str, float], encoded: Encoded) -> Vector:
    """Return the plain expectation that the ratio is to, shape (n,), above 0.

    A model that the encoder of these customers does not have is left out.
    """
    known = {kind: w for kind, w in base.items() if kind in encoded.expectations}
    if not known:
        return encoded.offset
    parts = [w * encoded.expectations[kind] for kind, w in known.items()]
    expected: Vector = np.sum(parts, axis=0) / sum(known.values()) + encoded.floor
    return expected


def base_weights(encoded: Encoded, targets: Targets) -> dict[str, float]:
    """Weigh rules and models by 1 / squared error squared, the BTYD models together as one."""
    errors = {
        kind: max(float(np.average((values - targets.actual) ** 2, weights=targets.weight)), 1e-12)
        for kind, values in encoded.expectations.items()
    }
    alike = max(1, sum(kind in BTYD for kind in errors))
    best = min(errors.values())
    raw = {k: (best / e) ** 2 / (alike if k in BTYD else 1) for k, e in errors.items()}
    total = sum(raw.values())
    return {kind: value / total for kind, value in raw.items()}


def fit_learner(kind: str, encoded: Encoded, targets: Targets, seed: int) -> Learner:
    """Fit one of LEARNERS, or of WITH_ATTRIBUTES, on n customers of one or several windows."""
    actual, weight = targets.actual, targets.weight
    if len(actual) > LARGEST_FIT:
        kept = draw_rows(len(actual), LARGEST_FIT, np.random.default_rng(seed))
        encoded, actual, weight = encoded.rows(kept), actual[kept], weight[kept]
    base = base_weights(encoded, Targets(actual, weight))
    if kind == WEIGHTED:
        return Learner(kind, base, None)
    if ANCHOR in base:
        base = {ANCHOR: 1.0}
    expected = expectation(base, encoded)
    ratio = actual / expected
    weight = weight * expected
    weight = weight / weight.mean()
    coder = AttributeCoder.fit(encoded.attributes, ratio, weight) if kind in _WITHOUT else None
    points, learner = _points(encoded, coder), _WITHOUT.get(kind, kind)
    if learner == LINEAR:
        return Learner(kind, base, RidgeRatio.fit(points, ratio, weight), coder)
    leaf = max(5, len(actual) // 1000)
    features = points.astype(np.float32)
    if learner == TREES:
        trees = ExtraTreesRegressor(
            TREE_COUNT, min_samples_leaf=leaf, max_features=0.4, n_jobs=THREADS, random_state=seed
        )
        forest = Forest.of(trees.fit(features, ratio, sample_weight=weight))
        return Learner(kind, base, forest, coder)
    boosting = HistGradientBoostingRegressor(
        loss="poisson", learning_rate=0.08, max_iter=BOOSTING_ROUNDS, max_leaf_nodes=8,
        min_samples_leaf=2 * leaf, l2_regularization=10.0, random_state=seed,
    )  # fmt: skip
    ratio = np.maximum(ratio, 0)
    if not ratio.any():  # nobody spent anything: the Poisson loss has no such fit
        ratio = ratio + 1e-9
    with threadpool_limits(1, user_api="openmp"):  # spinning threads are slow on a busy machine
        boosted = Boosting.of(boosting.fit(features, ratio, sample_weight=weight))
        return Learner(kind, base, boosted, coder)
