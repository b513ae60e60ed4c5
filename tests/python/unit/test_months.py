"""Months by their names in other languages are read as formats with %b and %B read English ones."""

from __future__ import annotations

import datetime as dt

import duckdb
import pytest

from clv.project.date_formats import fitting
from clv.project.months import english, english_sql
from clv.project.sql_text import literal

WRITTEN = [
    ("13 luglio 2023", "%d %B %Y", "2023-07-13"),
    ("5 de março de 2024", "%d %B %Y", "2024-03-05"),
    ("12 de enero del 2023", "%d %B %Y", "2023-01-12"),
    ("1er août 2021", "%d %B %Y", "2021-08-01"),
    ("7 déc. 2020", "%d %b %Y", "2020-12-07"),
    ("4. März 2022", "%d. %B %Y", "2022-03-04"),
    ("08-ago-2023", "%d-%b-%Y", "2023-08-08"),
    ("2 września 2021", "%d %B %Y", "2021-09-02"),
    ("20 listopada 2021", "%d %B %Y", "2021-11-20"),
    ("5 červenec 2021", "%d %B %Y", "2021-07-05"),
    ("3 červen 2021", "%d %B %Y", "2021-06-03"),
    ("11 marraskuuta 2023", "%d %B %Y", "2023-11-11"),
    ("10 Kasım 2023", "%d %B %Y", "2023-11-10"),
    ("3 мая 2022", "%d %B %Y", "2022-05-03"),
    ("1 mrt 2022", "%d %b %Y", "2022-03-01"),
    ("5 Ιουλίου 2022", "%d %B %Y", "2022-07-05"),
    ("13 June 2023", "%d %B %Y", "2023-06-13"),
]


@pytest.mark.parametrize(("text", "form", "day"), WRITTEN)
def test_a_month_in_another_language_is_the_same_in_python_and_in_sql(text, form, day):
    assert dt.datetime.strptime(english(text, form), form).date().isoformat() == day
    query = f"select cast(try_strptime({english_sql('x', form)}, '{form}') as date)"
    assert str(duckdb.sql(f"{query} from (select {literal(text)} as x)").fetchall()[0][0]) == day


def test_the_formats_of_such_dates_are_found():
    assert fitting(["13 luglio 2023", "1 maggio 2024"]) == ["%d %B %Y"]
    assert fitting(["12 de enero de 2023"]) == ["%d %B %Y"]


def test_what_is_no_month_is_no_date():
    assert fitting(["13 foobar 2023"]) == []
    assert english("13 foobar 2023", "%d %B %Y") == "13 foobar 2023"
