"""What a section `log` makes of a file: staging itself, run in a temporary home."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from clv.errors import ClvError
from clv.operations.previewed import Preview
from clv.project.database import fetch, fetch_row, has_table, reading
from clv.project.dbt import DbtProject
from clv.project.environment import set_apart
from clv.project.files import write_text
from clv.project.home import Home, default_config
from clv.project.log_outcomes import FURTHER, UNREADABLE_AMOUNT
from clv.project.log_section import Log
from clv.project.section_rewrite import with_section

ROWS = "stg_clv__classified_transactions"
# Staging, where `further` says that a row is a line of an order whose amount stands in another row.
_WITH_LINES = f"""(
    select *, coalesce(
        reason in {FURTHER} and amount is null and case
            when order_id is null then customer_id is null and written_date is null
                and count(order_id) over () > 0
            else count(amount) over (partition by order_id) > 0
        end, false
    ) as further
    from {ROWS}
)"""
SHOWN_ROWS = 10
# Months of fewer rows say nothing of the usual amount, which no shop's season changes so many times over.
ROWS_OF_A_MONTH, ANOTHER_UNIT = 10, 20
# So many rows, and a row that is as much as all others together is no order, customer or not.
ROWS_BEFORE_A_TOTAL = 6


def preview(section: Mapping[str, Any], folder: Path) -> Preview:
    """Read a log as staging reads it, whole.

    Parameters
    ----------
    section : mapping
        The section `log`.
    folder : Path
        Where the config is, from which relative paths are taken.

    Raises
    ------
    ClvError
        When the log cannot be read so.
    """
    with tempfile.TemporaryDirectory(prefix="clv-init-") as name, set_apart():
        home = Home(Path(name).resolve())
        placed = Log.model_validate(dict(section)).placed_vars(folder)
        write_text(home.config, with_section(default_config(), "log", placed, str(home.config)))
        try:
            DbtProject(home, is_passing=True).classify_log()
        except ClvError as error:
            if not _is_read(home):
                raise
            return replace(_read(home), fault=error)
        return _read(home)


def with_footer(section: Mapping[str, Any]) -> dict[str, Any]:
    """Return the section of a file whose last line is none of its rows."""
    return {**section, "reader": {**section.get("reader", {}), "footer_rows": 1}}


def _is_read(home: Home) -> bool:
    if not home.database.exists():
        return False
    with reading(home.database) as connection:
        return has_table(connection, ROWS)


def _read(home: Home) -> Preview:
    totals = f"""
        select count(*), count(*) filter (reason is null),
            count(distinct customer_id) filter (reason is null),
            cast(min(order_date) filter (reason is null) as varchar),
            cast(max(order_date) filter (reason is null) as varchar),
            sum(amount) filter (reason is null),
            count(*) filter (reason = 'date_unreadable' or (reason = '{UNREADABLE_AMOUNT}' and not further)),
            count(*) filter (further)
        from {_WITH_LINES}
    """
    twins = f"""
        select count(*) from (
            select distinct customer_id from {ROWS}
            where reason is null and regexp_full_match(customer_id, '[0-9]+')
            qualify count(distinct customer_id) over (partition by ltrim(customer_id, '0')) > 1
        )
    """
    cases = f"""
        select count(*) from (
            select distinct customer_id from {ROWS} where reason is null
            qualify count(distinct customer_id) over (partition by lower(customer_id)) > 1
        )
    """
    days = f"""
        with customers as (
            select customer_id, count(distinct order_date) filter (amount > 0) as days, sum(amount) as total
            from {ROWS} where reason is null group by customer_id
        )
        select count(*) filter (days = 0 and total < 0),
            coalesce(min(customer_id) filter (days = 0 and total < 0), ''), coalesce(max(days), 0)
        from customers
    """
    jump = f"""
        with months as (
            select strftime(order_date, '%Y-%m') as month, median(amount) as usual
            from {ROWS} where reason is null and amount > 0
            group by month having count(*) >= {ROWS_OF_A_MONTH}
        ),
        pairs as (
            select month, usual, lag(month) over (order by month) as before_month,
                lag(usual) over (order by month) as before
            from months
        )
        select coalesce(min_by(
            'from ' || printf('%.2f', before) || ' in ' || before_month || ' to '
            || printf('%.2f', usual) || ' in ' || month, month
        ), '')
        from pairs where greatest(usual / before, before / usual) >= {ANOTHER_UNIT}
    """
    # A row without a customer, or of a day of its own, is seldom as large as all others by chance.
    sums_up = f"""
        with last_row as (select amount, reason from {ROWS} order by input_row desc limit 1),
        sums as (
            select count(amount) as amounts, sum(amount) as every,
                sum(amount) filter (reason is null) as kept
            from {ROWS}
        )
        select coalesce(max(
            amounts >= (case when reason is null then {ROWS_BEFORE_A_TOTAL} else 3 end) and amount > 0
            and least(
                abs(every - 2 * amount), abs(kept - amount * (case when reason is null then 2 else 1 end))
            ) <= 0.0001 * amount
        ), false)
        from last_row, sums
    """
    first = f"""
        select customer_id, ordered_at, amount, order_id,
            case when further then 'its amount is in another row' else reason end as left_out
        from {_WITH_LINES} order by input_row limit {SHOWN_ROWS}
    """
    reasons = f"""
        select reason, count(*) as log_rows, sum(amount) as amount,
            min_by(concat_ws(', ', customer_id, written_date, cast(amount as varchar)), input_row) as example
        from {_WITH_LINES} where reason is not null and not further
        group by reason order by log_rows desc, reason
    """
    database = home.database
    return Preview(
        fetch(database, first),
        fetch(database, reasons),
        *fetch_row(database, totals),
        *fetch_row(database, twins),
        *fetch_row(database, cases),
        *fetch_row(database, days),
        *fetch_row(database, jump),
        *fetch_row(database, sums_up),
    )
