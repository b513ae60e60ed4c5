"""The contest end to end, on a small world."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json

import numpy as np
import pandas as pd
import pytest
from accuracy_world import DATA_FROM, purchases, training_set

from clv.core.arrays import column
from clv.core.window import Window
from clv.errors import ClvError
from clv.prediction.candidates import BLEND, KINDS, LEVELS
from clv.prediction.champion import Champion, without_arrays
from clv.prediction.encoder import Encoded
from clv.prediction.learners import BOOSTING, LEARNERS, LINEAR, TREES, WEIGHTED
from clv.training import judge as module
from clv.training.contest import Contest, hold_contest
from clv.training.plan import Plan, plan_training

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("encoders_fitted_once")]


@pytest.fixture(scope="module")
def plan() -> Plan:
    return plan_training(Window(dt.date(2023, 6, 30), 9, 3), DATA_FROM)


@pytest.fixture(scope="module")
def windows(plan: Plan) -> pd.DataFrame:
    return training_set(purchases(450, 720, 11), plan)


@pytest.fixture(scope="module")
def contest(windows: pd.DataFrame, plan: Plan, encoders_fitted_once: None) -> Contest:
    return hold_contest(windows, plan, seed=7)


def test_every_kind_has_an_entry(contest: Contest) -> None:
    assert {entry.kind for entry in contest.entries} == set(KINDS)
    assert LEVELS[0][0] == "naive"
    for entry in contest.entries:
        assert (entry.accuracy is None) == (entry.reason is not None)


def test_every_customer_counts(contest: Contest, windows: pd.DataFrame, plan: Plan) -> None:
    judged = windows[pd.to_datetime(windows["cutoff"]).dt.date == plan.chosen.cutoff]
    assert contest.winner.accuracy is not None
    assert contest.winner.accuracy.customers == len(judged)


def test_the_winner_won_a_comparison_or_is_the_blend(contest: Contest) -> None:
    won = [c.challenger for c in contest.comparisons if c.won]
    assert contest.winner.kind == (won[-1] if won else BLEND)
    above = contest.entries[: contest.entries.index(contest.winner)]
    assert contest.winner.kind in contest.why
    assert not above or above[-1].kind in contest.why


def test_what_stands_in_for_a_fit_that_is_not_plausible_is_said(contest: Contest) -> None:
    assert contest.fallen == {} and contest.notes == []
    fell = dataclasses.replace(contest, fallen={"naive_mean": "it says too much"})
    assert "naive_mean, fitted again on everything known, is not plausible: it says too much" in (
        fell.notes
    )
    assert fell.notes[-1].startswith(f"{contest.winner.kind}, the next")
    assert f"{contest.winner.kind} stands in for naive_mean" in fell.why
    none = dataclasses.replace(contest, fallen={contest.winner.kind: "it says too much"})
    assert "its batches are held" in none.notes[-1] and none.why == contest.why
    assert len(contest.champion.past.windows) > 1


def test_the_champion_predicts_everybody(contest: Contest, windows: pd.DataFrame) -> None:
    champion = Champion.from_dict(contest.champion.to_dict())
    scored = champion.predict(windows.drop(columns=["actual_clv", "actual_purchases"]))
    pd.testing.assert_frame_equal(scored, contest.champion.predict(windows))
    for name in ("predicted_clv", "predicted_clv_lower", "predicted_clv_upper"):
        assert np.isfinite(scored[name]).all() and (scored[name] >= 0).all()
    assert (scored["predicted_clv_lower"] <= scored["predicted_clv_upper"]).all()
    assert scored["probability_purchase"].between(0, 1).all()
    assert scored["expected_next_purchase"].isna()[scored["probability_purchase"] < 0.5].all()


def test_the_card_is_plain_json(contest: Contest) -> None:
    text = json.dumps(without_arrays(contest.champion.to_dict()), allow_nan=False)
    text += json.dumps([e.to_dict() for e in contest.entries], allow_nan=False)
    text += json.dumps([d.to_dict() for d in contest.comparisons], allow_nan=False)
    assert "scikit_learn" in text or contest.winner.kind not in ("extra_trees", "blend")


def test_the_last_known_days_labels_are_never_read(
    contest: Contest, windows: pd.DataFrame, plan: Plan
) -> None:
    spoilt = windows.copy()
    last = pd.to_datetime(spoilt["cutoff"]).dt.date == plan.known_through
    assert last.any()
    spoilt.loc[last, ["actual_clv", "actual_purchases"]] = 1e6
    other = hold_contest(spoilt, plan, seed=7)
    assert contest.winner == other.winner
    np.testing.assert_array_equal(
        contest.champion.predict(windows)["predicted_clv"],
        other.champion.predict(windows)["predicted_clv"],
    )


def test_shuffled_labels_leave_learners_without_skill(windows: pd.DataFrame, plan: Plan) -> None:
    rng = np.random.default_rng(3)
    shuffled = windows.copy()
    groups = shuffled.groupby(["cutoff", "pred_months"])["actual_clv"]
    shuffled["actual_clv"] = groups.transform(lambda v: rng.permutation(v.to_numpy()))
    contest = hold_contest(shuffled, plan, seed=7)
    for entry in contest.entries:
        if entry.kind in set(LEARNERS) - {WEIGHTED} and entry.accuracy:
            assert abs(entry.accuracy.normalized_gini) < 0.15
            assert -0.25 < entry.accuracy.r2 < 0.1


class Broken:
    """A candidate that predicts what it is told for the first customer."""

    def __init__(self, kind: str, first: float) -> None:
        self.kind, self.first = kind, first

    def expect(self, encoded: Encoded) -> np.ndarray:
        predicted = encoded.offset.copy()
        predicted[0] = self.first
        return predicted


@pytest.mark.parametrize("first", [np.nan, np.inf, 1e200, ValueError("no fit")])
def test_a_broken_candidate_neither_wins_nor_crashes_and_its_reason_is_kept(
    windows: pd.DataFrame, plan: Plan, monkeypatch: pytest.MonkeyPatch, first: float | Exception
) -> None:
    real = module.fit

    def fit(kind: str, *arguments: object) -> object:
        if kind != WEIGHTED:  # the slow learners are not what is asked here
            return real(LINEAR if kind in (TREES, BOOSTING) else kind, *arguments)
        if isinstance(first, Exception):
            raise first
        return Broken(kind, first)

    monkeypatch.setattr(module, "fit", fit)
    contest = hold_contest(windows, plan, seed=7)
    (entry,) = [e for e in contest.entries if e.kind == WEIGHTED]
    assert contest.winner.kind != WEIGHTED
    assert entry.accuracy is None
    assert ("no fit" if isinstance(first, Exception) else "1 of") in str(entry.reason)
    json.dumps([e.to_dict() for e in contest.entries], allow_nan=False)


def test_a_history_without_anybody_is_refused(windows: pd.DataFrame, plan: Plan) -> None:
    with pytest.raises(ClvError, match="Choose another --cutoff"):
        hold_contest(windows.iloc[:0], plan, seed=7)


def test_a_single_origin_is_judged_out_of_fold_and_says_so() -> None:
    plan = plan_training(Window(dt.date(2022, 4, 15), 6, 1), DATA_FROM)
    log = purchases(500, 300, 13)
    contest = hold_contest(training_set(log, plan), plan, seed=7)
    assert contest.winner.accuracy is not None
    short = plan_training(Window(dt.date(2022, 2, 20), 6, 2), DATA_FROM)
    assert any("out-of-fold" in note for note in short.notes)
    again = hold_contest(training_set(log, short), short, seed=7)
    assert np.isfinite(
        column(again.champion.predict(training_set(log, short)), "predicted_clv")
    ).all()
