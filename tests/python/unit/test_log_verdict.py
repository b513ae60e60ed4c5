"""What of the log ends a run, and what is only said: by the figures that the macro sends."""

from __future__ import annotations

import datetime as dt

import pytest
from log_world import days, noted, outcome, refused, row

from clv.project.log_seen import SEEN

BAD_DATES = {"date_unreadable": [row(written_date=f"{n:02d}.01.2019") for n in (1, 1, 2, 3, 4)]}
NO_CUSTOMER = {"no_customer": [row(input_row="7", written_date="2020-01-06", amount="7.7700")]}
KEPT = outcome("kept", 600, "6000.0000")


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        # 40 % of the rows have dates of another format
        (
            {
                "outcomes": [KEPT, outcome("date_unreadable", 400, "4000.0000")],
                "examples": BAD_DATES,
            },
            [
                "40.0% of the",
                "20% may be",
                "date_unreadable 400 (4,000.00)",
                "'01.01.2019', '02.01.2019', '03.01.2019'.",
                "ordered_at_format",
                "max_rejected_share: 0.45",
            ],
        ),
        # few rows, much of the money
        (
            {"outcomes": [KEPT, outcome("date_unreadable", 3, "5000.0000")], "examples": BAD_DATES},
            ["45.5% of the money"],
        ),
        # many rows without any money
        (
            {
                "outcomes": [KEPT, outcome("amount_missing_or_not_finite", 300, "0")],
                "examples": {
                    "amount_missing_or_not_finite": [row(input_row="3", customer_id="0042")]
                },
            },
            ["33.3% of the rows", "row 3 (customer_id 0042)", "columns.amount"],
        ),
        # refunds and purchases that would cancel out are counted by their size
        (
            {"outcomes": [KEPT, outcome("date_missing", 10, "0.0000", size="4000.0000")]},
            ["40.0% of the money"],
        ),
        # rows of nobody beyond a half
        (
            {"outcomes": [KEPT, outcome("no_customer", 900, "9000.0000")], "examples": NO_CUSTOMER},
            [
                "60.0% of the",
                "50% may be",
                "row 7 (written_date 2020-01-06, amount 7.7700)",
                "columns.customer_id",
            ],
        ),
        (
            {
                "outcomes": [
                    KEPT,
                    outcome("no_customer", 500, "50.00"),
                    outcome("date_missing", 140, "1.00"),
                ]
            },
            ["51.6% of the rows", "no_customer"],
        ),
        # a currency without rates
        (
            {
                "outcomes": [KEPT, outcome("no_exchange_rate", 300, "0")],
                "examples": {
                    "no_exchange_rate": [row(currency="CHF", ordered_at="2020-01-06 10:00:00")]
                },
            },
            ["CHF on 2020-01-06", "exchange_rates"],
        ),
        # the share is the person's
        (
            {"outcomes": [KEPT, outcome("date_missing", 30, "1.00")], "max_rejected_share": 0.04},
            ["4% may be"],
        ),
        ({"max_rejected_share": "a lot"}, ["max_rejected_share is a lot"]),
        ({"max_changed_share": 3}, ["max_changed_share is 3"]),
        ({"max_rejected_share": True}, ["max_rejected_share is True"]),
        # nothing is left
        (
            {
                "outcomes": [outcome("date_unreadable", 400, "4.0")],
                "examples": BAD_DATES,
                "days": [],
            },
            ["no usable row (400 date_unreadable). date_unreadable: '01.01.2019'"],
        ),
        ({"outcomes": [], "days": []}, ["no usable row (it is empty)"]),
        # the sign of costs
        (
            {
                "outcomes": [outcome("kept", 600, "-6000.0000", 600)],
                "below_zero": [
                    row(amount="-12.0000"),
                    row(amount="-5.0000"),
                    row(amount="-3.5000"),
                ],
            },
            [
                "no amount of the 600 kept rows is above 0 (such as -12.0000, -5.0000, -3.5000)",
                "booked as costs",
                "-(amount)",
            ],
        ),
        (
            {
                "outcomes": [["kept", "600", "-5000.0", "6000.0", "50", "550"]],
                "below_zero": [row(amount="-9")],
            },
            ["sum to -5,000.00", "550 of 600 are below 0", "Flip the sign"],
        ),
        (
            {"outcomes": [["kept", "600", "0", "0", "0", "0"]]},
            ["every amount of the 600 kept rows is 0"],
        ),
        # several currencies
        (
            {
                "currencies": [
                    ["EUR", "400", "9.0"],
                    ["USD", "150", "8.0"],
                    ["JPY", "50", "900.0"],
                    ["CHF", "1", "1"],
                ]
            },
            [
                "in 4 currencies: EUR in 400 rows (such as 9.0), USD in 150",
                "JPY in 50",
                "exchange_rates",
            ],
        ),
        (
            {"currencies": [["USD", "600", "9.0"]], "currency": "eur"},
            ["not only in EUR: USD in 600"],
        ),
        # a line_id that is the number of the line in its order
        (
            {"shared_lines": "2000", "shared_examples": ["1", "2", "3"]},
            ["'1', '2', '3'", "one line of the whole log"],
        ),
        # mistyped dates at both ends
        (
            {"days": [["1970-01-01", "1", "1", "0.0100"], *days()]},
            [
                "1 of 601 rows of the log lie from 1970-01-01 to 1970-01-01, before 18262 days",
                "earliest_date: 2020-01-01",
                "earliest_date: 1970-01-01",
            ],
        ),
        (
            {"days": [["0020-01-09", "2", "1", "5"], ["2019-10-01", "1", "1", "5"], *days()]},
            ["3 of 603 rows of the log lie from 0020-01-09 to 2019-10-01, before 92 days"],
        ),
        (
            {"days": [["1970-01-01", "1", "1", "0.0100"], *days()], "earliest_date": "1900-01-01"},
            ["1970-01-01"],
        ),
        (
            {"days": [["1970-01-01", "200", "1", "0.0100"], *days()]},
            ["200 of 800 rows of the log lie from"],
        ),
        (
            {"days": [*days(), ["2021-01-01", "1", "1", "9"]]},
            [
                "1 of 601 rows of the log lie from 2021-01-01 to 2021-01-01, after 307 days",
                "latest_date: 2020-02-29",
            ],
        ),
        ({"days": [*days(), ["2099-01-01", "200", "1", "9"]]}, ["200 of 800 rows"]),
        (
            {"days": [*days(), ["2020-03-20", "1", "1", "9"]], "data_through_slack_days": 5},
            ["after 20 days"],
        ),
        ({"data_through": "2019-12-31"}, ["lies before the log, which begins on 2020-01-01"]),
        (
            {"data_through": "2020-12-31", "data_through_slack_days": "31"},
            ["lies 306 days after the last row"],
        ),
    ],
)
def test_a_log_that_cannot_be_right_ends_the_run_with_values_and_the_fix(tmp_path, changed, words):
    refused(tmp_path, *words, **changed)
    assert SEEN.contract is None


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({}, ["the log: 600 rows (6,000.00) kept, none left out"]),
        (
            {
                "outcomes": [
                    KEPT,
                    outcome("date_missing", 9, "40.0"),
                    outcome("duplicate_line", 60, "500.0"),
                ]
            },
            [
                "69 rows (540.00) left out (10.3% of the rows, 8.3% of the money): ",
                "duplicate_line 60 (500.00), date_missing 9 (40.00)",
            ],
        ),
        # what was asked for, or stays in another row, is no loss
        *(
            (
                {"outcomes": [KEPT, outcome(reason, 9000, "90000.0")]},
                [f"{reason} 9,000 (90,000.00)"],
            )
            for reason in (
                "duplicate_line",
                "superseded_line",
                "status_left_out",
                "date_out_of_range",
            )
        ),
        # guests are nobody's customers: said, and not refused up to a half
        (
            {"outcomes": [KEPT, outcome("no_customer", 200, "900.0")], "examples": NO_CUSTOMER},
            ["warning: 25.0% of the rows of the log belongs to no customer, such as row 7"],
        ),
        # a few bad cells of a small log
        (
            {"outcomes": [outcome("kept", 9, "900.0"), outcome("date_missing", 9, "50.0")]},
            ["9 rows"],
        ),
        # lines that only go on with an order that has its amount in another row
        (
            {
                "outcomes": [KEPT, outcome("amount_missing_or_not_finite", 300, "0")],
                "continued": [["amount_missing_or_not_finite", "290"]],
            },
            [
                "600 rows (6,000.00) kept; 290 rows are further lines of orders whose amount stands in "
                "another row; 10 rows (0.00) left out (1.1% of the rows): "
                "amount_missing_or_not_finite 10 (0.00)"
            ],
        ),
        (
            {
                "outcomes": [
                    KEPT,
                    outcome("amount_missing_or_not_finite", 1, "0"),
                    outcome("no_customer", 900, "0"),
                ],
                "continued": [["amount_missing_or_not_finite", "1"], ["no_customer", "900"]],
            },
            ["901 rows are further lines of orders", "another row, none left out"],
        ),
        (
            {"outcomes": [KEPT, outcome("date_missing", 500, "5000.0")], "max_rejected_share": 0.5},
            ["500 rows"],
        ),
        (
            {"returning": "0", "customers": "800"},
            ["none of the 800 customers (such as 0001, 0002, 0003)", "and not the order?"],
        ),
        (
            {
                "unknown_statuses": ["canceled"],
                "statuses": [["completed", "80"], ["cancelled", "20"]],
            },
            [
                "no row of the log has the status canceled; its statuses are completed 80, cancelled 20"
            ],
        ),
        ({"currencies": [["EUR", "600", "9.0"]]}, ["kept"]),
        ({"currencies": [["EUR", "600", "9.0"]], "currency": "eur"}, ["kept"]),
        # the person says that the ends are right
        (
            {"days": [["2019-01-01", "1", "1", "1"], *days()], "earliest_date": "2019-01-01"},
            ["kept"],
        ),
        (
            {"days": [*days(), ["2021-01-01", "1", "1", "9"]], "data_through": "2021-01-01"},
            ["kept"],
        ),
        # a shop that begins slowly, or pauses in the middle
        ({"days": [*days(20, dt.date(2019, 10, 1)), *days()]}, ["kept"]),
    ],
)
def test_what_is_no_fault_is_said_and_ends_nothing(tmp_path, changed, words):
    noted(tmp_path, *words, **changed)
    assert SEEN.contract is not None
