"""On every row of a generated table, what the report says is what the verdict and the figures are."""

import datetime as dt

import duckdb
import jinja2
import numpy as np
import pandas as pd
import pytest

from clv.core.wording import readable
from clv.monitoring.alert_report import is_watch, report
from clv.monitoring.alerts import _watch_line
from clv.monitoring.drift import DriftRow, drift_rows
from clv.project.home import PROJECT

pytestmark = pytest.mark.slow

CASES, LARGEST_ERROR = 600, 0.1
DECILES = pd.DataFrame(
    {"decile": range(1, 11), "mean_predicted_clv": 10.0, "mean_actual_clv": range(10, 0, -1)}
)
SEGMENTS = pd.DataFrame({"group_value": ["Top 1 %"], "difference": [-4.0]})
# What a report says of its reason, and of no other.
SAID = {
    "buying_collapsed": "Customers stopped buying",
    "total_far_off": "not half as far off the same way",
    "total_far_off_alike": "off the same way, at least half",
    "level_lost": "against that of a naive rule on the same customers",
    "order_lost": "it orders customers worse",
    "spend_rose": "Customers spend more than predicted",
    "spend_fell": "Customers spend less than predicted",
    "error_rose": "only.",
    "error_rose_alike": "more than half as much",
    "inside_noise": "the interval below reaches back over it",
    "few_buyers": "Fewer than 30 customers",
    "better_otherwise": "the other is better than at training",
    "season_as_known": "in the same season a year ago it was",
}


def drift_of(changes: pd.DataFrame) -> list[DriftRow]:
    """Run the SQL of clv_drift over rows of int_clv__drift_changes, and read what it says."""
    macros = jinja2.Template((PROJECT / "macros" / "drift.sql").read_text("utf-8")).module
    named = {name: getattr(macros, name) for name in dir(macros) if name.startswith("clv_")}
    named |= {
        "ref": lambda name: name,
        "clv_add_months": lambda date, months: f"cast({date} + to_months({months}) as date)",
    }
    model = (PROJECT / "models" / "drift" / "clv_drift.sql").read_text("utf-8")
    with duckdb.connect() as connection:
        connection.register("given", changes)
        intervals = named["clv_drift_intervals"]()
        connection.execute(
            f"create table int_clv__drift_changes as select *, {intervals} from given"
        )
        connection.execute(f"create table clv_drift as {jinja2.Template(model).render(named)}")
        return drift_rows(connection, "select * from clv_drift order by model_id, cutoff")


def cases(seed: int = 1, policy: str = "verdict") -> pd.DataFrame:
    """Return matured batches whose figures fit together and are otherwise anything."""
    rng = np.random.default_rng(seed)
    n = CASES

    def some(values: list, share: list | None = None) -> np.ndarray:
        return rng.choice(values, n, p=share)

    customers = some([100, 1_000, 5_000], [0.1, 0.45, 0.45])
    baseline_bias = rng.normal(0, some([0.02, 0.4], [0.7, 0.3]), n)
    moved, own = (
        rng.normal(0, some([0.02, 0.3], [0.7, 0.3]), n),
        rng.normal(0, some([0.02, 0.2]), n),
    )
    total_bias = baseline_bias + moved + own
    actual = some([0.0, 10_000.0], [0.05, 0.95])
    nothing = actual == 0
    log_rmse = rng.normal(0.05, some([0.02, 0.4]), n)
    baseline_r2, r2 = rng.uniform(-0.1, 0.7, n), rng.uniform(-0.2, 0.7, n)
    paired_gini = rng.normal(-0.1, 0.2, n)
    naive_total_bias = total_bias / some([-2, 1, 3])
    frame = pd.DataFrame(
        {
            "cutoff": [dt.date(2021, 1, 1) + dt.timedelta(days=7 * (i % 5)) for i in range(n)],
            "pred_months": 3, "model_id": [f"m{i // 5:04}" for i in range(n)],
            "alert_on": policy, "in_sample": some([False, True], [0.97, 0.03]),
            "customers": customers, "baseline_customers": 5_000,
            "baseline_buyers": some([20, 1_500], [0.1, 0.9]),
            "buyers": np.where(nothing, 0, (customers * some([0.02, 0.3], [0.1, 0.9])).astype(int)),
            "expected_buyers": customers * some([0.1, 0.3]),
            "predicted_total": 10_000 * np.exp(total_bias), "actual_total": actual,
            "total_bias": total_bias, "naive_total_bias": naive_total_bias,
            "naive_bias_a_year_ago": some([np.nan, 0, 0.01], [0.6, 0.2, 0.2]) + naive_total_bias,
            "naive_total": 10_000.0, "baseline_bias": baseline_bias,
            "bias_change": moved + own, "naive_bias_change": moved, "paired_bias_change": own,
            "rmse": 40 * np.exp(log_rmse), "baseline_rmse": 40.0, "rmse_change": np.expm1(log_rmse),
            "log_rmse_change": log_rmse, "naive_log_rmse_change": log_rmse * some([0.1, 1.0]),
            "baseline_r2": baseline_r2, "r2": r2, "r2_change": (baseline_r2 - r2) / abs(baseline_r2),
            "gini_change": paired_gini + rng.normal(0, 0.05, n), "paired_gini_change": paired_gini,
            "normalized_gini": rng.uniform(-0.1, 0.8, n), "naive_normalized_gini": 0.5,
            "naive_rmse": 50.0, "naive_r2": 0.1, "rmse_to_spread": 0.8, "mae": 20.0, "bias": 1.0,
            "top_decile_share": 0.4, "drift_threshold_rmse": 0.2, "drift_threshold_r2": 0.15,
        }
    )  # fmt: skip
    noise = some([0.01, LARGEST_ERROR])
    for measure in ("log_rmse", "r2", "bias", "naive_bias", "paired_bias", "gini", "paired_gini"):
        frame[f"{measure}_error"] = noise
    undefined = ["total_bias", "naive_total_bias", "naive_bias_a_year_ago", "bias_change",
                 "naive_bias_change", "r2",
                 "r2_change", "gini_change", "paired_gini_change", "normalized_gini"]  # fmt: skip
    frame.loc[nothing, undefined] = None
    unknown = rng.random(n) < 0.05
    frame.loc[unknown, ["rmse_change", "r2_change", "baseline_rmse", "baseline_r2"]] = None
    return frame


@pytest.fixture(scope="module", params=["verdict", "threshold"])
def rows(request) -> list[DriftRow]:
    return drift_of(cases(policy=request.param))


def test_the_table_holds_every_reason(rows):
    reasons = {*SAID, "level_and_order_lost", "in_sample", "no_baseline", None}
    assert {row.verdict_reason for row in rows} == reasons
    assert {row.episode for row in rows} == {"opened", "escalated", "continues", "ended", None}


def test_the_text_and_the_verdict_agree_on_every_row(rows):
    for row in rows:
        if row.severity is not None:
            _agrees(row, report(row, DECILES, SEGMENTS))


def _agrees(row: DriftRow, text: str) -> None:
    first = text.partition("\n")[0]
    assert first.startswith("# Alert: " if row.is_alert else "# Watch: "), first
    assert is_watch(text) == (not row.is_alert)
    assert ("Nothing is asked" in text) == (not row.is_alert)
    assert ("Recommended" in text) == (row.is_alert and row.recommendation is not None)
    assert "nan" not in text and "None" not in text
    off = row.total_off_share
    if off is not None and abs(off) >= 0.005:
        wrong = "below what customers" if off > 0 else "above what customers"
        assert wrong not in text
    said = {reason for reason, words in SAID.items() if words in text}
    if row.verdict_reason == "level_and_order_lost":
        assert said == {"level_lost", "order_lost"}
    elif row.verdict_reason not in (None, "no_baseline"):
        assert said == {row.verdict_reason}, (said, row)
    if row.verdict == "watch" and row.verdict_reason != "season_as_known":
        assert f"{row.crossed} crossed the threshold" in first
    if row.verdict_reason == "better_otherwise":
        changes = (row.rmse_change.value, row.r2_change.value)
        assert any(change is not None and change < 0 for change in changes)
    if row.verdict_reason == "spend_rose":
        assert row.actual_total > row.predicted_total
    if row.verdict_reason == "spend_fell":
        assert row.actual_total < row.predicted_total
    if not row.is_alert:
        line = _watch_line(row)
        assert readable(row.rmse) in line and first.removeprefix("# Watch: ") in line


def test_every_crossing_has_a_report_and_better_is_never_an_alert(rows):
    for row in rows:
        if row.crossed is not None:
            assert row.severity is not None
        if row.verdict in ("in_sample", "ok") and row.crossed is None:
            assert row.severity is None
        if row.verdict_reason == "season_as_known":
            assert (
                row.severity is not None
                and abs(row.naive_total_off_a_year_ago - row.naive_total_off) < 0.5
            )
        if row.verdict in ("ok", "watch") and row.severity == "alert":
            assert row.crossed is not None  # asked for by the config
        if row.verdict_reason in ("level_lost", "spend_rose", "spend_fell"):
            now, before = (np.log1p(off) for off in (row.total_off_share, row.baseline_total_off))
            assert abs(now) > abs(before) - LARGEST_ERROR


def test_a_total_that_is_far_off_or_gone_is_never_silence(rows):
    for row in rows:
        off = row.total_off_share
        if row.verdict == "in_sample" or (row.expected_buyers or 0) < 200:
            continue
        if off is None or abs(off) > 0.4:
            assert row.status == "alert", row


def test_an_episode_opens_escalates_continues_and_ends_once():
    one = cases().iloc[:1].assign(in_sample=False, expected_buyers=500.0, actual_total=10_000.0)
    calm = {"predicted_total": 10_000.0, "total_bias": 0.0, "baseline_bias": 0.0, "bias_change": 0.0,
            "naive_bias_change": 0.0, "paired_bias_change": 0.0, "gini_change": 0.0,
            "paired_gini_change": 0.0, "rmse_change": 0.0, "r2_change": 0.0, "buyers": 500,
            "log_rmse_change": 0.0, "customers": 1_000, "baseline_buyers": 1_500}  # fmt: skip
    off = {**calm, "predicted_total": 20_000.0, "total_bias": 0.69}
    gone = {**off, "buyers": 1}
    said = [off, off, off, gone, off, calm, calm, off]
    frame = pd.concat([one.assign(**changed) for changed in said], ignore_index=True)
    frame["cutoff"] = [dt.date(2021, month, 1) for month in range(1, len(said) + 1)]
    found = drift_of(frame)
    assert [row.episode for row in found] == [
        "opened", "escalated", "continues", "escalated", "continues", "ended", None, "opened",
    ]  # fmt: skip
    alert, watch = "alert", "watch"
    assert [row.severity for row in found] == [
        alert, alert, watch, alert, watch, None, None, alert,
    ]  # fmt: skip
    assert {row.episode_opened for row in found[:5]} == {dt.date(2021, 1, 1)}
    text = report(found[2], DECILES, SEGMENTS)
    assert text.startswith("# Watch: The total is 100% above what customers spent")
    assert "The alert that batch 2021-01-01 opened is still open" in text
