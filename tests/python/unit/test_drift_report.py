"""The text of a drift alert."""

import datetime as dt
import math
import re
from decimal import Decimal

import pandas as pd
import pytest

from clv.core.window import Batch
from clv.monitoring.alert_report import report
from clv.monitoring.drift import Change, DriftRow

ROW = {
    "cutoff": dt.date(2021, 3, 31), "window_end": dt.date(2021, 6, 30),
    "pred_months": 3, "model_id": "clv_20201231_h9_p3", "customers": 1234, "buyers": 400,
    "status": "alert", "severity": "alert", "crossed": "RMSE and R²", "episode": "opened",
    "episode_opened": dt.date(2021, 3, 31), "total_is_good": False, "order_is_good": True,
    "error_is_good": None, "expected_buyers": 410.4, "baseline_total_off": -0.05, "naive_total_off": 1.03,
    "naive_total_off_a_year_ago": None,
    "verdict": "model_decay", "verdict_reason": "level_lost",
    "alerts_in_a_row": 1, "recommendation": None,
    "rmse": 60.0, "r2": 0.30, "baseline_rmse": 40.0, "baseline_r2": 0.40,
    "rmse_to_spread": 0.8, "mae": 21.5, "bias": 10.0, "normalized_gini": 0.6543,
    "naive_rmse": 70.0, "naive_r2": 0.1, "naive_normalized_gini": 0.6, "naive_rmse_change": 0.02,
    "drift_threshold_rmse": 0.2, "drift_threshold_r2": 0.15,
    "drift_threshold_level": 0.10, "drift_threshold_order": 0.02,
    "predicted_total": 37020.0, "actual_total": 24680.0, "naive_total": 50000.0,
}  # fmt: skip
for name, change in {
    "rmse_change": 0.5, "r2_change": 0.25, "level_change": 0.5, "naive_level_change": 0.01,
    "paired_level_change": 0.49, "gini_change": -0.01, "paired_gini_change": 0.0,
}.items():  # fmt: skip
    ROW |= {name: change, f"{name}_low": change - 0.1, f"{name}_high": change + 0.1}
DECILES = pd.DataFrame(
    {"decile": range(1, 11), "customers": 123, "mean_predicted_clv": 10.0,
     "mean_actual_clv": range(10, 0, -1)}
)  # fmt: skip
SEGMENTS = pd.DataFrame(
    {"group_kind": ["tier"], "group_value": ["Top 1 %"], "customers": [12],
     "predicted_total": [9.0], "actual_total": [5.0], "difference": [-4.0]}
)  # fmt: skip


def cells(text, measure):
    (line,) = [line for line in text.splitlines() if line.startswith(f"| {measure} ")][-1:]
    return [cell.strip() for cell in line.strip("|").split("|")]


def said(**changes):
    return report(DriftRow.of({**ROW, **changes}), DECILES, SEGMENTS)


def test_days_that_are_unlike_the_log_s_past_are_named_where_there_are_any():
    row = DriftRow.of(ROW)
    said = "The log itself is unlike its past within the window: no order on 2011-04-22"
    assert said in report(row, DECILES, SEGMENTS, "no order on 2011-04-22 (usual: 37 to 63)")
    assert "unlike its past" not in report(row, DECILES, SEGMENTS)


def test_the_first_line_is_for_a_manager():
    assert said().startswith(
        "# Alert: The total is 50% above what customers spent, and it moved against a simple rule\n"
    )
    shifted = said(
        verdict="population_shift", verdict_reason="spend_rose",
        level_change=-0.33, naive_level_change=-0.33,
    )  # fmt: skip
    assert shifted.startswith("# Alert: The total is 50% above what customers spent")
    assert "Customers spend more than predicted" in shifted


def test_a_watched_batch_asks_for_nothing():
    text = said(severity="watch", status="ok", verdict="watch", verdict_reason="inside_noise")
    assert text.startswith(
        "# Watch: RMSE and R² crossed the threshold, inside the noise; the total is 50% above"
    )
    assert "Nothing is asked" in text and "What to check next" not in text


def test_it_answers_whether_the_batch_is_good_enough():
    text = said()
    for question, answer in (("total", "no"), ("order", "yes"), ("error", "cannot be told")):
        line = next(line for line in text.splitlines() if line.startswith(f"| {question} "))
        assert line.split("|")[2].strip() == answer


def test_lost_order_is_said_as_such():
    text = said(verdict_reason="order_lost", gini_change=-0.13, paired_gini_change=-0.12)
    assert text.startswith("# Alert: The model no longer tells good customers from poor ones")
    assert "normalized Gini -0.130" in text
    assert "its total moved" not in text
    both = said(verdict_reason="level_and_order_lost", gini_change=-0.13)
    assert "its total moved" in both and "normalized Gini -0.130" in both


def test_rmse_alone_is_said_as_such():
    text = said(verdict_reason="error_rose", crossed="RMSE")
    assert text.startswith("# Alert: RMSE crossed the threshold beyond noise")
    assert "RMSE crossed a threshold beyond noise (RMSE +50%)" in text
    assert "changed by +2% only" in text


def test_it_holds_the_figures_their_intervals_and_the_thresholds():
    text = said()
    assert cells(text, "RMSE") == ["RMSE", "+50%", "+40% to +60%", "above 20%"]
    assert cells(text, "R² (fall)") == ["R² (fall)", "+25%", "+15% to +35%", "above 15%"]
    assert "| Top 1 %" in text
    assert " 1. tenth" in text and "10. tenth" in text
    assert "1,234 customers, 400 of whom bought" in text


def test_it_says_that_nothing_was_retrained_and_what_to_check():
    text = said()
    assert "**Nothing was retrained.**" in text
    assert "Is the log complete up to 2021-06-30?" in text
    assert "`clv tune`" not in text
    assert "Recommended: `clv tune`" in said(alerts_in_a_row=2, recommendation="clv tune")


def test_the_world_is_said_to_have_moved_as_the_reason_has_it():
    rose, fell, alike = (
        said(verdict="population_shift", verdict_reason=reason)
        for reason in ("spend_rose", "spend_fell", "error_rose_alike")
    )
    assert "Customers spend more than predicted" in rose
    assert "Customers spend less than predicted" in fell
    assert "naive rule on the same customers changed by +2%" in alike
    assert len({rose, fell, alike}) == 3


@pytest.mark.parametrize(
    ("verdict", "reason"),
    [("model_decay", "level_lost"), ("population_shift", "error_rose_alike")],
)
def test_what_is_undefined_is_not_written_as_a_number(verdict, reason):
    nothing = dict.fromkeys(
        ("r2", "r2_change", "r2_change_low", "normalized_gini", "gini_change"), math.nan
    )
    text = said(verdict=verdict, verdict_reason=reason, actual_total=0.0, **nothing)
    assert "nan" not in text.lower()
    assert "inf" not in text.lower()
    assert cells(text, "R² (fall)") == ["R² (fall)", "-", "unknown", "above 15%"]


def test_what_acts_in_markdown_is_shown_as_text():
    segments = SEGMENTS.assign(group_value="a|b <img src=x> [go](http://h)\n# top")
    text = report(DriftRow.of({**ROW, "model_id": "m`1`\n# x"}), DECILES, segments)
    assert "<img" not in text and "\\[go\\](http:\\//h)" in text
    assert "\n# top" not in text and "\n# x" not in text
    assert "predicted by `` m`1`\\n# x ``." in text
    (line,) = [line for line in text.splitlines() if "img" in line]
    assert len(re.findall(r"(?<!\\)\|", line)) == len(SEGMENTS.columns) + 1


def test_a_row_of_the_table_is_read_with_its_types():
    row = DriftRow.of({**ROW, "actual_total": Decimal("24680.5"), "r2": math.nan, "another": 1})
    assert row.batch == Batch(dt.date(2021, 3, 31), 3)
    assert (row.actual_total, row.r2) == (24680.5, None)
    assert row.level == Change(0.5, 0.4, 0.6)
    with pytest.raises(KeyError):
        DriftRow.of({name: value for name, value in ROW.items() if name != "verdict_reason"})
