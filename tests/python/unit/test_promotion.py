"""When a challenger counts as worse."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
from registry_world import card_of, named

from clv.core.window import Window
from clv.operations.comparison import LEARNT, NOW, TRAINING, Comparison, Side
from clv.operations.promote import _newest, _same_customers
from clv.prediction.accuracy import measure
from clv.registry.card import ModelCard

CUTOFF = dt.date(1998, 3, 31)


def side(rmse: float, skill: float, pred_months: int = 3, figures: str = NOW) -> Side:
    actual = np.array([0.0, 10.0, 20.0])
    accuracy = measure(actual + rmse, actual)
    kind = "naive_spend_rate"
    return Side("m", kind, Window(CUTOFF, 9, pred_months), accuracy, skill, figures)


def test_on_one_window_the_rmse_decides() -> None:
    assert Comparison(CUTOFF, 3, side(10.1, 0.9), side(10.0, 0.1)).worse
    assert not Comparison(CUTOFF, 3, side(10.0, 0.1), side(10.0, 0.9)).worse


def test_on_two_windows_the_skill_decides_and_the_remarks_say_so() -> None:
    comparison = Comparison(CUTOFF, 3, side(20.0, 0.5, 6, figures=TRAINING), side(10.0, 0.4))
    assert not comparison.worse and not comparison.same_window
    text = "\n".join(comparison.remarks())
    assert (
        "the skill decides" in text and "the challenger has learnt from this window since" in text
    )
    assert Comparison(CUTOFF, 3, side(5.0, 0.3, 6), side(10.0, 0.4)).worse


def test_without_a_champion_the_naive_rule_is_the_bar() -> None:
    assert Comparison(CUTOFF, 3, side(10.0, -0.1), None).worse
    assert not Comparison(CUTOFF, 3, side(10.0, 0.1), None).worse


def test_both_sides_are_judged_on_the_same_customers() -> None:
    rows = pd.DataFrame(
        {
            "cutoff": [pd.Timestamp(CUTOFF)] * 5,
            "history_months": [9, 9, 9, 6, 6],
            "pred_months": [3, 3, 3, 3, 3],
            "customer_id": ["a", "b", "c", "b", "d"],
        }
    )
    assert {tuple(part["customer_id"]) for part in _same_customers(rows).values()} == {("b",)}


def test_a_model_is_never_judged_on_what_it_has_learnt_from() -> None:
    known = side(10.0, 0.5, figures=LEARNT)
    assert Comparison(CUTOFF, 3, known, side(20.0, 0.1)).undecided
    assert Comparison(CUTOFF, 3, side(20.0, 0.1), known).undecided
    contest = side(10.0, 0.5, figures=TRAINING)
    assert not Comparison(CUTOFF, 3, contest, side(20.0, 0.1)).undecided


def test_a_challenger_that_knows_the_newest_window_is_compared_at_its_own_cutoff() -> None:
    last = dt.date(1998, 6, 30)
    champion, young, old = (
        ModelCard.sealed(card_of(named(), training_cutoff=cutoff, labels_end=end), "0" * 64)
        for cutoff, end in (
            ("1997-09-30", "1997-12-30"),
            ("1998-03-15", "1998-06-15"),
            ("1997-12-15", "1998-03-15"),
        )
    )
    assert _newest([young, champion], last) == dt.date(1998, 3, 15)
    assert _newest([old, champion], last) == dt.date(1998, 3, 31)
