"""Drift with its noise, and early warnings, on the whole project."""

import duckdb
import numpy as np
import pandas as pd
import pytest

from clv.prediction.naive import SPEND_RATE, history_days, rule

EARLY = "{data_through: 1998-02-28}"


def tables_written(shop, query):
    with duckdb.connect(str(shop.home / "clv.duckdb")) as connection:
        connection.execute(query)


def registry_of(shop):
    files = (shop.home / "registry").rglob("*")
    return {path.name: path.read_bytes() for path in files if path.is_file()}


@pytest.fixture(scope="module")
def decayed(trained, tmp_path_factory):
    """Return a shop whose model's predictions were tripled before they matured, and what it said."""
    shop = trained.copy(tmp_path_factory.mktemp("decayed") / "home")
    early = "{cutoff: [1998-01-31, 1998-02-15], data_through: 1998-02-28}"
    assert shop.score(early).code == 0
    tables_written(shop, "update clv_predictions set predicted_clv = 3 * predicted_clv")
    before = registry_of(shop)
    return shop, shop.clv("monitor"), before


def test_every_matured_batch_has_a_verdict_and_intervals_around_its_changes(scored):
    drift = scored.query("select * from clv_drift order by cutoff")
    assert set(drift.verdict) <= {"ok", "watch", "model_decay", "population_shift"}
    for name in ("rmse_change", "r2_change", "level_change", "paired_level_change", "gini_change"):
        assert (drift[f"{name}_low"] < drift[name]).all(), name
        assert (drift[f"{name}_high"] > drift[name]).all(), name
    assert (drift.baseline_customers == 2357).all()
    assert drift.rmse_to_spread.pow(2).tolist() == pytest.approx((1 - drift.r2).tolist())
    crossed = (drift.rmse_change > 0.20) | (drift.r2_change > 0.15)
    assert ((drift.verdict == "watch") <= crossed).all()


def test_the_naive_rule_is_measured_on_the_customers_of_the_batch(scored):
    rows = scored.query(
        """
        select p.*, f.revenue, f.T, f.history_months, date_diff('day', p.cutoff,
               cast(p.cutoff + to_months(p.pred_months) as date)) as pred_days
        from clv_predictions_actual as p
        inner join clv_features as f using (cutoff, pred_months, customer_id)
        """
    )
    first = scored.query("select data_from from int_clv__log_days").data_from[0].date()
    naive = rule(SPEND_RATE, rows, history_days(rows, first))
    np.testing.assert_allclose(rows.naive_clv, naive, rtol=1e-12)
    squared = pd.Series((naive - rows.actual_clv.astype(float)) ** 2)
    rmse = squared.groupby(rows.cutoff).mean() ** 0.5
    kept = scored.query("select cutoff, naive_rmse from clv_drift").set_index("cutoff").naive_rmse
    assert len(kept) > 3
    assert kept.to_dict() == pytest.approx(rmse.to_dict())


@pytest.mark.exhaustive  # scoring again: tests/python/project/test_batches.py
def test_judging_again_finds_nothing_to_judge_and_changes_nothing(scored, tmp_path):
    shop = scored.copy(tmp_path / "again")
    before = shop.query("select * from int_clv__drift_noise order by all")
    nowcasts = shop.query("select * from clv_nowcast order by all")
    assert shop.clv("monitor").code == 0
    assert shop.query("select count(*) as n from int_clv__batches_to_judge").n[0] == 0
    pd.testing.assert_frame_equal(
        before, shop.query("select * from int_clv__drift_noise order by all")
    )
    pd.testing.assert_frame_equal(nowcasts, shop.query("select * from clv_nowcast order by all"))


@pytest.mark.exhaustive  # a correction of labels: tests/python/project/test_night.py
def test_a_batch_labelled_again_with_the_same_labels_stays_as_it_was_judged(scored, tmp_path):
    shop = scored.copy(tmp_path / "rescored")
    before = shop.query("select * from int_clv__drift_noise order by cutoff")
    assert shop.score("{cutoff: 1998-01-27, rescore: true}").code == 0
    after = shop.query("select * from int_clv__drift_noise order by cutoff")
    pd.testing.assert_frame_equal(before, after)


def test_predictions_that_went_wrong_are_a_decayed_model_and_the_report_says_why(decayed):
    shop, done, _ = decayed
    assert done.code == 3, done.err
    drift = shop.query("select * from clv_drift order by cutoff")
    assert drift.verdict.tolist() == ["model_decay"] * 2
    assert drift.verdict_reason.tolist() == ["total_far_off"] * 2
    assert drift.status.tolist() == ["alert"] * 2
    assert (drift.paired_level_change_low > 0.8).all()
    text = (shop.home / "outputs" / "drift_alert_19980131_pred3m.md").read_text()
    first, *_ = text.splitlines()
    assert first.startswith("# Alert: The total is")
    for said in ("**The total is far off**", "Nothing was retrained", "interval", "10. tenth",
                 "cluster", "What to check next", "naive rule"):  # fmt: skip
        assert said in text, said
    assert "nan" not in text.lower().split()


def test_the_second_alert_in_a_row_recommends_tuning(decayed):
    shop, *_ = decayed
    drift = shop.query("select alerts_in_a_row, recommendation from clv_drift order by cutoff")
    assert drift.alerts_in_a_row.tolist() == [1, 2]
    assert drift.recommendation.isna().tolist() == [True, False]
    text = (shop.home / "outputs" / "drift_alert_19980215_pred3m.md").read_text()
    assert "Recommended: `clv tune`" in text


def test_an_alert_retrains_nothing(decayed):
    shop, _, before = decayed
    after, hashes, contract = registry_of(shop), "batch_hashes.csv", "log_contract.json"
    assert after.pop(hashes)  # of every batch, written by `clv` and not by the plain dbt above
    # the log was accepted once more
    assert {**after, contract: before[contract]} == before


@pytest.mark.parametrize(
    ("severity", "code"),
    [pytest.param("warn", 0, marks=pytest.mark.exhaustive), ("error", 1)],
)
def test_the_test_over_drift_warns_or_fails_as_told(decayed, monkeypatch, severity, code):
    monkeypatch.setenv("CLV_DRIFT_SEVERITY", severity)
    shop = decayed[0].with_data_tests()
    assert shop.dbt("test", "--select", "drift_alerts").code == code


@pytest.mark.exhaustive  # test_faults.py has three faults of monitoring
def test_an_exception_while_judging_fails_the_run(fresh, monkeypatch):
    shop = fresh("broken")
    assert shop.clv("run", "--cutoff", "1998-01-31", "--vars", EARLY).code == 0

    def broken(*_):
        raise ZeroDivisionError("planted")

    monkeypatch.setattr("clv.monitoring.noise.estimate", broken)
    failed = shop.clv("monitor")
    assert failed.code == 1
    assert "planted" in failed.err
    monkeypatch.undo()
    assert shop.clv("monitor").code in (0, 3)
    assert shop.query("select count(*) as n from int_clv__drift_noise").n[0] == 1


def test_open_batches_are_held_against_what_the_champion_expects_by_now(scored):
    early = scored.query("select * from clv_early_warning order by cutoff, horizon_end")
    assert early.is_estimate.all()
    assert set(early.cutoff.dt.date.astype(str)) == {"1998-04-23", "1998-05-23", "1998-06-22"}
    first = early[early.cutoff == "1998-04-23"]
    assert first.horizon_end.dt.date.astype(str).tolist() == [
        "1998-05-23", "1998-06-23", "1998-06-30",
    ]  # fmt: skip
    assert first.is_latest.tolist() == [False, False, True]
    assert first.expected_purchases.is_monotonic_increasing
    bought = scored.query(
        """
        select count(*) as n
        from int_clv__customer_days as d
        inner join clv_predictions as p using (customer_id)
        where p.cutoff = date '1998-04-23' and d.is_purchase_day and d.order_date > p.cutoff
        """
    )
    assert first.purchases.iloc[-1] == bought.n[0]
    assert (early.purchase_ratio_low <= early.purchase_ratio).all()


@pytest.mark.exhaustive  # unit tests of int_clv__open_batches, of nowcasts and of early warnings
def test_a_drop_of_purchases_is_seen_before_the_window_has_matured_and_raises_no_alert(
    fresh, tmp_path
):
    shop = fresh("drop")
    log = pd.read_csv(shop.log, dtype=str)
    late = log.ordered_at > "19980131"
    shop.log = tmp_path / "log.csv"
    kept = log[~late | (log.customer_id.str[-1].isin(list("01")))]
    kept.to_csv(shop.log, index=False)
    done = shop.clv("run", "--cutoff", "1998-01-31", "--vars", EARLY)
    assert done.code == 0, done.err
    early = shop.query("select * from clv_early_warning where is_latest")
    assert early.is_flagged.tolist() == [True]
    assert early.early_sign[0] == "fewer purchases than expected"
    said = "batch 1998-01-31 is implausible: by 1998-02-28 its customers spent"
    assert f"warning: {said}" in done.err
    assert said in shop.clv("status").out
    assert not list((shop.home / "outputs").glob("drift_alert_*"))


def test_every_open_batch_has_a_nowcast_of_its_spend_so_far_and_the_rest(scored):
    nowcasts = scored.query("select * from clv_nowcast order by cutoff")
    assert nowcasts.cutoff.dt.date.astype(str).tolist() == [
        "1998-04-23",
        "1998-05-23",
        "1998-06-22",
    ]
    assert (nowcasts.as_of == "1998-06-30").all()
    spent = scored.query(
        """
        select p.cutoff, sum(d.net_amount)::double as spent
        from int_clv__customer_days as d
        inner join clv_predictions as p using (customer_id)
        where d.order_date > p.cutoff and p.cutoff >= date '1998-04-23'
        group by p.cutoff order by p.cutoff
        """
    )
    assert nowcasts.spent.tolist() == pytest.approx(spent.spent.tolist())
    assert nowcasts.unknown_reason.isna().all() and not nowcasts.is_implausible.any()
    assert (nowcasts.spent < nowcasts.nowcast_lower).all()
    assert (nowcasts.nowcast_lower < nowcasts.nowcast_total).all()
    assert (nowcasts.nowcast_total < nowcasts.nowcast_upper).all()
    own = nowcasts.predicted_total_upper / nowcasts.predicted_total_lower
    assert (nowcasts.nowcast_upper / nowcasts.nowcast_lower < own).all()
    assert scored.query("select count(*) as n from clv_nowcast_accuracy").n[0] == 0  # one night


def test_past_nowcasts_stand_and_are_judged_once_their_window_has_matured(decayed):
    shop, *_ = decayed
    past = shop.query(
        """
        select n.*, a.actual_total from clv_nowcast as n
        inner join clv_accuracy as a using (cutoff, pred_months)
        """
    )
    assert (past.as_of == "1998-02-28").all() and len(past) == 2
    held = past.actual_total.between(past.nowcast_lower, past.nowcast_upper)
    judged = shop.query("select * from clv_nowcast_accuracy order by window_quarter")
    assert judged.window_quarter.tolist() == [1, 2] and judged.batches.tolist() == [1, 1]
    assert (judged.held_share * judged.nowcasts).sum() == held.sum()
    assert (judged.width_to_batch < 1).all() and (judged.nowcast_off < 1).all()
