"""The contest: fitted on the history, judged on what came after it."""

import numpy as np
import pandas as pd
import pytest

from clv import contest as module
from clv.btyd import NotFittedError
from clv.candidates import KINDS, NAIVE, candidate_from_dict, fit_candidate
from clv.contest import hold_contest
from clv.errors import ClvError
from clv.records import as_json


class Fake:
    """A candidate that predicts what it is told."""

    def __init__(self, kind, predicted):
        self.kind, self.predicted = kind, predicted

    def predict(self, features):
        return pd.DataFrame({"predicted_clv": self.predicted}, index=features.index)

    def to_dict(self):
        return {"kind": self.kind}


@pytest.fixture
def hold_fake_contest(monkeypatch):
    """Hold a contest of fakes: predictions or an exception by kind, on three customers."""

    def hold(entries, actual=(10.0, 0.0, 20.0)):
        def fit(kind, _):
            if isinstance(entries[kind], Exception):
                raise entries[kind]
            return Fake(kind, entries[kind])

        monkeypatch.setattr(module, "KINDS", tuple(entries))
        monkeypatch.setattr(module, "fit_candidate", fit)
        return hold_contest(pd.DataFrame({"actual_clv": actual}))

    return hold


def test_the_lowest_error_wins_and_the_rest_follow_in_order(hold_fake_contest):
    contest = hold_fake_contest(
        {"far": [90.0, 90, 90], "exact": [10.0, 0, 20], "near": [11.0, 1, 21]}
    )
    assert [entry.kind for entry in contest.entries] == ["exact", "near", "far"]
    assert contest.winner.kind == "exact"
    assert [entry.accuracy.rmse for entry in contest.entries] == pytest.approx(
        [0, 1, np.sqrt((80**2 + 90**2 + 70**2) / 3)]
    )


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        ([10.0, np.nan, 20], "1 of 3 predictions overflowed or were negative"),
        ([np.inf, -np.inf, 20], "2 of 3 predictions overflowed or were negative"),
        ([10.0, -0.01, 20], "1 of 3 predictions overflowed or were negative"),
        ([10.0, 1e200, 20], "its error is too large to be a number"),
        (NotFittedError("bg_nbd did not converge (all of it)"), "did not converge (all of it)"),
    ],
)
def test_a_broken_candidate_neither_wins_nor_crashes_and_its_reason_is_kept(
    hold_fake_contest, broken, reason
):
    contest = hold_fake_contest({"broken": broken, "poor": [500.0, 500, 500]})
    assert contest.winner.kind == "poor"
    left_out = contest.entries[-1].to_dict()
    assert left_out["kind"] == "broken"
    assert left_out["accuracy"] is None
    assert reason in left_out["left_out_because"]
    assert contest.winner.to_dict()["left_out_because"] is None
    as_json({"candidates": [entry.to_dict() for entry in contest.entries]})


def test_a_contest_without_any_candidate_left_says_why(hold_fake_contest):
    with pytest.raises(ClvError, match=r"no candidate .*a: too few.*b: 3 of 3 predictions"):
        hold_fake_contest({"a": NotFittedError("too few"), "b": [np.nan] * 3})


def test_every_kind_enters_a_real_contest_and_the_winner_has_the_lowest_rmse(shop):
    contest = hold_contest(shop)
    errors = [entry.accuracy.rmse for entry in contest.entries]
    assert sorted(entry.kind for entry in contest.entries) == sorted(KINDS)
    assert errors == sorted(errors)
    assert len(set(errors)) == len(KINDS)


def test_labels_are_never_fitted_on(shop):
    """Customers' labels dealt out anew leave all parameters as they were, to the last bit."""
    dealt = np.random.default_rng(7).permutation(len(shop))
    labels = ["actual_clv", "actual_purchases"]
    shuffled = shop.assign(**{name: shop[name].to_numpy()[dealt] for name in labels})
    before = {entry.kind: entry for entry in hold_contest(shop).entries}
    after = {entry.kind: entry for entry in hold_contest(shuffled).entries}
    for kind in KINDS:
        assert after[kind].to_dict()["parameters"] == before[kind].to_dict()["parameters"]
        assert after[kind].accuracy.rmse != before[kind].accuracy.rmse
        without_labels = fit_candidate(kind, shop.drop(columns=labels))
        assert without_labels.to_dict() == before[kind].to_dict()["parameters"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_candidate_is_rebuilt_from_plain_numbers_exactly(shop, kind):
    candidate = fit_candidate(kind, shop)
    rebuilt = candidate_from_dict(candidate.to_dict())
    pd.testing.assert_frame_equal(rebuilt.predict(shop), candidate.predict(shop), check_exact=True)


@pytest.mark.parametrize("kind", KINDS)
def test_predictions_grow_with_the_window(shop, kind):
    candidate = fit_candidate(kind, shop)
    short = candidate.predict(shop)["predicted_clv"]
    longer = candidate.predict(shop.assign(pred_days=182))["predicted_clv"]
    assert (longer[short > 0] > short[short > 0]).all()


def test_p_alive_is_not_multiplied_into_an_expectation_that_contains_it(shop):
    candidate = fit_candidate("pareto_nbd_gamma_gamma", shop)
    predictions = candidate.predict(shop)
    value = candidate.spend.expected_spend(
        shop["frequency"].to_numpy(float), shop["monetary_value"].to_numpy(float)
    )
    assert predictions["predicted_clv"].to_numpy() == pytest.approx(
        predictions["predicted_purchases"].to_numpy() * value
    )


def test_the_naive_rule_goes_on_as_before_counted_by_hand():
    features = pd.DataFrame(
        {
            "frequency": [2, 0, 0],
            "T": [90, 0, 30],
            "revenue": [30.0, 10.0, -5.0],
            "pred_days": [30, 30, 30],
        }
    )
    predictions = fit_candidate(NAIVE, features).predict(features)
    assert predictions["predicted_clv"].tolist() == [10.0, 300.0, 0.0]
    assert predictions["predicted_purchases"].tolist() == [1.0, 30.0, 1.0]
    assert predictions["probability_alive"].isna().all()


def test_a_champion_of_an_unknown_kind_is_refused():
    with pytest.raises(ClvError, match="'oracle', which this version does not know"):
        candidate_from_dict({"kind": "oracle"})
