"""Which rows of the log count: versions of a line, statuses, currencies, refunds; by staging's own SQL.

The model is rendered with the macros of the project, on a DuckDB in memory: no dbt is started.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from typing import Any, NoReturn

import duckdb
import jinja2
import pytest

from clv.errors import ClvError
from clv.project.exchange_rates import RATES, answered, by_day
from clv.project.home import PROJECT

COLUMNS = (
    "customer_id",
    "order_id",
    "line_id",
    "ordered_at",
    "amount",
    "updated_at",
    "status",
    "currency",
)
TYPES = {"ordered_at": "timestamp", "updated_at": "timestamp", "amount": "decimal(18, 4)"}
RATE_ROWS = [("usd", "0.9", None), ("USD", "0.8", "2020-02-01"), ("JPY", "0.00725", None)]


class RefusedError(Exception):
    pass


class ReturnedValueError(Exception):
    pass


def rendered(variables: dict[str, Any]) -> str:
    """Return the SQL of staging for these vars, over a table `log`."""

    def returned(value: Any) -> None:
        raise ReturnedValueError(value)

    def called(macro: Any, *arguments: Any) -> Any:
        try:
            return macro(*arguments)
        except ReturnedValueError as value:
            return value.args[0]

    def fail(message: str) -> NoReturn:
        raise RefusedError(message)

    def asked(_: str, request: dict[str, Any]) -> dict[str, Any]:
        rows = variables.get("rates", RATE_ROWS)
        answer: dict[str, Any] = json.loads(answered(json.dumps({**request, "rows": rows})))
        return answer if "error" not in answer else fail(answer["error"])

    environment = jinja2.Environment(extensions=["jinja2.ext.do"])
    text = (PROJECT / "macros" / "log_rows.sql").read_text("utf-8")
    mapped = dict.fromkeys(COLUMNS) | dict.fromkeys(variables.get("columns", ()), "x")
    context: dict[str, Any] = {
        "execute": True, "source": lambda *_: "", "return": returned, "clv_fail": fail,
        "clv_log_setting": variables.get,
        "clv_mapped_columns": lambda: mapped, "clv_log_rows": lambda: "log",
        "clv_is_nobody": lambda column: f"{column} = '0'",
        "clv_input_row_number": lambda: "row_number() over ()",
        "clv_date_literal": lambda value, _: f"cast('{value}' as date)",
        "clv_log_form": lambda location: "csv", "clv_asked": asked,
    }  # fmt: skip
    for found in re.finditer(r"{% macro (\w+)\(.*?{%- endmacro %}", text, re.DOTALL):
        macro = environment.from_string(found.group())
        name = found.group(1)
        context[name] = lambda *given, name=name, macro=macro: called(
            getattr(macro.make_module(context), name), *given
        )
    model = PROJECT / "models" / "staging" / "stg_clv__classified_transactions.sql"
    return environment.from_string(model.read_text("utf-8")).render(context)


def classified(rows: str, **variables: Any) -> list[dict[str, Any]]:
    """Return what becomes of rows: a line each, its values as the head line names them."""
    head, *lines = [line.split() for line in rows.strip().splitlines()]
    values = [dict(zip(head, line, strict=True)) for line in lines]
    variables.setdefault("columns", [name for name in head if name in COLUMNS])
    given = {
        name: [None if row.get(name, "-") == "-" else row[name] for row in values]
        for name in COLUMNS
    }
    with duckdb.connect() as connection:
        listed = [f"unnest(${name}::varchar[]) as {name}" for name in COLUMNS]
        casts = [f"try_cast({name} as {TYPES.get(name, 'varchar')}) as {name}" for name in COLUMNS]
        connection.execute(
            f"create table log as select {', '.join(casts)}, ordered_at as written_date "
            f"from (select {', '.join(listed)})",
            given,
        )
        connection.register("clv_exchange_rates", RATES)
        query = f"select * from ({rendered(variables)}) order by input_row"
        found = connection.sql(query).to_arrow_table().to_pylist()
        (total,) = connection.sql("select coalesce(sum(amount), 0) from log").fetchall()[0]
    logged = [row["logged_amount"] for row in found]
    assert sum(amount for amount in logged if amount is not None) == total  # to the cent
    return found


def reasons(rows: str, **variables: Any) -> list[str]:
    return [row["reason"] or "kept" for row in classified(rows, **variables)]


@pytest.mark.parametrize(
    ("rows", "right"),
    [
        # overlapping exports: the later row is the newer version
        ("""customer_id line_id ordered_at amount
            a           1001-1  2020-01-01 40
            a           1002-1  2020-01-02 60
            b           1003-1  2020-01-03 25
            a           1002-1  2020-01-02 45
            B           1003-1  2020-01-03 25
            c           1004-1  2020-01-04 10""",
         ["kept", "superseded_line", "superseded_line", "kept", "kept", "kept"]),
        # an exact repeat stays a repeat, and the first of the copies stays
        ("""customer_id line_id ordered_at amount
            a           1       2020-01-01 5
            a           1       2020-01-01 5""",
         ["kept", "duplicate_line"]),
        # changed and changed back: the newest content is that of the first row
        ("""customer_id line_id ordered_at amount
            a           1       2020-01-01 5
            a           1       2020-01-01 6
            a           1       2020-01-01 5""",
         ["kept", "superseded_line", "duplicate_line"]),
        # three versions, one of them delivered twice
        ("""customer_id line_id ordered_at amount
            a           1       2020-01-01 5
            a           1       2020-01-01 5
            a           1       2020-01-01 6
            a           1       2020-01-01 7""",
         ["superseded_line", "duplicate_line", "superseded_line", "kept"]),
        # updated_at decides, whatever the order of reading; without one a row is older than all with one
        ("""customer_id line_id ordered_at amount updated_at
            a           1       2020-01-01 5      2020-03-01
            a           1       2020-01-01 6      2020-02-01
            a           1       2020-01-01 7      -""",
         ["kept", "superseded_line", "superseded_line"]),
        ("""customer_id line_id ordered_at amount updated_at
            a           1       2020-01-01 5      2020-03-01
            a           1       2020-01-01 6      2020-03-01""",
         ["superseded_line", "kept"]),
        # a version that cannot be read takes nothing's place
        ("""customer_id line_id ordered_at amount
            a           1       2020-01-01 5
            a           1       2020-01-01 -
            -           1       2020-01-01 6
            a           1       2020-13-01 7""",
         ["kept", "amount_missing_or_not_finite", "no_customer", "date_unreadable"]),
        # lines without an id are lines of their own
        ("""customer_id line_id ordered_at amount
            a           -       2020-01-01 5
            a           -       2020-01-01 5
            a           -       2020-01-01 6""",
         ["kept", "kept", "kept"]),
        # without line_id nothing is a repeat
        ("""customer_id ordered_at amount
            a           2020-01-01 5
            a           2020-01-01 5""",
         ["kept", "kept"]),
        # the date of a line was corrected; its customer was
        ("""customer_id line_id ordered_at amount
            a           1       2021-01-01 5
            a           1       2020-01-01 5
            a           2       2020-01-01 9
            b           2       2020-01-01 9""",
         ["superseded_line", "kept", "superseded_line", "kept"]),
    ],
)  # fmt: skip
def test_of_the_rows_with_one_line_id_the_newest_version_counts(rows, right):
    assert reasons(rows) == right


STATUSES = """customer_id line_id ordered_at amount status
              a           1       2020-01-01 5      completed
              a           2       2020-01-01 6      Cancelled
              a           3       2020-01-01 7      test
              a           4       2020-01-01 8      -
              a           5       2020-01-01 9      completed
              a           5       2020-01-01 9      cancelled"""


@pytest.mark.parametrize(
    ("variables", "right"),
    [
        ({}, ["kept", "kept", "kept", "kept", "superseded_line", "kept"]),
        ({"drop_status": ["cancelled", " TEST "]},
         ["kept", "status_left_out", "status_left_out", "kept", "superseded_line", "status_left_out"]),
        ({"drop_status": "cancelled"},
         ["kept", "status_left_out", "kept", "kept", "superseded_line", "status_left_out"]),
        ({"keep_status": ["Completed"]},
         ["kept", *["status_left_out"] * 3, "superseded_line", "status_left_out"]),
        ({"keep_status": "it's, odd"}, [*["status_left_out"] * 4, "superseded_line", "status_left_out"]),
        ({"keep_status": [], "drop_status": ""}, ["kept"] * 4 + ["superseded_line", "kept"]),
    ],
)  # fmt: skip
def test_a_status_that_is_not_to_be_read_is_left_out_its_older_versions_too(variables, right):
    assert reasons(STATUSES, **variables) == right


def test_what_is_left_out_by_its_status_need_not_be_readable():
    """A balance report has payouts without a customer; their money would look like guests'."""
    rows = """customer_id ordered_at amount status
              a           2020-01-01 5      charge
              -           2020-01-02 -5     payout
              b           soon       7      fee
              -           2020-01-03 6      charge"""
    assert reasons(rows, keep_status=["charge"]) == [
        "kept",
        "status_left_out",
        "status_left_out",
        "no_customer",
    ]


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"keep_status": "a", "drop_status": "b"}, "give one of them"),
        ({"keep_status": "a", "columns": ["amount"]}, "no column is mapped to status"),
        ({"drop_status": {"a": 1}}, "not a text or a list of texts"),
        ({"drop_status": True}, "not a text or a list of texts"),
        ({"exchange_rates": "rates.csv", "columns": []}, "no column is mapped to currency"),
        ({"exchange_rates": "rates.csv", "rates": []}, "are empty"),
        ({"exchange_rates": "rates.csv", "rates": [("USD", "0,9", None)]}, "(USD, 0,9, None)"),
        ({"exchange_rates": "rates.csv", "rates": [("USD", "0", None), ("", "1", None), ("X", "nan", None),
                                                   ("Y", "1", "soon")]}, "4 rows that are none"),
        ({"exchange_rates": "rates.csv", "rates": [("USD", "1", None), ("usd", "2", None)]},
         "two rates of USD"),
    ],
)  # fmt: skip
def test_vars_that_contradict_the_log_or_themselves_are_refused(variables, words):
    variables = {"columns": ["status", "currency"], **variables}
    with pytest.raises(RefusedError, match=words.replace("(", r"\(").replace(")", r"\)")):
        rendered(variables)


def test_amounts_are_converted_by_the_rate_of_their_day_and_rounded_once():
    rows = classified(
        """customer_id ordered_at amount  currency
           a           2020-01-31 10      USD
           a           2020-02-01 10      USD
           a           2031-12-31 10      USD
           a           1990-01-01 10      USD
           a           2020-01-01 12345.5 JPY
           a           2020-01-01 7       EUR
           a           2020-01-01 98765432109.8765 USD
           a           2020-01-01 3       CHF
           a           2020-01-01 2       -""",
        exchange_rates="rates.csv",
        currency="eur",
    )
    assert [None if row["amount"] is None else str(row["amount"]) for row in rows] == [
        "9.0000", "8.0000", "8.0000", "9.0000", "89.5049", "7.0000", "88888888898.8889",
        None, None,
    ]  # fmt: skip
    assert [row["reason"] for row in rows[-3:]] == [None, "no_exchange_rate", "currency_missing"]


def test_a_rate_begins_on_its_day_and_none_is_known_before_the_first():
    table, first, last = by_day([("USD", "0.5", "2020-01-02"), ("USD", "0.6", "2020-01-04")], "r")
    assert (first, last) == (dt.date(2020, 1, 1), dt.date(2020, 1, 4))
    assert [(row["valid_on"].day, float(row["rate"])) for row in table.to_pylist()] == [
        (2, 0.5), (3, 0.5), (4, 0.6),
    ]  # fmt: skip


def test_rates_are_read_from_csv_and_parquet_and_a_file_without_them_is_named(tmp_path):
    rates = tmp_path / "rates.csv"
    rates.write_text("Currency,Rate,valid_from\nUSD,0.000039512345,2020-01-01\n")
    said = json.loads(answered(json.dumps({"location": str(rates)})))
    assert said == {"first_day": "2019-12-31", "last_day": "2020-01-01"}
    assert str(RATES.table.to_pylist()[0]["rate"]) == "0.000039512345"
    duckdb.sql(f"copy (select 'USD' as currency, 0.5 as rate) to '{tmp_path}/rates.parquet'")
    assert "error" not in answered(json.dumps({"location": f"{tmp_path}/rates.parquet"}))
    rates.write_text("code,rate\nUSD,1\n")
    for location, words in (
        (rates, "have no column currency, but code, rate"),
        (tmp_path / "none.csv", "there are no exchange rates"),
        ("rates.doc", "is no file that ends in"),
        ("s3://bucket/rates.csv", "is no file that ends in"),
    ):
        error = json.loads(answered(json.dumps({"location": str(location)})))["error"]
        assert words in error and "currency, rate" in error
    with pytest.raises(ClvError, match="two rates"):
        by_day([("USD", "1", "2020-01-01"), ("USD", "2", "2020-01-01")], "r")


REFUNDS = """customer_id order_id ordered_at amount
             a           1        2020-01-05 50
             a           1        2020-01-05 20
             a           1        2020-02-01 -20
             a           2        2020-02-02 -5
             b           1        2020-03-01 -7
             a           3        2020-04-02 9
             a           3        2020-04-01 -9
             a           -        2020-05-01 -4"""


def test_refunds_count_on_the_day_of_the_purchase_that_their_order_id_names():
    days = [str(row["order_date"]) for row in classified(REFUNDS, net_refunds=True)]
    assert days == ["2020-01-05", "2020-01-05", "2020-01-05", "2020-02-02", "2020-03-01",
                    "2020-04-02", "2020-04-01", "2020-05-01"]  # fmt: skip
    days = [str(row["order_date"]) for row in classified(REFUNDS)]
    assert days[2] == "2020-02-01"


def told_of_customers(days: str) -> list[str]:
    """Return what the macro tells of the customers of a table of customer days."""
    told: list[str] = []
    text = (PROJECT / "macros" / "read_log.sql").read_text("utf-8")
    found = re.search(r"{% macro clv_tell_largest_customer\(.*?{%- endmacro %}", text, re.DOTALL)
    assert found is not None
    with duckdb.connect() as connection:
        connection.execute(f"create table days as {days}")

        class Answer:
            def __init__(self, query: str) -> None:
                self.rows = connection.sql(query).fetchall()

        environment = jinja2.Environment(extensions=["jinja2.ext.do"])
        context = {"clv_building": lambda: True, "run_query": Answer, "clv_tell": told.append}
        module = environment.from_string(found.group()).make_module(context)
        getattr(module, "clv_tell_largest_customer")("days")  # noqa: B009 - a macro, known by its name
    return told


def test_a_customer_who_holds_an_implausible_share_of_the_orders_is_told_by_name():
    others = "select 'c' || n as customer_id, 2 as orders from range({}) as t(n)"

    def with_one(orders: int, customers: int) -> str:
        return f"{others.format(customers)} union all select 'guest@shop.org', {orders}"

    (told,) = told_of_customers(with_one(200, 499))  # 16.7 % of 1,198 orders
    assert "'guest@shop.org' holds 16.7 % of the orders of 500 customers" in told
    assert "not_customers" in told
    assert told_of_customers(with_one(50, 499)) == []  # 4.8 %, as in logs of real shops
    assert told_of_customers(with_one(30, 99)) == []  # 13 % of few customers, 13 times the mean
    assert told_of_customers(with_one(5000, 50)) == []  # too few customers to say what is usual
    several = " union all ".join(f"select 'till {n}', {3000 - n}" for n in range(4))
    told = told_of_customers(f"{others.format(500)} union all {several}")
    assert [line.split("'")[1] for line in told] == ["till 0", "till 1", "till 2"]
