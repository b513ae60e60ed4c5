"""Fitting and predicting with buy-till-you-die models."""

import subprocess
import sys
import warnings

import numpy as np
import pytest

from clv.prediction.btyd import (
    PURCHASE_MODELS,
    NotFittedError,
    PurchaseModel,
    SpendModel,
    fit_purchases,
    fit_spend,
)

pytestmark = pytest.mark.slow

KINDS = sorted(PURCHASE_MODELS)


def columns(shop, *names):
    return tuple(shop[name].to_numpy(float) for name in names)


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_log_gives_the_same_parameters_whatever_was_drawn_before(shop, kind):
    customers = columns(shop, "frequency", "recency", "T")
    np.random.seed(1)
    first = fit_purchases(kind, *customers)
    np.random.seed(2)
    assert fit_purchases(kind, *customers) == first


@pytest.mark.parametrize("kind", KINDS)
def test_a_draw_of_the_combinations_expects_what_all_of_them_do(monkeypatch, shop, kind):
    customers = columns(shop, "frequency", "recency", "T")
    whole = fit_purchases(kind, *customers)
    distinct = len(np.unique(np.column_stack(customers), axis=0))
    monkeypatch.setattr("clv.prediction.btyd.LARGEST_FIT", int(0.8 * distinct))
    drawn = fit_purchases(kind, *customers)
    assert drawn != whole and drawn == fit_purchases(kind, *customers)
    days = np.full(len(shop), 91.0)
    totals = [model.expected_purchases(days, *customers).sum() for model in (whole, drawn)]
    assert totals[1] == pytest.approx(totals[0], rel=0.1)


def test_what_the_optimizer_says_stays_off_the_output(monkeypatch, shop, capfd):
    import lifetimes

    class Talkative(lifetimes.BetaGeoFitter):
        def fit(self, *arguments, **named):
            print("Optimization terminated")  # noqa: T201
            warnings.warn("overflow", RuntimeWarning, stacklevel=1)
            np.exp(np.array([1e9]))
            return super().fit(*arguments, **named)

    monkeypatch.setattr(lifetimes, "BetaGeoFitter", Talkative)
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        fit_purchases("bg_nbd", *columns(shop, "frequency", "recency", "T"))
    assert capfd.readouterr() == ("", "")
    assert warned == []


def test_using_lifetimes_leaves_the_warnings_of_the_process_as_they_were():
    check = """
import sys, warnings
import clv.prediction.btyd
warnings.simplefilter("error", FutureWarning)
before = list(warnings.filters)
clv.prediction.btyd._fitter("bg_nbd", 0.0)
assert "lifetimes" in sys.modules
sys.exit(warnings.filters != before)
"""
    done = subprocess.run([sys.executable, "-c", check], check=False, capture_output=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("kind", KINDS)
def test_a_prediction_of_one_customer_does_not_depend_on_the_others(shop, kind):
    customers = columns(shop, "frequency", "recency", "T")
    model = fit_purchases(kind, *customers)
    days = np.full(len(shop), 91.0)
    together = model.expected_purchases(days, *customers)
    alone = [
        model.expected_purchases(days[:1], *(c[i : i + 1] for c in customers))[0]
        for i in range(0, len(shop), 50)
    ]
    assert together[::50] == pytest.approx(alone, rel=1e-12)


@pytest.mark.parametrize("kind", KINDS)
def test_predictions_are_in_days_whatever_unit_the_model_was_fitted_in(kind):
    in_weeks = {"r": 0.6, "alpha": 10.0, "s": 0.6, "beta": 12.0, "a": 0.8, "b": 2.4}
    in_days = {**in_weeks, "alpha": 70.0, "beta": 84.0}
    names = ("r", "alpha", "s", "beta") if kind == "pareto_nbd" else ("r", "alpha", "a", "b")
    weeks = PurchaseModel(kind, 7.0, 0.0, {name: in_weeks[name] for name in names})
    days = PurchaseModel(kind, 1.0, 0.0, {name: in_days[name] for name in names})
    customers = (np.array([0.0, 2, 7]), np.array([0.0, 210, 60]), np.array([270.0, 270, 200]))
    window = np.full(3, 91.0)
    assert days.expected_purchases(window, *customers) == pytest.approx(
        weeks.expected_purchases(window, *customers), rel=1e-6
    )
    assert days.probability_alive(*customers) == pytest.approx(
        weeks.probability_alive(*customers), rel=1e-6
    )


@pytest.mark.parametrize("kind", ["mbg_nbd", "pareto_nbd"])
def test_who_bought_once_long_ago_may_be_gone(kind, shop):
    model = fit_purchases(kind, *columns(shop, "frequency", "recency", "T"))
    (alive,) = model.probability_alive(*(np.array([value]) for value in (0.0, 0.0, 272.0)))
    assert 0.05 < alive < 0.95


def test_a_model_that_never_converges_says_what_was_tried(monkeypatch, shop):
    class Hopeless:
        def __init__(self, penalizer_coef):
            self.penalizer = penalizer_coef

        def fit(self, *_, **__):
            raise ArithmeticError("\n  overflow in the middle\n  second line")

    import lifetimes

    monkeypatch.setattr(lifetimes, "BetaGeoFitter", Hopeless)
    with pytest.raises(NotFittedError, match=r"^bg_nbd did not converge") as refusal:
        fit_purchases("bg_nbd", *columns(shop, "frequency", "recency", "T"))
    message = str(refusal.value)
    assert message.count("overflow in the middle") == 5
    assert "unit 7 d, penalizer 0:" in message
    assert "unit 7 d, penalizer 0.1:" in message
    assert "\n" not in message


@pytest.mark.parametrize("broken", [float("nan"), float("inf"), 0.0, -1.0, 1e7])
def test_parameters_that_mean_nothing_are_no_fit(monkeypatch, shop, broken):
    class Odd:
        def __init__(self, penalizer_coef):
            pass

        def fit(self, *_, **__):
            self.params_ = {"r": 0.5, "alpha": broken, "a": 1.0, "b": 1.0}

    import lifetimes

    monkeypatch.setattr(lifetimes, "BetaGeoFitter", Odd)
    with pytest.raises(NotFittedError, match=r"parameters .*alpha"):
        fit_purchases("bg_nbd", *columns(shop, "frequency", "recency", "T"))


def test_a_retry_with_a_penalizer_is_recorded(monkeypatch, shop):
    import lifetimes

    class Late(lifetimes.BetaGeoFitter):
        def fit(self, *arguments, **named):
            if self.penalizer_coef < 0.01:
                raise ArithmeticError("no")
            return super().fit(*arguments, **named)

    monkeypatch.setattr(lifetimes, "BetaGeoFitter", Late)
    model = fit_purchases("bg_nbd", *columns(shop, "frequency", "recency", "T"))
    assert (model.days_per_unit, model.penalizer) == (7.0, 0.01)


def test_spend_needs_customers_who_repeat():
    with pytest.raises(NotFittedError, match="at least two customers with repeat purchases"):
        fit_spend(np.array([0.0, 0.0, 3.0]), np.array([0.0, 0.0, 20.0]))


def test_one_time_buyers_and_free_repeats_do_not_change_the_spend_model(shop):
    frequency, money = columns(shop, "frequency", "monetary_value")
    repeats = frequency > 0
    with_free = np.append(frequency, [2.0, 3.0]), np.append(money, [0.0, 0.0])
    assert fit_spend(*with_free) == fit_spend(frequency[repeats], money[repeats])


def test_expected_spend_counted_by_hand():
    # p (v + x m) / (p x + q - 1) of Fader & Hardie: 6 (15 + 2 x 35) / (12 + 3) = 34
    model = SpendModel(p=6.0, q=4.0, v=15.0, penalizer=0.0)
    spend = model.expected_spend(np.array([2.0, 0.0]), np.array([35.0, 0.0]))
    assert spend == pytest.approx([34.0, 30.0])


def test_expected_spend_lies_between_the_customer_and_the_population(shop):
    model = fit_spend(*columns(shop, "frequency", "monetary_value"))
    population = model.p * model.v / (model.q - 1)
    often, once = model.expected_spend(np.array([50.0, 0.0]), np.array([500.0, 0.0]))
    assert once == pytest.approx(population)
    assert population < often < 500
    assert often > 0.9 * 500
