"""What must hold of batches: repeatable, whole, free of the future, judged by their own baseline."""

import pandas as pd
import pytest
from shop import Shop, same

CUTOFFS = ["1997-12-31", "1998-05-15"]  # one whose window has matured, one that is open


@pytest.fixture(scope="module")
def both(trained, tmp_path_factory) -> Shop:
    shop = trained.copy(tmp_path_factory.mktemp("both") / "home")
    done = shop.dbt("build", "--vars", "{cutoff: [1997-12-31, '1998-05-15']}")
    assert done.code == 0, done.out
    return shop


def changed_log(log, path, change) -> str:
    frame = pd.read_csv(log, dtype=str)
    change(frame).to_csv(path, index=False)
    return path


def test_a_list_of_cutoffs_equals_running_them_one_by_one_with_and_without_quotes(both, fresh):
    single = fresh("single")
    for written in ("1997-12-31", '"1998-05-15"'):
        assert single.score(f"{{cutoff: {written}}}").code == 0
    same(both.tables(), single.tables())


def test_scoring_the_same_cutoffs_again_changes_nothing_not_even_the_time_of_scoring(both):
    query = "select * from {} order by all"
    tables = ("clv_predictions", "clv_predictions_actual", "customer_segments", "clv_drift")
    before = [both.query(query.format(table)) for table in tables]
    assert both.score("{cutoff: [1997-12-31, 1998-05-15]}").code == 0
    for table, frame in zip(tables, before, strict=True):
        pd.testing.assert_frame_equal(frame, both.query(query.format(table)), check_exact=True)


@pytest.mark.exhaustive  # scoring again above
def test_a_full_refresh_keeps_the_ledgers(both):
    before = both.tables()
    assert both.dbt("run", "--full-refresh", "--vars", "{cutoff: 1998-05-15}").code == 0
    same(before, both.tables())


@pytest.mark.exhaustive  # unit tests of int_clv__scoring_windows
def test_without_the_var_the_last_day_of_the_log_is_scored(fresh):
    shop = fresh("default")
    assert shop.score().code == 0
    assert shop.query("select distinct cutoff from clv_predictions").cutoff.astype(
        str
    ).tolist() == ["1998-06-30"]


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(
            lambda log: log[log.ordered_at <= "19971231"],
            id="rows removed", marks=pytest.mark.exhaustive,
        ),
        pytest.param(
            lambda log: pd.concat([log, log[log.ordered_at > "19971231"].assign(amount="999.99")]),
            id="rows added", marks=pytest.mark.exhaustive,
        ),
        pytest.param(
            lambda log: log.assign(
                customer_id=log.customer_id.where(log.ordered_at <= "19971231", "0001"),
                amount=log.amount.where(log.ordered_at <= "19971231", "999.99"),
            ),
            id="rows changed",
        ),
    ],
)  # fmt: skip
def test_no_row_after_the_cutoff_changes_a_feature_or_a_score(both, fresh, tmp_path, change):
    shop = fresh("future")
    shop.log = changed_log(shop.log, tmp_path / "log.csv", change)
    assert shop.score("{cutoff: 1997-12-31}").code == 0
    for table in ("clv_features", "clv_predictions", "clv_clusters"):
        query = (
            f"select * from {table} where cutoff = date '1997-12-31' order by cutoff, customer_id"
        )
        left, right = (
            s.query(query).drop(columns="scored_at", errors="ignore") for s in (both, shop)
        )
        pd.testing.assert_frame_equal(left, right, check_exact=True)


@pytest.mark.exhaustive  # the data test batches_are_whole
def test_a_customer_who_vanished_from_a_corrected_log_leaves_no_orphan(fresh, tmp_path):
    shop = fresh("orphan")
    cutoff = "1998-05-15"
    assert shop.score(f"{{cutoff: {cutoff}}}").code == 0
    gone = shop.query("select min(customer_id) as id from clv_predictions").id[0]
    shop.log = changed_log(
        shop.log, tmp_path / "log.csv", lambda log: log[log.customer_id.str.strip() != gone]
    )
    assert shop.score(f"{{cutoff: {cutoff}}}").code == 0
    for table in ("clv_features", "clv_predictions", "clv_clusters", "customer_segments"):
        left = shop.query(f"select count(*) as n from {table} where customer_id = '{gone}'").n[0]
        assert left == 0, table
    ranks = shop.query("select clv_rank from clv_ranked_predictions order by 1").clv_rank
    assert ranks.tolist() == list(range(1, len(ranks) + 1))


@pytest.mark.exhaustive  # unit tests of int_clv__scoring_windows
def test_a_labelled_batch_is_only_scored_again_on_request(fresh, tmp_path):
    shop = fresh("labelled")
    assert shop.score("{cutoff: 1997-12-31}").code == 0
    before = shop.tables()
    gone = before["clv_predictions"].customer_id.min()
    shop.log = changed_log(
        shop.log, tmp_path / "log.csv", lambda log: log[log.customer_id.str.strip() != gone]
    )
    assert shop.score("{cutoff: 1997-12-31}").code == 0
    same(before, shop.tables())
    assert shop.score("{cutoff: 1997-12-31, rescore: true}").code == 0
    for table in ("clv_predictions", "clv_predictions_actual", "clv_clusters"):
        assert gone not in set(shop.query(f"select customer_id from {table}").customer_id)


def test_actuals_are_the_log_s_amounts_in_the_window_and_nothing_bought_is_0(both):
    log = pd.read_csv(both.log, dtype={"customer_id": str, "ordered_at": str})
    log["day"] = pd.to_datetime(log.ordered_at, format="%Y%m%d")
    log["customer_id"] = log.customer_id.str.strip()
    actuals = both.query("select * from clv_predictions_actual")
    assert sorted(actuals.cutoff.astype(str).unique()) == CUTOFFS[:1]
    for cutoff, batch in actuals.groupby("cutoff"):
        predicted = both.query(
            f"select customer_id from clv_predictions where cutoff = date '{cutoff.date()}'"
        )
        assert set(batch.customer_id) == set(predicted.customer_id)
        end = cutoff + pd.DateOffset(months=3)
        window = log[(log.day > cutoff) & (log.day <= end)]
        spent = window.groupby("customer_id").amount.sum()
        expected = batch.customer_id.map(spent).fillna(0)
        assert batch.actual_clv.tolist() == pytest.approx(expected.tolist(), abs=1e-9)
        assert (batch.actual_clv == 0).mean() > 0.3
        accuracy = both.query(
            f"select customers from clv_accuracy where cutoff = date '{cutoff.date()}'"
        )
        assert accuracy.customers[0] == len(batch)


@pytest.mark.exhaustive  # unit tests of int_clv__due_batches
def test_a_window_matures_by_data_through_and_not_by_the_clock(fresh):
    shop = fresh("mature")
    assert shop.score("{cutoff: 1998-03-31, data_through: 1998-06-29}").code == 0
    assert shop.query("select count(*) as n from clv_predictions_actual").n[0] == 0
    assert shop.score("{cutoff: [], data_through: 1998-06-30}").code == 0
    assert shop.query("select count(*) as n from clv_accuracy").n[0] == 1


@pytest.mark.exhaustive  # the unit tests of the models
def test_a_batch_is_judged_by_the_baseline_of_the_model_that_made_it(fresh):
    shop = fresh("champions")
    assert shop.score("{cutoff: 1997-12-31}").code == 0
    first = shop.query("select * from clv_drift")
    again = ("train", "--cutoff", "1997-12-31", "--history-months", "6", "--pred-months", "3")
    assert shop.clv(*again).code == 0
    assert shop.score("{cutoff: [1998-01-31, 1998-03-30]}").code == 0
    drift = shop.query("select * from clv_drift order by cutoff")
    pd.testing.assert_frame_equal(first, drift.head(1))
    manifest = shop.query(
        "select model_id, baseline_rmse from stg_clv__champion_manifest order by manifest_row"
    )
    assert len(manifest) == 2
    assert drift.model_id.tolist() == [manifest.model_id[0]] + [manifest.model_id[1]] * 2
    assert (
        drift.baseline_rmse.tolist()
        == [manifest.baseline_rmse[0]] + [manifest.baseline_rmse[1]] * 2
    )
    # labels of the second champion end on 1998-03-31
    assert drift.status.tolist()[1:] == ["in_sample", "in_sample"]


def test_both_lenses_cover_every_customer_of_the_latest_batch(both):
    segments = both.query("select * from customer_segments")
    ranked = both.query(
        "select * from clv_ranked_predictions where cutoff = date '1998-05-15' order by clv_rank"
    )
    assert set(segments.customer_id) == set(ranked.customer_id)
    n = len(ranked)
    cumulative = ranked.groupby("value_tier", sort=False).size().cumsum()
    assert cumulative.to_dict() == {
        tier: -(-n * share // 100)
        for tier, share in {
            "Top 1 %": 1, "Top 5 %": 5, "Top 10 %": 10, "Top 20 %": 20, "Top 50 %": 50, "Rest": 100,
        }.items()
    }  # fmt: skip
    medians = segments.groupby("cluster_id").predicted_clv.median()
    overall = segments.predicted_clv.median()
    for row in segments.drop_duplicates("cluster_id").itertuples():
        assert row.clv_index == pytest.approx(medians[row.cluster_id] / overall)
        assert row.cluster_rank == (medians > medians[row.cluster_id]).sum() + 1
