"""When a challenger counts as worse."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd

from clv.metrics import measure
from clv.promotion import Comparison, Side, _same_customers

CUTOFF = dt.date(1998, 3, 31)


def side(rmse: float, skill: float, pred_months: int = 3, seen: bool = False) -> Side:
    actual = np.array([0.0, 10.0, 20.0])
    accuracy = measure(actual + rmse, actual)
    return Side("m", "naive_spend_rate", 9, pred_months, CUTOFF, accuracy, rmse, skill, seen)


def test_on_one_window_the_rmse_decides() -> None:
    assert Comparison(CUTOFF, 3, side(10.1, 0.9), side(10.0, 0.1)).worse
    assert not Comparison(CUTOFF, 3, side(10.0, 0.1), side(10.0, 0.9)).worse


def test_on_two_windows_the_skill_decides_and_the_remarks_say_so() -> None:
    comparison = Comparison(CUTOFF, 3, side(20.0, 0.5, 6, seen=True), side(10.0, 0.4))
    assert not comparison.worse and not comparison.same_window
    text = "\n".join(comparison.remarks())
    assert "the skill decides" in text and "the challenger was chosen with labels" in text
    assert Comparison(CUTOFF, 3, side(5.0, 0.3, 6), side(10.0, 0.4)).worse


def test_without_a_champion_the_naive_rule_is_the_bar() -> None:
    assert Comparison(CUTOFF, 3, side(10.0, -0.1), None).worse
    assert not Comparison(CUTOFF, 3, side(10.0, 0.1), None).worse


def test_both_sides_are_judged_on_the_same_customers() -> None:
    rows = pd.DataFrame(
        {
            "history_months": [9, 9, 9, 6, 6],
            "pred_months": [3, 3, 3, 3, 3],
            "customer_id": ["a", "b", "c", "b", "d"],
        }
    )
    assert {tuple(part["customer_id"]) for part in _same_customers(rows).values()} == {("b",)}
