"""What an open batch will have come to: the nowcast's SQL, the course, and the words."""

from functools import lru_cache

import duckdb
import jinja2
import numpy as np
import pandas as pd
import pytest

from clv.monitoring.nowcast import USUAL_NOISE, expected_share, level_noise
from clv.monitoring.open_batches import UNKNOWN, implausible_line, nowcast_text, with_nowcasts
from clv.prediction.season import FLAT, SeasonClock
from clv.project.home import PROJECT

# A quarter of a window has passed, and a quarter of the money is there.
AS_EXPECTED = {
    "predicted_total": 1_000.0, "predicted_total_upper": 1_300.0, "expected_buyers": 400.0,
    "expected_purchases": 150.0, "horizon_days": 23, "window_share": 0.25, "expected_share": 0.25,
    "level_noise": 0.2, "spent": 250.0, "squared_spent": 600.0,
}  # fmt: skip


@lru_cache
def macros():
    names = ("drift", "nowcast")
    text = "\n".join((PROJECT / "macros" / f"{name}.sql").read_text("utf-8") for name in names)
    return jinja2.Template(text).module


def nowcasts(*changes):
    """Return the nowcast of a batch for each of the changes, as `clv_nowcast` makes it."""
    frame = pd.DataFrame([{**AS_EXPECTED, **changed} for changed in changes])
    m = macros()
    query = f"""
        with known as (select *, {m.clv_nowcast_unknown()} as unknown_reason from frame),
        evidence as (select *, {m.clv_nowcast_evidence()} from known where unknown_reason is null),
        witnesses as (select *, {m.clv_nowcast_witnesses()} from evidence),
        rests as (select *, {m.clv_nowcast_rest()} from witnesses),
        ends as (select *, {m.clv_nowcast_ends()} from rests),
        nowcasts as (
            select
                nth, spent + rest as total, {m.clv_nowcast_narrowed("low")} as lower,
                {m.clv_nowcast_narrowed("high")} as upper, is_implausible
            from ends
        )
        select unknown_reason, total, lower, upper, is_implausible
        from known left join nowcasts using (nth)
        order by nth
    """
    with duckdb.connect() as connection:
        connection.register("frame", frame.assign(nth=range(len(frame))))
        return connection.execute(query).df()


def test_spend_as_expected_leaves_the_total_and_narrows_its_interval_as_the_window_passes():
    shares = [0.05, 0.25, 0.5, 0.75, 0.95]
    found = nowcasts(
        *({"window_share": s, "expected_share": s, "spent": 1_000.0 * s} for s in shares)
    )
    assert found.total.tolist() == pytest.approx([1_000.0] * len(shares))
    width = (found.upper / found.lower).to_numpy()
    assert (np.diff(width) < 0).all()
    assert width[0] < (1.3**2)
    assert not found.is_implausible.any()


def test_spend_so_far_moves_the_total_less_than_it_is_off_itself():
    few, many = nowcasts({"spent": 150.0}, {"spent": 400.0}).total
    assert 150 / 0.25 < few < 1_000 < many < 400 / 0.25


def test_a_noisy_log_is_believed_less_and_its_interval_is_wider():
    found = nowcasts(
        *(
            {"spent": 400.0, "level_noise": n, "predicted_total_upper": 9_000.0}
            for n in (0.1, 0.3, 0.9)
        )
    )
    assert (np.diff(found.total) < 0).all()
    assert (np.diff(found.upper / found.lower) > 0).all()


@pytest.mark.parametrize("spent", [-400.0, -10.0, 0.0, 1e-6, 10.0, 250.0, 1e4, 1e7])
def test_the_interval_holds_the_estimate_whatever_was_spent(spent):
    uppers = [1_000.0, 1_001.0, 1_300.0, 1e5]
    for share in (0.01, 0.5, 0.99):
        changes = [
            {"spent": spent, "squared_spent": spent**2, "predicted_total_upper": upper,
             "window_share": share, "expected_share": share}
            for upper in uppers
        ]  # fmt: skip
        found = nowcasts(*changes)
        assert np.isfinite(found[["total", "lower", "upper"]].to_numpy(dtype=float)).all()
        assert (found.lower <= found.total + 1e-6).all()
        assert (found.total <= found.upper + 1e-6).all()
        if spent > 0:
            narrow = (
                np.log(found.upper / found.lower) <= 2 * np.log(np.array(uppers) / 1_000) + 1e-9
            )
            assert narrow.all()


def test_a_total_ten_times_too_high_or_low_is_implausible_in_the_first_week():
    week = {"horizon_days": 7, "window_share": 0.08, "expected_share": 0.08}
    ten_times, tenth, right = nowcasts(
        {**week, "spent": 8.0}, {**week, "spent": 800.0}, {**week, "spent": 80.0}
    ).is_implausible
    assert ten_times and tenth and not right


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"predicted_total": 0.0, "predicted_total_upper": 0.0}, "nothing_predicted"),
        ({"expected_buyers": 29.0}, "few_buyers"),
        ({"expected_buyers": None}, "few_buyers"),
        ({"horizon_days": 2}, "too_early"),
        ({"horizon_days": 0, "expected_share": 0.0}, "too_early"),
        ({"expected_purchases": 9.0}, "too_early"),
        ({"expected_share": None}, "no_course"),
        ({"expected_share": 1.0}, "no_course"),
        ({"level_noise": None}, "no_course"),
    ],
)
def test_where_there_is_too_little_it_says_unknown_and_why(changed, reason):
    (row,) = nowcasts(changed).to_dict("records")
    assert row["unknown_reason"] == reason and reason in UNKNOWN
    assert pd.isna(row["total"]) and pd.isna(row["upper"])
    assert nowcast_text(row) == f"unknown: {UNKNOWN[reason]}"


def test_the_share_of_the_money_is_weighed_by_what_is_predicted():
    rows = pd.DataFrame({"predicted_spend": [100.0, 300.0]})
    assert expected_share(np.array([0.5, 0.25]), rows) == pytest.approx(0.3125)
    assert expected_share(np.array([0.5, 0.25]), rows * 0) is None


def daily(spend, first="2021-01-01"):
    return pd.DataFrame(
        {"order_date": pd.date_range(first, periods=len(spend)), "net_amount": spend}
    )


def test_the_noise_of_a_log_is_its_own_the_longer_it_is_and_the_usual_one_without_a_past():
    rng = np.random.default_rng(1)
    first = pd.Timestamp("2021-01-01")
    assert level_noise(daily([]), FLAT, first, 30, 60) == USUAL_NOISE
    assert level_noise(daily(np.ones(60)), FLAT, pd.Timestamp("2021-03-01"), 30, 60) == USUAL_NOISE
    steady = [
        level_noise(daily(np.ones(n)), FLAT, first + pd.Timedelta(n - 1, "D"), 30, 60)
        for n in (180, 720, 3_000)
    ]
    assert steady == sorted(steady, reverse=True) and steady[-1] < 0.12
    wild = daily(np.exp(rng.normal(0, 2, 100)).repeat(30))
    assert level_noise(wild, FLAT, wild.order_date.iloc[-1], 30, 60) > 0.8


def test_days_after_the_night_are_not_looked_at():
    spend = np.r_[np.ones(400), np.full(400, 50.0)]
    night = pd.Timestamp("2021-01-01") + pd.Timedelta(399, "D")
    assert level_noise(daily(spend), FLAT, night, 30, 60) == level_noise(
        daily(spend[:400]), FLAT, night, 30, 60
    )


def test_a_season_that_the_clock_knows_is_no_noise():
    clock = SeasonClock((0.0,) * 10 + (1.0, 1.0), (0.1,) * 12, 48)
    days = pd.date_range("2021-01-01", "2024-12-31")
    seasonal = daily(clock.weights[days.month - 1])
    known, unknown = (level_noise(seasonal, one, days[-1], 30, 60) for one in (clock, FLAT))
    assert known < 0.1 < unknown


def test_the_words_name_what_was_spent_what_was_expected_and_what_will_be():
    row = {
        "cutoff": pd.Timestamp("2021-01-31"), "as_of": pd.Timestamp("2021-02-07"),
        "pred_months": 3, "spent": 1_234.5, "expected_so_far": 9_000.0, "predicted_total": 100_000.0,
        "nowcast_total": 20_000.0, "nowcast_lower": 15_000.0, "nowcast_upper": 26_000.0,
        "unknown_reason": None,
    }  # fmt: skip
    assert implausible_line(row) == (
        "batch 2021-01-31 is implausible: by 2021-02-07 its customers spent 1,234.50 where 9,000.00 was "
        "expected; at the end of the window it will be about 20,000.00 (15,000.00 to 26,000.00), and "
        "100,000.00 is predicted"
    )
    waiting = pd.DataFrame(
        {"cutoff": pd.to_datetime(["2021-01-31", "2021-02-28"]), "pred_months": [3, 3]}
    )
    shown = with_nowcasts(waiting, pd.DataFrame([row]))
    assert shown.nowcast.tolist()[0] == "20,000.00 (15,000.00 to 26,000.00)"
    assert shown.nowcast.isna().tolist() == [False, True]
    assert with_nowcasts(waiting, pd.DataFrame()) is waiting
