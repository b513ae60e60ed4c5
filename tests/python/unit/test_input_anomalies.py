"""Days and weeks of the log that are unlike its past: the model's SQL, and the words."""

import datetime as dt
from types import SimpleNamespace

import duckdb
import jinja2
import numpy as np
import pandas as pd
import pytest

from clv.monitoring.input_anomalies import WORDS, in_words, latest_anomalies
from clv.project.database import LogDays
from clv.project.home import PROJECT, Home

FIRST = pd.Timestamp("2019-01-07")  # a Monday


@pytest.fixture(scope="module")
def model():
    """Return the SQL of `clv_input_anomalies`, for DuckDB."""
    text = (PROJECT / "models" / "staging" / "clv_input_anomalies.sql").read_text("utf-8")
    dbt = SimpleNamespace(
        datediff=lambda start, end, part: f"date_diff('{part}', {start}, {end})",
        dateadd=lambda part, n, day: f"{day} + to_days({n})",
    )
    return jinja2.Template(text).render(
        ref=lambda name: name, dbt=dbt, clv_each_number=lambda limit: f"unnest(range(1, {limit}))"
    )


@pytest.fixture
def found(model):
    """Return what the model finds in customers per day, from FIRST on, as (day, kind) by number."""

    def of(customers):
        customers = np.asarray(customers)
        days = pd.date_range(FIRST, periods=len(customers))
        totals = pd.DataFrame({"order_date": days, "customers": customers})
        span = pd.DataFrame({"data_from": [days[0].date()], "data_through": [days[-1].date()]})
        with duckdb.connect() as connection:
            connection.register("totals_frame", totals[customers > 0])
            connection.register("span_frame", span)
            connection.execute("create view int_clv__log_days as select * from span_frame")
            connection.execute(
                "create view int_clv__daily_totals as"
                " select order_date::date as order_date, customers from totals_frame"
            )
            rows = connection.execute(f"{model} order by order_date, kind").df()
        numbers = (rows.order_date - FIRST).dt.days
        return list(zip(numbers, rows.kind, strict=True)), rows

    return of


def shop(days, seed=1, level=40.0, closed=6):
    """Return customers per day of a shop that is closed on Sundays."""
    drawn = np.random.default_rng(seed).poisson(level, days)
    return np.where(np.arange(days) % 7 == closed, 0, drawn)


def test_an_unchanged_shop_is_like_its_past_its_closed_sundays_too(found):
    for seed in range(5):
        for level in (0.5, 8.0, 40.0):
            assert found(shop(500, seed, level))[0] == [], (seed, level)


def test_a_day_without_orders_and_days_with_few_or_many_customers_are_told(found):
    customers = shop(300)
    customers[[200, 211, 222]] = 0, 6, 200
    told, rows = found(customers)
    assert told == [(200, "no_orders"), (211, "few_customers"), (222, "many_customers")]
    assert (rows.usual_low > 15).all() and (rows.usual_high < 75).all()


def test_a_shop_or_channel_that_is_gone_is_told_once_within_the_week(found):
    customers = shop(300)
    customers[203:] = customers[203:] * 2 // 5  # three fifths of the customers came by it
    told, _ = found(customers)
    assert told == [(told[0][0], "few_customers_in_a_week")] and 203 < told[0][0] < 214
    customers = shop(300)
    customers[203:] *= 3
    assert "many_customers_in_a_week" in {kind for _, kind in found(customers)[0]}


def test_a_peak_that_the_log_knows_from_the_year_before_is_told_in_the_first_year_alone(found):
    customers = shop(800)
    for year in (0, 364):
        customers[300 + year : 314 + year] *= 4
        customers[320 + year] = 0
    told, _ = found(customers)
    assert told and max(day for day, _ in told) < 364


def test_the_first_nine_weeks_and_days_of_a_small_shop_are_like_nothing(found):
    customers = shop(62)
    customers[50] = 0
    assert found(customers)[0] == []
    small = shop(300, level=4.0)
    small[200] = 0
    assert found(small)[0] == []


def test_every_kind_has_words_and_more_than_three_are_counted():
    rows = pd.DataFrame(
        [
            {
                "order_date": FIRST,
                "kind": kind,
                "customers": 1,
                "usual_low": 1_000,
                "usual_high": 2_000,
            }
            for kind in WORDS
        ]
    )
    assert in_words(rows) == (
        "no order on 2019-01-07 (usual: 1,000 to 2,000), 1 customer on 2019-01-07 (usual: 1,000 to "
        "2,000), 1 customer on 2019-01-07 (usual: 1,000 to 2,000), and 2 more"
    )
    text = (PROJECT / "models" / "staging" / "clv_input_anomalies.sql").read_text("utf-8")
    assert all(f"'{kind}'" in text for kind in WORDS)
    assert in_words(rows.head(0)) == ""


def test_a_run_speaks_of_the_latest_seven_days_alone(tmp_path):
    home = Home(tmp_path)
    with duckdb.connect(str(home.database)) as connection:
        connection.execute(
            "create table clv_input_anomalies as select * from (values "
            "(date '2021-03-02', 'no_orders', 0, 5, 9), (date '2021-03-03', 'no_orders', 0, 6, 8)"
            ") as a(order_date, kind, customers, usual_low, usual_high)"
        )
    first = dt.date(2021, 1, 1)
    assert latest_anomalies(home, LogDays(first, dt.date(2021, 3, 9))) == (
        "warning: the latest days of the log are unlike its past: no order on 2021-03-03 (usual: 6 to "
        "8). Is the log whole, with every store and channel in it?"
    )
    assert latest_anomalies(home, LogDays(first, dt.date(2021, 3, 10))) is None
    assert latest_anomalies(home, LogDays(first, dt.date(2021, 3, 1))) is None
