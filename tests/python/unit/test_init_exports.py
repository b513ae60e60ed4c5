"""What five programs export is guessed, and read by the project's own reader, right to the cent."""

from __future__ import annotations

from decimal import Decimal

import duckdb
import pytest
from exports import EXPORTS, guessed, read, shop

from clv.operations.init import LookedAt
from clv.project.log_options import Reader

pytestmark = pytest.mark.slow

ORDERS = shop()
GUESSED = {
    "German": {
        "customer_id": "Kundennummer", "ordered_at": "Bestelldatum", "amount": "Betrag (EUR)",
        "order_id": "Bestellnummer", "status": "Status",
    },
    "Shopify": {
        "customer_id": "lower(Email)", "ordered_at": "Created at",
        "amount": 'Total - coalesce("Refunded Amount", 0)', "order_id": "Name",
        "status": "Financial Status", "currency": "Currency",
    },
    "Stripe": {
        "customer_id": "customer_id", "ordered_at": "created_utc", "amount": "gross",
        "order_id": "payment_intent_id", "line_id": "balance_transaction_id",
        "status": "reporting_category", "currency": "currency",
    },
    "WooCommerce": {
        "customer_id": "coalesce(nullif(\"Customer ID\", '0'), lower(\"Billing Email\"))",
        "ordered_at": "date", "amount": "order_total - coalesce(refunded_total, 0)",
        "order_id": "order_id", "status": "status", "currency": "order_currency",
    },
    "Online Retail": {
        "customer_id": "CustomerID", "ordered_at": "InvoiceDate", "amount": "Quantity * UnitPrice",
        "order_id": "InvoiceNo",
    },
}  # fmt: skip


@pytest.mark.parametrize("name", EXPORTS)
def test_an_export_is_guessed_and_read_right_to_the_cent(name, tmp_path):
    export = EXPORTS[name](tmp_path, ORDERS)
    section = guessed(export.path, tmp_path / "home")
    assert section["columns"] == GUESSED[name]
    assert read(section) == (export.money, export.customers)


def test_two_ways_to_read_a_date_are_tried_on_every_row(tmp_path):
    """The first 60,000 rows do not tell day from month; those after them do."""
    head = "customer_id,order_date,amount\n"
    rows = "1,03/04/2021,5.00\n2,05/06/2021,6.50\n" * 30_000 + "3,25/12/2021,1.00\n" * 3_000
    (tmp_path / "log.csv").write_text(head + rows)
    assert guessed(tmp_path / "log.csv", tmp_path)["ordered_at_format"] == "%d/%m/%Y"


@pytest.mark.parametrize(
    ("name", "content", "reader"),
    [
        ("a.csv", "a;b;c\n", {"delimiter": ";"}),
        ("a.tsv", "a\tb\tc\n", {"delimiter": "tab"}),
        ("a.csv", "Export of 2021\n\na,b,c\n", {"skip_rows": 1}),
        ("a.csv", "\ufeffa,b,c\n", {}),
    ],
)
def test_how_a_file_is_opened_is_written_where_it_is_not_the_usual_way(
    tmp_path, name, content, reader
):
    sign = {";": ";", "tab": "\t"}.get(reader.get("delimiter"), ",")
    (tmp_path / name).write_text(content + sign.join(["1", "2", "x"]) + "\n")
    assert LookedAt.at(str(tmp_path / name), Reader()).files.reader == reader


def test_typed_columns_lines_of_json_and_folders_are_looked_at_too(tmp_path):
    rows = (
        "select 1 + i % 3 as customer_id, date '2021-01-01' + i::int as order_date, i / 4 as amount "
        "from range(40) t(i)"
    )
    (tmp_path / "folder").mkdir()
    with duckdb.connect() as connection:
        for path in ("folder/a.parquet", "folder/b.parquet"):
            connection.execute(f"copy ({rows}) to '{tmp_path / path}'")
        connection.execute(f"copy ({rows}) to '{tmp_path / 'a.jsonl'}' (format json)")
    for name, times in (("folder", 2), ("a.jsonl", 1)):
        section = guessed(tmp_path / name, tmp_path / "home")
        assert read(section) == (Decimal("195.0000") * times, 3)
