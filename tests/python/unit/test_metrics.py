"""How good a prediction was."""

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from clv.prediction.accuracy import decile_calibration, measure
from clv.prediction.gini import in_order, normalized_gini

MONEY = st.integers(-(10**7), 10**7).map(lambda cents: cents / 100)


@st.composite
def predictions_and_actuals(draw):
    n = draw(st.integers(1, 40))
    predicted = draw(arrays(float, n, elements=MONEY))
    actual = draw(arrays(float, n, elements=MONEY))
    return predicted, actual


def test_a_case_counted_by_hand():
    # errors 2, 0, -1, -1; actual mean 3, squared deviations 4 + 0 + 1 + 1 (of 1, 3, 4, 4)
    accuracy = measure(np.array([3.0, 3, 3, 3]), np.array([1.0, 3, 4, 4]))
    assert accuracy.customers == 4
    assert accuracy.rmse == pytest.approx(math.sqrt(6 / 4))
    assert accuracy.r2 == pytest.approx(1 - 6 / 6)
    assert accuracy.mae == pytest.approx(4 / 4)
    assert accuracy.bias == pytest.approx(0)


def test_rank_measures_counted_by_hand():
    # In the order of prediction the actuals are 0, 10, 20, 10: partial sums 0, 10, 30, 40 = 80,
    # less half of 40 x 5 = 100. In the perfect order they are 20, 30, 40, 40 + ... = 20 + 30 +
    # 40 + 40 = 130. So -20 / 30.
    accuracy = measure(np.array([9.0, 8, 7, 6]), np.array([0.0, 10, 20, 10]))
    assert accuracy.normalized_gini == pytest.approx(-20 / 30)
    assert accuracy.top_decile_share == 0  # one customer of four, who spent 0 of 40


@pytest.mark.parametrize(("customers", "top"), [(1, 1), (10, 1), (11, 2), (20, 2), (21, 3)])
def test_the_top_decile_is_a_tenth_rounded_up(customers, top):
    predicted = np.arange(customers, 0, -1, dtype=float)
    accuracy = measure(predicted, np.ones(customers))
    assert accuracy.top_decile_share == pytest.approx(top / customers)


def test_a_bias_above_zero_means_predicted_too_much():
    assert measure(np.array([5.0, 5]), np.array([1.0, 3])).bias == 3


def test_a_customer_who_bought_nothing_counts():
    with_zero = measure(np.array([4.0, 4]), np.array([4.0, 0]))
    assert (with_zero.customers, with_zero.mae) == (2, 2)


@pytest.mark.parametrize("value", [0.0, 0.1, 19.99, -7.3])
def test_where_actuals_are_all_the_same_what_compares_their_spread_is_undefined(value):
    for n in (1, 3, 7, 10):
        accuracy = measure(np.linspace(1, 2, n), np.full(n, value))
        assert math.isnan(accuracy.r2)
        assert math.isnan(accuracy.normalized_gini)
        assert accuracy.to_dict()["r2"] is None
        assert math.isfinite(accuracy.rmse)


def test_a_total_of_zero_has_no_shares():
    assert math.isnan(measure(np.array([1.0, 2]), np.array([-5.0, 5])).top_decile_share)


def test_equal_predictions_say_nothing_of_order_whatever_their_place():
    for actual in ([9.0, 1, 1, 1], [1.0, 1, 1, 9]):
        accuracy = measure(np.zeros(4), np.array(actual))
        assert accuracy.normalized_gini == pytest.approx(0)
        assert accuracy.top_decile_share == pytest.approx(1 / 4)
        calibration = decile_calibration(np.zeros(4), np.array(actual))
        assert {part["mean_actual"] for part in calibration} == {3.0}


def test_with_many_ties_every_measure_of_order_is_the_mean_over_their_orders():
    rng = np.random.default_rng(1)
    predicted, actual = rng.integers(0, 5, 300) / 2, rng.integers(0, 9, 300) / 4

    def area(values):
        return sum(np.cumsum(values)) - sum(values) * 301 / 2

    areas, tops = [], []
    for _ in range(2000):
        order = np.lexsort([rng.random(300), -predicted])
        areas.append(area(actual[order]))
        tops.append(actual[order[:30]].sum())
    accuracy = measure(predicted, actual)
    perfect = area(np.sort(actual)[::-1])
    assert accuracy.normalized_gini == pytest.approx(np.mean(areas) / perfect, abs=0.005)
    assert accuracy.top_decile_share == pytest.approx(np.mean(tops) / actual.sum(), abs=0.002)


@given(predictions_and_actuals())
def test_a_perfect_prediction_is_perfect(rows):
    _, actual = rows
    assume(np.ptp(actual) > 0)
    accuracy = measure(actual, actual)
    assert (accuracy.rmse, accuracy.mae, accuracy.bias, accuracy.r2) == (0, 0, 0, 1)
    assert accuracy.normalized_gini == pytest.approx(1)


@given(predictions_and_actuals())
def test_no_order_beats_the_perfect_one_and_none_is_worse_than_its_reverse(rows):
    predicted, actual = rows
    assume(np.ptp(actual) > 0)
    assert -1 - 1e-9 <= measure(predicted, actual).normalized_gini <= 1 + 1e-9


@given(predictions_and_actuals(), st.integers(1, 1000))
def test_another_currency_scales_errors_and_leaves_shares_alone(rows, factor):
    predicted, actual = rows
    one, other = measure(predicted, actual), measure(predicted * factor, actual * factor)
    for name in ("rmse", "mae", "bias"):
        assert getattr(other, name) == pytest.approx(getattr(one, name) * factor, abs=1e-6)
    for name in ("r2", "normalized_gini"):
        assert getattr(other, name) == pytest.approx(getattr(one, name), nan_ok=True, rel=1e-6)


@given(predictions_and_actuals())
def test_rmse_is_at_least_mae_and_mae_at_least_bias(rows):
    accuracy = measure(*rows)
    assert accuracy.rmse >= accuracy.mae - 1e-6
    assert accuracy.mae >= abs(accuracy.bias) - 1e-6


@given(predictions_and_actuals())
def test_the_mean_of_the_actuals_has_an_r2_of_zero(rows):
    _, actual = rows
    assume(np.ptp(actual) > 0)
    assert measure(np.full(len(actual), actual.mean()), actual).r2 == pytest.approx(0, abs=1e-9)


def test_order_takes_the_mean_over_ties_and_the_perfect_order_takes_what_was_spent():
    by, spent = np.array([2.0, 5.0, 2.0, 5.0]), np.array([0.1, 0.2, 0.3, 0.7])
    places, money = in_order(by, spent)
    assert places.tolist() == [1, 3, 0, 2]
    assert money == pytest.approx([0.45, 0.45, 0.2, 0.2])
    equal = np.full(7, 0.1)  # the mean of which is not .1 to the last digit
    assert in_order(equal, equal)[1].tolist() == equal.tolist()


def test_normalized_gini_is_1_for_the_truth_0_for_a_constant_and_nan_where_all_spent_the_same():
    spent = np.array([0.0, 3.0, 1.0, 9.0])
    assert normalized_gini(spent, spent) == 1.0
    assert normalized_gini(-spent, spent) == pytest.approx(-1.0)
    assert normalized_gini(np.ones(4), spent) == pytest.approx(0.0)
    assert np.isnan(normalized_gini(spent, np.zeros(4)))
