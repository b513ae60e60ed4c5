"""The text of a drift alert."""

import math

import pandas as pd
import pytest

from clv.alerts import alert_text

ROW = {
    "cutoff": pd.Timestamp("2021-03-31"),
    "pred_months": 3,
    "window_end": pd.Timestamp("2021-06-30"),
    "model_id": "clv_20201231_h9_p3",
    "customers": 1234,
    "rmse": 60.0,
    "r2": 0.30,
    "baseline_rmse": 40.0,
    "baseline_r2": 0.40,
    "rmse_change": 0.5,
    "r2_change": 0.25,
    "drift_threshold_rmse": 0.2,
    "drift_threshold_r2": 0.15,
    "predicted_total": 12340.0,
    "actual_total": 24680.0,
    "bias": -10.0,
    "mae": 21.5,
    "normalized_gini": 0.6543,
}


def cells(text: str, measure: str) -> list[str]:
    (line,) = [line for line in text.splitlines() if line.startswith(f"| {measure}")]
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_it_says_what_was_compared_with_what():
    text = alert_text(ROW)
    assert text.startswith("# Drift alert: predictions of 2021-03-31 for 3 months\n")
    assert "made as of 2021-03-31 by `clv_20201231_h9_p3` for 1,234 customers" in text
    assert "to 2021-06-30" in text


def test_it_holds_the_figures_and_the_thresholds():
    text = alert_text(ROW)
    assert cells(text, "RMSE") == ["RMSE", "40", "60", "+50.0%", "rises more than 20%"]
    assert cells(text, "R²") == ["R²", "0.4", "0.3", "-25.0%", "falls more than 15%"]
    assert cells(text, "total") == ["total of the batch", "12,340.00", "24,680.00"]
    assert cells(text, "per customer") == ["per customer", "10", "20"]
    assert "50.0% below the actual one" in text
    assert "Gini\n0.654" in text


def test_it_says_that_nothing_was_retrained_and_what_to_check():
    text = alert_text(ROW)
    assert "**Nothing was retrained.**" in text
    assert "Is the log complete up to 2021-06-30?" in text
    assert "`clv train`" in text


@pytest.mark.parametrize(
    ("changes", "named", "silent"),
    [
        ({"r2_change": 0.15}, "RMSE rose by 50.0%", "R² fell"),
        ({"rmse_change": 0.2}, "R² fell by 25.0%", "RMSE rose"),
        ({"rmse_change": math.nan}, "R² fell by 25.0%", "RMSE rose"),
        ({}, "RMSE rose by 50.0% and R² fell by 25.0%", "nan"),
    ],
)
def test_it_names_the_thresholds_that_were_crossed_and_no_other(changes, named, silent):
    text = alert_text({**ROW, **changes})
    assert named in text
    assert silent not in text


def test_what_is_undefined_is_not_written_as_a_number():
    nothing_bought = {"r2": math.nan, "r2_change": math.nan, "normalized_gini": math.nan}
    text = alert_text({**ROW, **nothing_bought, "actual_total": 0.0})
    assert "nan" not in text.lower()
    assert cells(text, "R²") == ["R²", "0.4", "-", "-", "falls more than 15%"]
    assert "The predicted total is 12,340.00, the actual one 0." in text
    assert "Gini\nundefined" in text
