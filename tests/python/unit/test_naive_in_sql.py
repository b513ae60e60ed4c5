"""The naive rule in SQL is the naive rule in Python."""

import datetime as dt
from types import SimpleNamespace

import duckdb
import jinja2
import numpy as np
import pandas as pd

from clv.prediction.naive import SPEND_RATE, history_days, rule
from clv.project.home import PROJECT

DATA_FROM = dt.date(2019, 11, 17)


def macros():
    """Return the macros of features.sql and time.sql, with DuckDB's words for what dbt dispatches."""
    environment = jinja2.Environment(extensions=["jinja2.ext.do"])
    environment.globals["dbt"] = SimpleNamespace(
        datediff=lambda first, second, unit: f"date_diff('{unit}', {first}, {second})",
        dateadd=lambda unit, count, date: f"date_add({date}, interval ({count}) {unit})",
    )
    for name in ("time.sql", "features.sql"):
        text = (PROJECT / "macros" / name).read_text("utf-8")
        module = environment.from_string(text).module
        environment.globals.update({k: v for k, v in vars(module).items() if k[:4] == "clv_"})
    return SimpleNamespace(**environment.globals)


def customers(n):
    rng = np.random.default_rng(8)
    cutoffs = pd.Timestamp("2020-01-01") + pd.to_timedelta(rng.integers(-60, 700, n), "D")
    return pd.DataFrame(
        {
            "cutoff": cutoffs.date,
            "history_months": rng.choice([1, 3, 6, 12, 24], n),
            "pred_days": rng.integers(28, 370, n),
            "revenue": rng.normal(50, 80, n).round(2),
            "T": rng.integers(0, 730, n),
        }
    )


def test_random_customers_get_the_same_in_sql_and_in_python():
    frame, sql = customers(5_000), macros()
    depth = sql.clv_history_days("cutoff", "history_months", f"date '{DATA_FROM}'")
    naive = sql.clv_naive_spend("revenue", "T", "pred_days", "history_days")
    with duckdb.connect() as connection:
        found = (
            connection.register("frame", frame)
            .execute(
                f"with histories as (select *, {depth} as history_days from frame) "
                f"select history_days, {naive} as naive_clv from histories"
            )
            .df()
        )
    expected_days = history_days(frame, DATA_FROM)
    assert found.history_days.tolist() == expected_days.tolist()
    assert expected_days.min() == 1 and len(set(expected_days)) > 100
    expected = rule(SPEND_RATE, frame, expected_days)
    assert (expected > 0).mean() > 0.5
    np.testing.assert_allclose(found.naive_clv, expected, rtol=1e-9, atol=1e-9)


def test_a_spread_of_fewer_than_two_values_is_null():
    sql = macros().clv_spread("squares", "total", "n")
    values = [[], [3.0], [3.0, 3.0], [8.0, 2.0, 6.0]]
    frame = pd.DataFrame(
        [{"n": len(v), "total": sum(v), "squares": sum(x * x for x in v)} for v in values]
    )
    with duckdb.connect() as connection:
        found = connection.register("frame", frame).execute(f"select {sql} from frame").fetchall()
    assert [spread for (spread,) in found[:3]] == [None, None, 0.0]
    assert found[3][0] == np.std(values[3], ddof=1)
