"""Whatever way a log is exported, it reads back to the same customer days, or it is refused."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from reading_world import opened

from clv.errors import ClvError

pytestmark = pytest.mark.slow

DATES = ["%Y-%m-%d", "%Y%m%d", "%Y/%m/%d", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S+02:00",
         "%d.%m.%Y", "%d/%m/%Y %H:%M", "%m/%d/%y", "%d-%b-%Y"]  # fmt: skip
ROWS = st.lists(
    st.tuples(
        st.integers(1, 99_999),
        st.datetimes(dt.datetime(2001, 1, 1), dt.datetime(2030, 12, 31)),
        st.decimals(-99_999, 9_999_999, places=2),
    ),
    min_size=1,
    max_size=12,
)


def number(value: Decimal, decimal: str, thousands: str, around: str) -> str:
    text = f"{abs(value):,.2f}".replace(",", "\0").replace(".", decimal).replace("\0", thousands)
    if value >= 0:
        return around.format(text)
    return f"({around.format(text)})" if around != "{}" else f"-{text}"


@settings(
    max_examples=40, deadline=None, derandomize=True, database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)  # fmt: skip
@given(
    log=ROWS,
    date=st.sampled_from(DATES),
    declared=st.booleans(),
    sign=st.sampled_from([(".", ","), (".", ""), (",", "."), (",", ""), (",", " "), (".", "'")]),
    around=st.sampled_from(["{}", "{} €", "$ {}"]),
    delimiter=st.sampled_from(",;\t|"),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "windows-1252"]),
    identity=st.sampled_from(["{}", "{}.0", " {} ", "\u00a0{}", "Müller-{}"]),
    quoted=st.booleans(),
    line_end=st.sampled_from(["\n", "\r\n"]),
)
def test_every_export_of_a_log_is_the_same_log_or_is_refused(
    log, date, declared, sign, around, delimiter, encoding, identity, quoted, line_end, tmp_path
):
    cells = [["customer_id", "ordered_at", "amount"]]
    for customer, day, amount in log:
        money = number(amount, sign[0], sign[1], around)
        cells.append([identity.format(customer), day.strftime(date), money])
    always = quoted or delimiter in "".join(cell for row in cells for cell in row)
    lines = [delimiter.join(f'"{c}"' if always else c for c in row) for row in cells]
    path = Path(tmp_path / "log.csv")
    path.write_bytes((line_end.join(lines) + line_end).encode(encoding))
    variables = {"ordered_at_format": date} if declared and "+" not in date else {}
    if declared and encoding == "windows-1252":
        variables["reader"] = {"encoding": encoding}
    try:
        with duckdb.connect() as connection:
            connection.register("log_rows", opened(path, **variables).rows())
            found = connection.execute(
                "select customer_id, cast(ordered_at as date), sum(amount) from log_rows group by all"
            ).fetchall()
    except ClvError as refused:
        assert not declared or "decimal_separator" in str(refused) or "+" in date
        return
    name = identity.strip().removesuffix(".0")
    right: dict[tuple[str, dt.date], Decimal] = {}
    for customer, day, amount in log:
        key = (name.format(customer), day.date())
        right[key] = right.get(key, Decimal()) + amount
    unread = {key for key in ((row[0], row[1]) for row in found) if key[1] is None}
    assert not unread or not declared
    if not unread:
        assert {(row[0], row[1]): row[2] for row in found} == right
