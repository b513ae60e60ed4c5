"""Trees from arrays predict as the fitted estimators do, and no array leads out of its tree."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from sklearn.ensemble import ExtraTreesRegressor, HistGradientBoostingRegressor

from clv.errors import ClvError
from clv.prediction.trees import Boosting, Forest

rng = np.random.default_rng(5)
POINTS = rng.normal(size=(3000, 7)).astype(np.float32)
RATIO = rng.gamma(0.5, 2, 3000) * np.exp(POINTS[:, 0])
OTHERS = rng.normal(size=(2000, 7)).astype(np.float32)
OTHERS[::5, 2] = np.nan


@pytest.fixture(scope="module")
def forest() -> ExtraTreesRegressor:
    trees = ExtraTreesRegressor(12, min_samples_leaf=4, max_features=0.4, random_state=3)
    return trees.fit(POINTS, RATIO)


@pytest.fixture(scope="module")
def boosting() -> HistGradientBoostingRegressor:
    missing = POINTS.copy()
    missing[::3, 2] = np.nan
    model = HistGradientBoostingRegressor(loss="poisson", max_iter=20, max_leaf_nodes=8)
    return model.fit(missing, RATIO)


def test_a_stored_forest_predicts_to_the_last_bit(forest: ExtraTreesRegressor) -> None:
    points = np.nan_to_num(OTHERS)
    again = Forest.from_dict(Forest.of(forest).to_dict())
    expected = np.zeros(len(points))
    for one in forest.estimators_:
        expected += one.predict(points)
    np.testing.assert_array_equal(again.predict(points), expected / len(forest.estimators_))


def test_stored_boosting_predicts_to_the_last_bit(boosting: HistGradientBoostingRegressor) -> None:
    again = Boosting.from_dict(Boosting.of(boosting).to_dict())
    np.testing.assert_array_equal(again.predict(OTHERS), boosting.predict(OTHERS))


def change(name: str, place: int, value: Any) -> Callable[[dict[str, Any]], None]:
    def forge(stored: dict[str, Any]) -> None:
        stored[name] = stored[name].copy()
        stored[name][place] = value

    return forge


def put(name: str, value: Any) -> Callable[[dict[str, Any]], None]:
    return lambda stored: stored.update({name: value})


FORGERIES = {
    "child beyond the tree": change("left", 0, 2**31 - 1),
    "child before the tree": change("right", 0, -2),
    "child is the root: a circle": change("left", 0, 0),
    "one child": change("right", 0, -1),
    "feature that is not there": change("feature", 0, 7),
    "negative feature": change("feature", 0, -3),
    "threshold is no number": change("threshold", 0, np.nan),
    "value is infinite": change("value", 1, np.inf),
    "tree without a node": change("sizes", 0, 0),
    "sizes that overflow": change("sizes", 0, 2**31 - 1),
    "no trees": put("sizes", np.array([], dtype="<i4")),
    "other type": put("left", np.array([1.0])),
    "objects": put("value", np.array([{}, []], dtype=object)),
    "no array": put("feature", [1, 2]),
    "shorter": put("value", np.zeros(3)),
    "a table": put("threshold", np.zeros((2, 2))),
    "negative features": put("features", np.array([-1], dtype="<i4")),
    "no features": put("features", None),
}


@pytest.mark.parametrize("forgery", FORGERIES)
@pytest.mark.parametrize("kind", [Forest, Boosting])
def test_forged_arrays_are_refused(
    forgery: str,
    kind: Any,
    forest: ExtraTreesRegressor,
    boosting: HistGradientBoostingRegressor,
) -> None:
    stored = kind.of(forest if kind is Forest else boosting).to_dict()
    kind.from_dict(stored)  # as it is, it is taken
    FORGERIES[forgery](stored)
    with pytest.raises(ClvError, match="run `clv train`"):
        kind.from_dict(stored)


def test_another_scikit_learn_is_refused_with_the_fix(forest: ExtraTreesRegressor) -> None:
    stored = Forest.of(forest).to_dict() | {"scikit_learn": "0.1"}
    with pytest.raises(ClvError, match=r"scikit-learn==0\.1, or run `clv train`"):
        Forest.from_dict(stored)


def test_features_of_another_width_are_refused(forest: ExtraTreesRegressor) -> None:
    with pytest.raises(ClvError, match="read 7 features"):
        Forest.of(forest).predict(OTHERS[:, :5])


def test_threads_do_not_change_the_last_bit(forest: ExtraTreesRegressor) -> None:
    made, points = Forest.of(forest), np.nan_to_num(OTHERS)
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: made.predict(points), range(8)))
    for one in found:
        np.testing.assert_array_equal(one, found[0])
