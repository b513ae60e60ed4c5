"""One made-up shop, exported as five programs export: seeded, so that its totals are known to the cent."""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import numpy as np

from clv.guess.found import Given
from clv.operations.init import LookedAt
from clv.project.config import checked_config
from clv.project.home import Home, default_config
from clv.project.log_options import Reader, log_options
from clv.project.log_reader import open_log
from clv.project.section_rewrite import section_text

CENT = Decimal("0.01")
FIRST_NAMES = ("Jürgen", "Anaïs", "Zoë", "Piotr", "Maria", "Søren", "Inês", "Tom")
PLACES = ("Köln", "Orléans", "Málaga", "München", "Łódź", "Lund", "Bergen", "Bath")


@dataclass(frozen=True)
class Line:
    """A line of an order."""

    sku: str
    quantity: int
    price: Decimal

    @property
    def money(self) -> Decimal:
        return self.quantity * self.price


@dataclass(frozen=True)
class Order:
    """An order; `state` is paid, cancelled, refunded (whole) or partly (a first line given back)."""

    number: int
    customer: int
    guest: bool
    at: dt.datetime
    lines: tuple[Line, ...]
    state: str

    @property
    def total(self) -> Decimal:
        return sum((line.money for line in self.lines), Decimal(0))

    @property
    def refunded(self) -> Decimal:
        part = (self.lines[0].money / 2).quantize(CENT)
        return {"refunded": self.total, "partly": part}.get(self.state, Decimal("0.00"))

    @property
    def mail(self) -> str:
        return f"{'Buyer' if self.number % 3 else 'buyer'}{self.customer}@example.org"


@dataclass(frozen=True)
class Export:
    """A file and what is right about it: money and customers of all rows that count."""

    path: Path
    money: Decimal
    customers: int


def shop(customers: int = 250, seed: int = 20210101) -> list[Order]:
    """Return the orders of three years, 2021 to 2023, in the order of their time."""
    rng = np.random.default_rng(seed)
    drafts = []
    for customer in range(1, customers + 1):
        rate, left = rng.gamma(0.8, 1 / 90), rng.exponential(500)
        day = float(rng.uniform(0, 700))
        first = day
        while day < 1094 and (day == first or day - first < left):
            lines = tuple(
                Line(f"SKU-{rng.integers(1, 60):03d}", int(rng.integers(1, 4)),
                     Decimal(int(rng.lognormal(7.5, 0.8)) + 100) * CENT)
                for _ in range(int(rng.integers(1, 4)))
            )  # fmt: skip
            state = str(
                rng.choice(["paid", "cancelled", "refunded", "partly"], p=[0.9, 0.04, 0.03, 0.03])
            )
            at = dt.datetime(2021, 1, 1) + dt.timedelta(seconds=int(day * 86400))
            drafts.append((at, customer, bool(customer % 5 == 0), lines, state))
            day += 1 + float(rng.exponential(1 / rate))
    ordered = sorted(drafts, key=lambda draft: draft[0])
    return [
        Order(1001 + number, customer, guest, at, lines, state)
        for number, (at, customer, guest, lines, state) in enumerate(ordered)
    ]


def german(folder: Path, orders: list[Order]) -> Export:
    """Write what a German shop program exports: a row per line, opened in Excel on Windows."""
    rows = [["Bestellnummer", "Bestelldatum", "Kundennummer", "Name", "Ort", "Artikel", "Menge",
             "Betrag (EUR)", "Status"]]  # fmt: skip
    for order in orders:
        for line in order.lines:
            money = f"{line.money:,.2f}".translate(str.maketrans(",.", ".,"))
            rows.append([
                f"B-{order.number}", f"{order.at:%d.%m.%Y}", f"{order.customer:06d}",
                f"Käufer; {FIRST_NAMES[order.customer % 5]}", PLACES[order.customer % 4], line.sku,
                str(line.quantity), money, "Storniert" if order.state == "cancelled" else "Versendet",
            ])  # fmt: skip
    path = _write(folder / "Bestellungen.csv", rows, ";", "windows-1252", "\r\n")
    return _export(path, orders, lambda order: order.total)


SHOPIFY = """Name,Email,Financial Status,Paid at,Fulfillment Status,Fulfilled at,Accepts Marketing,Currency,
Subtotal,Shipping,Taxes,Total,Discount Code,Discount Amount,Shipping Method,Created at,Lineitem quantity,
Lineitem name,Lineitem price,Lineitem compare at price,Lineitem sku,Lineitem requires shipping,
Lineitem taxable,Lineitem fulfillment status,Billing Name,Billing City,Billing Country,Notes,
Note Attributes,Cancelled at,Payment Method,Payment Reference,Refunded Amount,Vendor,Outstanding Balance,
Employee,Location,Device ID,Id,Tags,Risk Level,Source,Lineitem discount,Phone,Receipt Number,Duties"""


def shopify(folder: Path, orders: list[Order]) -> Export:
    """Write Shopify's export of orders: a row per line, of which the first carries the order."""
    names = [name.strip() for name in SHOPIFY.replace("\n", "").split(",")]
    states = {"cancelled": "voided", "partly": "partially_refunded"}
    rows = [names]
    for order in reversed(orders):
        created = f"{order.at:%Y-%m-%d %H:%M:%S} +0100"
        for number, line in enumerate(order.lines):
            row = {
                "Name": f"#{order.number}", "Email": order.mail, "Created at": created,
                "Lineitem quantity": str(line.quantity), "Lineitem name": f"Thing {line.sku}",
                "Lineitem price": f"{line.price:.2f}", "Lineitem sku": line.sku, "Vendor": "Made up",
                "Lineitem requires shipping": "true", "Lineitem fulfillment status": "fulfilled",
                "Lineitem discount": "0.00",
            }  # fmt: skip
            if number == 0:
                row |= {
                    "Financial Status": states.get(order.state, order.state), "Paid at": created,
                    "Fulfillment Status": "fulfilled", "Accepts Marketing": "no", "Currency": "EUR",
                    "Subtotal": f"{order.total - 1:.2f}", "Shipping": "1.00", "Taxes": "0.00",
                    "Total": f"{order.total:.2f}", "Discount Amount": "0.00", "Notes": "two\nlines",
                    "Refunded Amount": f"{order.refunded:.2f}", "Outstanding Balance": "0.00",
                    "Billing City": PLACES[order.customer % 8], "Id": str(4_000_000_000_000 + order.number),
                    "Risk Level": "Low", "Source": "web", "Payment Method": "Shopify Payments",
                }  # fmt: skip
            rows.append([row.get(name, "") for name in names])
    path = _write(folder / "orders_export_1.csv", rows, ",", "utf-8", "\n")
    return _export(path, orders, lambda order: order.total - order.refunded)


STRIPE = """balance_transaction_id,created_utc,created,available_on_utc,available_on,currency,gross,fee,net,
reporting_category,source_id,description,customer_facing_amount,customer_facing_currency,
automatic_payout_id,payment_intent_id,charge_id,customer_id,customer_email"""


def stripe(folder: Path, orders: list[Order]) -> Export:
    """Write Stripe's itemized balance report: charges, refunds of their own day, and payouts."""
    names = STRIPE.replace("\n", "").split(",")
    booked: list[tuple[dt.datetime, dict[str, str]]] = []
    for order in orders:
        if order.state == "cancelled":
            continue
        booked.append((order.at, _booking(order, "charge", order.total)))
        if order.refunded:
            back = order.at + dt.timedelta(days=9)
            booked.append((back, _booking(order, "refund", -order.refunded)))
    for week in range(1, 150):
        at = dt.datetime(2021, 1, 4) + dt.timedelta(weeks=week)
        booked.append(
            (
                at,
                {
                    "gross": "-812.40",
                    "fee": "0.00",
                    "net": "-812.40",
                    "reporting_category": "payout",
                },
            )
        )
    rows = [names]
    for number, (at, row) in enumerate(sorted(booked, key=lambda entry: entry[0])):
        row |= {
            "balance_transaction_id": f"txn_{number:08d}", "created_utc": f"{at:%Y-%m-%d %H:%M:%S}",
            "created": f"{at:%Y-%m-%d %H:%M:%S}", "currency": "eur",
            "available_on_utc": f"{at + dt.timedelta(days=7):%Y-%m-%d %H:%M:%S}",
            "available_on": f"{at + dt.timedelta(days=7):%Y-%m-%d %H:%M:%S}",
        }  # fmt: skip
        rows.append([row.get(name, "") for name in names])
    path = _write(folder / "Itemized_balance_change_from_activity.csv", rows, ",", "utf-8", "\n")
    return _export(path, orders, lambda order: order.total - order.refunded, refunded=True)


def _booking(order: Order, category: str, gross: Decimal) -> dict[str, str]:
    fee = (
        (abs(gross) * Decimal("0.014")).quantize(CENT) + Decimal("0.25")
        if gross > 0
        else Decimal(0)
    )
    return {
        "gross": f"{gross:.2f}", "fee": f"{fee:.2f}", "net": f"{gross - fee:.2f}",
        "reporting_category": category, "source_id": f"{category[:2]}_{order.number}",
        "charge_id": f"ch_{order.number}", "payment_intent_id": f"pi_{order.number}",
        "customer_id": f"cus_{order.customer:05d}", "customer_email": order.mail,
        "description": f"Order, number {order.number}", "customer_facing_amount": f"{gross:.2f}",
        "customer_facing_currency": "eur",
    }  # fmt: skip


WOOCOMMERCE = """order_id,order_number,date,status,shipping_total,shipping_tax_total,fee_total,tax_total,
discount_total,order_total,refunded_total,order_currency,payment_method,shipping_method,Customer ID,
billing_first_name,billing_last_name,Billing Email,billing_city,billing_country,line_items"""


def woocommerce(folder: Path, orders: list[Order]) -> Export:
    """Write WooCommerce's orders as a plugin exports them; a guest has customer id 0."""
    states = {"paid": "completed", "partly": "completed"}
    rows = [WOOCOMMERCE.replace("\n", "").split(",")]
    for order in orders:
        items = ";".join(f"{line.sku} × {line.quantity}" for line in order.lines)
        rows.append([
            str(order.number), f"W{order.number}", f"{order.at:%Y-%m-%d %H:%M:%S}",
            states.get(order.state, order.state), "0.00", "0.00", "0.00", "0.00", "0.00",
            f"{order.total:.2f}", f"{order.refunded:.2f}", "EUR", "paypal", "flat_rate",
            "0" if order.guest else str(order.customer), FIRST_NAMES[order.customer % 8], "Example",
            order.mail, PLACES[order.customer % 8], "DE", items,
        ])  # fmt: skip
    path = _write(folder / "woocommerce-orders.csv", rows, ",", "utf-8-sig", "\r\n")
    return _export(path, orders, lambda order: order.total - order.refunded)


def online_retail(folder: Path, orders: list[Order]) -> Export:
    """Write what Online Retail looks like: m/d/yyyy, no amount, C for what is given back."""
    rows = [["InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID",
             "Country"]]  # fmt: skip

    def add(order: Order, number: str, at: dt.datetime, sign: int) -> None:
        when = f"{at.month}/{at.day}/{at.year} {at.hour}:{at:%M}"
        for line in order.lines:
            rows.append([
                number, line.sku, "CAFÉ, “TEA” & £ SIGN"[:6], str(sign * line.quantity), when,
                f"{line.price}", "" if order.guest else f"{order.customer + 12000}", "United Kingdom",
            ])  # fmt: skip

    for order in orders:
        add(order, str(535000 + order.number), order.at, 1)
        if order.state in ("cancelled", "refunded"):
            add(order, f"C{535000 + order.number}", order.at + dt.timedelta(days=3), -1)
    path = _write(folder / "online_retail.csv", rows, ",", "iso-8859-1", "\n")
    money = sum(
        (o.total for o in orders if not o.guest and o.state in ("paid", "partly")), Decimal(0)
    )
    return Export(path, money, len({order.customer for order in orders if not order.guest}))


EXPORTS: dict[str, Callable[[Path, list[Order]], Export]] = {
    "German": german, "Shopify": shopify, "Stripe": stripe, "WooCommerce": woocommerce,
    "Online Retail": online_retail,
}  # fmt: skip


def _write(path: Path, rows: Iterable[list[str]], delimiter: str, encoding: str, end: str) -> Path:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, lineterminator=end).writerows(rows)
    path.write_bytes(text.getvalue().encode(encoding))
    return path


def _export(
    path: Path, orders: list[Order], money: Callable[[Order], Decimal], refunded: bool = False
) -> Export:
    """Return the export of the orders that are not cancelled, nor (unless said) given back whole."""
    left_out = ("cancelled",) if refunded or "Bestell" in path.name else ("cancelled", "refunded")
    counted = [order for order in orders if order.state not in left_out]
    total = sum((money(order) for order in counted), Decimal(0))
    return Export(path, total, len({order.customer for order in counted}))


def guessed(path: Path, home: Path, **said: Any) -> dict[str, Any]:
    """Return the section that is guessed for a file, as the config takes it."""
    looked = LookedAt.at(str(path), Reader())
    found = looked.propose(Given(**said))
    assert found.questions == [], found.questions
    section = looked.section(Home(home), found)
    text = f"{default_config()}\n{section_text('log', section)}"
    return checked_config(home / "config.yaml", text).log.as_vars()


def read(section: dict[str, Any]) -> tuple[Decimal, int]:
    """Return money and customers of the rows that count, as the project's reader types them."""
    opened = open_log(section["transactions"], section["columns"], log_options(section))
    keep, drop = section.get("keep_status"), section.get("drop_status", ["-"])
    counts = f"status in {tuple(keep)}" if keep else f"coalesce(status, '') not in {(*drop, '-')}"
    if "status" not in section["columns"]:
        counts = "true"
    with duckdb.connect() as connection:
        connection.register("log", opened.rows())
        query = f"select sum(amount), count(distinct customer_id) from log where {counts} "
        return connection.sql(
            query + "and customer_id is not null and amount is not null"
        ).fetchall()[0]
