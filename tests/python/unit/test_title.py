"""The title goes by order, level and error together, and windows count by what they can tell."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from clv.core.window import Window
from clv.prediction.candidates import BLEND
from clv.prediction.naive import SPEND_RATE, WINDOW_RATE
from clv.training.contest import _title
from clv.training.title import JudgedWindow, compare, loss

N = 2000
RNG = np.random.default_rng(4)
ACTUAL = RNG.gamma(1, 50, N)
NOISY = ACTUAL + RNG.normal(0, 40, N)


def window(predictions: dict[str, np.ndarray], actual: np.ndarray = ACTUAL) -> JudgedWindow:
    customers = pd.Series([f"c{i}" for i in range(len(actual))])
    days = np.full(len(actual), 92.0)
    return JudgedWindow(Window(dt.date(2023, 6, 30), 12, 3), customers, actual, days, predictions)


def test_a_comparison_needs_evidence() -> None:
    judged = [
        window(
            {
                "simple": NOISY,
                "same": NOISY + RNG.normal(0, 0.1, N),
                "better": (ACTUAL + NOISY) / 2,
            }
        )
    ]
    assert compare("better", "simple", judged, 1).won
    assert not compare("same", "simple", judged, 1).won
    assert not compare("simple", "better", judged, 1).won
    assert compare("better", "simple", judged, 1) == compare("better", "simple", judged, 1)
    assert "beats simple" in compare("better", "simple", judged, 1).verdict
    assert "keeps the title" in compare("simple", "better", judged, 1).verdict


def test_each_of_order_level_and_error_counts() -> None:
    mean = np.full(N, ACTUAL.mean())
    rng = np.random.default_rng(1)
    made = {
        "constant": mean,
        # as far off per customer as the constant, and in the right order
        "ordered": mean + 1e-3 * (ACTUAL - mean),
        "plain": NOISY,
        # the same error and order but for the total
        "low": NOISY - NOISY.mean() + 0.5 * ACTUAL.mean(),
        "loud": ACTUAL + rng.normal(0, 80, N),
    }
    judged = window(made)
    found = compare("ordered", "constant", [judged], 1)
    assert found.won and abs(found.rmse_change) < 0.01 and found.gini_change > 0.5
    assert compare("plain", "low", [judged], 1).level_change < -0.5
    assert compare("plain", "loud", [judged], 1).won
    for challenger, holder in (("ordered", "constant"), ("plain", "low"), ("plain", "loud")):
        change = loss(judged, challenger) - loss(judged, holder)
        assert compare(challenger, holder, [judged], 1).loss_change == pytest.approx(change)


def test_a_window_in_which_hardly_anybody_bought_decides_nothing() -> None:
    busy = window({"a": (ACTUAL + NOISY) / 2, "b": NOISY})
    rare = np.where(np.arange(N) < 4, ACTUAL, 0.0)
    empty = window({"a": rare + 20, "b": rare}, rare)
    assert compare("a", "b", [busy, empty], 1).won
    assert not compare("a", "b", [empty], 1).won


def test_the_blend_holds_the_title_where_evidence_is_thin() -> None:
    few = slice(0, 40)
    actual = ACTUAL[few]
    thin = window(
        {SPEND_RATE: NOISY[few], WINDOW_RATE: NOISY[few] + 1, BLEND: NOISY[few] - 1}, actual
    )
    assert _title([thin], 1)[0] == BLEND
    better = window({SPEND_RATE: (ACTUAL + NOISY) / 2, WINDOW_RATE: NOISY, BLEND: NOISY})
    holder, duels = _title([better], 1)
    assert holder == SPEND_RATE and [d.won for d in duels] == [True, False]
    assert _title([window({WINDOW_RATE: NOISY})], 1) == (WINDOW_RATE, [])
