"""Fitted trees as plain arrays, and predictions from them.

A fitted estimator of scikit-learn is an object, and reading one back means to let a file say which
code runs. So only the arrays that a prediction needs are kept: per node the feature and threshold
it asks about, where it sends a row, and its value. Reading builds scikit-learn's own tree from them,
after every index was checked, so that predictions are those of the fitted estimator to the last bit
and no array, however it was made, lets a row leave its tree.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import sklearn
from numpy.typing import NDArray
from sklearn.ensemble import ExtraTreesRegressor, HistGradientBoostingRegressor
from sklearn.ensemble._hist_gradient_boosting.common import PREDICTOR_RECORD_DTYPE
from sklearn.ensemble._hist_gradient_boosting.predictor import TreePredictor
from sklearn.tree._tree import NODE_DTYPE, Tree

from clv.core.arrays import Vector
from clv.errors import ClvError

THREADS = 2
NOBODY = -1  # the child of a leaf
COLUMNS: dict[str, str] = {
    "feature": "<i4",
    "threshold": "<f8",
    "left": "<i4",
    "right": "<i4",
    "missing_left": "|b1",
    "value": "<f8",
}


@dataclass(frozen=True)
class Nodes:
    """The nodes of one or several trees, one after the other; arrays of shape (nodes,).

    A node stands behind its parent, counted from the first node of its tree; both children of a
    leaf are NOBODY. A missing value goes left where `missing_left` says so.
    """

    sizes: NDArray[np.int32]
    feature: NDArray[np.int32]
    threshold: Vector
    left: NDArray[np.int32]
    right: NDArray[np.int32]
    missing_left: NDArray[np.bool_]
    value: Vector

    @classmethod
    def of(cls, trees: Sequence[dict[str, NDArray[Any]]]) -> Nodes:
        """Join trees, given as their columns."""
        sizes = np.array([len(tree["value"]) for tree in trees], dtype="<i4")
        joined = {
            name: np.concatenate([tree[name] for tree in trees]).astype(dtype)
            for name, dtype in COLUMNS.items()
        }
        return cls(sizes, **joined)

    def split(self) -> list[dict[str, NDArray[Any]]]:
        """Return each tree as its columns."""
        ends = np.cumsum(self.sizes, dtype=np.int64)
        return [
            {name: getattr(self, name)[end - size : end] for name in COLUMNS}
            for size, end in zip(self.sizes.tolist(), ends.tolist(), strict=True)
        ]

    def to_dict(self) -> dict[str, Any]:
        """Return the arrays."""
        return {"sizes": self.sizes} | {name: getattr(self, name) for name in COLUMNS}

    @classmethod
    def from_dict(cls, stored: dict[str, Any], features: int) -> Nodes:
        """Rebuild nodes and check that every row ends in a leaf of the tree that it entered.

        Raises
        ------
        ClvError
            When an array is missing, of another type or length, or leads out of its tree.
        """
        arrays = {name: stored.get(name) for name in ("sizes", *COLUMNS)}
        for name, dtype in {"sizes": "<i4", **COLUMNS}.items():
            array = arrays[name]
            if not isinstance(array, np.ndarray) or array.dtype != dtype or array.ndim != 1:
                raise _broken(f"its array '{name}' is not a row of {np.dtype(dtype).name}")
        nodes = cls(**arrays)  # type: ignore[arg-type]  # checked above
        nodes._check(features)
        return nodes

    def _check(self, features: int) -> None:
        total = len(self.value)
        if len(self.sizes) == 0 or self.sizes.min() < 1:
            raise _broken("it has no tree, or a tree without a node")
        if int(self.sizes.sum(dtype=np.int64)) != total or any(
            len(getattr(self, name)) != total for name in COLUMNS
        ):
            raise _broken("its arrays are not equally long")
        first = np.repeat(np.cumsum(self.sizes, dtype=np.int64) - self.sizes, self.sizes)
        place = np.arange(total) - first
        size = np.repeat(self.sizes, self.sizes)
        leaf = self.left == NOBODY
        inner = ~leaf
        if not np.array_equal(leaf, self.right == NOBODY):
            raise _broken("a node has one child")
        for child in (self.left, self.right):
            # A child behind its parent also rules out a circle.
            if np.any(inner & ((child <= place) | (child >= size))):
                raise _broken("a node sends rows out of its tree, or back")
        if np.any(inner & ((self.feature < 0) | (self.feature >= features))):
            raise _broken("a node asks for a feature that there is not")
        if np.isnan(self.threshold).any() or not np.isfinite(self.value).all():
            raise _broken("a threshold or value is no number")


@dataclass(frozen=True)
class Forest:
    """Extremely randomized trees; the prediction is the mean over them."""

    features: int
    nodes: Nodes
    trees: tuple[Any, ...]

    @classmethod
    def of(cls, fitted: ExtraTreesRegressor) -> Forest:
        """Keep of a fitted estimator what predictions need."""
        states = [one.tree_.__getstate__() for one in fitted.estimators_]
        nodes = Nodes.of(
            [
                {
                    "feature": state["nodes"]["feature"],
                    "threshold": state["nodes"]["threshold"],
                    "left": state["nodes"]["left_child"],
                    "right": state["nodes"]["right_child"],
                    "missing_left": state["nodes"]["missing_go_to_left"],
                    "value": state["values"][:, 0, 0],
                }
                for state in states
            ]
        )
        return cls._built(int(fitted.n_features_in_), nodes)

    @classmethod
    def _built(cls, features: int, nodes: Nodes) -> Forest:
        return cls(features, nodes, tuple(_tree(features, one) for one in nodes.split()))

    def predict(self, features: NDArray[np.float32]) -> Vector:
        """Return the mean over the trees, shape (n,), summed in their order.

        So the last bit does not depend on which thread ends first.
        """
        _check_width(features, self.features)
        total = np.zeros(len(features))
        with ThreadPoolExecutor(THREADS) as pool:
            for part in pool.map(lambda tree: tree.predict(features)[:, 0], self.trees):
                total += part
        return total / len(self.trees)

    def to_dict(self) -> dict[str, Any]:
        """Return the trees as arrays, with the version of scikit-learn beside them."""
        return {**_header(self.features), **self.nodes.to_dict()}

    @classmethod
    def from_dict(cls, stored: dict[str, Any]) -> Forest:
        """Rebuild what `to_dict` gave; see `Nodes.from_dict`."""
        features = _features(stored)
        return cls._built(features, Nodes.from_dict(stored, features))


@dataclass(frozen=True)
class Boosting:
    """Gradient boosting with a log link: exp of the start plus the sum over the trees."""

    features: int
    start: float
    nodes: Nodes
    trees: tuple[Any, ...]

    @classmethod
    def of(cls, fitted: HistGradientBoostingRegressor) -> Boosting:
        """Keep of a fitted estimator with the Poisson loss what predictions need."""
        fitted_trees = [one.nodes for (one,) in fitted._predictors]
        nodes = Nodes.of(
            [
                {
                    "feature": tree["feature_idx"],
                    "threshold": tree["num_threshold"],
                    "left": np.where(tree["is_leaf"], NOBODY, tree["left"].astype(np.int64)),
                    "right": np.where(tree["is_leaf"], NOBODY, tree["right"].astype(np.int64)),
                    "missing_left": tree["missing_go_to_left"],
                    "value": tree["value"],
                }
                for tree in fitted_trees
            ]
        )
        start = float(fitted._baseline_prediction.item())
        return cls._built(int(fitted.n_features_in_), start, nodes)

    @classmethod
    def _built(cls, features: int, start: float, nodes: Nodes) -> Boosting:
        return cls(features, start, nodes, tuple(_predictor(one) for one in nodes.split()))

    def predict(self, features: NDArray[np.float32]) -> Vector:
        """Return the predictions, shape (n,)."""
        _check_width(features, self.features)
        points = np.ascontiguousarray(features, dtype=np.float64)
        no_categories = np.empty((0, 8), dtype=np.uint32)
        no_places = np.zeros(self.features, dtype=np.uint32)
        total = np.full(len(points), self.start)
        for tree in self.trees:
            # one thread: threads that spin are slow on a busy machine
            total += tree.predict(points, no_categories, no_places, 1)
        return np.asarray(np.exp(total))

    def to_dict(self) -> dict[str, Any]:
        """Return the trees as arrays, with the version of scikit-learn beside them."""
        start = np.array([self.start], dtype="<f8")
        return {**_header(self.features), "start": start, **self.nodes.to_dict()}

    @classmethod
    def from_dict(cls, stored: dict[str, Any]) -> Boosting:
        """Rebuild what `to_dict` gave; see `Nodes.from_dict`."""
        features, start = _features(stored), stored.get("start")
        if not isinstance(start, np.ndarray) or start.shape != (1,) or not np.isfinite(start[0]):
            raise _broken("it does not say where it starts")
        return cls._built(features, float(start[0]), Nodes.from_dict(stored, features))


def _tree(features: int, columns: dict[str, NDArray[Any]]) -> Any:
    """Build scikit-learn's tree from checked columns; what only a fit needs is 0."""
    size = len(columns["value"])
    nodes = np.zeros(size, dtype=NODE_DTYPE)
    nodes["left_child"], nodes["right_child"] = columns["left"], columns["right"]
    nodes["feature"], nodes["threshold"] = columns["feature"], columns["threshold"]
    nodes["missing_go_to_left"] = columns["missing_left"]
    tree = Tree(features, np.ones(1, dtype=np.intp), 1)
    values = np.ascontiguousarray(columns["value"].reshape(size, 1, 1), dtype=np.float64)
    tree.__setstate__({"max_depth": size, "node_count": size, "nodes": nodes, "values": values})
    return tree


def _predictor(columns: dict[str, NDArray[Any]]) -> TreePredictor:
    """Build scikit-learn's predictor from checked columns; no feature is a category."""
    nodes = np.zeros(len(columns["value"]), dtype=PREDICTOR_RECORD_DTYPE)
    leaf = columns["left"] == NOBODY
    nodes["is_leaf"] = leaf
    nodes["left"] = np.where(leaf, 0, columns["left"])
    nodes["right"] = np.where(leaf, 0, columns["right"])
    nodes["feature_idx"], nodes["num_threshold"] = columns["feature"], columns["threshold"]
    nodes["missing_go_to_left"], nodes["value"] = columns["missing_left"], columns["value"]
    none = np.empty((0, 8), dtype=np.uint32)
    return TreePredictor(nodes, none, none)


def _header(features: int) -> dict[str, Any]:
    return {"scikit_learn": sklearn.__version__, "features": np.array([features], dtype="<i4")}


def _features(stored: dict[str, Any]) -> int:
    """Return how many features the trees read, once the version of scikit-learn is the installed one."""
    version, features = stored.get("scikit_learn"), stored.get("features")
    if version != sklearn.__version__:
        raise ClvError(
            f"the champion was trained with scikit-learn {version}, but "
            f"{sklearn.__version__} is installed, which may read it wrongly. Install "
            f"scikit-learn=={version}, or run `clv train`."
        )
    if not isinstance(features, np.ndarray) or features.shape != (1,) or features.dtype != "<i4":
        raise _broken("it does not say how many features it reads")
    if not 1 <= int(features[0]) <= 10_000:
        raise _broken(f"it reads {features[0]} features")
    return int(features[0])


def _check_width(features: NDArray[np.float32], expected: int) -> None:
    if features.ndim != 2 or features.shape[1] != expected:
        raise ClvError(
            f"the champion's trees read {expected} features, and this version computes "
            f"{features.shape[-1]}. Check out the champion's commit, or run `clv train`."
        )


def _broken(what: str) -> ClvError:
    return ClvError(
        f"the trees of the model cannot be used: {what}. Restore the model file from a backup, or "
        "run `clv train`."
    )
