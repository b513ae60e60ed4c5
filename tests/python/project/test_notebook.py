"""`CLV` over a DataFrame gives what the commands give."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from shop import Shop
from sklearn.base import clone

from clv import CLV, ClvError


@pytest.fixture(scope="module")
def model(scored: Shop, tmp_path_factory: pytest.TempPathFactory) -> CLV:
    """Return an estimator on a copy of the scored shop."""
    return CLV(home=scored.copy(tmp_path_factory.mktemp("notebook") / "home").home)


def orders(scored: Shop) -> pd.DataFrame:
    frame = pd.read_csv(str(scored.log), dtype={"customer_id": str})
    frame["ordered_at"] = pd.to_datetime(frame["ordered_at"].astype(str))
    return frame


def test_a_prediction_is_the_one_of_the_commands(model: CLV, scored: Shop) -> None:
    day = pd.Timestamp("1998-01-27")
    with pytest.raises(ClvError, match="the log is not what it was"):
        model.predict(day, transactions=orders(scored))
    predicted = model.predict(day, transactions=orders(scored), accept_log=True)
    known = scored.query(
        "select * from clv_ranked_predictions where cutoff = '1998-01-27' order by clv_rank"
    )
    columns = ["customer_id", "predicted_clv", "predicted_clv_lower", "clv_rank", "value_tier"]
    pd.testing.assert_frame_equal(predicted[columns], known[columns], check_exact=True)
    assert predicted["cluster_rank"].notna().all()
    judged = scored.query("select * from clv_accuracy order by cutoff")
    pd.testing.assert_frame_equal(model.accuracy(), judged)


def test_plots_show_the_tables(model: CLV) -> None:
    spent, predicted = model.plot_calibration().lines
    assert len(spent.get_ydata()) == len(predicted.get_ydata()) == 10
    axes = model.plot_gains()
    assert list(axes.lines[1].get_ydata())[-1] == 1
    assert model.plot_frequency_recency(axes) is axes and len(axes.images) == 1


def test_parameters_are_scikit_learn_s(model: CLV) -> None:
    assert model.__sklearn_is_fitted__()
    again = clone(model.set_params(pred_months=3))
    assert again.get_params() == model.get_params()


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (lambda: CLV().predict(), "nothing was trained yet"),
        (lambda: CLV().accuracy(), "nothing was predicted yet"),
        (lambda: CLV().fit(pd.DataFrame()), "the transactions are empty"),
        (lambda: CLV().fit("/nowhere.csv"), "no file matches"),
        (lambda: CLV(options={"colour": 1}).fit("/nowhere.csv"), "colour"),
        (lambda: CLV().fit(pd.DataFrame({"a": [1]}), cutoff="soon"), "'soon' is not a date"),
    ],
)
def test_what_cannot_be_done_is_one_refusal(asked, words: str) -> None:
    with pytest.raises(ClvError, match=words):
        asked()


@pytest.mark.exhaustive  # training is the command's
def test_from_a_dataframe_to_predictions_and_what_came_of_them(scored: Shop) -> None:
    every = orders(scored).rename(columns={"ordered_at": "day"})
    model = CLV(history_months=9, pred_months=3, columns={"ordered_at": "day"})
    known = every[every["day"] <= "1997-12-31"]
    predicted = model.fit(known).predict()
    assert (predicted["cutoff"] == "1997-12-31").all()
    assert str(model.card_.model_id).startswith("clv_19970930_h9_p3_")
    assert predicted.equals(model.predict("1997-12-31", transactions=every))
    assert not model.accuracy()["in_sample"].any()
    assert Path(model._folder.name).is_dir()
