"""The grid search learns from labels that had closed by the cutoff, and from nothing else."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from accuracy_world import DATA_FROM, features_and_labels, purchases

from clv.core.dates import add_months
from clv.errors import ClvError
from clv.prediction import accuracy, learners
from clv.prediction.encoder import LABELS, Reader
from clv.prediction.learners import LINEAR
from clv.training.examples import History, Task
from clv.training.plan import Fold, Origin, Plan, plan_training
from clv.tuning.evaluate import KINDS, LEARNING_KINDS, evaluate
from clv.tuning.grid import HISTORY_MONTHS, PRED_MONTHS, choose_grid
from clv.tuning.tasks import tasks_of, windows_of

pytestmark = pytest.mark.usefixtures("readers_fitted_once")

CUTOFF = dt.date(2023, 6, 30)
HISTORY = 9
Load = Callable[[Origin], pd.DataFrame]


def loader(log: pd.DataFrame) -> Load:
    """Rows of `int_clv__training_set` of an origin, as SQL would give them from this log."""
    known: dict[Origin, pd.DataFrame] = {}

    def load(origin: Origin) -> pd.DataFrame:
        if origin not in known:
            rows = features_and_labels(log, origin.cutoff, HISTORY, origin.pred_months)
            known[origin] = rows.assign(window_end=pd.Timestamp(origin.labels_end))
        return known[origin]

    return load


@pytest.fixture(scope="module")
def log() -> pd.DataFrame:
    return purchases(400, 720, 5)


@pytest.fixture(scope="module")
def load(log: pd.DataFrame) -> Load:
    return loader(log)


def task(pred_months: int = 3) -> Task:
    return Task.of(Origin(CUTOFF, pred_months), HISTORY, DATA_FROM)


def everybody(load: Load) -> set[str]:
    return set(load(Origin(CUTOFF, 3))["customer_id"])


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
    chosen = choose_grid((1, *HISTORY_MONTHS), PRED_MONTHS, origins, first, last)
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
    fold = plan_training(Origin(CUTOFF, 3), HISTORY, DATA_FROM).folds[0]
    assert fold.judged == task().judged and task().learnt_from == fold.learnt_from
    assert len(task().learnt_from) >= 3


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
    before = evaluate(History(load, DATA_FROM), task(), everybody(load))
    after = evaluate(History(loader(changed), DATA_FROM), task(), everybody(load))
    assert [result["kind"] for result in before] == list(KINDS)
    assert len(predictions) == 2 * len(KINDS)
    for one, other in zip(predictions[: len(KINDS)], predictions[len(KINDS) :], strict=True):
        np.testing.assert_array_equal(one, other)
    assert all(b["rmse"] != a["rmse"] for b, a in zip(before, after, strict=True))

    earlier = log.assign(amount=np.where(log["day"] == day - 5, log["amount"] * 9, log["amount"]))
    evaluate(History(loader(earlier), DATA_FROM), task(), everybody(load))
    ridge = KINDS.index(LINEAR)
    assert not np.array_equal(predictions[ridge], predictions[2 * len(KINDS) + ridge])


def test_a_window_that_ends_after_the_cutoff_is_refused(
    load: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By its dates when it is chosen and when it is read, and by the dates of its rows."""
    late = Origin(add_months(CUTOFF, -1), 3)
    with pytest.raises(ClvError, match="2023-08-30, after the cutoff 2023-06-30"):
        History(load, DATA_FROM).lessons(replace(task(), learnt_from=(late,)))

    def rows_of_another_window(origin: Origin) -> pd.DataFrame:
        return load(origin).assign(window_end=pd.Timestamp(CUTOFF) + pd.Timedelta(days=1))

    with pytest.raises(ClvError, match="the rows of 2023-03-30"):
        History(rows_of_another_window, DATA_FROM).lessons(task())

    def careless(chosen: Origin, history_months: int, data_from: dt.date) -> Plan:
        plan = plan_training(chosen, history_months, data_from)
        return replace(plan, folds=(Fold(chosen, (late,)),))

    monkeypatch.setattr("clv.training.examples.plan_training", careless)
    with pytest.raises(ClvError, match="Nothing may be learnt"):
        task()


def test_a_window_read_for_a_later_cutoff_is_refused_at_an_earlier_one(load: Load) -> None:
    """What is kept in memory passes the guard as well."""
    history = History(load, DATA_FROM)
    later = Task.of(Origin(add_months(CUTOFF, 2), 1), HISTORY, DATA_FROM)
    assert history.lessons(later) is not None
    with pytest.raises(ClvError, match="after the cutoff"):
        history.lessons(replace(later, judged=Origin(CUTOFF, 1)))


def test_models_see_features_alone_and_are_fitted_once_per_cutoff(
    load: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    fitted: list[dt.date] = []
    fit, read = Reader.fit, Reader.read

    def spied_fit(features: pd.DataFrame, *rest: Any) -> Reader:
        assert not {*LABELS} & set(features.columns)
        fitted.append(features["cutoff"].iloc[0].date())
        return fit(features, *rest)

    def spied_read(self: Reader, features: pd.DataFrame) -> Any:
        assert not {*LABELS} & set(features.columns)
        return read(self, features)

    monkeypatch.setattr(Reader, "fit", spied_fit)
    monkeypatch.setattr(Reader, "read", spied_read)
    history = History(load, DATA_FROM)
    todo = [task(1), task(2), task(3)]
    for one in todo:
        evaluate(history, one, everybody(load))
    wanted = {origin.cutoff for one in todo for origin in (one.judged, *one.learnt_from)}
    assert len(fitted) == len(set(fitted)) and set(fitted) == wanted


def test_errors_are_per_30_days_and_on_the_shared_customers_alone(load: Load) -> None:
    shared = {*sorted(everybody(load))[:50]}
    for result in evaluate(History(load, DATA_FROM), task(), shared):
        assert result["customers"] == 50 and result["left_out_because"] is None
        days = (add_months(CUTOFF, 3) - CUTOFF).days
        assert result["rmse_per_30_days"] == pytest.approx(result["rmse"] * 30 / days)
        if result["kind"] in LEARNING_KINDS:
            assert result["labels_through"] == CUTOFF.isoformat()
            assert result["fitted_on"] == sum(len(load(o)) for o in task().learnt_from)
            assert result["learnt_from"].split() == [str(o) for o in task().learnt_from]
        else:
            assert result["learnt_from"] is None
            assert result["fitted_on"] == len(load(Origin(CUTOFF, 3)))


def test_where_no_labels_had_closed_learners_leave_with_the_reason(load: Load) -> None:
    """Also where windows had closed, but with too few customers to learn from."""
    few = History(
        lambda origin: load(origin).head(40 if origin.cutoff == CUTOFF else 20), DATA_FROM
    )
    for history, one in (
        (History(load, DATA_FROM), replace(task(), learnt_from=())),
        (few, task()),
    ):
        results = {r["kind"]: r for r in evaluate(history, one, everybody(load))}
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
    results = {r["kind"]: r for r in evaluate(History(load, DATA_FROM), task(), everybody(load))}
    assert results[LINEAR]["left_out_because"] == "it could not be fitted: singular"
    assert [k for k, r in results.items() if r["left_out_because"]] == [LINEAR]


def test_few_windows_stay_in_memory_and_the_results_are_the_same(
    load: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = evaluate(History(load, DATA_FROM), task(), everybody(load))
    monkeypatch.setattr("clv.training.examples.KEPT", 1)
    history = History(load, DATA_FROM)
    assert evaluate(history, task(), everybody(load)) == first
    assert len(history._closed) == 1
