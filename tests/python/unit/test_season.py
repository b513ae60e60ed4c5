"""The season clock: what it learns from a log, what it leaves alone, and that it never sees ahead."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from accuracy_world import features_and_labels, purchases

from clv.core.arrays import column
from clv.core.window import Window
from clv.prediction.encoder import Encoder
from clv.prediction.naive import LAST_WINDOW, WINDOW_RATE, rule
from clv.prediction.purchases import next_purchase
from clv.prediction.season import FLAT, SeasonClock, in_seasonal_days

FROM = dt.date(2019, 1, 1)
SEASON = np.array([0.6, 0.7, 0.9, 1, 1, 0.9, 0.9, 0.8, 1, 1.2, 1.6, 2.0])
DAYS = np.arange(np.datetime64("2019-01-01"), np.datetime64("2022-07-01"))
MONTH = DAYS.astype("datetime64[M]").astype(int) % 12


def log(rates: np.ndarray, seed: int = 1, growth: float = 0.5) -> pd.DataFrame:
    """Purchases by day of a growing shop whose months are as busy as `rates`."""
    trend = 40 * np.exp(growth * np.arange(len(DAYS)) / len(DAYS))
    busy = np.random.default_rng(seed).poisson(trend * rates[MONTH])
    return pd.DataFrame({"order_date": DAYS, "purchase_days": busy, "newcomers": busy // 4})


@pytest.fixture(scope="module")
def clock() -> SeasonClock:
    return SeasonClock.fit(log(SEASON), FROM, dt.date(2022, 6, 30))


def test_the_season_of_a_log_is_found_within_its_error(clock: SeasonClock) -> None:
    truth = np.log(SEASON) - np.log(SEASON).mean()
    assert np.max(np.abs(np.array(clock.effects) - truth)) < 0.06
    assert clock.months == 42 and 0.002 < max(clock.errors) < 0.1
    assert clock == SeasonClock.from_dict(clock.to_dict())


def test_a_log_without_a_season_has_a_clock_that_is_none() -> None:
    found = SeasonClock.fit(log(np.ones(12)), FROM, dt.date(2022, 6, 30))
    assert np.max(np.abs(np.log(found.weights))) < 0.03


def test_what_does_not_come_back_is_shrunken() -> None:
    """One busy month in one of three years is no season."""
    odd = log(np.ones(12))
    in_may = (np.datetime64("2020-05-01") <= DAYS) & (np.datetime64("2020-06-01") > DAYS)
    odd.loc[in_may, "purchase_days"] *= 4
    found = SeasonClock.fit(odd, FROM, dt.date(2022, 6, 30))
    assert np.exp(found.effects[4]) < 1.35  # the mean of three Mays would be 1.6


@pytest.mark.parametrize("through", ["2020-02-28", "2019-06-30", "2018-12-01"])
def test_a_short_log_does_not_know_its_season(through: str) -> None:
    assert SeasonClock.fit(log(SEASON), FROM, dt.date.fromisoformat(through)) == FLAT


def test_a_fading_cohort_is_no_season() -> None:
    cohort = log(SEASON, growth=-3.0)
    cohort.loc[np.arange(len(cohort)) > 90, "newcomers"] = 0
    assert SeasonClock.fit(cohort, FROM, dt.date(2022, 6, 30)) == FLAT


def test_nothing_after_the_day_that_may_be_known_is_seen() -> None:
    through, plain = dt.date(2021, 3, 31), log(SEASON)
    later = plain["order_date"] > pd.Timestamp(through)
    spoilt = plain.assign(purchase_days=plain["purchase_days"].where(~later, 10_000))
    found = SeasonClock.fit(plain, FROM, through)
    assert not found.is_flat
    assert SeasonClock.fit(spoilt, FROM, through) == found
    assert SeasonClock.fit(plain[~later], FROM, through) == found


def test_a_seasonal_process_is_homogeneous_in_seasonal_days(clock: SeasonClock) -> None:
    busy = np.random.default_rng(3).poisson(300 * SEASON[MONTH])
    starts = np.arange(np.datetime64("2019-01"), np.datetime64("2022-06")).astype("datetime64[D]")
    ends = (starts.astype("datetime64[M]") + 1).astype("datetime64[D]")
    one = np.timedelta64(1, "D")
    lengths = clock.days_between(starts - one, ends - one)
    months = DAYS.astype("datetime64[M]")
    counts = np.array([busy[months == start.astype("datetime64[M]")].sum() for start in starts])
    rates = counts / lengths
    assert np.std(rates) / np.mean(rates) < 0.04
    assert np.std(counts) / np.mean(counts) > 0.3
    year = clock.days_between(np.array(["2018-12-31"], "M8[D]"), np.array(["2022-12-31"], "M8[D]"))
    assert year[0] == pytest.approx(4 * 365.25, abs=1)


def test_later_is_the_way_back_from_between(clock: SeasonClock) -> None:
    start = np.full(5, np.datetime64("2021-09-30"))
    end = start + np.array([0, 1, 30, 92, 400]).astype("timedelta64[D]")
    for one in (clock, FLAT):
        assert (one.days_later(start, one.days_between(start, end)) == end).all()


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    return features_and_labels(purchases(200, 700, 5), Window(dt.date(2023, 9, 30), 12, 3))


def test_a_flat_clock_changes_no_feature(frame: pd.DataFrame) -> None:
    seen = in_seasonal_days(frame, FLAT, dt.date(2022, 1, 1))
    pd.testing.assert_frame_equal(seen[frame.columns], frame)


def test_features_and_window_are_counted_in_the_same_days(
    frame: pd.DataFrame, clock: SeasonClock
) -> None:
    first = dt.date(2022, 1, 1)
    seen = in_seasonal_days(frame, clock, first)
    # October to December have more seasonal days than the year's share of them
    assert column(seen, "pred_days")[0] > 1.3 * column(frame, "pred_days")[0]
    assert column(seen, "history_days")[0] == pytest.approx(365, abs=1)
    assert (seen["recency"] <= seen["T"]).all() and (seen["recency"] >= 0).all()
    np.testing.assert_allclose(seen["T"], seen["recency"] + seen["days_since_last"])
    plain = in_seasonal_days(frame, FLAT, first)
    for kind in (WINDOW_RATE, LAST_WINDOW):
        rates = [rule(kind, f, column(f, "history_days")).sum() for f in (seen, plain)]
        assert rates[0] > 1.2 * rates[1]


def test_what_a_customer_gets_does_not_depend_on_who_is_beside_them(
    frame: pd.DataFrame, clock: SeasonClock
) -> None:
    encoder = Encoder.fit(frame, dt.date(2022, 1, 1), ("mbg_nbd",), clock)
    other = frame.assign(cutoff=pd.Timestamp("2023-08-31"))
    both = encoder.encode(pd.concat([other, frame], ignore_index=True))
    alone = encoder.encode(frame)
    np.testing.assert_allclose(both.features[len(frame) :], alone.features, rtol=1e-9)
    again = Encoder.from_dict(encoder.to_dict()).encode(frame)
    np.testing.assert_array_equal(again.features, alone.features)


def test_the_next_purchase_comes_sooner_before_the_season(
    frame: pd.DataFrame, clock: SeasonClock
) -> None:
    once = frame.assign(frequency=0).head(1)
    dates = [
        next_purchase(
            in_seasonal_days(once, one, dt.date(2022, 1, 1)), np.array([0.7]), np.array([1.0]), one
        ).iloc[0]
        for one in (FLAT, clock)
    ]
    assert pd.Timestamp("2023-10-01") <= dates[0] < dates[1] <= pd.Timestamp("2023-12-31")
