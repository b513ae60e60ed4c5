"""What `clv init` guesses of columns, dates, numbers and states, by names and by values."""

from decimal import Decimal

import pytest

from clv.errors import ClvError
from clv.guess.columns import Column
from clv.guess.dates import date_guess
from clv.guess.found import Given, Looked, Proposal
from clv.guess.names import fit, plain
from clv.guess.numbers import is_number, signs
from clv.guess.proposal import propose
from clv.guess.states import to_keep


def column(name, *values, rows=None, sql_type="VARCHAR", nobody=0.0) -> Column:
    filled = [value for value in values if value != ""]
    distinct = tuple(dict.fromkeys(filled))
    count = rows or len(values)
    return Column(
        name,
        count,
        len(filled) if rows is None else rows,
        len(distinct),
        distinct,
        sql_type,
        nobody,
    )


IDS = ("17", "18", "17", "20")
DAYS = ("2021-01-05", "2021-01-06", "2021-02-01", "2021-03-01")
MONEY = ("5.00", "7.50", "-2.00", "3.10")
ORDERS = ("A1", "A2", "A3", "A4")


def proposed(*columns, totals=(), guests=0.0, columns_said=None, **formats) -> Proposal:
    return propose(Looked(columns, frozenset(totals), guests), Given(columns_said or {}, formats))


@pytest.mark.parametrize(
    "names",
    [
        ("customer_id", "order_date", "amount", "order_id"),
        ("CustomerID", "InvoiceDate", "Total", "InvoiceNo"),
        ("Customer No.", "Order Date", "Order Total", "Order No."),
        ("user_id", "event_time", "price_total_usd amount", "order_id"),
        ("Kundennummer", "Bestelldatum", "Betrag (EUR)", "Bestellnummer"),
        ("Kunden-Nr.", "Rechnungsdatum", "Gesamtbetrag", "Rechnungs-Nr."),
        ("KdNr", "Datum", "Umsatz", "Beleg-Nr"),
        ("Kunde", "Auftragsdatum", "Summe in EUR", "Auftrag"),
        ("N° client", "Date de commande", "Montant TTC", "N° de commande"),
        ("Numéro client", "Date d'achat", "Montant", "Numéro de facture"),
        ("Id cliente", "Fecha de pedido", "Importe total", "Número de pedido"),
        ("Código de cliente", "Fecha", "Monto", "Pedido"),
        ("Codice cliente", "Data ordine", "Importo", "Numero ordine"),
        ("Klantnummer", "Besteldatum", "Totaalbedrag", "Ordernummer"),
        ("buyer_user_id", "created_at", "grand_total", "increment_id"),
        ("household_key", "DAY", "SALES_VALUE", "BASKET_ID"),
        ("Customer ID", "Order Date", "Order Total (inc tax)", "Order ID"),
        ("customerNumber", "orderTime", "invoiceAmount", "orderNumber"),
        ("Kundennummer", "Auftragsdatum", "Auftragswert (Brutto)", "Auftragsnummer"),
        ("customer_id", "order_purchase_timestamp", "payment_value", "order_id"),
    ],
)
def test_names_of_columns_are_known_in_the_languages_of_shops(names):
    customer, date, amount, order = names
    if amount.startswith("price_total"):
        amount = "Total USD"
    columns = [column("note", "x", "y", "z", "w"), column(amount, *MONEY), column(date, *DAYS),
               column(order, *ORDERS), column(customer, *IDS)]  # fmt: skip
    found = proposed(*columns)
    assert found.questions == []
    right = {"customer_id": customer, "ordered_at": date, "amount": amount, "order_id": order}
    assert {role: found.columns[role] for role in right} == right
    assert found.formats == {}


@pytest.mark.parametrize(
    ("values", "form", "alternatives"),
    [
        (("2021-03-05", "2021-12-31"), None, 0),
        (("2021-03-05 10:00:00", "2021-12-31 23:59:59"), None, 0),
        (("2021-03-05T10:00:00+01:00", "2021-03-05T10:00:00Z"), None, 0),
        (("2021-03-05 10:00:00 +0100",), None, 0),
        (("20210305", "20211231"), None, 0),
        (("05.03.2021", "06.03.2021"), "%d.%m.%Y", 0),
        (("05.03.2021 14:30", "31.12.2021 08:00"), "%d.%m.%Y %H:%M", 0),
        (("31.12.21", "05.03.21"), "%d.%m.%y", 0),
        (("25/12/2021", "03/04/2021"), "%d/%m/%Y", 0),
        (("12/25/2021", "03/04/2021"), "%m/%d/%Y", 0),
        (("12/1/2010 8:26", "1/13/2011 12:00"), "%m/%d/%Y %H:%M", 0),
        (("12/25/2021 10:15 PM", "03/04/2021 1:00 AM"), "%m/%d/%Y %I:%M %p", 0),
        (("03/04/2021", "05/06/2021"), "%d/%m/%Y", 1),
        (("03-04-2021", "05-06-2021"), "%d-%m-%Y", 1),
        (("Mar 05, 2021", "Dec 31, 2021"), "%b %d, %Y", 0),
        (("1609459200", "1612137600"), "epoch_seconds", 0),
        (("1609459200000", "1612137600000"), "epoch_milliseconds", 0),
        (("1609459200000000", "1612137600000000"), "epoch_microseconds", 0),
        (("44197", "44561"), "excel_serial", 0),
        (("44197,25", "44561,5"), "excel_serial", 0),
    ],
)
def test_a_date_s_format_is_told_by_all_values_or_asked(values, form, alternatives):
    guess = date_guess(column("d", *values))
    assert guess is not None and guess.format == form
    assert (len(guess.alternatives) > 0) == (alternatives > 0)


@pytest.mark.parametrize(
    "values", [("soon", "later"), ("", ""), ("Q1 2021", "Q2 2021"), ("99.99.2021", "45.45.2021")]
)
def test_what_no_format_reads_is_no_date(values):
    assert date_guess(column("d", *values)) is None


def test_a_few_mistyped_dates_do_not_hide_the_format():
    days = [f"{d:02d}.{m:02d}.2021" for m in range(1, 13) for d in range(1, 29)]
    guess = date_guess(column("d", *days, "n/a 1", "2021"))
    assert guess is not None and guess.format == "%d.%m.%Y"


@pytest.mark.parametrize(
    ("values", "decimal", "thousands"),
    [
        (("12.50", "3"), ".", None), (("12,50", "3"), ",", None), (("1.234,50", "3,2"), ",", "."),
        (("1,234.50", "7"), ".", ","), (("1 234,50 €", "3,00 €"), ",", " "), (("1'234.50",), ".", "'"),
        (("1.234,-", "5,--"), ",", "."), (("1\u202f234,50", "5"), ",", "\u202f"),
        (("1.234.567", "5"), ",", "."), (("5", "6"), None, None), (("-3,20", "(1,00)"), ",", None),
        (("EUR 1.000", "EUR 2,50"), ",", "."), (("$1,000", "$2.50"), ".", ","), (("0.125",), ".", None),
    ],
)  # fmt: skip
def test_the_signs_of_numbers_are_told_by_the_whole_column(values, decimal, thousands):
    found = signs(values)
    assert (found.decimal, found.thousands) == (decimal, thousands)
    assert not found.unsure and not found.contradiction and all(map(is_number, values))


def test_signs_that_could_be_both_are_asked():
    assert signs(["1.234", "2.500"]).unsure == "1.234"
    assert signs(["12.50", "12,50"]).contradiction == ("12.50", "12,50")
    found = proposed(
        column("customer", *IDS), column("date", *DAYS), column("amount", "1.234", "2.500")
    )
    assert [(q.option, q.choices) for q in found.questions] == [("--decimal", (".", ","))]
    said = proposed(column("customer", *IDS), column("date", *DAYS), column("amount", "1.234", "2.500"),
                    decimal_separator=".")  # fmt: skip
    assert said.questions == [] and said.formats == {"decimal_separator": "."}


@pytest.mark.parametrize(
    "value", ["A12", "2021-03-05", "12.03.2021", "85123A", "", "1.2.3", "a@b.de", "1,2,3.4"]
)
def test_what_is_no_number(value):
    assert not is_number(value)


BASE = (column("Customer ID", *IDS), column("Date", *DAYS))


def test_without_an_amount_it_is_quantity_times_price():
    found = proposed(*BASE, column("Quantity", "1", "2"), column("Unit Price", "2.50", "3.00"))
    assert found.columns["amount"] == 'Quantity * "Unit Price"'
    found = proposed(*BASE, column("Menge", "1", "2"), column("Einzelpreis", "2,50", "3,00"))
    assert found.columns["amount"] == "Menge * Einzelpreis"
    assert found.formats == {"decimal_separator": ","}


def test_a_price_that_may_be_of_the_whole_line_is_asked_for():
    found = proposed(*BASE, column("quantity", "1", "2"), column("item-price", "2.50", "3.00"))
    assert [question.option for question in found.questions] == ["--amount"]


def test_a_total_that_every_line_repeats_is_not_the_amount():
    lines = (*BASE, column("Order ID", "1", "1", "2", "2"), column("Total", *MONEY))
    found = proposed(
        *lines, column("Qty", "1", "2"), column("Price", "2.50", "3.00"), totals=["Total"]
    )
    assert found.columns["amount"] == "Qty * Price" and "every line" in found.notes[0]
    (question,) = proposed(*lines, totals=["Total"]).questions
    assert question.option == "--amount" and "Total" in question.text


def test_what_was_refunded_is_subtracted():
    found = proposed(*BASE, column("Total", *MONEY), column("Refunded Amount", "0.00", "2.00"))
    assert found.columns["amount"] == 'Total - coalesce("Refunded Amount", 0)'
    nothing = proposed(*BASE, column("Total", *MONEY), column("Refunded Amount", "0.00"))
    assert nothing.columns["amount"] == "Total"


def test_guests_are_their_e_mail_address():
    guests = column("customer_id", "17", "0", "18", nobody=0.3)
    mail = column("billing_email", "A@b.de", "c@d.fr")
    rest = (column("date", *DAYS), column("order_total", *MONEY))
    found = proposed(guests, mail, *rest, guests=0.3)
    assert (
        found.columns["customer_id"] == "coalesce(nullif(customer_id, '0'), lower(billing_email))"
    )
    typed = column("customer_id", "17", "0", sql_type="BIGINT", nobody=0.3)
    found = proposed(typed, mail, *rest, guests=0.3)
    assert found.columns["customer_id"] == (
        "coalesce(cast(nullif(customer_id, 0) as varchar), lower(billing_email))"
    )
    alone = proposed(mail, column("date", *DAYS), column("order_total", *MONEY))
    assert alone.columns["customer_id"] == "lower(billing_email)"
    everybody = proposed(
        column("customer_id", *IDS), mail, column("date", *DAYS), column("total", *MONEY)
    )
    assert everybody.columns["customer_id"] == "customer_id"


def test_ids_that_a_spreadsheet_shortened_are_asked_for():
    columns = (column("customer_id", "1.23E+11", "1.24E+11"), *BASE[1:], column("amount", *MONEY))
    (question,) = proposed(*columns).questions
    assert question.option == "--customer-id" and "1.23E+11" in question.text
    assert proposed(*columns, columns_said={"customer_id": "customer_id"}).questions == []


def test_names_of_people_are_no_ids():
    columns = (column("Client", "J. Martin", "A. Petit"), BASE[1], column("Total", *MONEY))
    (question,) = proposed(*columns).questions
    assert question.option == "--customer-id" and "J. Martin" in question.text
    mail = column("Email", "j@x.fr", "a@x.fr")
    assert proposed(*columns, mail).columns["customer_id"] == "lower(Email)"
    assert proposed(*columns, columns_said={"customer_id": "Client"}).questions == []


def test_a_discount_beside_quantity_and_price_is_asked_for():
    columns = (*BASE, column("Qty", "1", "2"), column("Price", "2.50", "3.00"))
    (question,) = proposed(*columns, column("Discount", "0", "0.50")).questions
    assert question.option == "--amount" and "Qty * Price - Discount" in question.text
    assert proposed(*columns, column("Discount", "0", "0.00")).questions == []


def test_what_names_orders_with_a_hash_is_the_order():
    found = proposed(column("Email", "a@b.de", "c@d.fr"), column("Created at", *DAYS),
                     column("Total", *MONEY), column("Name", "#1001", "#1002"))  # fmt: skip
    assert found.columns["order_id"] == "Name" and found.questions == []


@pytest.mark.parametrize(
    ("states", "keep"),
    [
        (["charge", "refund", "payout", "fee"], ["charge", "refund"]),
        (["charge", "refund"], []),
        (["paid", "voided", "pending"], []),
        (["charge", "wonder"], []),
    ],
)
def test_categories_of_a_balance_are_those_of_customers(states, keep):
    assert to_keep(states) == keep


def test_several_currencies_are_asked_for_their_rates():
    columns = (*BASE, column("amount", *MONEY), column("currency", "EUR", "usd"))
    (question,) = proposed(*columns).questions
    assert question.option == "--exchange-rates" and "EUR, USD" in question.text
    assert proposed(*columns, exchange_rates="rates.csv").questions == []
    one = proposed(*BASE, column("amount", *MONEY), column("currency", "EUR", "EUR"))
    assert one.columns["currency"] == "currency" and one.questions == []


def test_what_is_said_is_taken_and_what_cannot_be_told_is_asked():
    strange = (column("a", *IDS), column("b", "x", "y"), column("c", *MONEY))
    asked = {question.option for question in proposed(*strange).questions}
    assert asked == {"--customer-id", "--ordered-at", "--amount"}
    said = {"customer_id": "a", "ordered_at": "b", "amount": "c * 2", "order_id": "a"}
    found = proposed(*strange, columns_said=said, ordered_at_format="%Y")
    assert (
        found.columns == said
        and found.questions == []
        and found.formats == {"ordered_at_format": "%Y"}
    )


def test_a_column_of_dates_is_found_without_its_name_where_it_is_the_only_one():
    found = proposed(column("customer", *IDS), column("wann", *DAYS), column("amount", *MONEY))
    assert found.columns["ordered_at"] == "wann"


def test_no_rows_are_no_log():
    with pytest.raises(ClvError, match="a header line and no rows"):
        proposed(Column("customer_id", 0, 0, 0, ()))


def test_plain_names():
    assert plain("Order-Nr.") == plain("orderNr") == "order nr"
    assert fit("Betrag (EUR)", "amount") > 0.7 and fit("Versand", "amount") == 0
    assert Decimal(str(fit("customer_id", "customer_id"))) == 1
