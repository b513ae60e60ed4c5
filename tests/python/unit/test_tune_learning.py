"""The grid search learns from labels that had closed by the cutoff, and from nothing else."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd
import pytest
from accuracy_world import DATA_FROM, features_and_labels, purchases

from clv.core.dates import add_months
from clv.core.window import Window
from clv.errors import ClvError
from clv.prediction import accuracy, learners
from clv.prediction.encoder import LABELS, Encoder
from clv.prediction.learners import LINEAR
from clv.project.database import LogDays
from clv.training.examples import Examples, fold_of
from clv.training.plan import Fold, Plan, plan_training
from clv.tuning.evaluate import KINDS, LEARNING_KINDS, evaluate
from clv.tuning.grid import HISTORY_MONTHS, PRED_MONTHS, GridRequest, choose_grid
from clv.tuning.tasks import tasks_of, windows_of

pytestmark = pytest.mark.usefixtures("encoders_fitted_once")

CUTOFF = dt.date(2023, 6, 30)
HISTORY = 9
Load = Callable[[Window], pd.DataFrame]


def loader(log: pd.DataFrame) -> Load:
    """Rows of `int_clv__training_set` of a window, as SQL would give them from this log."""
    return lru_cache(None)(lambda window: features_and_labels(log, window))


@pytest.fixture(scope="module")
def log() -> pd.DataFrame:
    return purchases(400, 720, 5)


@pytest.fixture(scope="module")
def load(log: pd.DataFrame) -> Load:
    return loader(log)


def fold(pred_months: int = 3) -> Fold:
    return fold_of(Window(CUTOFF, HISTORY, pred_months), DATA_FROM)


def everybody(load: Load) -> set[str]:
    return set(load(Window(CUTOFF, HISTORY, 3))["customer_id"])


@pytest.fixture
def predictions(monkeypatch: pytest.MonkeyPatch) -> list[np.ndarray]:
    """What is judged from now on, a prediction per kind."""
    judged: list[np.ndarray] = []
    measure = accuracy.measure

    def spied(predicted: np.ndarray, actual: np.ndarray) -> Any:
        judged.append(predicted)
        return measure(predicted, actual)

    monkeypatch.setattr("clv.tuning.evaluate.measure", spied)
    return judged


@pytest.mark.parametrize(
    ("first", "last"),
    [
        (dt.date(1997, 1, 1), dt.date(1998, 6, 30)),
        (dt.date(2010, 12, 1), dt.date(2011, 12, 9)),
        (dt.date(2015, 1, 1), dt.date(2020, 2, 29)),
    ],
)
@pytest.mark.parametrize("origins", [1, 4, 7])
def test_every_label_that_is_learnt_from_ends_by_the_cutoff(
    first: dt.date, last: dt.date, origins: int
) -> None:
    """Over whole grids, month ends and a leap day among the cutoffs."""
    chosen = choose_grid(
        GridRequest((1, *HISTORY_MONTHS), PRED_MONTHS, origins), LogDays(first, last)
    )
    tasks = tasks_of(chosen, first)
    assert list(tasks) == chosen.cells
    for cell, todo in tasks.items():
        assert tuple(one.judged.cutoff for one in todo) == chosen.cutoffs
        for one in todo:
            assert all(origin.labels_end <= one.judged.cutoff for origin in one.learnt_from)
            assert one.learnt_from or cell.history_months < 2
    windows = windows_of(tasks)
    assert len(windows) == len(set(windows)) and set(chosen.windows()) < set(windows)


def test_the_origins_are_those_of_a_training() -> None:
    planned = plan_training(Window(CUTOFF, HISTORY, 3), DATA_FROM).folds[0]
    assert planned == fold()
    assert len(fold().learnt_from) >= 3


def test_nothing_after_the_cutoff_changes_what_is_learnt_or_predicted(
    log: pd.DataFrame, load: Load, predictions: list[np.ndarray]
) -> None:
    """Every purchase after the cutoff is changed, and with it every label that ends after it.

    A purchase before the cutoff, which the learner's labels do hold, changes its predictions.
    """
    day = (CUTOFF - DATA_FROM).days
    changed = log.assign(amount=np.where(log["day"] > day, log["amount"] * 1000 + 7, log["amount"]))
    changed = pd.concat(
        [changed, changed[changed["day"] > day].assign(day=lambda rows: rows.day + 1)]
    )
    before = evaluate(Examples(load, DATA_FROM), fold(), everybody(load))
    after = evaluate(Examples(loader(changed), DATA_FROM), fold(), everybody(load))
    assert [result["kind"] for result in before] == list(KINDS)
    assert len(predictions) == 2 * len(KINDS)
    for one, other in zip(predictions[: len(KINDS)], predictions[len(KINDS) :], strict=True):
        np.testing.assert_array_equal(one, other)
    assert all(b["rmse"] != a["rmse"] for b, a in zip(before, after, strict=True))

    earlier = log.assign(amount=np.where(log["day"] == day - 5, log["amount"] * 9, log["amount"]))
    evaluate(Examples(loader(earlier), DATA_FROM), fold(), everybody(load))
    ridge = KINDS.index(LINEAR)
    assert not np.array_equal(predictions[ridge], predictions[2 * len(KINDS) + ridge])


def test_a_window_that_ends_after_the_cutoff_is_refused(
    load: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By its dates when it is chosen and when it is read, and by the dates of its rows."""
    late = Window(add_months(CUTOFF, -1), HISTORY, 3)
    with pytest.raises(ClvError, match="2023-08-30, after the cutoff 2023-06-30"):
        Examples(load, DATA_FROM).pooled([late], CUTOFF)
    with pytest.raises(ClvError, match="2023-08-30, after the cutoff 2023-06-30"):
        Examples(load, DATA_FROM).usable([late], CUTOFF)

    def rows_of_another_window(window: Window) -> pd.DataFrame:
        return load(window).assign(window_end=pd.Timestamp(CUTOFF) + pd.Timedelta(days=1))

    with pytest.raises(ClvError, match="the rows of 2023-03-30"):
        Examples(rows_of_another_window, DATA_FROM).pooled(fold().learnt_from, CUTOFF)

    def careless(chosen: Window, data_from: dt.date) -> Plan:
        plan = plan_training(chosen, data_from)
        return replace(plan, folds=(Fold(chosen, (late,)),))

    monkeypatch.setattr("clv.training.examples.plan_training", careless)
    with pytest.raises(ClvError, match="Nothing may be learnt"):
        fold()


def test_a_window_read_for_a_later_cutoff_is_refused_at_an_earlier_one(load: Load) -> None:
    """What is kept in memory passes the guard as well."""
    examples = Examples(load, DATA_FROM)
    later = fold_of(Window(add_months(CUTOFF, 2), HISTORY, 1), DATA_FROM)
    assert len(examples.pooled(later.learnt_from, later.judged.cutoff).actual)
    with pytest.raises(ClvError, match="after the cutoff"):
        examples.pooled(later.learnt_from, CUTOFF)


def test_models_see_features_alone_and_are_fitted_once_per_cutoff(
    load: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    fitted: list[dt.date] = []
    fit, encode = Encoder.fit, Encoder.encode

    def spied_fit(features: pd.DataFrame, *rest: Any) -> Encoder:
        assert not {*LABELS} & set(features.columns)
        fitted.append(features["cutoff"].iloc[0].date())
        return fit(features, *rest)

    def spied_encode(self: Encoder, features: pd.DataFrame) -> Any:
        assert not {*LABELS} & set(features.columns)
        return encode(self, features)

    monkeypatch.setattr(Encoder, "fit", spied_fit)
    monkeypatch.setattr(Encoder, "encode", spied_encode)
    examples = Examples(load, DATA_FROM)
    todo = [fold(1), fold(2), fold(3)]
    for one in todo:
        evaluate(examples, one, everybody(load))
    wanted = {window.cutoff for one in todo for window in (one.judged, *one.learnt_from)}
    assert len(fitted) == len(set(fitted)) and set(fitted) == wanted


def test_errors_are_per_30_days_and_on_the_shared_customers_alone(load: Load) -> None:
    shared = {*sorted(everybody(load))[:50]}
    for result in evaluate(Examples(load, DATA_FROM), fold(), shared):
        assert result["customers"] == 50 and result["left_out_because"] is None
        days = (add_months(CUTOFF, 3) - CUTOFF).days
        assert result["rmse_per_30_days"] == pytest.approx(result["rmse"] * 30 / days)
        if result["kind"] in LEARNING_KINDS:
            assert result["labels_through"] == CUTOFF.isoformat()
            assert result["fitted_on"] == sum(len(load(o)) for o in fold().learnt_from)
            assert result["learnt_from"].split() == [str(o) for o in fold().learnt_from]
        else:
            assert result["learnt_from"] is None
            assert result["fitted_on"] == len(load(Window(CUTOFF, HISTORY, 3)))


def test_where_no_labels_had_closed_learners_leave_with_the_reason(load: Load) -> None:
    """Also where windows had closed, but with too few customers to learn from."""
    few = Examples(
        lambda window: load(window).head(40 if window.cutoff == CUTOFF else 20), DATA_FROM
    )
    for examples, one in (
        (Examples(load, DATA_FROM), replace(fold(), learnt_from=())),
        (few, fold()),
    ):
        results = {r["kind"]: r for r in evaluate(examples, one, everybody(load))}
        assert list(results) == list(KINDS)
        for kind, result in results.items():
            if kind in LEARNING_KINDS:
                assert "no labels had closed by 2023-06-30" in result["left_out_because"]
                assert "rmse" not in result and result["fitted_on"] == 0
            else:
                assert result["left_out_because"] is None and result["rmse"] > 0


def test_a_learner_that_cannot_be_fitted_leaves_alone(
    load: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    fit_learner = learners.fit_learner

    def broken(kind: str, *rest: Any) -> Any:
        if kind == LINEAR:
            raise np.linalg.LinAlgError("singular")
        return fit_learner(kind, *rest)

    monkeypatch.setattr("clv.tuning.evaluate.fit_learner", broken)
    results = {r["kind"]: r for r in evaluate(Examples(load, DATA_FROM), fold(), everybody(load))}
    assert results[LINEAR]["left_out_because"] == "it could not be fitted: singular"
    assert [k for k, r in results.items() if r["left_out_because"]] == [LINEAR]


def test_few_windows_stay_in_memory_and_the_results_are_the_same(
    load: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = evaluate(Examples(load, DATA_FROM), fold(), everybody(load))
    monkeypatch.setattr("clv.training.examples.KEPT", 1)
    examples = Examples(load, DATA_FROM)
    assert evaluate(examples, fold(), everybody(load)) == first
    assert len(examples._kept) == 1
