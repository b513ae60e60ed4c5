"""Dates, numbers and ids as people write them: read rightly, or not at all, never half."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import duckdb
import pytest

from clv.errors import ClvError
from clv.project.date_formats import fitting
from clv.project.log_options import LogOptions, log_options
from clv.project.number_formats import Recognised, Shape, recognised, shape
from clv.project.typed_dates import timestamp
from clv.project.typed_ids import identifier
from clv.project.typed_numbers import money

pytestmark = pytest.mark.slow

BERLIN = {"timezone": "Europe/Berlin"}
DAY = "2021-03-05"


def read(sql: str, values: list[str], kind: str = "VARCHAR") -> list[Any]:
    """Return an expression over `x` for each of the values, cast to a type."""
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        query = (
            f"select {sql} from (select i, cast(v as {kind}) as x from (select unnest($1) as v, "
            "generate_subscripts($1, 1) as i)) order by i"
        )
        return [row[0] for row in connection.execute(query, [values]).fetchall()]


def stamp(written: str, kind: str = "VARCHAR", **variables: Any) -> str | None:
    (found,) = read(timestamp("x", kind, log_options(variables)), [written], kind)
    return None if found is None else str(found).removesuffix(" 00:00:00")


@pytest.mark.parametrize(
    ("written", "right"),
    [
        (DAY, DAY), ("2021-3-5", DAY), ("2021/03/05", DAY), ("20210305", DAY), (f" {DAY} ", DAY),
        (f"\u00a0{DAY}\u200b", DAY), ("2021-03-05T10:00", f"{DAY} 10:00:00"),
        ("2021-03-05 10:00:00", f"{DAY} 10:00:00"), ("20210305T101010", f"{DAY} 10:10:10"),
        ("2021-03-05 10:00:00,5", f"{DAY} 10:00:00.500000"),
        ("2021-03-05 10:00:00.123456789", f"{DAY} 10:00:00.123456"),
        ("2021-03-04 24:00:00", DAY), ("2021-03-05T10:00:00Z", f"{DAY} 10:00:00"),
        ("2021-03-05 00:30:00 +0200", f"{DAY} 00:30:00"),
        ("2021-03-05T23:30:00.000-08:00", f"{DAY} 23:30:00"),
        ("2021-03-05 10:00:00 UTC", f"{DAY} 10:00:00"),
        # years of two digits, days or months first, words, halves
        ("21-03-05", None), ("3/5/21", None), ("01-02-21", None), ("03/04/2021", None),
        ("05.03.2021", None), ("210305", None), ("0021-03-05", None), ("12021-03-05", None),
        ("epoch", None), ("infinity", None), ("-infinity", None), ("now", None), ("today", None),
        ("2021-03-05 10:00 PM", None), ("2021-03-05 10:00:00 CET", None), ("2021-03", None),
        ("2021", None), ("2021-W10-1", None), ("2021-02-30", None), ("20210230", None),
        ("2021-03/05", None), ("2021-03-05 25:00", None), ("2021-03-05 (BC)", None),
        ("Mar 5 2021", None), ("1614902400", None), ("44260", None), ("2021-03-05 x", None),
    ],
)  # fmt: skip
def test_without_a_format_only_a_year_of_four_digits_that_comes_first_is_a_date(written, right):
    assert stamp(written) == right


@pytest.mark.parametrize(
    ("written", "form", "variables", "right"),
    [
        ("03/04/2021", "%d/%m/%Y", {}, "2021-04-03"),
        ("3/4/21", "%m/%d/%y", {}, "2021-03-04"),
        ("03/04/21", "%d/%m/%Y", {}, None),
        ("\u00a05.3.2021 ", "%d.%m.%Y", {}, DAY),
        (DAY, "%d.%m.%Y", {}, None),
        (DAY, ["%d.%m.%Y", "%Y-%m-%d"], {}, DAY),
        ("infinity", "%d.%m.%Y", {}, None),
        ("5 Mar 2021 10:00 PM", "%d %b %Y %I:%M %p", {}, f"{DAY} 22:00:00"),
        # an offset keeps the written day, or is turned into the shop's
        ("01/04/2021 00:30:00 +0200", "%d/%m/%Y %H:%M:%S %z", {}, "2021-04-01 00:30:00"),
        ("01/04/2021 23:30:00 -0800", "%d/%m/%Y %H:%M:%S %z", {}, "2021-04-01 23:30:00"),
        ("01/04/2021 23:30:00 -08:00", "%d/%m/%Y %H:%M:%S %z", BERLIN, "2021-04-02 09:30:00"),
        ("01/04/2021 23:30:00", "%d/%m/%Y %H:%M:%S %z", {}, None),
        ("Mon Mar 01 23:30:00 -0800 2021", "%a %b %d %H:%M:%S %z %Y", {}, "2021-03-01 23:30:00"),
        ("2021-03-05 10:00:00 CET", "%Y-%m-%d %H:%M:%S %Z", {}, f"{DAY} 10:00:00"),
        ("2021-03-04 23:30:00 UTC", "%Y-%m-%d %H:%M:%S %Z", BERLIN, f"{DAY} 00:30:00"),
        ("2021-03-04T23:30:00Z", None, BERLIN, f"{DAY} 00:30:00"),
        ("2021-03-04 23:30:00", None, BERLIN, "2021-03-04 23:30:00"),
        # moments
        ("1614902400", "epoch_seconds", {}, DAY),
        ("1614902400.5", "epoch_seconds", {}, f"{DAY} 00:00:00.500000"),
        ("1614900600", "epoch_seconds", BERLIN, f"{DAY} 00:30:00"),
        ("1614902400000", "epoch_milliseconds", {}, DAY),
        ("1614902400000", "epoch_seconds", {}, None),
        ("-5", "epoch_seconds", {}, None),
        ("44260", "excel_serial", {}, DAY),
        ("44260.5", "excel_serial", {}, f"{DAY} 12:00:00"),
        ("0", "excel_serial", {}, None),
        ("1_614_902_400", "epoch_seconds", {}, None),
    ],
)
def test_a_declared_format_is_read_and_no_other(written, form, variables, right):
    assert stamp(written, ordered_at_format=form, **variables) == right


@pytest.mark.parametrize(
    ("written", "kind", "variables", "right"),
    [
        ("2021-03-04 23:30:00+00", "TIMESTAMP WITH TIME ZONE", {}, "2021-03-04 23:30:00"),
        ("2021-03-04 23:30:00+00", "TIMESTAMP WITH TIME ZONE", BERLIN, f"{DAY} 00:30:00"),
        ("2021-03-05 10:00:00", "TIMESTAMP", BERLIN, f"{DAY} 10:00:00"),
        (DAY, "DATE", {"ordered_at_format": "%d.%m.%Y"}, DAY),
        ("infinity", "TIMESTAMP", {}, None),
        ("20210305", "BIGINT", {}, DAY),
        ("20210305", "DOUBLE", {}, DAY),
        ("1614902400", "BIGINT", {"ordered_at_format": "epoch_seconds"}, DAY),
        ("44260", "DOUBLE", {"ordered_at_format": ["%d.%m.%Y", "excel_serial"]}, DAY),
        ("1614902400", "BIGINT", {}, None),
    ],
)
def test_typed_columns_are_what_they_are(written, kind, variables, right):
    assert stamp(written, kind, **variables) == right


@pytest.mark.parametrize(
    ("written", "forms"),
    [
        (["03.04.2021", "25.12.2021"], ["%d.%m.%Y"]),
        (["03/04/2021", "12/25/2021"], ["%m/%d/%Y"]),
        (["03/04/2021", "04/05/2021"], ["%d/%m/%Y", "%m/%d/%Y"]),
        (["1614902400"], ["epoch_seconds"]),
        (["1614902400123"], ["epoch_milliseconds"]),
        (["44260", "44261.5"], ["excel_serial"]),
        (["5 Mar 2021 10:00 PM"], ["%d %b %Y %I:%M %p"]),
        (["someday"], []),
    ],
)
def test_formats_that_a_few_dates_would_fit_are_named(written, forms):
    assert fitting(written) == forms


def column(values: list[str], **variables: Any) -> tuple[list[str | None], Recognised]:
    with duckdb.connect() as connection:
        connection.execute("create table log as select unnest($1) as x", [values])
        found = connection.execute(
            f"select {shape('x')}, count(*), min(x, 3) from log group by 1 order by 2 desc, 1"
        ).fetchall()
    known = recognised("amount", [Shape(*row) for row in found], log_options(variables))
    amounts = read(money("x", known.form), values)
    return [None if a is None else f"{Decimal(a).normalize():f}" for a in amounts], known


@pytest.mark.parametrize(
    ("values", "right"),
    [
        (["12.00", "7.25", "20.00", "1,234.50"], ["12", "7.25", "20", "1234.5"]),
        (["12,00", "7,25", "1.234,50", "1.234"], ["12", "7.25", "1234.5", "1234"]),
        (["1,234,567", "12"], ["1234567", "12"]),
        (["1.234.567", "12"], ["1234567", "12"]),
        (["1,23,456.00"], ["123456"]),
        (["1 234,50", "1\u202f234,50", "12,5"], ["1234.5", "1234.5", "12.5"]),
        (["1'234.50", "1’234.00"], ["1234.5", "1234"]),
        (["0.125", "3"], ["0.125", "3"]),
        (["1234.567", "2"], ["1234.567", "2"]),
        (["5", "7", "-3"], ["5", "7", "-3"]),
        (["1e3", "2.5", "+4", ".5", "6."], ["1000", "2.5", "4", "0.5", "6"]),
        (["€12.50", "(3.25)", "-€4", "€-4", "4.00-"], ["12.5", "-3.25", "-4", "-4", "-4"]),
        (["12,50 €", "1.234,50 €", "-3,00 €", "−7,00 €"], ["12.5", "1234.5", "-3", "-7"]),
        (["EUR 5.10", "5.20 EUR", "5.30"], ["5.1", "5.2", "5.3"]),
        (["US$ 5.10", "(US$ 1.10)"], ["5.1", "-1.1"]),
        (["\u00a05.10 ", "\t6.20"], ["5.1", "6.2"]),
        (["12,-", "1.234,50", "7,--", "-8,-"], ["12", "1234.5", "7", "-8"]),
        (["12,-", "1.234,–"], ["12", "1234"]),
        (["12.-", "1'234.50", "7.--", "4.00-"], ["12", "1234.5", "7", "-4"]),
        (["1_000", "5.5", "inf", "nan", "n/a", "-", "1e300"], [None, "5.5", *[None] * 5]),
        (["(5.10", "--5.10", "5.10)", "5 PCS", "0x1F", "12.50%", "1.10"], [*[None] * 6, "1.1"]),
        (["1,2,3.50", "12,34", "1.50"] * 1 + ["2.50"] * 200, [None, None, "1.5", *["2.5"] * 200]),
        (["123456789012345.00", "12.345678"], [None, "12.3457"]),
    ],
)
def test_numbers_of_a_column_are_read_by_one_format(values, right):
    assert column(values)[0] == right


@pytest.mark.parametrize(
    ("values", "variables", "right"),
    [
        (["1.234", "12"], {"decimal_separator": ","}, ["1234", "12"]),
        (["1.234", "12"], {"decimal_separator": "."}, ["1.234", "12"]),
        (["1,234", "12"], {"decimal_separator": ","}, ["1.234", "12"]),
        (["1,234", "12"], {"thousands_separator": ","}, ["1234", "12"]),
        (["1 234", "12"], {"thousands_separator": " "}, ["1234", "12"]),
        (["1.234,5", "1,234.5"], {"decimal_separator": ","}, ["1234.5", None]),
    ],
)
def test_a_declared_sign_holds(values, variables, right):
    assert column(values, **variables)[0] == right


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (["1.234", "12", "2.500"], "decimals or between thousands is not clear"),
        (["1,234"], "decimals or between thousands is not clear"),
        (["12.50", "12,50"], "some have a point before the decimals, some a comma"),
        (["€12.50", "$5.00"], "several currencies"),
        (["12.50 EUR", "5.00 USD"], "several currencies"),
    ],
)
def test_what_is_not_clear_is_refused_with_values_and_the_fix(values, said):
    with pytest.raises(ClvError, match=said) as refused:
        column(values)
    assert values[0] in str(refused.value)
    assert "decimal_separator" in str(refused.value) or "columns.currency" in str(refused.value)


def test_a_format_other_than_sql_s_own_is_told_with_what_does_not_fit():
    told = column(["12,50", "3,00", "someday"])[1].note
    assert told is not None and "a comma before the decimals" in told
    assert "1 of 3 values looked at do not fit, as 'someday'" in told
    assert column(["12.50", "x"])[1].note is None


@pytest.mark.parametrize(
    ("written", "kind", "right"),
    [
        *[(same, "VARCHAR", "12346") for same in
          ("12346", "12346.0", "12346.00", " 12346 ", "\u00a012346\u00a0", "\u200b12346", "12346\t")],
        ("12346", "DOUBLE", "12346"), ("12346", "DECIMAL(10, 2)", "12346"), ("12346", "BIGINT", "12346"),
        ("12346", "FLOAT", "12346"), ("12346", "HUGEINT", "12346"), ("1e20", "DOUBLE", "1" + "0" * 20),
        ("012346", "VARCHAR", "012346"), ("0012.0", "VARCHAR", "0012.0"), ("1.5", "VARCHAR", "1.5"),
        ("1.5", "DOUBLE", "1.5"), ("-1.0", "VARCHAR", "-1"), ("0.0", "VARCHAR", "0"),
        ("1e5", "VARCHAR", "1e5"), ("1.2346E+04", "VARCHAR", "1.2346E+04"), ("ABC", "VARCHAR", "ABC"),
        ("abc", "VARCHAR", "abc"), ("ann.lee@x.org", "VARCHAR", "ann.lee@x.org"), ("x y", "VARCHAR", "x y"),
        *[(none, "VARCHAR", None) for none in
          ("", "  ", "\u00a0", "NULL", "null", "nan", "NaN", "None", "N/A", "n/a", "NA", "\\N", "-", "#N/A",
           " nan ")],
        ("nan", "DOUBLE", None), ("inf", "DOUBLE", None), ("Nancy", "VARCHAR", "Nancy"), ("-5", "VARCHAR", "-5"),
    ],
)  # fmt: skip
def test_one_customer_has_one_id_by_its_value(written, kind, right):
    assert read(identifier("x", kind, LogOptions()), [written], kind) == [right]


def test_markers_are_those_that_are_said():
    options = log_options({"null_markers": ["9999", None]})
    sql = identifier("x", "VARCHAR", options)
    assert read(sql, ["9999", "99990", "null", "NULL", "7"]) == [None, "99990", None, "NULL", "7"]
    assert read(identifier("x", "VARCHAR", log_options({"null_markers": []})), ["NULL"]) == ["NULL"]


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"timezone": "Mars/Base"}, "the var timezone is 'Mars/Base'"),
        ({"timezone": 7}, "names no time zone"),
        ({"decimal_separator": ";"}, "the var decimal_separator is ';'"),
        ({"decimal_separator": ",", "thousands_separator": ","}, "are both ','"),
        ({"null_markers": "NULL"}, "it takes a list of texts"),
        ({"not_customers": [True]}, "it takes a list of texts"),
        ({"reader": {"sep": ";"}}, "it takes a mapping of encoding, delimiter"),
        ({"reader": {"encoding": "klingon"}}, "the var reader.encoding is 'klingon'"),
        ({"reader": {"encoding": "zip"}}, "the var reader.encoding is 'zip'"),
        ({"reader": {"delimiter": "ab"}}, "it takes one character"),
        ({"reader": {"header": "yes"}}, "it takes true or false"),
        ({"reader": {"skip_rows": -1}}, "it takes a whole number"),
    ],
)
def test_a_var_that_says_nothing_of_use_is_refused(variables, said):
    with pytest.raises(ClvError, match=said):
        log_options(variables)
