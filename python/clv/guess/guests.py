"""Guests: rows whose customer is nobody, but has an e-mail address."""

from __future__ import annotations

from collections.abc import Sequence

import duckdb

from clv.guess.columns import NOBODY, Column
from clv.guess.expression import sql_name
from clv.guess.found import People
from clv.guess.roles import best
from clv.project.sql_text import literal


def guests(
    connection: duckdb.DuckDBPyConnection, columns: Sequence[Column]
) -> tuple[float, People]:
    """Return the share of rows that are guests', and how far they are people who have an account."""
    customer, email = best(columns, "customer_id"), best(columns, "email")
    if customer is None or email is None or customer == email:
        return 0.0, People()
    nobody = ", ".join(literal(word) for word in NOBODY)
    account = f"lower(trim(coalesce(cast({sql_name(customer.name)} as varchar), '')))"
    address = f"nullif(lower(trim(cast({sql_name(email.name)} as varchar))), '')"
    query = f"""
        with people as (
            select address, case when account not in ({nobody}) then account end as account
            from (select {account} as account, {address} as address from looked)
        ),
        addresses as (
            select count(distinct account) as accounts, count(*) > count(account) as is_guest
            from people where address is not null group by address
        ),
        accounts as (
            select count(distinct address) as addresses from people
            where account is not null group by account
        )
        select
            (select count(*) from people),
            (select count(*) from people where account is null and address is not null),
            (select count(*) from addresses where is_guest and accounts > 0),
            (select count(*) from accounts where addresses > 1),
            (select count(*) from addresses where accounts > 1)
    """
    rows, counted, twice, several, shared = connection.sql(query).fetchall()[0]
    return (counted / rows if rows else 0.0), People(twice, several, shared)
