"""Dates as users write them, calendar months, and the training window."""

import datetime as dt

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clv.core.dates import add_months, parse_date
from clv.core.window import WindowLengths
from clv.errors import ClvError
from clv.project.database import LogDays
from clv.training.train import choose_window

DAYS = st.dates(dt.date(1900, 1, 1), dt.date(2100, 12, 31))


@pytest.mark.parametrize(
    "value",
    ["2024-02-29", " 2024-02-29 ", dt.date(2024, 2, 29), dt.datetime(2024, 2, 29, 23, 59)],
)
def test_a_date_is_read_however_it_comes(value):
    parsed = parse_date(value, "cutoff")
    assert parsed == dt.date(2024, 2, 29)
    assert type(parsed) is dt.date


@pytest.mark.parametrize("value", ["1997-09-31", "2023-02-29", "31/12/2021", "20211231", "", None])
def test_what_is_no_date_is_one_clear_message_that_names_it(value):
    with pytest.raises(ClvError, match=rf"cutoff '{value}' is not a date of the calendar"):
        parse_date(value, "cutoff")


@given(DAYS)
def test_a_date_written_out_reads_back(day):
    assert parse_date(day.isoformat(), "cutoff") == day


@pytest.mark.parametrize(
    ("start", "months", "end"),
    [
        ("2021-01-31", 1, "2021-02-28"),
        ("2024-01-31", 1, "2024-02-29"),
        ("1997-09-30", 3, "1997-12-30"),
        ("2021-03-31", -1, "2021-02-28"),
        ("2021-12-15", 2, "2022-02-15"),
    ],
)
def test_months_are_calendar_months_not_30_days(start, months, end):
    assert add_months(parse_date(start, "start"), months) == parse_date(end, "end")


def test_python_and_sql_move_by_the_same_months():
    starts = [dt.date(2023, 1, 1) + dt.timedelta(days=n) for n in range(800)]
    moves = (-14, -3, -1, 1, 3, 12)
    with duckdb.connect() as connection:
        for months in moves:
            in_sql = connection.execute(
                "select cast(day + to_months(cast(? as integer)) as date) "
                "from unnest(cast(? as date[])) as days(day)",
                [months, starts],
            ).fetchall()
            assert [row[0] for row in in_sql] == [add_months(day, months) for day in starts]


@pytest.mark.parametrize("months", [-100_000, 100_000, 10**12])
def test_months_beyond_the_calendar_are_one_clear_message(months):
    with pytest.raises(ClvError, match="beyond the calendar"):
        add_months(dt.date(2021, 1, 31), months)


@given(last=DAYS, months=st.integers(1, 24))
def test_without_a_cutoff_training_takes_the_latest_whose_labels_lie_within_the_data(last, months):
    window = choose_window(None, WindowLengths(9, months), LogDays(dt.date(1800, 1, 1), last))
    assert window.labels_end <= last
    assert add_months(window.cutoff + dt.timedelta(days=1), months) > last


def test_labels_that_would_end_after_the_data_are_refused_with_the_latest_cutoff():
    lengths, days = WindowLengths(9, 3), LogDays(dt.date(1997, 1, 1), dt.date(1998, 6, 30))
    assert choose_window(dt.date(1998, 3, 31), lengths, days).labels_end == days.last
    with pytest.raises(ClvError, match=r"labels up to 1998-07-01.* is 1998-03-31"):
        choose_window(dt.date(1998, 4, 1), lengths, days)


def test_a_cutoff_before_the_data_is_refused():
    with pytest.raises(ClvError, match="before the data, which begins on 1997-01-01"):
        days = LogDays(dt.date(1997, 1, 1), dt.date(1998, 6, 30))
        choose_window(dt.date(1996, 12, 31), WindowLengths(9, 3), days)
